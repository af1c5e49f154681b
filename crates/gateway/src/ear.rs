//! A gateway's word on a device as a signed token: an EAT Attestation Result (EAR).
//!
//! **The format** is that of [draft-ietf-rats-ear-04] in JSON, as a JWT signed with ES256 (RFC 7519, RFC 7518), of media type
//! `application/eat+jwt` (RFC 9782). The claims set is made here of few lines, and the crate `ear` reads it: that crate
//! itself signs with aws-lc, which nothing here may use.
//!
//! **What is claimed.** The one submod is the device, named by its id. Its status follows from the answer alone:
//!
//! | answer | `ear_status` | `ear_trustworthiness_vector` |
//! |---|---|---|
//! | `trusted` | `affirming` | the instance is recognised (2), its boot is of approved executables (3) |
//! | `not_trusted`: suspended, blocked | `contraindicated` | the instance is recognised and not trustworthy (96) |
//! | `not_trusted`: its measurement is not allowed | `contraindicated` | unrecognised executables (33) |
//! | `not_trusted` otherwise | `warning` | nothing |
//! | `unknown`, `stale` | `none` | nothing |
//!
//! Nothing is claimed of its hardware: a network's policy may accept platforms with known vulnerabilities. The submod's
//! `ear_verifier_claims` hold the whole answer, with the contract, the chain and the block that it was read at.
//!
//! **What it is worth.** It is one gateway's word, and says so: no TEE signed it, and a gateway that lies is believed until
//! somebody asks the contract. It expires when the gateway itself would say `stale`.
//!
//! [draft-ietf-rats-ear-04]: https://www.ietf.org/archive/id/draft-ietf-rats-ear-04.html

mod claims;
mod jwt;
mod key;

pub use claims::{Nonce, PROFILE, token};
pub use jwt::{TOKEN_BYTES_MAX, TokenError, verify};
pub use key::{Jwk, Key, KeyError, PublicKey};
