//! The vendor: its authorities, its platforms, its collateral.

use std::collections::BTreeSet;

use multee_protocol::TeeType;

use crate::certificate::{Certificate, Issued, Role, Window, revocation_list};
use crate::collateral::{CollateralSpec, Document, Parts};
use crate::key::{Key, digest};
use crate::platform::{Platform, PlatformSpec};
use crate::provisioning::{Publication, publications};

/// From when until when a vendor's certificates hold, and the TCB evaluation of its collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorConfig {
    /// Unix time in seconds.
    pub not_before_s: u64,
    /// Unix time in seconds.
    pub not_after_s: u64,
    /// The number that policies name.
    pub tcb_evaluation_number: u32,
}

/// A SIMULATED hardware vendor.
#[derive(Clone)]
pub struct Vendor {
    seed: [u8; 32],
    config: VendorConfig,
    root_key: Key,
    root: Issued,
    pck_ca_key: Key,
    pck_ca: Issued,
    signer_key: Key,
    signer: Issued,
    revoked_serials: BTreeSet<u64>,
}

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// Certificates cannot hold this time.
    #[error("unix time {0} s is out of range")]
    DateOutOfRange(u64),
    /// The certificate library refused, most likely dates in the wrong order.
    #[error("certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A document could not be written.
    #[error("collateral cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// Only SGX and TDX are simulated.
    #[error("{tee} is not simulated", tee = .0.name())]
    TeeNotSimulated(TeeType),
}

impl Vendor {
    const ROOT_SERIAL: u64 = 1;
    const PCK_CA_SERIAL: u64 = 2;
    const SIGNER_SERIAL: u64 = 3;
    /// Machines' certificates are numbered from here, eight for each index: four TCB levels, two TEEs.
    const PLATFORM_SERIALS: u64 = 0x1000;

    /// The vendor that grows from `seed`.
    ///
    /// # Errors
    /// For times that certificates cannot hold.
    pub fn from_seed(seed: [u8; 32], config: VendorConfig) -> Result<Self, VendorError> {
        let [root_key, pck_ca_key, signer_key] =
            ["root", "pck ca", "collateral signer"].map(|label| Key::derive(&seed, label));
        let window = Window { from_s: config.not_before_s, until_s: config.not_after_s };
        let certificate = |role, serial, key| Certificate { role, serial, window, key, extension: None };
        let root = certificate(Role::Root, Self::ROOT_SERIAL, &root_key).self_signed()?;
        let pck_ca =
            certificate(Role::PckCa, Self::PCK_CA_SERIAL, &pck_ca_key).signed_by(Role::Root, &root_key)?;
        let signer = certificate(Role::CollateralSigner, Self::SIGNER_SERIAL, &signer_key)
            .signed_by(Role::Root, &root_key)?;
        let revoked_serials = BTreeSet::new();
        Ok(Self { seed, config, root_key, root, pck_ca_key, pck_ca, signer_key, signer, revoked_serials })
    }

    /// The root's certificate, DER: what a policy names by its SHA-256.
    pub fn root_der(&self) -> &[u8] {
        &self.root.der
    }

    /// What it was made with.
    pub fn config(&self) -> VendorConfig {
        self.config
    }

    /// A machine of this vendor; the same for the same spec.
    ///
    /// # Errors
    /// For a TEE that is not simulated.
    pub fn platform(&self, spec: PlatformSpec) -> Result<Platform, VendorError> {
        if !matches!(spec.tee, TeeType::Sgx | TeeType::Tdx) {
            return Err(VendorError::TeeNotSimulated(spec.tee));
        }
        let label = |what: &str| format!("{what} {} {} {:?}", spec.index, spec.tee.name(), spec.tcb);
        let pck_key = Key::derive(&self.seed, &label("pck"));
        let hardware_id = spec.hardware_id.unwrap_or_else(|| self.hardware_id(spec));
        let serial = Self::serial(spec);
        let extension = Platform::extension(spec, hardware_id);
        let certificate = Certificate {
            role: Role::Platform,
            serial,
            window: Window { from_s: self.config.not_before_s, until_s: self.config.not_after_s },
            key: &pck_key,
            extension: Some(&extension),
        };
        let leaf = certificate.signed_by(Role::PckCa, &self.pck_ca_key)?;
        let chain_pem = [leaf.pem.as_str(), &self.pck_ca.pem, &self.root.pem].concat();
        let attestation_key = Key::derive(&self.seed, &label("attestation"));
        Ok(Platform { spec, serial, hardware_id, pck_key, attestation_key, chain_pem })
    }

    /// Puts the machine's certificate on the revocation list of all collateral from now on.
    pub fn revoke(&mut self, platform: &Platform) {
        self.revoked_serials.insert(platform.serial);
    }

    /// Sound collateral for a platform family, as long-lived as the vendor's certificates.
    ///
    /// # Errors
    /// As [`Self::collateral_with`].
    pub fn collateral(&self, tee: TeeType, fmspc: [u8; 6]) -> Result<Vec<u8>, VendorError> {
        self.collateral_with(CollateralSpec {
            tee,
            fmspc,
            issued_s: self.config.not_before_s,
            next_update_s: self.config.not_after_s,
            tcb_evaluation_number: self.config.tcb_evaluation_number,
        })
    }

    /// Collateral as `spec` says, in the JSON form that verifiers read.
    ///
    /// # Errors
    /// For a TEE that is not simulated, or times that are out of range or order.
    pub fn collateral_with(&self, spec: CollateralSpec) -> Result<Vec<u8>, VendorError> {
        Ok(serde_json::to_vec(&self.document(spec)?)?)
    }

    /// The same as Intel's provisioning service would publish it, one publication for each thing that is asked for.
    ///
    /// # Errors
    /// As [`Self::collateral_with`].
    pub fn publications(&self, spec: CollateralSpec) -> Result<Vec<Publication>, VendorError> {
        Ok(publications(spec, &self.document(spec)?))
    }

    fn document(&self, spec: CollateralSpec) -> Result<Document, VendorError> {
        if !matches!(spec.tee, TeeType::Sgx | TeeType::Tdx) {
            return Err(VendorError::TeeNotSimulated(spec.tee));
        }
        let window = spec.window();
        let revoked = self.revoked_serials.iter().copied();
        let parts = Parts {
            spec,
            root: &self.root,
            pck_ca: &self.pck_ca,
            signer: &self.signer,
            signer_key: &self.signer_key,
            root_crl: revocation_list(Role::Root, &self.root_key, window, std::iter::empty())?,
            pck_crl: revocation_list(Role::PckCa, &self.pck_ca_key, window, revoked)?,
        };
        parts.document()
    }

    fn hardware_id(&self, spec: PlatformSpec) -> [u8; 16] {
        let digest = digest(&self.seed, &format!("ppid {}", spec.index));
        let mut hardware_id = [0; 16];
        hardware_id.copy_from_slice(&digest[..16]);
        hardware_id
    }

    fn serial(spec: PlatformSpec) -> u64 {
        let variant = (spec.tcb as u64) << 1 | u64::from(spec.tee == TeeType::Tdx);
        Self::PLATFORM_SERIALS + (u64::from(spec.index) << 3) + variant
    }
}
