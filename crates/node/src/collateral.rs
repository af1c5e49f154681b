//! Where a node's collateral comes from.

/// Reads what the hardware vendors have signed about their platforms.
///
/// Nothing depends on the reader's honesty: the Confirmation Application trusts signatures only, and without
/// good collateral it abstains.
pub trait ReadCollateral: Send + Sync {
    /// The collateral for the platform that made `quote`, as of `at_s` (seconds since the Unix epoch), in
    /// the JSON form that [`multee_evidence::Collateral`] reads. `None` if there is none to be had.
    fn collateral(&self, quote: &[u8], at_s: u64) -> Option<Vec<u8>>;

    /// The root certificates it knows, DER. The application takes those that a policy names by digest.
    fn roots(&self) -> Vec<Vec<u8>>;
}
