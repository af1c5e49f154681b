//! The vendor's authorities, machines and collateral.

use sha2::{Digest, Sha512};

use crate::key::digest;
use crate::snp::certificate::{Certificate, Endorsement, Role, revocation_list};
use crate::snp::key::{AuthorityKey, ReportKey};
use crate::snp::{SnpKey, SnpMachine, SnpMachineSpec};

const ROOT: &str = "SIMULATED ARK";
const CHIP_ISSUER: &str = "SIMULATED SEV (ASK)";
const PROVIDER_ISSUER: &str = "SIMULATED SEV-VLEK (ASVK)";
const ROOT_SERIAL: u64 = 0x01_0000;
const CHIP_ISSUER_SERIAL: u64 = 0x01_0001;
const PROVIDER_ISSUER_SERIAL: u64 = 0x01_0002;
/// AMD certifies every chip's key under this one.
const KEY_SERIAL: u64 = 0;

/// From when until when a vendor's certificates hold, Unix time in seconds, before 2050.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpVendorConfig {
    /// The first second.
    pub not_before_s: u64,
    /// The last second.
    pub not_after_s: u64,
}

/// A SIMULATED vendor of processors with SEV-SNP.
#[derive(Clone)]
pub struct SnpVendor {
    seed: [u8; 32],
    config: SnpVendorConfig,
    root_key: AuthorityKey,
    root: Vec<u8>,
    chip_issuer: Issuer,
    provider_issuer: Issuer,
    revoked_serials: Vec<u64>,
}

#[derive(Clone)]
struct Issuer {
    name: &'static str,
    serial: u64,
    key: AuthorityKey,
    der: Vec<u8>,
}

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SnpVendorError {
    /// Certificates cannot hold this time.
    #[error("unix time {0} s is out of range")]
    DateOutOfRange(u64),
    /// The RSA library refused.
    #[error("key cannot be made: {0}")]
    Key(#[from] rsa::Error),
    /// The RSA library could not write what it made.
    #[error("key cannot be written")]
    KeyUnwritable,
}

impl SnpVendor {
    /// The vendor that grows from `seed`.
    ///
    /// # Errors
    /// For times that certificates cannot hold.
    pub fn from_seed(seed: [u8; 32], config: SnpVendorConfig) -> Result<Self, SnpVendorError> {
        let root_key = AuthorityKey::derive(&seed, "snp root")?;
        let window = (config.not_before_s, config.not_after_s);
        let authority = |subject, serial, public: &[u8]| {
            let role = Role::Authority;
            Certificate { serial, issuer: ROOT, subject, window, public, role }.signed_by(&root_key)
        };
        let issuer = |name, serial| {
            let key = AuthorityKey::derive(&seed, name)?;
            let der = authority(name, serial, key.public())?;
            Ok::<_, SnpVendorError>(Issuer { name, serial, key, der })
        };
        let root = authority(ROOT, ROOT_SERIAL, root_key.public())?;
        let chip_issuer = issuer(CHIP_ISSUER, CHIP_ISSUER_SERIAL)?;
        let provider_issuer = issuer(PROVIDER_ISSUER, PROVIDER_ISSUER_SERIAL)?;
        Ok(Self { seed, config, root, chip_issuer, provider_issuer, revoked_serials: vec![], root_key })
    }

    /// The root's certificate, DER: what a policy names by its SHA-256.
    pub fn root_der(&self) -> &[u8] {
        &self.root
    }

    /// A machine of this vendor; the same for the same spec.
    ///
    /// # Errors
    /// For times that certificates cannot hold.
    pub fn machine(&self, spec: SnpMachineSpec) -> Result<SnpMachine, SnpVendorError> {
        let chip_id = spec.chip_id.unwrap_or_else(|| self.chip_id(spec));
        let (issuer, subject, certified_chip_id, label) = match spec.key {
            SnpKey::Chip => {
                let certified = spec.certified_chip_id.unwrap_or(chip_id);
                (&self.chip_issuer, "SIMULATED SEV-VCEK", Some(certified), format!("vcek {}", spec.index))
            }
            SnpKey::Provider => (&self.provider_issuer, "SIMULATED SEV-VLEK", None, "vlek".to_owned()),
        };
        let key = ReportKey::derive(&self.seed, &label);
        let endorsement = Endorsement {
            family: spec.certified_family.unwrap_or(spec.family),
            versions: spec.certified_versions.unwrap_or(spec.versions),
            chip_id: certified_chip_id,
        };
        let certificate = Certificate {
            serial: KEY_SERIAL,
            issuer: issuer.name,
            subject,
            window: (self.config.not_before_s, spec.certificate_until_s.unwrap_or(self.config.not_after_s)),
            public: &key.public(),
            role: Role::Endorsement(&endorsement),
        };
        let certificates = [certificate.signed_by(&issuer.key)?, issuer.der.clone()];
        Ok(SnpMachine { spec, chip_id, key, certificates })
    }

    /// Puts the issuer of this machine's certificate on the revocation list of all collateral from now on.
    pub fn revoke_issuer_of(&mut self, machine: &SnpMachine) {
        let issuer = match machine.spec.key {
            SnpKey::Chip => &self.chip_issuer,
            SnpKey::Provider => &self.provider_issuer,
        };
        self.revoked_serials.push(issuer.serial);
    }

    /// Puts the root itself on its revocation list.
    pub fn revoke_root(&mut self) {
        self.revoked_serials.push(ROOT_SERIAL);
    }

    /// Sound collateral, as long-lived as the vendor's certificates.
    ///
    /// # Errors
    /// As [`Self::collateral_with`].
    pub fn collateral(&self) -> Result<Vec<u8>, SnpVendorError> {
        self.collateral_with(self.config.not_before_s, self.config.not_after_s)
    }

    /// Collateral issued and due for renewal at these times (Unix, in seconds), in the JSON form that verifiers read.
    ///
    /// # Errors
    /// For times that certificates cannot hold.
    pub fn collateral_with(&self, issued_s: u64, due_s: u64) -> Result<Vec<u8>, SnpVendorError> {
        let list = revocation_list(ROOT, &self.root_key, (issued_s, due_s), &self.revoked_serials)?;
        Ok(serde_json::json!({ "tee": "snp", "ark_crl": hex::encode(list) }).to_string().into_bytes())
    }

    fn chip_id(&self, spec: SnpMachineSpec) -> [u8; 64] {
        let mut id: [u8; 64] = Sha512::digest(digest(&self.seed, &format!("chip id {}", spec.index))).into();
        id[spec.family.chip_id_bytes()..].fill(0);
        id
    }
}
