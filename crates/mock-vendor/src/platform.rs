//! A SIMULATED machine: its certificate, its quoting enclave, and the quotes that this signs.

use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

use crate::certificate::PckExtension;
use crate::key::Key;
use crate::quote::{QuoteError, QuoteSpec, Signatures, enclave_report, encode};

/// The quoting enclave's security version, the one level that its identity knows.
pub(crate) const QE_ISV_SVN: u16 = 8;

/// The provisioning enclave's security version, on machines of every level.
pub(crate) const PCE_SVN: u16 = 10;

/// Exactly 32 bytes, as verifiers demand.
const QE_AUTHENTICATION: &[u8; 32] = b"SIMULATED MulTEEverse evidence!!";

/// Which machine to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformSpec {
    /// The machine's number: another number, another hardware id and other keys.
    pub index: u32,
    /// The kind of TEE: SGX or TDX.
    pub tee: TeeType,
    /// The platform family.
    pub fmspc: [u8; 6],
    /// How old its microcode is.
    pub tcb: TcbLevel,
    /// Which enclave signs its quotes.
    pub quoting_enclave: QuotingEnclave,
    /// A hardware id (PPID) to use in place of its own: zeros show a masked one.
    pub hardware_id: Option<[u8; 16]>,
}

impl PlatformSpec {
    /// A sound machine of the vendor's one usual family.
    pub fn sound(index: u32, tee: TeeType) -> Self {
        let fmspc = match tee {
            TeeType::Tdx => *b"SIMTDX",
            TeeType::Sgx | TeeType::Snp => *b"SIMSGX",
        };
        let (tcb, quoting_enclave) = (TcbLevel::Current, QuotingEnclave::Genuine);
        Self { index, tee, fmspc, tcb, quoting_enclave, hardware_id: None }
    }
}

/// A level of the vendor's TCB info, or below all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcbLevel {
    /// `UpToDate`.
    Current,
    /// `OutOfDate`, with an advisory.
    Outdated,
    /// `Revoked`, with an advisory.
    Revoked,
    /// Below every level the vendor knows.
    Unknown,
}

impl TcbLevel {
    fn svn(self) -> u8 {
        match self {
            Self::Current => 4,
            Self::Outdated => 3,
            Self::Revoked => 2,
            Self::Unknown => 1,
        }
    }

    pub(crate) fn cpu_svn(self) -> [u8; 16] {
        [self.svn(); 16]
    }

    /// With a module version (its second byte) of 0, which asks for no module identity.
    pub(crate) fn tee_tcb_svn(self) -> [u8; 16] {
        let mut svn = [self.svn(); 16];
        svn[1] = 0;
        svn
    }
}

/// Which enclave vouches for a machine's attestation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotingEnclave {
    /// The vendor's.
    Genuine,
    /// One that somebody wrote and had the genuine platform certify: its quotes say what he likes.
    Foreign,
}

/// What signs the vendor's quoting enclaves.
pub(crate) fn qe_signer() -> [u8; 32] {
    Sha256::digest(b"SIMULATED quoting enclave signer").into()
}

/// The quoting enclave's product number, another one for each kind of TEE.
pub(crate) fn qe_product(tee: TeeType) -> u16 {
    match tee {
        TeeType::Sgx | TeeType::Snp => 1,
        TeeType::Tdx => 2,
    }
}

/// A SIMULATED machine that can quote.
#[derive(Clone)]
pub struct Platform {
    pub(crate) spec: PlatformSpec,
    pub(crate) serial: u64,
    pub(crate) hardware_id: [u8; 16],
    pub(crate) pck_key: Key,
    pub(crate) attestation_key: Key,
    /// The machine's certificate, its issuer's, the root's: PEM.
    pub(crate) chain_pem: String,
}

impl Platform {
    /// What it was made from.
    pub fn spec(&self) -> PlatformSpec {
        self.spec
    }

    /// Its hardware id, the PPID in its certificate.
    pub fn hardware_id(&self) -> &[u8; 16] {
        &self.hardware_id
    }

    /// Its certificate chain, PEM.
    pub fn chain_pem(&self) -> &str {
        &self.chain_pem
    }

    /// A quote over what `spec` says of the program that runs.
    ///
    /// # Errors
    /// When the registers are those of another TEE than the machine's.
    pub fn quote(&self, spec: &QuoteSpec) -> Result<Vec<u8>, QuoteError> {
        self.sign(spec, Some(&self.chain_pem))
    }

    /// As [`Self::quote`], but naming the machine by an encrypted PPID (certification data of type 3, here of
    /// zeros) instead of carrying the chain.
    ///
    /// # Errors
    /// As [`Self::quote`].
    pub fn quote_without_chain(&self, spec: &QuoteSpec) -> Result<Vec<u8>, QuoteError> {
        self.sign(spec, None)
    }

    fn sign(&self, spec: &QuoteSpec, chain_pem: Option<&str>) -> Result<Vec<u8>, QuoteError> {
        let signed = spec.signed_part(self.spec.tee, self.spec.tcb)?;
        let qe_report = self.qe_report();
        let signatures = Signatures {
            quote: self.attestation_key.sign_raw(&signed),
            attestation_key: self.attestation_key.coordinates(),
            qe_report,
            qe_report_signature: self.pck_key.sign_raw(&qe_report),
            qe_authentication: QE_AUTHENTICATION,
            chain_pem,
        };
        Ok(encode(self.spec.tee, &signed, &signatures))
    }

    /// The quoting enclave's report, whose report data vouches for the attestation key.
    fn qe_report(&self) -> [u8; 384] {
        let vouched =
            Sha256::new_with_prefix(self.attestation_key.coordinates()).chain_update(QE_AUTHENTICATION);
        let mut report_data = [0; 64];
        report_data[..32].copy_from_slice(&vouched.finalize());
        let signer = match self.spec.quoting_enclave {
            QuotingEnclave::Genuine => qe_signer(),
            QuotingEnclave::Foreign => Sha256::digest(b"SIMULATED foreign signer").into(),
        };
        let registers = crate::SgxRegisters {
            mr_enclave: Sha256::digest(b"SIMULATED quoting enclave").into(),
            mr_signer: signer,
            isv_prod_id: qe_product(self.spec.tee),
            isv_svn: QE_ISV_SVN,
        };
        enclave_report(&registers, self.spec.tcb.cpu_svn(), false, &report_data)
    }

    pub(crate) fn extension(spec: PlatformSpec, ppid: [u8; 16]) -> PckExtension {
        PckExtension {
            ppid,
            cpu_svn: spec.tcb.cpu_svn(),
            pce_svn: PCE_SVN,
            pce_id: [0; 2],
            fmspc: spec.fmspc,
        }
    }
}
