//! From evidence bytes to `VerifiedEvidence`: appraisal of Intel DCAP quotes under a policy.
