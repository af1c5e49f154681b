//! The properties record: what a machine says it is made of, bound into its block by digest.
//!
//! ```text
//! version        u8      1
//! cpu model      u8 length, then printable ASCII
//! logical cores  u32 be
//! memory         u64 be, MiB
//! features       u8 count, then for each: u8 length, name; strictly ascending
//! ```
//!
//! Nothing may trail, so equal records have equal bytes and one digest. The record is the device's own
//! word, signed by its incarnation key: a measured Confirmation Application is what makes it worth reading.

use alloy_primitives::{B256, keccak256};

use crate::digest::tagged;

/// What a machine is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    cpu_model: String,
    logical_cores: u32,
    memory_mib: u64,
    tee_features: Vec<String>,
}

/// Why a properties record was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// Not in the one format known here.
    #[error("properties version {0} is unknown")]
    UnknownVersion(u8),
    /// The bytes end before the record does, or run on after it.
    #[error("properties are cut short or followed by other bytes")]
    WrongLength,
    /// The CPU model is empty, longer than 64 bytes, or not printable ASCII.
    #[error("cpu model is not 1 to 64 printable characters")]
    CpuModel,
    /// A machine has at least one core.
    #[error("a machine has at least one logical core")]
    NoCores,
    /// A feature is not 1 to 32 of `a-z 0-9 . _ -`.
    #[error("feature {0:?} is not 1 to 32 of a-z, 0-9, '.', '_', '-'")]
    Feature(String),
    /// More than 64 features.
    #[error("{0} features exceed 64")]
    TooManyFeatures(usize),
    /// Features are not strictly ascending, so the encoding is not the canonical one.
    #[error("features are not strictly ascending")]
    FeaturesUnordered,
}

impl Properties {
    /// The only version of the format so far.
    pub const VERSION: u8 = 1;
    /// The longest CPU model, in bytes.
    pub const CPU_MODEL_BYTES_MAX: usize = 64;
    /// The most features a record names.
    pub const FEATURES_MAX: usize = 64;
    /// The longest feature name, in bytes.
    pub const FEATURE_BYTES_MAX: usize = 32;

    /// A record; features may come in any order and more than once.
    ///
    /// # Errors
    /// When a field is out of its range.
    pub fn new(
        cpu_model: &str,
        logical_cores: u32,
        memory_mib: u64,
        tee_features: impl IntoIterator<Item = String>,
    ) -> Result<Self, PropertiesError> {
        let mut tee_features: Vec<String> = tee_features.into_iter().collect();
        tee_features.sort_unstable();
        tee_features.dedup();
        let properties = Self { cpu_model: cpu_model.to_owned(), logical_cores, memory_mib, tee_features };
        properties.check()?;
        Ok(properties)
    }

    /// The processor as it names itself, 1 to 64 printable ASCII characters.
    pub fn cpu_model(&self) -> &str {
        &self.cpu_model
    }

    /// Logical cores the TEE sees, at least 1.
    pub fn logical_cores(&self) -> u32 {
        self.logical_cores
    }

    /// Memory the TEE sees, in MiB.
    pub fn memory_mib(&self) -> u64 {
        self.memory_mib
    }

    /// Features of the TEE, strictly ascending.
    pub fn tee_features(&self) -> &[String] {
        &self.tee_features
    }

    /// Whether the record names `feature`.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.tee_features.binary_search_by(|own| own.as_str().cmp(feature)).is_ok()
    }

    /// The canonical bytes, at most 2,191.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        put_text(&mut bytes, &self.cpu_model);
        bytes.extend_from_slice(&self.logical_cores.to_be_bytes());
        bytes.extend_from_slice(&self.memory_mib.to_be_bytes());
        bytes.push(len_u8(self.tee_features.len()));
        for feature in &self.tee_features {
            put_text(&mut bytes, feature);
        }
        bytes
    }

    /// The record that `bytes` encode.
    ///
    /// # Errors
    /// For every string of bytes that [`Self::encode`] does not give.
    pub fn decode(bytes: &[u8]) -> Result<Self, PropertiesError> {
        let (version, rest) = bytes.split_first().ok_or(PropertiesError::WrongLength)?;
        if *version != Self::VERSION {
            return Err(PropertiesError::UnknownVersion(*version));
        }
        let (cpu_model, rest) = take_text(rest)?.ok_or(PropertiesError::CpuModel)?;
        let (cores, rest) = rest.split_first_chunk::<4>().ok_or(PropertiesError::WrongLength)?;
        let (memory, rest) = rest.split_first_chunk::<8>().ok_or(PropertiesError::WrongLength)?;
        let (count, mut rest) = rest.split_first().ok_or(PropertiesError::WrongLength)?;
        let mut tee_features = Vec::new();
        for _ in 0..*count {
            let (feature, after) = take_text(rest)?.ok_or_else(|| PropertiesError::Feature(String::new()))?;
            tee_features.push(feature);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(PropertiesError::WrongLength);
        }
        let properties = Self {
            cpu_model,
            logical_cores: u32::from_be_bytes(*cores),
            memory_mib: u64::from_be_bytes(*memory),
            tee_features,
        };
        properties.check()?;
        Ok(properties)
    }

    /// What the block carries: `keccak256(keccak256("multee/properties/v1") ‖ keccak256(encoding))`.
    pub fn digest(&self) -> B256 {
        tagged("multee/properties/v1", keccak256(self.encode()))
    }

    fn check(&self) -> Result<(), PropertiesError> {
        let model_fits = (1..=Self::CPU_MODEL_BYTES_MAX).contains(&self.cpu_model.len());
        if !model_fits || !self.cpu_model.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
            return Err(PropertiesError::CpuModel);
        }
        if self.logical_cores == 0 {
            return Err(PropertiesError::NoCores);
        }
        if self.tee_features.len() > Self::FEATURES_MAX {
            return Err(PropertiesError::TooManyFeatures(self.tee_features.len()));
        }
        if let Some(bad) = self.tee_features.iter().find(|feature| !is_feature_name(feature)) {
            return Err(PropertiesError::Feature(bad.clone()));
        }
        if !self.tee_features.is_sorted_by(|a, b| a < b) {
            return Err(PropertiesError::FeaturesUnordered);
        }
        Ok(())
    }
}

