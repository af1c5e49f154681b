//! Where a node's collateral comes from.

use multee_collateral::{Alarm, Evaluation, Source};

/// Reads what the hardware vendors have signed about their platforms.
///
/// Nothing depends on the reader's honesty: the Confirmation Application trusts signatures only, and without
/// good collateral it abstains.
pub trait ReadCollateral: Send + Sync {
    /// The collateral for the platform that made `quote`, of this TCB evaluation and as of `at_s` (seconds since the
    /// Unix epoch), in the JSON form that [`multee_evidence::Collateral`] reads. `None` if there is none to be had.
    fn collateral(&self, quote: &[u8], tcb_evaluation_number: u32, at_s: u64) -> Option<Vec<u8>>;

    /// The root certificates it knows, DER. The application takes those that a policy names by digest.
    fn roots(&self) -> Vec<Vec<u8>>;
}

/// Reads from the vendors' services and a cache.
pub struct FetchedCollateral {
    source: Source,
    roots: Vec<Vec<u8>>,
    now_s: fn() -> u64,
}

impl FetchedCollateral {
    /// What `source` has, and these root certificates, DER. `now_s` is the host's clock, in seconds since the Unix
    /// epoch; by it only freshness is judged.
    pub fn new(source: Source, roots: Vec<Vec<u8>>, now_s: fn() -> u64) -> Self {
        Self { source, roots, now_s }
    }

    /// What should be fresh and is not.
    pub fn alarms(&self) -> Vec<Alarm> {
        self.source.alarms((self.now_s)())
    }
}

impl ReadCollateral for FetchedCollateral {
    /// Why there is none, an alarm says.
    fn collateral(&self, quote: &[u8], tcb_evaluation_number: u32, at_s: u64) -> Option<Vec<u8>> {
        let evaluation = Evaluation::Number(tcb_evaluation_number);
        self.source.collateral(quote, evaluation, at_s, (self.now_s)()).ok()
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        self.roots.clone()
    }
}
