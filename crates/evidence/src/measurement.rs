//! Registers, and the one digest over the chosen ones that is a reference value (R16).

use std::fmt;
use std::str::FromStr;

use alloy_primitives::B256;
use dcap_qvl::quote::{EnclaveReport, Report, TDReport10};
use multee_protocol::TeeType;
use serde::{Deserialize, Serialize};

use crate::digest::Words;

/// A field of a TEE's report that can be part of its measurement, with the code that stands for it in
/// digests. Names in JSON are lower case: `mrenclave`, `rtmr1`.
///
/// Sources: SGX, Intel SGX ECDSA Quote Library Reference, `sgx_report_body_t`; TDX, Intel TDX Module ABI
/// Specification, `TDINFO_STRUCT` and `TEE_TCB_INFO`; SEV-SNP, AMD SEV-SNP Firmware ABI Specification,
/// `ATTESTATION_REPORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Register {
    /// SGX: the enclave's code, data and layout, 32 bytes.
    MrEnclave = 0x01,
    /// SGX: the key that signed the enclave, 32 bytes.
    MrSigner = 0x02,
    /// SGX: the signer's product number, 2 bytes little endian.
    IsvProdId = 0x03,
    /// SGX: the signer's security version, 2 bytes little endian.
    IsvSvn = 0x04,
    /// SGX: flags and the extended features the enclave may use, 16 bytes.
    Attributes = 0x05,
    /// SGX: what is saved at exceptions, 4 bytes little endian.
    MiscSelect = 0x06,
    /// TDX: the trust domain's initial memory, 48 bytes.
    MrTd = 0x11,
    /// TDX: by custom firmware configuration; varies with the machine's shape, 48 bytes.
    Rtmr0 = 0x12,
    /// TDX: by custom the boot loader and kernel, 48 bytes.
    Rtmr1 = 0x13,
    /// TDX: by custom the kernel's command line and initial file system, 48 bytes.
    Rtmr2 = 0x14,
    /// TDX: by custom the running instance, 48 bytes.
    Rtmr3 = 0x15,
    /// TDX: configuration set by whoever starts the trust domain, 48 bytes.
    MrConfigId = 0x16,
    /// TDX: the owner, as whoever starts the trust domain says, 48 bytes.
    MrOwner = 0x17,
    /// TDX: the owner's configuration, as whoever starts the trust domain says, 48 bytes.
    MrOwnerConfig = 0x18,
    /// TDX: attributes of the trust domain, 8 bytes.
    TdAttributes = 0x19,
    /// TDX: extended processor features the trust domain may use, 8 bytes.
    Xfam = 0x1A,
    /// TDX: the TDX module itself, 48 bytes.
    MrSeam = 0x1B,
    /// SEV-SNP: the guest's initial memory and state, which the report calls `MEASUREMENT`, 48 bytes.
    LaunchDigest = 0x21,
    /// SEV-SNP: configuration set by whoever starts the guest, 32 bytes.
    HostData = 0x22,
    /// SEV-SNP: the key that signed the guest's identity block, as SHA-384, 48 bytes.
    IdKeyDigest = 0x23,
    /// SEV-SNP: the key that certified the identity key, as SHA-384, 48 bytes.
    AuthorKeyDigest = 0x24,
    /// SEV-SNP: the family by the identity block, 16 bytes.
    FamilyId = 0x25,
    /// SEV-SNP: the image by the identity block, 16 bytes.
    ImageId = 0x26,
    /// SEV-SNP: the guest's security version by the identity block, 4 bytes little endian.
    GuestSvn = 0x27,
    /// SEV-SNP: what the guest lets its host do, 8 bytes little endian.
    GuestPolicy = 0x28,
    /// SEV-SNP: the privilege level that asked for the report, 4 bytes little endian.
    Vmpl = 0x29,
}

