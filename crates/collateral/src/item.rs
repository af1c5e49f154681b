//! What can be fetched: its name in the cache, and where a service has it.
//!
//! Sources: Intel SGX and TDX Provisioning Certification Service API, version 4; AMD, "Versioned Chip Endorsement Key
//! (VCEK) Certificate and KDS Interface Specification" (57230), chapter 4.

use std::fmt;

use multee_evidence::{Fmspc, PckCa, SnpProduct};
use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

/// Which TCB evaluation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evaluation {
    /// The one that Intel has in force.
    Standard,
    /// The newest that is published: what will be in force some months later.
    Early,
    /// This one, as a network's policy names it.
    Number(u32),
}

/// AMD's two kinds of keys that sign reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AmdKey {
    /// A chip's own, for one TCB version.
    Vcek,
    /// One that a cloud provider loads.
    Vlek,
}

/// A certificate or list of AMD's, handed on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AmdItem {
    /// The certificates of the signing key and of the root, PEM.
    Chain(AmdKey, SnpProduct),
    /// The root's revocation list, DER.
    Crl(AmdKey, SnpProduct),
    /// A chip's certificate, DER.
    Vcek(Vcek),
}

/// Which chip, at which TCB version (`REPORTED_TCB` of its report).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vcek {
    /// The family.
    pub product: SnpProduct,
    /// `CHIP_ID`. Of a Turin chip only the first 8 bytes are its id.
    pub chip_id: [u8; 64],
    /// Security version of the boot loader.
    pub bootloader: u8,
    /// Security version of the secure processor's operating system.
    pub tee: u8,
    /// Security version of the SNP firmware.
    pub snp: u8,
    /// Security version of the microcode.
    pub microcode: u8,
    /// Security version of the FMC, which Turin has.
    pub fmc: Option<u8>,
}

/// One thing that is fetched and cached by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    TcbInfo {
        tee: TeeType,
        fmspc: Fmspc,
        evaluation: Evaluation,
    },
    QeIdentity {
        tee: TeeType,
        evaluation: Evaluation,
    },
    PckCrl {
        ca: PckCa,
    },
    /// Of this root, DER.
    RootCrl {
        root_der: Vec<u8>,
    },
    Amd(AmdItem),
}

impl Item {
    /// Its path at a service.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::TcbInfo { tee, fmspc, evaluation } => {
                format!(
                    "/{}/certification/v4/tcb?fmspc={}&{}",
                    tee.name(),
                    digits(*fmspc),
                    query(*evaluation)
                )
            }
            Self::QeIdentity { tee, evaluation } => {
                format!("/{}/certification/v4/qe/identity?{}", tee.name(), query(*evaluation))
            }
            Self::PckCrl { ca } => format!("/sgx/certification/v4/pckcrl?ca={}&encoding=der", ca_name(*ca)),
            Self::RootCrl { .. } => "/sgx/certification/v4/rootcacrl".to_owned(),
            Self::Amd(item) => item.path(),
        }
    }
}

impl fmt::Display for Item {
    /// For people, and in the cache's index.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TcbInfo { tee, fmspc, evaluation } => {
                write!(formatter, "{} TCB info of FMSPC {}, {evaluation},", capitals(*tee), digits(*fmspc))
            }
            Self::QeIdentity { tee, evaluation } => {
                write!(formatter, "{} quoting enclave identity, {evaluation},", capitals(*tee))
            }
            Self::PckCrl { ca } => write!(formatter, "revocation list of the {} CA", ca_name(*ca)),
            Self::RootCrl { root_der } => {
                write!(formatter, "revocation list of root {}", hex::encode(Sha256::digest(root_der)))
            }
            Self::Amd(item) => item.fmt(formatter),
        }
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => formatter.write_str("evaluation in force"),
            Self::Early => formatter.write_str("newest evaluation"),
            Self::Number(number) => write!(formatter, "evaluation {number}"),
        }
    }
}

impl AmdKey {
    fn name(self) -> &'static str {
        match self {
            Self::Vcek => "vcek",
            Self::Vlek => "vlek",
        }
    }
}

impl AmdItem {
    fn path(&self) -> String {
        match self {
            Self::Chain(key, product) => format!("/{}/v1/{}/cert_chain", key.name(), product.name()),
            Self::Crl(key, product) => format!("/{}/v1/{}/crl", key.name(), product.name()),
            Self::Vcek(vcek) => vcek.path(),
        }
    }
}

impl fmt::Display for AmdItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(key, product) => write!(formatter, "{} chain of {}", key.name(), product.name()),
            Self::Crl(key, product) => {
                write!(formatter, "{} revocation list of {}", key.name(), product.name())
            }
            Self::Vcek(vcek) => write!(formatter, "certificate at {}", vcek.path()),
        }
    }
}

impl Vcek {
    fn path(&self) -> String {
        const TURIN_ID_BYTES: usize = 8;
        let id_bytes = if self.product == SnpProduct::Turin { TURIN_ID_BYTES } else { self.chip_id.len() };
        let id = hex::encode(self.chip_id.get(..id_bytes).unwrap_or_default());
        let fmc = self.fmc.map(|fmc| format!("fmcSPL={fmc:02}&")).unwrap_or_default();
        format!(
            "/vcek/v1/{}/{id}?{fmc}blSPL={:02}&teeSPL={:02}&snpSPL={:02}&ucodeSPL={:02}",
            self.product.name(),
            self.bootloader,
            self.tee,
            self.snp,
            self.microcode
        )
    }
}

fn query(evaluation: Evaluation) -> String {
    match evaluation {
        Evaluation::Standard => "update=standard".to_owned(),
        Evaluation::Early => "update=early".to_owned(),
        Evaluation::Number(number) => format!("tcbEvaluationDataNumber={number}"),
    }
}

fn capitals(tee: TeeType) -> String {
    tee.name().to_uppercase()
}

/// As the vendor's documents have it; caches of them compare text.
pub(crate) fn digits(fmspc: Fmspc) -> String {
    hex::encode_upper(fmspc.0)
}

pub(crate) fn ca_name(ca: PckCa) -> &'static str {
    match ca {
        PckCa::Processor => "processor",
        PckCa::Platform => "platform",
        // Their lists are items of their own (`AmdItem::Crl`): Intel's services know none by these names.
        PckCa::Ask => "ask",
        PckCa::Asvk => "asvk",
    }
}
