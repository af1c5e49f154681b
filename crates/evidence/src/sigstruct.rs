//! What an enclave's signature file says the enclave will measure as: `SIGSTRUCT`, which `gramine-sgx-sign` writes to a
//! `.sig` file.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3D, section 38.13, "Enclave Signature
//! Structure".

use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};

use crate::measurement::{Register, RegisterValue};

const HEADER: [u8; 16] = [6, 0, 0, 0, 0xE1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
const HEADER2: [u8; 16] = [1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0];
const KEY_BYTES: usize = 384;
/// The only one that processors accept.
const EXPONENT: u32 = 3;
/// In the first byte of the attributes.
const DEBUG: u8 = 1 << 1;

/// An enclave's signature structure whose signature holds. Who signed it is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sigstruct {
    registers: Vec<RegisterValue>,
    allows_debug: bool,
}

/// Why bytes are no signature structure of an enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigstructError {
    /// It has 1808 bytes.
    #[error("{0} bytes are not the {bytes} of a SIGSTRUCT", bytes = Sigstruct::BYTES)]
    Length(usize),
    /// A field does not have the one value that it can have.
    #[error("field {0} is not as in any SIGSTRUCT")]
    Field(&'static str),
    /// The key in it did not sign it: it is damaged or changed.
    #[error("its own key did not sign it")]
    Signature,
}

impl Sigstruct {
    /// Its length.
    pub const BYTES: usize = 1808;

    /// Reads one, and checks its signature against its own key.
    ///
    /// # Errors
    /// When the bytes are none, or not those that were signed.
    pub fn read(bytes: &[u8]) -> Result<Self, SigstructError> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().map_err(|_| SigstructError::Length(bytes.len()))?;
        let fields = Fields(bytes);
        fields.check_constants()?;
        fields.check_signature().ok_or(SigstructError::Signature)?;
        let register = |register, value: &[u8]| RegisterValue { register, value: value.to_vec() };
        Ok(Self {
            registers: vec![
                register(Register::MrEnclave, fields.at(960, 32)),
                register(Register::MrSigner, &Sha256::digest(fields.at(128, KEY_BYTES))),
                register(Register::IsvProdId, fields.at(1024, 2)),
                register(Register::IsvSvn, fields.at(1026, 2)),
            ],
            allows_debug: fields.allows_debug(),
        })
    }

    /// What every enclave that starts by it reports: the code, the signer, the signer's numbers. Its attributes and
    /// what is saved at exceptions follow from the machine, too, and are not among them.
    pub fn registers(&self) -> &[RegisterValue] {
        &self.registers
    }

    /// Whether the enclave may be started in debug mode, in which no verifier accepts it.
    pub fn allows_debug(&self) -> bool {
        self.allows_debug
    }
}

struct Fields<'a>(&'a [u8; Sigstruct::BYTES]);