impl Register {
    /// Every register of SGX, in order of code.
    pub const SGX: [Self; 6] =
        [Self::MrEnclave, Self::MrSigner, Self::IsvProdId, Self::IsvSvn, Self::Attributes, Self::MiscSelect];
    /// Every register of TDX, in order of code.
    pub const TDX: [Self; 11] = [
        Self::MrTd,
        Self::Rtmr0,
        Self::Rtmr1,
        Self::Rtmr2,
        Self::Rtmr3,
        Self::MrConfigId,
        Self::MrOwner,
        Self::MrOwnerConfig,
        Self::TdAttributes,
        Self::Xfam,
        Self::MrSeam,
    ];
    /// Every register of SEV-SNP, in order of code.
    pub const SNP: [Self; 9] = [
        Self::LaunchDigest,
        Self::HostData,
        Self::IdKeyDigest,
        Self::AuthorKeyDigest,
        Self::FamilyId,
        Self::ImageId,
        Self::GuestSvn,
        Self::GuestPolicy,
        Self::Vmpl,
    ];

    /// The kind of TEE whose report has the register.
    pub fn tee(self) -> TeeType {
        match self as u8 {
            ..0x10 => TeeType::Sgx,
            0x10..0x20 => TeeType::Tdx,
            0x20.. => TeeType::Snp,
        }
    }

    /// The length of its value.
    pub fn bytes(self) -> usize {
        match self {
            Self::IsvProdId | Self::IsvSvn => 2,
            Self::MiscSelect | Self::GuestSvn | Self::Vmpl => 4,
            Self::TdAttributes | Self::Xfam | Self::GuestPolicy => 8,
            Self::Attributes | Self::FamilyId | Self::ImageId => 16,
            Self::MrEnclave | Self::MrSigner | Self::HostData => 32,
            _ => 48,
        }
    }

    /// The registers of `tee`, in order of code.
    pub fn of(tee: TeeType) -> &'static [Self] {
        match tee {
            TeeType::Sgx => &Self::SGX,
            TeeType::Tdx => &Self::TDX,
            TeeType::Snp => &Self::SNP,
        }
    }
}

/// A name that no register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no register has that name")]
pub struct UnknownRegister;

impl FromStr for Register {
    type Err = UnknownRegister;

    fn from_str(name: &str) -> Result<Self, UnknownRegister> {
        let all = Self::SGX.into_iter().chain(Self::TDX).chain(Self::SNP);
        all.into_iter().find(|register| register.to_string() == name).ok_or(UnknownRegister)
    }
}

impl fmt::Display for Register {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// A register with its value, as the report has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    /// Which register.
    pub register: Register,
    /// Its bytes, at most 48.
    pub value: Vec<u8>,
}

/// The registers of a report, in order of code.
pub(crate) fn registers(report: &Report) -> Vec<RegisterValue> {
    match (report.as_sgx(), report.as_td10()) {
        (Some(sgx), _) => sgx_registers(sgx),
        (None, Some(tdx)) => tdx_registers(tdx),
        (None, None) => Vec::new(),
    }
}

fn sgx_registers(report: &EnclaveReport) -> Vec<RegisterValue> {
    let value = |register| match register {
        Register::MrEnclave => report.mr_enclave.to_vec(),
        Register::MrSigner => report.mr_signer.to_vec(),
        Register::IsvProdId => report.isv_prod_id.to_le_bytes().to_vec(),
        Register::IsvSvn => report.isv_svn.to_le_bytes().to_vec(),
        Register::Attributes => report.attributes.to_vec(),
        _ => report.misc_select.to_le_bytes().to_vec(),
    };
    Register::SGX.into_iter().map(|register| RegisterValue { register, value: value(register) }).collect()
}

