//! What published evidence says: parsed, for people to see, and NOT VERIFIED.

use alloy_primitives::{B256, hex, keccak256};
use multee_evidence::{
    ClaimedCertificate, ClaimedPlatform, ClaimedQuote, ClaimedSnp, EvidenceBundle, Properties,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use utoipa::ToSchema;

use super::Reader;
use crate::index::IndexError;
use crate::index::error::Fault;
use crate::index::words::Taking;
use crate::shown::Hash;

/// What every answer says of itself.
const NOTICE: &str = "PARSED, NOT VERIFIED: this is what the evidence says of itself, and anybody can write that. The marks of \
    peers tell what they found; the command tells what you find.";

/// What a block's published evidence says of itself: parsed, and not verified. What cannot be parsed is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EvidenceAnswer {
    /// That nothing of this is verified.
    pub notice: &'static str,
    /// The block's epoch.
    pub epoch: u32,
    /// Its order there.
    pub order: u32,
    /// Its seat.
    pub seat: u32,
    /// That seat's device.
    #[schema(value_type = Hash)]
    pub device_id: B256,
    /// The measurement that the block claims.
    #[schema(value_type = Hash)]
    pub measurement: B256,
    /// Of the published bundle: content.
    #[schema(value_type = Hash)]
    pub evidence_hash: B256,
    /// Its length, in bytes.
    pub evidence_bytes: usize,
    /// Of the certificates that belong into its quote: content; `null` if there are none.
    #[schema(value_type = Option<Hash>)]
    pub certificates_hash: Option<B256>,
    /// Why the bundle, or the quote in it, cannot be parsed, if it cannot.
    pub problem: Option<String>,
    /// What the quote says.
    pub quote: Option<QuoteSays>,
    /// What the machine says it is made of.
    pub properties: Option<PropertiesSay>,
    /// What the quote says of its platform: of SGX and TDX.
    pub dcap: Option<DcapSays>,
    /// What the report says of its platform: of SEV-SNP.
    pub snp: Option<SnpSays>,
    /// The certificates beside it, the platform's first. No signature of them is checked.
    pub certificates: Vec<CertificateSays>,
    /// How to check all of it.
    pub verify: Verify,
}

/// What a quote says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuoteSays {
    /// `sgx`, `tdx` or `snp`.
    pub tee: &'static str,
    /// The version of the quote, or of the SEV-SNP report.
    pub version: u32,
    /// What the attested program put into it, 64 bytes in hex.
    pub report_data: String,
    /// Its registers.
    pub registers: Vec<RegisterSays>,
}

/// A register of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegisterSays {
    /// Its name, such as `mrtd`.
    pub name: String,
    /// Its bytes, in hex.
    pub value: String,
}

/// What a machine says it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PropertiesSay {
    /// The processor, printable ASCII.
    pub cpu_model: String,
    /// Logical cores that the TEE sees.
    pub logical_cores: u32,
    /// Memory that the TEE sees, in MiB.
    pub memory_mib: u64,
    /// Features of the TEE.
    pub features: Vec<String>,
}

/// What a DCAP quote says of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DcapSays {
    /// The platform's family, six bytes in hex.
    pub fmspc: String,
    /// Security versions of the processor's components, 16 bytes in hex.
    pub cpu_svn: String,
    /// Security version of the provisioning certification enclave.
    pub pce_svn: u16,
    /// Security version of the quoting enclave.
    pub qe_svn: u16,
    /// Security versions of the TDX module, 16 bytes in hex; of TDX only.
    pub tee_tcb_svn: Option<String>,
}

/// What an SEV-SNP report says of its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SnpSays {
    /// The processor families that it may be of.
    pub products: Vec<&'static str>,
    /// `CHIP_ID`, 64 bytes in hex.
    pub chip_id: String,
    /// Security version of the boot loader.
    pub boot_loader: u8,
    /// Security version of the security processor's operating system.
    pub tee: u8,
    /// Security version of the SNP firmware.
    pub snp: u8,
    /// Security version of the microcode.
    pub microcode: u8,
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CertificateSays {
    /// Whose it is: printable ASCII of at most 200 characters.
    pub subject: String,
    /// Who it says issued it: the same.
    pub issuer: String,
    /// Its serial number, in hex.
    pub serial: String,
    /// From when it holds, Unix seconds.
    pub not_before_s: u64,
    /// Until when it holds, Unix seconds.
    pub not_after_s: u64,
    /// Of the certificate, DER.
    #[schema(value_type = Hash)]
    pub keccak256: B256,
}

