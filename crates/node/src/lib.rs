//! The Execution Controller: the part of a node that runs on the host.