impl<'a> Fields<'a> {
    /// The bytes of a field; all that are asked for lie within.
    fn at(&self, at: usize, len: usize) -> &'a [u8] {
        self.0.get(at..at + len).unwrap_or_default()
    }

    fn check_constants(&self) -> Result<(), SigstructError> {
        let is_zero = |at, len| self.at(at, len).iter().all(|byte| *byte == 0);
        let constants = [
            ("HEADER", self.at(0, 16) == HEADER),
            ("VENDOR", matches!(self.at(16, 4), [0, 0, 0, 0] | [0x86, 0x80, 0, 0])),
            ("HEADER2", self.at(24, 16) == HEADER2),
            ("EXPONENT", self.at(512, 4) == EXPONENT.to_le_bytes()),
            ("RESERVED", is_zero(44, 84) && is_zero(910, 2) && is_zero(992, 16) && is_zero(1028, 12)),
        ];
        let wrong = constants.into_iter().find(|(_, holds)| !holds);
        wrong.map_or(Ok(()), |(name, _)| Err(SigstructError::Field(name)))
    }

    /// RSA with PKCS #1 v1.5 over everything but the key and what follows from it; numbers are little-endian.
    fn check_signature(&self) -> Option<()> {
        let modulus = BigUint::from_bytes_le(self.at(128, KEY_BYTES));
        let key = RsaPublicKey::new(modulus, EXPONENT.into()).ok()?;
        let signature: Vec<u8> = self.at(516, KEY_BYTES).iter().rev().copied().collect();
        let signature = Signature::try_from(signature.as_slice()).ok()?;
        let signed = [self.at(0, 128), self.at(900, 128)].concat();
        VerifyingKey::<Sha256>::new(key).verify(&signed, &signature).ok()
    }

    /// Only bits of the mask are held to what the structure says.
    fn allows_debug(&self) -> bool {
        let bit = |at| self.at(at, 1).iter().any(|byte| byte & DEBUG != 0);
        bit(928) || !bit(944)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use alloy_primitives::hex;
    use rsa::pkcs1v15::SigningKey;
    use rsa::signature::{SignatureEncoding, Signer};
    use rsa::traits::PublicKeyParts;
    use rsa::{RsaPrivateKey, rand_core};

    use super::*;

    /// Numbers from a hash, to have the same key each time.
    struct Numbers(Vec<u8>);

    impl rand_core::RngCore for Numbers {
        fn next_u32(&mut self) -> u32 {
            rand_core::impls::next_u32_via_fill(self)
        }
        fn next_u64(&mut self) -> u64 {
            rand_core::impls::next_u64_via_fill(self)
        }
        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(32) {
                self.0 = Sha256::digest(&self.0).to_vec();
                chunk.copy_from_slice(&self.0[..chunk.len()]);
            }
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    impl rand_core::CryptoRng for Numbers {}

    static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
        RsaPrivateKey::new_with_exp(&mut Numbers(b"synthetic".to_vec()), 8 * KEY_BYTES, &3_u32.into())
            .expect("a key")
    });

    fn little_endian(number: &BigUint) -> Vec<u8> {
        let mut bytes = number.to_bytes_le();
        bytes.resize(KEY_BYTES, 0);
        bytes
    }

    fn put(structure: &mut [u8], at: usize, field: &[u8]) {
        structure[at..at + field.len()].copy_from_slice(field);
    }

    /// A synthetic one, written by the manual's table, its changes signed.
    fn signed(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
        let mut structure = vec![0; Sigstruct::BYTES];
        put(&mut structure, 0, &hex!("06000000e10000000000010000000000"));
        put(&mut structure, 20, &hex!("27112026"));
        put(&mut structure, 24, &hex!("01010000600000006000000001000000"));
        put(&mut structure, 128, &little_endian(KEY.n()));
        put(&mut structure, 512, &[3]);
        put(&mut structure, 928, &[4]);
        put(&mut structure, 944, &[0xFF; 16]);
        put(&mut structure, 960, &[0x5A; 32]);
        put(&mut structure, 1024, &[7, 0, 9, 0]);
        change(&mut structure);
        let content = [&structure[..128], &structure[900..1028]].concat();
        let signature = SigningKey::<Sha256>::new(KEY.clone()).sign(&content).to_vec();
        let signature: Vec<u8> = signature.into_iter().rev().collect();
        put(&mut structure, 516, &signature);
        structure
    }

    /// What tests of others read, who cannot sign.
    #[test]
    fn synthetic_file_is_what_is_signed_here() {
        assert_eq!(include_bytes!("../tests/data/synthetic.sig")[..], signed(|_| ()));
    }

    #[test]
    fn enclaves_measurement_signer_and_numbers_are_read() {
        let sigstruct = Sigstruct::read(&signed(|_| ())).expect("sound");
        let value = |at: usize| sigstruct.registers()[at].value.clone();
        let registers: Vec<_> = sigstruct.registers().iter().map(|value| value.register).collect();
        assert_eq!(registers, Register::SGX[..4]);
        assert_eq!(value(0), [0x5A; 32]);
        assert_eq!(value(1), Sha256::digest(little_endian(KEY.n())).to_vec());
        assert_eq!((value(2), value(3)), (vec![7, 0], vec![9, 0]));
        assert!(!sigstruct.allows_debug());
    }

    #[test]
    fn debug_is_allowed_where_it_is_set_or_left_open() {
        for (at, bits) in [(928, 4 | DEBUG), (944, 0xFF ^ DEBUG)] {
            let sigstruct = Sigstruct::read(&signed(|structure| structure[at] = bits)).expect("sound");
            assert!(sigstruct.allows_debug(), "{at}");
        }
    }

    #[test]
    fn no_byte_can_be_changed_but_those_that_nobody_signs() {
        let structure = signed(|_| ());
        // Q1 and Q2 help processors to check the signature, and say nothing.
        for at in (0..1040).step_by(3).chain([515, 1039]) {
            let mut changed = structure.clone();
            changed[at] ^= 1;
            assert!(Sigstruct::read(&changed).is_err(), "byte {at}");
        }
        let mut changed = structure.clone();
        changed[1040] ^= 1;
        assert_eq!(Sigstruct::read(&changed), Sigstruct::read(&structure));
    }

    #[test]
    fn what_is_none_says_why() {
        let why = |bytes: &[u8]| Sigstruct::read(bytes).expect_err("none");
        let structure = signed(|_| ());
        assert_eq!(why(&structure[1..]), SigstructError::Length(1807));
        assert_eq!(why(&[structure.clone(), vec![0]].concat()), SigstructError::Length(1809));
        for (at, name) in [
            (0, "HEADER"),
            (16, "VENDOR"),
            (24, "HEADER2"),
            (512, "EXPONENT"),
            (44, "RESERVED"),
            (911, "RESERVED"),
            (992, "RESERVED"),
            (1039, "RESERVED"),
        ] {
            assert_eq!(why(&signed(|structure| structure[at] ^= 0x80)), SigstructError::Field(name), "{at}");
        }
        let mut other = structure;
        other[960] ^= 1;
        assert_eq!(why(&other), SigstructError::Signature);
    }
}
