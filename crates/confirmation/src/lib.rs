//! The Confirmation Application: the part of a node that runs inside the TEE.
