//! How a platform compares with its vendor's TCB levels: where its security versions fall short, and of what.
//!
//! Asked with the collateral of the newest evaluation (Intel's `update=early`), months before that is in force, it tells
//! what has to be updated until then. It is advice: nothing of quote or collateral is verified, and no verdict follows.

use std::fmt;

use dcap_qvl::{SvnComponent, SvnShortfall, TcbInfo, TcbLevel};
use multee_protocol::TeeType;
use serde::Deserialize;

use crate::claimed::ClaimedPlatform;
use crate::collateral::{Collateral, DcapCollateral};
use crate::error::{AppraisalError, CollateralFault, CollateralPart};
use crate::status::TcbStatus;

/// How a platform compares with the levels of one TCB evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcbOutlook {
    /// The evaluation.
    pub evaluation_number: u32,
    /// The status of the highest level that the platform meets, by its certificate alone; `None` if it meets none.
    pub status: Option<TcbStatus>,
    /// What is missing to a level that is not out of date, of platform, TDX module and quoting enclave. Empty: nothing.
    pub shortfalls: Vec<TcbShortfall>,
}

/// A security version that is too low.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcbShortfall {
    /// Of what.
    pub component: TcbComponent,
    /// What the vendor calls it, if it has a name for it, such as `BIOS, Early Microcode Update`.
    pub name: Option<String>,
    /// The platform's version.
    pub have: u16,
    /// The level's.
    pub needs: u16,
    /// The level's date as the vendor writes it (RFC 3339): what was known then is mitigated at that level.
    pub level_date: String,
}

/// What has a security version of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcbComponent {
    /// This one of the 16 in the platform's certificate (`CPUSVN`).
    Sgx(u8),
    /// This one of the 16 in a trust domain's report (`TEE_TCB_SVN`).
    Tdx(u8),
    /// The provisioning certification enclave.
    PceSvn,
    /// The TDX module.
    TdxModule,
    /// The quoting enclave.
    QuotingEnclave,
}

impl fmt::Display for TcbShortfall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { component, name, have, needs, level_date } = self;
        match component {
            TcbComponent::Sgx(place) => write!(formatter, "SGX component {place}")?,
            TcbComponent::Tdx(place) => write!(formatter, "TDX component {place}")?,
            TcbComponent::PceSvn => formatter.write_str("provisioning certification enclave")?,
            TcbComponent::TdxModule => formatter.write_str("TDX module")?,
            TcbComponent::QuotingEnclave => formatter.write_str("quoting enclave")?,
        }
        if let Some(name) = name {
            write!(formatter, " ({name})")?;
        }
        write!(formatter, " has SVN {have}, the level of {level_date} needs {needs}")
    }
}

/// Compares a platform with the levels in collateral for it.
///
/// # Errors
/// When the collateral is malformed, or about another platform or TEE.
pub fn tcb_outlook(
    platform: &ClaimedPlatform,
    collateral: &Collateral,
) -> Result<TcbOutlook, AppraisalError> {
    let collateral = collateral.dcap()?;
    let info = collateral.tcb_info().ok_or(fault(CollateralPart::TcbInfo, CollateralFault::Malformed))?;
    let key = platform.collateral();
    let is_about = info.id.eq_ignore_ascii_case(key.tee.name())
        && info.fmspc.eq_ignore_ascii_case(&hex::encode(key.fmspc));
    if !is_about {
        return Err(fault(CollateralPart::TcbInfo, CollateralFault::NotForPlatform));
    }
    let (status, mut shortfalls) = compare_levels(platform, &info, &Names::read(collateral))
        .ok_or(fault(CollateralPart::TcbInfo, CollateralFault::Malformed))?;
    shortfalls.extend(module_shortfall(platform, &info));
    shortfalls.extend(quoting_enclave_shortfall(platform, collateral)?);
    Ok(TcbOutlook { evaluation_number: info.tcb_evaluation_data_number, status, shortfalls })
}

