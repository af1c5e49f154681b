//! The machine's properties record, read from what Linux says in `/proc/cpuinfo` and `/proc/meminfo`.
//!
//! Reading the files is the caller's business; the texts are no more trusted than the kernel that wrote them,
//! which in a trust domain is part of the measurement and in an enclave is not.

use multee_evidence::{Properties, PropertiesError};

/// The longest text that is read, in bytes: some thousand processors.
pub const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Processor flags, as Linux names them, and the features they are published as.
const FEATURES: [(&str, &str); 10] = [
    ("aes", "aes"),
    ("amx_tile", "amx"),
    ("avx2", "avx2"),
    ("avx512f", "avx512f"),
    ("sev_es", "sev.es"),
    ("sev_snp", "sev.snp"),
    ("sgx", "sgx"),
    ("sgx_lc", "sgx.flc"),
    ("sha_ni", "sha-ni"),
    ("tdx_guest", "tdx"),
];

/// Why the texts give no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// A text is too long.
    #[error("text of {len} bytes exceeds {max}", max = TEXT_BYTES_MAX)]
    TooLong {
        /// How many bytes there are.
        len: usize,
    },
    /// A line that should be there is not, or cannot be read.
    #[error("{0:?} is not stated")]
    NotStated(&'static str),
    /// What they say makes no record.
    #[error(transparent)]
    Properties(#[from] PropertiesError),
}

/// The record of the machine whose `/proc/cpuinfo` and `/proc/meminfo` these are (x86-64).
///
/// The CPU model is brought into the record's range: other than printable ASCII is dropped, blanks are run
/// together, and what is beyond 64 characters is cut.
///
/// # Errors
/// When a text is too long or does not say what is asked.
pub fn properties(cpuinfo: &str, meminfo: &str) -> Result<Properties, MachineError> {
    for text in [cpuinfo, meminfo] {
        if text.len() > TEXT_BYTES_MAX {
            return Err(MachineError::TooLong { len: text.len() });
        }
    }
    let model = values(cpuinfo, "model name").next().ok_or(MachineError::NotStated("model name"))?;
    let cores = values(cpuinfo, "processor").count();
    let memory_kib =
        values(meminfo, "MemTotal").next().and_then(kib).ok_or(MachineError::NotStated("MemTotal"))?;
    let flags = values(cpuinfo, "flags").next().unwrap_or_default();
    let has = |flag: &str| flags.split_ascii_whitespace().any(|own| own == flag);
    let features = FEATURES.iter().filter(|(flag, _)| has(flag)).map(|(_, feature)| (*feature).to_owned());
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    Ok(Properties::new(&printable(model), cores, memory_kib / 1024, features)?)
}

/// The values of all lines `key : value`, trimmed.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.filter(move |(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

fn kib(value: &str) -> Option<u64> {
    value.strip_suffix("kB")?.trim_end().parse().ok()
}

fn printable(model: &str) -> String {
    let words = model.split_whitespace().map(|word| word.chars().filter(char::is_ascii_graphic).collect());
    let words: Vec<String> = words.filter(|word: &String| !word.is_empty()).collect();
    let mut joined = words.join(" ");
    joined.truncate(Properties::CPU_MODEL_BYTES_MAX);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPUINFO: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\n\
        model name\t: INTEL(R)  XEON(R)\u{a0}PLATINUM 8581C CPU @ 2.10GHz\n\
        flags\t\t: fpu aes sgx_lc tdx_guest avx2\nvmx flags\t: sgx\n\nprocessor\t: 1\n\
        model name\t: another\nflags\t\t: sev_snp\n";
    const MEMINFO: &str = "MemTotal:       16393044 kB\nMemFree:         1234 kB\n";

    #[test]
    fn record_states_what_the_first_processor_says() {
        let record = properties(CPUINFO, MEMINFO).expect("complete");
        assert_eq!(record.cpu_model(), "INTEL(R) XEON(R) PLATINUM 8581C CPU @ 2.10GHz");
        assert_eq!((record.logical_cores(), record.memory_mib()), (2, 16_008));
        assert_eq!(record.tee_features(), ["aes", "avx2", "sgx.flc", "tdx"]);
    }

    #[test]
    fn odd_models_are_brought_into_range() {
        let model = |name: &str| {
            let cpuinfo = format!("processor: 0\nmodel name: {name}\n");
            properties(&cpuinfo, MEMINFO).map(|record| record.cpu_model().to_owned())
        };
        assert_eq!(model("Ünïcode \u{1b}[31m CPU"), Ok("ncode [31m CPU".to_owned()));
        assert_eq!(model(&"x".repeat(65)), Ok("x".repeat(64)));
        assert_eq!(model("日本"), Err(PropertiesError::CpuModel.into()));
    }

    #[test]
    fn incomplete_texts_are_refused() {
        let no_cores = CPUINFO.replace("processor", "processed");
        assert_eq!(properties(&no_cores, MEMINFO), Err(PropertiesError::NoCores.into()));
        let no_model = CPUINFO.replace("model name", "modal name");
        assert_eq!(properties(&no_model, MEMINFO), Err(MachineError::NotStated("model name")));
        for meminfo in ["", "MemTotal: 1 MB", "MemTotal: kB", "MemTotal: -1 kB"] {
            assert_eq!(properties(CPUINFO, meminfo), Err(MachineError::NotStated("MemTotal")), "{meminfo}");
        }
        let long = " ".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(properties(&long, MEMINFO), Err(MachineError::TooLong { len: TEXT_BYTES_MAX + 1 }));
    }

    #[test]
    fn this_machine_has_a_record() {
        let read = |path: &str| std::fs::read_to_string(path);
        // Only Linux has these files, and only x86-64 names its processor there.
        let (Ok(cpuinfo), Ok(meminfo)) = (read("/proc/cpuinfo"), read("/proc/meminfo")) else { return };
        if cpuinfo.contains("model name") {
            let record = properties(&cpuinfo, &meminfo).expect("complete");
            assert!(record.memory_mib() > 0);
        }
    }
}