/// How to check evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verify {
    /// Where the whole quote is to be had, to be kept as `quote.bin`.
    pub quote_path: String,
    /// Where the policy of the block's epoch is to be had, to be kept as `policy.json`, if one was set.
    pub policy_path: Option<String>,
    /// The command that then checks it.
    pub command: String,
}

/// Published evidence as the index has it.
struct Published {
    epoch: u32,
    order: u32,
    seat: u32,
    device_id: B256,
    measurement: B256,
    evidence_hash: B256,
    certificates_hash: B256,
    evidence: Vec<u8>,
    certificates: Vec<u8>,
    /// What the policy's digest stands for, which ends with the document's hash.
    policy: Option<Vec<u8>>,
}

const SELECT: &str = "SELECT blocks.epoch, blocks.block_order, blocks.seat, device_id, blocks.measurement, evidence_hash, \
    blocks.certificates_hash, (SELECT bytes FROM content WHERE hash = evidence_hash), \
    (SELECT bytes FROM content WHERE hash = blocks.certificates_hash), \
    (SELECT bytes FROM content JOIN epochs ON hash = policy_digest WHERE epochs.epoch = blocks.epoch) \
    FROM blocks JOIN seats ON seats.seat = blocks.seat";

fn read(row: &Row<'_>) -> rusqlite::Result<Published> {
    let mut row = Taking::of(row);
    Ok(Published {
        epoch: row.next()?,
        order: row.next()?,
        seat: row.next()?,
        device_id: row.hash()?,
        measurement: row.hash()?,
        evidence_hash: row.hash()?,
        certificates_hash: row.hash()?,
        evidence: row.next::<Option<_>>()?.unwrap_or_default(),
        certificates: row.next::<Option<_>>()?.unwrap_or_default(),
        policy: row.next()?,
    })
}

fn of_block(db: &Connection, epoch: u32, order: u32) -> Result<Option<Published>, Fault> {
    let sql = format!("{SELECT} WHERE blocks.epoch = ? AND blocks.block_order = ?");
    Ok(db.prepare_cached(&sql)?.query_row([epoch, order], read).optional()?)
}

impl Reader {
    /// What a block's evidence says of itself.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn evidence(&self, epoch: u32, order: u32) -> Result<Option<EvidenceAnswer>, IndexError> {
        self.at_once(|db| Ok(of_block(db, epoch, order)?.map(|published| published.shown())))
    }

    /// What the evidence of a device's newest block says of itself: of the seat that it is bound to, or else the newest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn evidence_of(&self, device_id: B256) -> Result<Option<EvidenceAnswer>, IndexError> {
        self.at_once(|db| {
            let newest =
                "SELECT seat FROM seats WHERE device_id = ? ORDER BY admitted DESC, seat DESC LIMIT 1";
            let sql = format!("{SELECT} WHERE blocks.seat = ({newest}) ORDER BY blocks.epoch DESC LIMIT 1");
            let found = db.prepare_cached(&sql)?.query_row([device_id.as_slice()], read).optional()?;
            Ok(found.map(|published| published.shown()))
        })
    }

    /// The quote of a block with its certificates in it, as devices' peers judge it; the published bytes if there is none
    /// in them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn quote(&self, epoch: u32, order: u32) -> Result<Option<Vec<u8>>, IndexError> {
        self.at_once(|db| {
            Ok(of_block(db, epoch, order)?
                .map(|it| it.parsed().map_or(it.evidence.clone(), |(_, quote)| quote)))
        })
    }
}

impl Published {
    /// The bundle, and its quote as it was before it was split.
    fn parsed(&self) -> Result<(EvidenceBundle, Vec<u8>), String> {
        let bundle = EvidenceBundle::decode(&self.evidence).map_err(|error| error.to_string())?;
        let quote = bundle.quote.join(&self.certificates).map_err(|error| error.to_string())?;
        Ok((bundle, quote))
    }

