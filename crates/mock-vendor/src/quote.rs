//! The layout of reports and quotes.
//!
//! Sources: Intel SGX ECDSA Quote Library Reference (quote version 3), Intel TDX DCAP Quoting Library API
//! (version 4). Numbers are little endian.

use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

use crate::platform::TcbLevel;

const INTEL_QE_VENDOR_ID: [u8; 16] =
    [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];
const HEADER_BYTES: usize = 48;
const CHAIN: u16 = 5;
const QE_REPORT: u16 = 6;
const ENCRYPTED_PPID: u16 = 3;
const ENCRYPTED_PPID_BYTES: usize = 384 + 20;

/// What a quote is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteSpec {
    /// What runs in the TEE.
    pub registers: Registers,
    /// What the program has the quote say.
    pub report_data: [u8; 64],
    /// Whether the TEE is in debug mode.
    pub debug: bool,
}

/// Registers of a TEE.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one is made for a quote, none are stored")]
pub enum Registers {
    /// Of an SGX enclave.
    Sgx(SgxRegisters),
    /// Of a trust domain.
    Tdx(TdxRegisters),
}

/// Registers of an SGX enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SgxRegisters {
    /// Code, data and layout.
    pub mr_enclave: [u8; 32],
    /// Who signed the enclave.
    pub mr_signer: [u8; 32],
    /// The signer's product number.
    pub isv_prod_id: u16,
    /// The signer's security version.
    pub isv_svn: u16,
}

/// Registers of a trust domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TdxRegisters {
    /// Initial memory.
    pub mr_td: [u8; 48],
    /// What ran after it.
    pub rtmrs: [[u8; 48]; 4],
    /// Configuration.
    pub mr_config_id: [u8; 48],
}

impl Registers {
    /// The registers that a program of this name has, made up but always the same.
    pub fn of_program(tee: TeeType, program: &str) -> Self {
        let register = |name: &str| {
            let text = format!("SIMULATED {name} of {program}");
            let mut value = [0; 48];
            value[..32].copy_from_slice(&Sha256::digest(text));
            value
        };
        let short = |name: &str| {
            let mut value = [0; 32];
            value.copy_from_slice(&register(name)[..32]);
            value
        };
        match tee {
            TeeType::Tdx => Self::Tdx(TdxRegisters {
                mr_td: register("mrtd"),
                rtmrs: ["rtmr0", "rtmr1", "rtmr2", "rtmr3"].map(register),
                mr_config_id: register("mrconfigid"),
            }),
            TeeType::Sgx | TeeType::Snp => Self::Sgx(SgxRegisters {
                mr_enclave: short("mrenclave"),
                mr_signer: short("mrsigner"),
                isv_prod_id: 1,
                isv_svn: 1,
            }),
        }
    }
}

/// Why a quote cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// The registers are not those of the machine's TEE.
    #[error("registers are not those of {tee}", tee = .0.name())]
    WrongTee(TeeType),
}

/// Signatures and keys that follow the signed part.
pub(crate) struct Signatures<'a> {
    pub(crate) quote: [u8; 64],
    pub(crate) attestation_key: &'a [u8],
    pub(crate) qe_report: [u8; 384],
    pub(crate) qe_report_signature: [u8; 64],
    pub(crate) qe_authentication: &'a [u8; 32],
    pub(crate) chain_pem: Option<&'a str>,
}

impl QuoteSpec {
    /// A sound quote of a program of this name.
    pub fn of_program(tee: TeeType, program: &str, report_data: [u8; 64]) -> Self {
        Self { registers: Registers::of_program(tee, program), report_data, debug: false }
    }

    /// Header and report: what the attestation key signs.
    pub(crate) fn signed_part(&self, tee: TeeType, tcb: TcbLevel) -> Result<Vec<u8>, QuoteError> {
        match (tee, &self.registers) {
            (TeeType::Sgx, Registers::Sgx(registers)) => {
                let report = enclave_report(registers, tcb.cpu_svn(), self.debug, &self.report_data);
                Ok([&header(3, 0)[..], &report].concat())
            }
            (TeeType::Tdx, Registers::Tdx(registers)) => {
                let report = td_report(registers, tcb.tee_tcb_svn(), self.debug, &self.report_data);
                Ok([&header(4, 0x81)[..], &report].concat())
            }
            _ => Err(QuoteError::WrongTee(tee)),
        }
    }
}