/// The status of the first level that is met, and what is short of the nearest one that is not out of date. `None` if
/// the levels do not have the components that they should.
fn compare_levels(
    platform: &ClaimedPlatform,
    info: &TcbInfo,
    names: &Names,
) -> Option<(Option<TcbStatus>, Vec<TcbShortfall>)> {
    let compared = info.tcb_levels.iter().map(|level| {
        let short = level.shortfalls(&platform.cpu_svn, platform.pce_svn, platform.tee_tcb_svn.as_ref());
        Some((level, short.ok()?))
    });
    let compared: Vec<(&TcbLevel, Vec<SvnShortfall>)> = compared.collect::<Option<_>>()?;
    let met = compared.iter().find(|(_, short)| short.is_empty());
    let status = met.map(|(level, _)| TcbStatus::from(level.tcb_status));
    let current = compared.into_iter().filter(|(level, _)| is_current(level.tcb_status.into()));
    let nearest = current.min_by_key(|(_, short)| short.len());
    let shortfalls = nearest
        .into_iter()
        .flat_map(|(level, short)| short.into_iter().map(|short| named(short, &level.tcb_date, names)));
    Some((status, shortfalls.collect()))
}

/// Whether a level needs no update of microcode or firmware.
fn is_current(status: TcbStatus) -> bool {
    use TcbStatus::{ConfigurationAndSWHardeningNeeded, ConfigurationNeeded, SWHardeningNeeded, UpToDate};
    matches!(status, UpToDate | SWHardeningNeeded | ConfigurationNeeded | ConfigurationAndSWHardeningNeeded)
}

fn fault(part: CollateralPart, fault: CollateralFault) -> AppraisalError {
    AppraisalError::Collateral { part, fault }
}

fn named(short: SvnShortfall, level_date: &str, names: &Names) -> TcbShortfall {
    let component = match short.component {
        SvnComponent::Sgx(place) => TcbComponent::Sgx(place),
        SvnComponent::Tdx(place) => TcbComponent::Tdx(place),
        SvnComponent::PceSvn => TcbComponent::PceSvn,
        SvnComponent::TdxModuleIsvSvn => TcbComponent::TdxModule,
    };
    let (have, needs) = (short.have, short.needs);
    TcbShortfall { component, name: names.of(component), have, needs, level_date: level_date.to_owned() }
}

/// A trust domain's module is judged by an identity of its own where its version names one.
fn module_shortfall(platform: &ClaimedPlatform, info: &TcbInfo) -> Option<TcbShortfall> {
    let svn = platform.tee_tcb_svn?;
    let identity = info.tdx_module_identity(&svn).ok()??;
    let level = identity.tcb_levels.iter().find(|level| is_current(level.tcb_status.into()))?;
    Some(named(level.shortfall(&svn)?, &level.tcb_date, &Names::default()))
}

fn quoting_enclave_shortfall(
    platform: &ClaimedPlatform,
    collateral: &DcapCollateral,
) -> Result<Option<TcbShortfall>, AppraisalError> {
    let identity = collateral.qe_identity();
    let identity = identity.ok_or(fault(CollateralPart::QeIdentity, CollateralFault::Malformed))?;
    let expected = if platform.collateral().tee == TeeType::Tdx { "TD_QE" } else { "QE" };
    if identity.id != expected {
        return Err(fault(CollateralPart::QeIdentity, CollateralFault::NotForPlatform));
    }
    let level = identity.tcb_levels.iter().find(|level| is_current(level.tcb_status.into()));
    let have = platform.qe_isv_svn;
    let short = level.filter(|level| have < level.tcb.isvsvn);
    Ok(short.map(|level| TcbShortfall {
        component: TcbComponent::QuotingEnclave,
        name: None,
        have,
        needs: level.tcb.isvsvn,
        level_date: level.tcb_date.clone(),
    }))
}

/// What the vendor calls the components, in the first level: the verification library reads over it.
#[derive(Default, Deserialize)]
struct Names {
    #[serde(default, rename = "sgxtcbcomponents")]
    sgx: Vec<Name>,
    #[serde(default, rename = "tdxtcbcomponents")]
    tdx: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    category: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Names {
    fn read(collateral: &DcapCollateral) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Info {
            tcb_levels: Vec<Level>,
        }
        #[derive(Deserialize)]
        struct Level {
            tcb: Names,
        }
        let info: Option<Info> = serde_json::from_str(&collateral.parts.tcb_info).ok();
        info.and_then(|info| info.tcb_levels.into_iter().next()).map(|level| level.tcb).unwrap_or_default()
    }

    fn of(&self, component: TcbComponent) -> Option<String> {
        let name = match component {
            TcbComponent::Sgx(place) => self.sgx.get(usize::from(place)),
            TcbComponent::Tdx(place) => self.tdx.get(usize::from(place)),
            _ => None,
        }?;
        let words: Vec<&str> =
            [&name.category, &name.kind].into_iter().flatten().map(String::as_str).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}