/// Whether `name` can name a feature: 1 to 32 of `a-z 0-9 . _ -`.
pub(crate) fn is_feature_name(name: &str) -> bool {
    (1..=Properties::FEATURE_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(len_u8(text.len()));
    bytes.extend_from_slice(text.as_bytes());
}

/// Lengths are checked where a record is made, so none is ever cut here.
fn len_u8(len: usize) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}

/// The next text and the bytes after it; `None` if the text is no UTF-8.
fn take_text(bytes: &[u8]) -> Result<Option<(String, &[u8])>, PropertiesError> {
    let (len, rest) = bytes.split_first().ok_or(PropertiesError::WrongLength)?;
    let (text, rest) = rest.split_at_checked(usize::from(*len)).ok_or(PropertiesError::WrongLength)?;
    Ok(std::str::from_utf8(text).ok().map(|text| (text.to_owned(), rest)))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    fn properties() -> Properties {
        let features = ["sgx.flc", "aesm", "sgx.flc"].map(str::to_owned);
        Properties::new("SIMULATED CPU @ 2.10GHz", 8, 16_384, features).expect("in range")
    }

    #[test]
    fn encoding_is_golden() {
        assert_eq!(
            hex::encode(properties().encode()),
            "011753494d554c4154454420435055204020322e313047487a00000008000000000000400002046165736d077367782e666c63"
        );
        assert_eq!(
            properties().digest(),
            b256!("0x0826ae6f7210b686b1062045c13fb3fd7e3f0c470827ba6266ff0a70dd36a6ca")
        );
    }

    #[test]
    fn features_are_a_set() {
        assert_eq!(properties().tee_features(), ["aesm", "sgx.flc"]);
        assert!(properties().has_feature("aesm"));
        assert!(!properties().has_feature("sgx"));
    }

    #[test]
    fn only_the_canonical_encoding_decodes() {
        let bytes = properties().encode();
        assert_eq!(Properties::decode(&bytes), Ok(properties()));
        for cut in 0..bytes.len() {
            assert!(Properties::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Properties::decode(&longer), Err(PropertiesError::WrongLength));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                // What still decodes is another record with the encoding it was read from.
                if let Ok(other) = Properties::decode(&changed) {
                    assert_ne!(other, properties());
                    assert_eq!(other.encode(), changed);
                }
            }
        }
    }

    #[test]
    fn fields_out_of_range_are_refused() {
        let none = || Vec::<String>::new();
        assert_eq!(Properties::new("", 1, 1, none()), Err(PropertiesError::CpuModel));
        assert_eq!(Properties::new(&"x".repeat(65), 1, 1, none()), Err(PropertiesError::CpuModel));
        assert_eq!(Properties::new("tab\t", 1, 1, none()), Err(PropertiesError::CpuModel));
        assert_eq!(Properties::new("cpu", 0, 1, none()), Err(PropertiesError::NoCores));
        let shouting = PropertiesError::Feature("SGX".to_owned());
        assert_eq!(Properties::new("cpu", 1, 1, ["SGX".to_owned()]), Err(shouting));
        let many = (0..65).map(|n| format!("f{n}"));
        assert_eq!(Properties::new("cpu", 1, 1, many), Err(PropertiesError::TooManyFeatures(65)));
        let full = (0..64).map(|n| format!("{n:032}"));
        let full = Properties::new(&"x".repeat(64), 1, 1, full).expect("at the limits");
        assert_eq!(full.encode().len(), 2_191);
        assert_eq!(Properties::decode(&full.encode()), Ok(full));
    }

    #[test]
    fn unordered_features_are_refused() {
        let mut bytes = properties().encode();
        let at = bytes.len() - "\u{4}aesm\u{7}sgx.flc".len();
        bytes.truncate(at);
        bytes.extend_from_slice(b"\x07sgx.flc\x04aesm");
        assert_eq!(Properties::decode(&bytes), Err(PropertiesError::FeaturesUnordered));
    }
}