fn header(version: u16, tee_type: u32) -> [u8; HEADER_BYTES] {
    const ECDSA_P256: u16 = 2;
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&ECDSA_P256.to_le_bytes());
    bytes.extend_from_slice(&tee_type.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&INTEL_QE_VENDOR_ID);
    bytes.extend_from_slice(b"SIMULATED");
    fixed(&bytes)
}

/// An SGX enclave's report, `sgx_report_body_t`.
pub(crate) fn enclave_report(
    registers: &SgxRegisters,
    cpu_svn: [u8; 16],
    debug: bool,
    report_data: &[u8; 64],
) -> [u8; 384] {
    // INIT, MODE64BIT, and DEBUG if so.
    let flags = 0x01 | 0x04 | 0x10 | if debug { 0x02 } else { 0 };
    let mut report = [0; 384];
    report[..16].copy_from_slice(&cpu_svn);
    report[48] = flags;
    report[64..96].copy_from_slice(&registers.mr_enclave);
    report[128..160].copy_from_slice(&registers.mr_signer);
    report[256..258].copy_from_slice(&registers.isv_prod_id.to_le_bytes());
    report[258..260].copy_from_slice(&registers.isv_svn.to_le_bytes());
    report[320..].copy_from_slice(report_data);
    report
}

/// A trust domain's report as quotes carry it, `sgx_report2_body_t`.
fn td_report(
    registers: &TdxRegisters,
    tee_tcb_svn: [u8; 16],
    debug: bool,
    report_data: &[u8; 64],
) -> [u8; 584] {
    const SEPT_VE_DISABLE: u8 = 0x10;
    let mut bytes = Vec::with_capacity(584);
    bytes.extend_from_slice(&tee_tcb_svn);
    // Module measurement, its signer (zero as Intel's own), its attributes.
    bytes.extend_from_slice(&[0; 48 + 48 + 8]);
    bytes.extend_from_slice(&[u8::from(debug), 0, 0, SEPT_VE_DISABLE, 0, 0, 0, 0]);
    // Extended features: x87, SSE, AVX.
    bytes.extend_from_slice(&[7, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&registers.mr_td);
    bytes.extend_from_slice(&registers.mr_config_id);
    // Owner and the owner's configuration.
    bytes.extend_from_slice(&[0; 48 + 48]);
    bytes.extend_from_slice(registers.rtmrs.as_flattened());
    bytes.extend_from_slice(report_data);
    fixed(&bytes)
}

/// The whole quote: the signed part, and what proves it.
pub(crate) fn encode(tee: TeeType, signed: &[u8], signatures: &Signatures<'_>) -> Vec<u8> {
    let vouching = vouching_part(signatures);
    let mut proof = [&signatures.quote[..], signatures.attestation_key].concat();
    if tee == TeeType::Tdx {
        proof.extend_from_slice(&QE_REPORT.to_le_bytes());
        proof.extend_from_slice(&len_u32(vouching.len()));
    }
    proof.extend_from_slice(&vouching);
    [signed, &len_u32(proof.len()), &proof].concat()
}

/// The quoting enclave's report, the platform's signature over it, and the platform's certificates.
fn vouching_part(signatures: &Signatures<'_>) -> Vec<u8> {
    const AUTHENTICATION_BYTES: u16 = 32;
    let mut bytes = [&signatures.qe_report[..], &signatures.qe_report_signature].concat();
    bytes.extend_from_slice(&AUTHENTICATION_BYTES.to_le_bytes());
    bytes.extend_from_slice(signatures.qe_authentication);
    let (kind, certification) = match signatures.chain_pem {
        Some(pem) => (CHAIN, pem.as_bytes().to_vec()),
        None => (ENCRYPTED_PPID, vec![0; ENCRYPTED_PPID_BYTES]),
    };
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&len_u32(certification.len()));
    bytes.extend_from_slice(&certification);
    bytes
}

/// Flips a bit of the program's measurement in a finished quote, as a host might.
pub fn alter_body(quote: &mut [u8]) {
    const MR_ENCLAVE: usize = HEADER_BYTES + 64;
    if let Some(byte) = quote.get_mut(MR_ENCLAVE) {
        *byte ^= 1;
    }
}

/// Chains are a few kilobytes.
fn len_u32(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

/// The bytes, filled up with zeros to the fixed length of their part.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut part = [0; N];
    part[..bytes.len()].copy_from_slice(bytes);
    part
}
