//! Attestation reports: which are read, and what they show by themselves.
//!
//! Source: AMD, SEV Secure Nested Paging Firmware ABI Specification (56860), `ATTESTATION_REPORT`.

use multee_protocol::TeeType;
use sev::Generation;
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser;

use crate::device::check_hardware_id;
use crate::error::{AppraisalError, EndorsementFault};
use crate::measurement::{Register, RegisterValue};
use crate::snp::certificate::{EndorsedKey, Endorsement};
use crate::snp::container::REPORT_BYTES;
use crate::snp::policy::SnpFacts;
use crate::snp::product::{SnpProduct, SnpTcb};

/// Versions whose layout the `sev` crate knows; it would read later ones by the layout of the last.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=5;
const ECDSA_P384_SHA384: u32 = 1;
const SIGNED_BY_VCEK: u32 = 0;
const SIGNED_BY_VLEK: u32 = 1;

/// A report that can be read; its signature is not checked yet.
pub(crate) struct Report {
    pub(crate) fields: AttestationReport,
}

impl Report {
    pub(crate) fn parse(raw: &[u8; REPORT_BYTES]) -> Result<Self, AppraisalError> {
        let [a, b, c, d, ..] = *raw;
        let version = u32::from_le_bytes([a, b, c, d]);
        if !VERSIONS.contains(&version) {
            return Err(AppraisalError::ReportVersionUnsupported(version));
        }
        // Before the rest, which the library does not read in version 2 without a chip id.
        let chip_id = raw.get(0x1A0..0x1E0).ok_or(AppraisalError::QuoteMalformed)?;
        check_hardware_id(TeeType::Snp, chip_id)?;
        let fields = AttestationReport::from_bytes(raw).map_err(|_| AppraisalError::QuoteMalformed)?;
        // The library checks the signature over its own encoding: it must be these bytes.
        if !fields.to_bytes().is_ok_and(|encoded| encoded == *raw) {
            return Err(AppraisalError::QuoteMalformed);
        }
        let report = Self { fields };
        report.check_signature_fields()?;
        Ok(report)
    }

    fn check_signature_fields(&self) -> Result<(), AppraisalError> {
        const SCALAR: usize = 48;
        let fields = &self.fields;
        if fields.sig_algo != ECDSA_P384_SHA384 {
            return Err(AppraisalError::SignatureAlgorithmUnsupported(fields.sig_algo));
        }
        let key = fields.key_info.signing_key();
        if ![SIGNED_BY_VCEK, SIGNED_BY_VLEK].contains(&key) {
            return Err(AppraisalError::SigningKeyUnsupported(key));
        }
        // The library looks at the lower bytes only.
        let scalars = [fields.signature.r(), fields.signature.s()];
        let padding = scalars.into_iter().flat_map(|scalar| scalar.iter().skip(SCALAR));
        if padding.into_iter().any(|byte| *byte != 0) {
            return Err(AppraisalError::QuoteMalformed);
        }
        Ok(())
    }

    pub(crate) fn is_signed_by_vlek(&self) -> bool {
        self.fields.key_info.signing_key() == SIGNED_BY_VLEK
    }

    /// Whether the signing key's certificate is about the machine and firmware that the report is about.
    pub(crate) fn check_endorsement(&self, endorsement: &Endorsement) -> Result<(), EndorsementFault> {
        if !self.is_of(endorsement.product) {
            return Err(EndorsementFault::Product);
        }
        match (&endorsement.key, self.is_signed_by_vlek()) {
            (EndorsedKey::Loaded, true) => {}
            (EndorsedKey::Chip(id), false) if self.has_chip_id(id, endorsement.product) => {}
            (EndorsedKey::Chip(_), false) => return Err(EndorsementFault::ChipId),
            _ => return Err(EndorsementFault::KeyKind),
        }
        if SnpTcb::from(self.fields.reported_tcb) != endorsement.tcb {
            return Err(EndorsementFault::Tcb);
        }
        Ok(())
    }

    /// Version 2 tells only whether versions are laid out as on Turin.
    pub(crate) fn is_of(&self, product: SnpProduct) -> bool {
        let (Some(family), Some(model)) = (self.fields.cpuid_fam_id, self.fields.cpuid_mod_id) else {
            return self.fields.reported_tcb.fmc.is_some() == (product == SnpProduct::Turin);
        };
        matches!(
            (Generation::identify_cpu(family, model), product),
            (Ok(Generation::Milan), SnpProduct::Milan)
                | (Ok(Generation::Genoa), SnpProduct::Genoa)
                | (Ok(Generation::Turin), SnpProduct::Turin)
        )
    }

    /// Turin's ids have 8 bytes, and zeros after them in the report.
    fn has_chip_id(&self, id: &[u8], product: SnpProduct) -> bool {
        let len = if product == SnpProduct::Turin { 8 } else { 64 };
        let (own, rest) = self.fields.chip_id.split_at_checked(len).unwrap_or((&self.fields.chip_id, &[]));
        own == id && rest.iter().all(|byte| *byte == 0)
    }

    /// What no policy accepts: a guest that its host may debug or migrate, and bits that nobody has defined.
    pub(crate) fn check_attributes(&self) -> Result<(), AppraisalError> {
        const MUST_BE_ONE: u64 = 1 << 17;
        const MIGRATION: u64 = 1 << 18;
        const DEFINED: u64 = (1 << 26) - 1;
        if self.fields.policy.debug_allowed() {
            return Err(AppraisalError::Debug);
        }
        let bits = self.guest_policy();
        if bits & MUST_BE_ONE == 0 || bits & MIGRATION != 0 || bits & !DEFINED != 0 {
            return Err(AppraisalError::AttributesNotAccepted);
        }
        Ok(())
    }

    /// The bits as they are: the library's own conversion sets one.
    fn guest_policy(&self) -> u64 {
        self.fields.policy.to_bytes().map_or(0, u64::from_le_bytes)
    }

    pub(crate) fn facts(&self, product: SnpProduct) -> SnpFacts {
        let fields = &self.fields;
        let versions = [fields.reported_tcb, fields.committed_tcb, fields.current_tcb, fields.launch_tcb];
        let [first, rest @ ..] = versions.map(SnpTcb::from);
        SnpFacts {
            product,
            tcb: rest.into_iter().fold(first, SnpTcb::least),
            vmpl: fields.vmpl,
            is_signed_by_vlek: self.is_signed_by_vlek(),
            guest_policy: self.guest_policy(),
            platform_info: fields.plat_info.into(),
        }
    }

    pub(crate) fn registers(&self) -> Vec<RegisterValue> {
        let fields = &self.fields;
        let value = |register| match register {
            Register::LaunchDigest => fields.measurement.to_vec(),
            Register::HostData => fields.host_data.to_vec(),
            Register::IdKeyDigest => fields.id_key_digest.to_vec(),
            Register::AuthorKeyDigest => fields.author_key_digest.to_vec(),
            Register::FamilyId => fields.family_id.to_vec(),
            Register::ImageId => fields.image_id.to_vec(),
            Register::GuestSvn => fields.guest_svn.to_le_bytes().to_vec(),
            Register::GuestPolicy => self.guest_policy().to_le_bytes().to_vec(),
            _ => fields.vmpl.to_le_bytes().to_vec(),
        };
        Register::SNP.into_iter().map(|register| RegisterValue { register, value: value(register) }).collect()
    }
}