fn tdx_registers(report: &TDReport10) -> Vec<RegisterValue> {
    let value = |register| match register {
        Register::MrTd => report.mr_td.to_vec(),
        Register::Rtmr0 => report.rt_mr0.to_vec(),
        Register::Rtmr1 => report.rt_mr1.to_vec(),
        Register::Rtmr2 => report.rt_mr2.to_vec(),
        Register::Rtmr3 => report.rt_mr3.to_vec(),
        Register::MrConfigId => report.mr_config_id.to_vec(),
        Register::MrOwner => report.mr_owner.to_vec(),
        Register::MrOwnerConfig => report.mr_owner_config.to_vec(),
        Register::TdAttributes => report.td_attributes.to_vec(),
        Register::Xfam => report.xfam.to_vec(),
        _ => report.mr_seam.to_vec(),
    };
    Register::TDX.into_iter().map(|register| RegisterValue { register, value: value(register) }).collect()
}

/// The measurement: one digest over the values of the `chosen` registers of `tee`.
///
/// `keccak256` over 32-byte words: the domain's hash (`multee/measurement/v1`), the TEE type's number, how
/// many registers follow, and for each in order of code: its code, its length in bytes, and its value
/// padded with zeros on the right to 64 bytes. A chosen register without value counts as empty, which no
/// report of that TEE brings about.
pub fn measurement(tee: TeeType, chosen: &[Register], values: &[RegisterValue]) -> B256 {
    let mut words = Words::new("multee/measurement/v1");
    words.put_number(tee as u64);
    words.put_number(chosen.len() as u64);
    for register in chosen {
        let value = values
            .iter()
            .find(|value| value.register == *register)
            .map_or(&[][..], |value| value.value.as_slice());
        words.put_number(u64::from(*register as u8));
        words.put_number(value.len() as u64);
        let (first, second) = value.split_at_checked(32).unwrap_or((value, &[]));
        words.put(B256::right_padding_from(first));
        words.put(B256::right_padding_from(second));
    }
    words.finish()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    fn values() -> Vec<RegisterValue> {
        vec![
            RegisterValue { register: Register::MrTd, value: vec![1; 48] },
            RegisterValue { register: Register::Rtmr1, value: vec![2; 48] },
        ]
    }

    #[test]
    fn digest_is_golden() {
        assert_eq!(
            measurement(TeeType::Tdx, &[Register::MrTd, Register::Rtmr1], &values()),
            b256!("0x44385ae3cf4d6dfe7e80120b18612dde89db7aa12151ad7741638640e082b61f")
        );
    }

    #[test]
    fn every_part_counts() {
        let chosen = [Register::MrTd, Register::Rtmr1];
        let whole = measurement(TeeType::Tdx, &chosen, &values());
        assert_ne!(whole, measurement(TeeType::Sgx, &chosen, &values()));
        assert_ne!(whole, measurement(TeeType::Tdx, &chosen[..1], &values()));
        for at in [0, 31, 32, 47] {
            let mut other = values();
            other[1].value[at] ^= 1;
            assert_ne!(whole, measurement(TeeType::Tdx, &chosen, &other), "byte {at}");
        }
        let mut shorter = values();
        shorter[1].value = vec![2; 47];
        let mut padded = values();
        padded[1].value[47] = 0;
        assert_ne!(
            measurement(TeeType::Tdx, &chosen, &shorter),
            measurement(TeeType::Tdx, &chosen, &padded),
            "padding must not hide a length"
        );
    }

    #[test]
    fn codes_tell_the_tee_and_ascend() {
        assert!(Register::SGX.iter().all(|register| register.tee() == TeeType::Sgx));
        assert!(Register::TDX.iter().all(|register| register.tee() == TeeType::Tdx));
        assert!(Register::SNP.iter().all(|register| register.tee() == TeeType::Snp));
        assert!(Register::SGX.is_sorted() && Register::TDX.is_sorted() && Register::SNP.is_sorted());
        assert_eq!(Register::MrConfigId.to_string(), "mrconfigid");
        let json = serde_json::to_string(&Register::MrConfigId).expect("plain enum");
        assert_eq!(json, "\"mrconfigid\"");
    }
}
