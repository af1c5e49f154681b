//! Key derivation: scrypt (RFC 7914) and PBKDF2-HMAC-SHA-256 (RFC 8018), and what they may cost.

use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{PBKDF2_ROUNDS_MAX, Password, SCRYPT_BYTES_MAX, SCRYPT_WORK_MAX};

/// 32 bytes that encrypt and authenticate one key.
pub(crate) type DerivedKey = Zeroizing<[u8; 32]>;

/// How a password becomes a key, within the limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kdf {
    Scrypt(scrypt::Params),
    Pbkdf2 { rounds: u32 },
}

/// Which limit a demand is beyond, or what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    Malformed(&'static str),
    TooCostly(&'static str),
}

impl Kdf {
    /// scrypt with N = `n`, if that is within the limits.
    pub(crate) fn scrypt(n: u64, r: u64, p: u64) -> Result<Self, Demand> {
        if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
            return Err(Demand::Malformed("scrypt's n must be a power of two, r and p positive"));
        }
        // p blocks of 128·r bytes are there besides the table of n.
        let blocks = n.saturating_add(p).saturating_mul(r);
        if blocks.saturating_mul(128) > SCRYPT_BYTES_MAX.saturating_add(1024 * 1024) {
            return Err(Demand::TooCostly("its scrypt takes more than 512 MiB of memory"));
        }
        if n.saturating_mul(r).saturating_mul(p) > SCRYPT_WORK_MAX {
            return Err(Demand::TooCostly("its scrypt takes longer than eight of geth's"));
        }
        let malformed = Demand::Malformed("scrypt does not take its n, r and p");
        let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| malformed)?;
        let (r, p) = (u32::try_from(r).map_err(|_| malformed)?, u32::try_from(p).map_err(|_| malformed)?);
        scrypt::Params::new(log_n, r, p).map(Self::Scrypt).map_err(|_| malformed)
    }

    /// PBKDF2, if that many rounds are within the limits.
    pub(crate) fn pbkdf2(rounds: u64) -> Result<Self, Demand> {
        match u32::try_from(rounds) {
            Ok(0) => Err(Demand::Malformed("pbkdf2's c must be positive")),
            Ok(rounds) if rounds <= PBKDF2_ROUNDS_MAX => Ok(Self::Pbkdf2 { rounds }),
            _ => Err(Demand::TooCostly("its pbkdf2 takes more than 10 000 000 rounds")),
        }
    }

    pub(crate) fn derive(self, password: &Password, salt: &[u8]) -> DerivedKey {
        let mut key = Zeroizing::new([0; 32]);
        match self {
            // It refuses only lengths that 32 is not.
            Self::Scrypt(params) => drop(scrypt::scrypt(password.as_bytes(), salt, &params, &mut *key)),
            Self::Pbkdf2 { rounds } => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, rounds, &mut *key);
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wallets_write_is_within_the_limits() {
        // geth's standard and light, the definition's vector, Foundry's.
        for (n, r, p) in [(1 << 18, 8, 1), (1 << 12, 8, 6), (1 << 18, 1, 8), (1 << 13, 8, 1), (1 << 19, 8, 1)]
        {
            Kdf::scrypt(n, r, p).expect("within the limits");
        }
        for rounds in [1, 262_144, 1_000_000, u64::from(PBKDF2_ROUNDS_MAX)] {
            Kdf::pbkdf2(rounds).expect("within the limits");
        }
    }

    #[test]
    fn a_demand_for_more_memory_or_time_than_any_honest_one_is_refused() {
        for (n, r, p) in [
            (1 << 20, 8, 1),
            (1 << 62, 1, 1),
            (2, u64::MAX, 1),
            (2, 1, u64::MAX),
            (1 << 18, 8, 9),
            (1 << 18, 1, 65),
            (2, 8, 1 << 30),
        ] {
            assert!(matches!(Kdf::scrypt(n, r, p), Err(Demand::TooCostly(_))), "{n} {r} {p}");
        }
        for rounds in [u64::from(PBKDF2_ROUNDS_MAX) + 1, u64::MAX] {
            assert!(matches!(Kdf::pbkdf2(rounds), Err(Demand::TooCostly(_))), "{rounds}");
        }
    }

    #[test]
    fn a_demand_that_means_nothing_is_malformed() {
        for (n, r, p) in [(0, 8, 1), (1, 8, 1), (3, 8, 1), (1 << 18, 0, 1), (1 << 18, 8, 0)] {
            assert!(matches!(Kdf::scrypt(n, r, p), Err(Demand::Malformed(_))), "{n} {r} {p}");
        }
        assert!(matches!(Kdf::pbkdf2(0), Err(Demand::Malformed(_))));
    }
}
