//! Processor families with SEV-SNP, and their TCB versions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::Fmspc;

/// A processor family that AMD certifies keys for, each under a root of its own (AMD, VCEK Certificate and KDS
/// Interface Specification). Bergamo and Siena count as Genoa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnpProduct {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004 and 8004.
    Genoa,
    /// EPYC 9005.
    Turin,
}

impl SnpProduct {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Milan, Self::Genoa, Self::Turin];

    /// The name as AMD's certificates and key distribution service have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }

    /// The family as platform families are named elsewhere: its name in ASCII and a zero.
    pub fn family(self) -> Fmspc {
        Fmspc::right_padding_from(self.name().as_bytes())
    }

    /// The family that is named so.
    pub fn from_family(family: Fmspc) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.family() == family)
    }

    /// The family that a certificate names, with or without a stepping: `Milan-B0`, `Milan`.
    pub(crate) fn from_certificate(name: &str) -> Option<Self> {
        let family = name.split_once('-').map_or(name, |(family, _)| family);
        Self::ALL.into_iter().find(|product| product.name() == family)
    }
}

/// Security versions of a platform's components (SEV-SNP Firmware ABI, `TCB_VERSION`), or the least that is accepted
/// of each. In JSON all are named; `fmc` alone may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnpTcb {
    /// Boot loader of the security processor.
    pub boot_loader: u8,
    /// Operating system of the security processor.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Microcode: the least of all cores.
    pub microcode: u8,
    /// First mutable code: on Turin, 0 on others.
    #[serde(default)]
    pub fmc: u8,
}

/// A component that has a security version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnpComponent {
    /// Boot loader.
    BootLoader,
    /// Operating system of the security processor.
    Tee,
    /// SNP firmware.
    Snp,
    /// Microcode.
    Microcode,
    /// First mutable code.
    Fmc,
}

impl fmt::Display for SnpComponent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BootLoader => "boot loader",
            Self::Tee => "TEE",
            Self::Snp => "SNP firmware",
            Self::Microcode => "microcode",
            Self::Fmc => "FMC",
        })
    }
}

impl SnpTcb {
    /// Each component with its version.
    pub fn components(self) -> [(SnpComponent, u8); 5] {
        [
            (SnpComponent::BootLoader, self.boot_loader),
            (SnpComponent::Tee, self.tee),
            (SnpComponent::Snp, self.snp),
            (SnpComponent::Microcode, self.microcode),
            (SnpComponent::Fmc, self.fmc),
        ]
    }

    /// Of each component the lesser version.
    pub(crate) fn least(self, other: Self) -> Self {
        Self {
            boot_loader: self.boot_loader.min(other.boot_loader),
            tee: self.tee.min(other.tee),
            snp: self.snp.min(other.snp),
            microcode: self.microcode.min(other.microcode),
            fmc: self.fmc.min(other.fmc),
        }
    }

    /// The first component below its minimum: which, what it has, what it should have.
    pub(crate) fn below(self, minimum: Self) -> Option<(SnpComponent, u8, u8)> {
        let pairs = self.components().into_iter().zip(minimum.components());
        pairs
            .map(|((component, found), (_, minimum))| (component, found, minimum))
            .find(|(_, found, minimum)| found < minimum)
    }
}

impl From<sev::firmware::host::TcbVersion> for SnpTcb {
    fn from(tcb: sev::firmware::host::TcbVersion) -> Self {
        Self {
            boot_loader: tcb.bootloader,
            tee: tcb.tee,
            snp: tcb.snp,
            microcode: tcb.microcode,
            fmc: tcb.fmc.unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_named_as_their_certificates_name_them() {
        assert_eq!(SnpProduct::from_certificate("Milan-B0"), Some(SnpProduct::Milan));
        assert_eq!(SnpProduct::from_certificate("Turin"), Some(SnpProduct::Turin));
        for name in ["", "Rome-B0", "Milan B0", "-Milan", "milan"] {
            assert_eq!(SnpProduct::from_certificate(name), None, "{name}");
        }
        assert_eq!(SnpProduct::Milan.family().as_slice(), b"Milan\0");
        for product in SnpProduct::ALL {
            assert_eq!(SnpProduct::from_family(product.family()), Some(product));
        }
        assert_eq!(SnpProduct::from_family(Fmspc::ZERO), None);
    }

    #[test]
    fn each_component_has_a_minimum_of_its_own() {
        let tcb = SnpTcb { boot_loader: 3, tee: 1, snp: 8, microcode: 115, fmc: 2 };
        assert_eq!(tcb.below(tcb), None);
        for at in 0..5 {
            let mut minimum = tcb;
            let field = [
                &mut minimum.boot_loader,
                &mut minimum.tee,
                &mut minimum.snp,
                &mut minimum.microcode,
                &mut minimum.fmc,
            ];
            *field.into_iter().nth(at).expect("five") += 1;
            let (component, found) = tcb.components()[at];
            assert_eq!(tcb.below(minimum), Some((component, found, found + 1)));
        }
    }
}