    fn shown(&self) -> EvidenceAnswer {
        let parsed = self.parsed();
        let quote = parsed.as_ref().ok().map(|(_, quote)| quote.as_slice());
        let claimed = quote.map(|quote| ClaimedQuote::read(quote).map_err(|error| error.to_string()));
        let problem = parsed.as_ref().err().or(claimed.as_ref().and_then(|claimed| claimed.as_ref().err()));
        let properties =
            parsed.as_ref().ok().and_then(|(bundle, _)| Properties::decode(&bundle.properties).ok());
        EvidenceAnswer {
            notice: NOTICE,
            epoch: self.epoch,
            order: self.order,
            seat: self.seat,
            device_id: self.device_id,
            measurement: self.measurement,
            evidence_hash: self.evidence_hash,
            evidence_bytes: self.evidence.len(),
            certificates_hash: Some(self.certificates_hash).filter(|hash| !hash.is_zero()),
            problem: problem.cloned(),
            quote: claimed.as_ref().and_then(|claimed| claimed.as_ref().ok()).map(quote_says),
            properties: properties.as_ref().map(properties_say),
            dcap: quote.and_then(|quote| ClaimedPlatform::read(quote).ok()).as_ref().map(dcap_says),
            snp: quote.and_then(|quote| ClaimedSnp::read(quote).ok()).as_ref().map(snp_says),
            certificates: ClaimedCertificate::read_all(&self.certificates)
                .into_iter()
                .map(certificate_says)
                .collect(),
            verify: self.verify(),
        }
    }

    fn verify(&self) -> Verify {
        let Self { epoch, order, measurement, .. } = self;
        let document = self.policy.as_deref().and_then(|digested| digested.get(32..)?.try_into().ok());
        let policy = document.map(|document: [u8; 32]| B256::from(document));
        let policy_flag = if policy.is_some() { " --policy policy.json" } else { "" };
        Verify {
            quote_path: format!("/v1/blocks/{epoch}/{order}/quote"),
            policy_path: policy.map(|hash| format!("/v1/content/{hash}")),
            command: format!(
                "multee verify --quote quote.bin{policy_flag} --fetch --reference-value {measurement}"
            ),
        }
    }
}

fn quote_says(quote: &ClaimedQuote) -> QuoteSays {
    let register = |it: &multee_evidence::RegisterValue| RegisterSays {
        name: it.register.to_string(),
        value: hex::encode(&it.value),
    };
    QuoteSays {
        tee: quote.tee.name(),
        version: quote.version,
        report_data: hex::encode(quote.report_data),
        registers: quote.registers.iter().map(register).collect(),
    }
}

fn properties_say(properties: &Properties) -> PropertiesSay {
    PropertiesSay {
        cpu_model: properties.cpu_model().to_owned(),
        logical_cores: properties.logical_cores(),
        memory_mib: properties.memory_mib(),
        features: properties.tee_features().to_vec(),
    }
}

fn dcap_says(platform: &ClaimedPlatform) -> DcapSays {
    DcapSays {
        fmspc: hex::encode(platform.collateral().fmspc.0),
        cpu_svn: hex::encode(platform.cpu_svn()),
        pce_svn: platform.pce_svn(),
        qe_svn: platform.qe_isv_svn(),
        tee_tcb_svn: platform.tee_tcb_svn().map(hex::encode),
    }
}

fn snp_says(snp: &ClaimedSnp) -> SnpSays {
    let tcb = snp.tcb();
    SnpSays {
        products: snp.products().iter().map(|product| product.name()).collect(),
        chip_id: hex::encode(snp.chip_id()),
        boot_loader: tcb.boot_loader,
        tee: tcb.tee,
        snp: tcb.snp,
        microcode: tcb.microcode,
    }
}

fn certificate_says(certificate: ClaimedCertificate) -> CertificateSays {
    let keccak256 = keccak256(&certificate.der);
    let ClaimedCertificate { subject, issuer, serial, not_before_s, not_after_s, .. } = certificate;
    CertificateSays { subject, issuer, serial, not_before_s, not_after_s, keccak256 }
}
