//! The confirmation block: what a device publishes once an epoch, its EIP-712 digest, and what ties evidence
//! and its seat to it (R4, R6).

use alloy_primitives::{Address, B256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue, eip712_domain};
use serde::{Deserialize, Serialize};

use crate::{Deployment, DeviceId, Epoch, Marks, Power, SeatId, domain};

/// The EIP-712 struct as the contract names it; apart, because its fields are words and ours have types.
mod typed_data {
    #![allow(missing_docs, reason = "described where the crate's own type is")]
    alloy_sol_types::sol! {
        struct ConfirmationBlock {
            uint32 seat;
            bytes32 deviceId;
            address incarnation;
            uint32 epoch;
            bytes32 previousDigest;
            bytes32 challenge;
            bytes32 measurement;
            uint64 power;
            bytes32 propertiesDigest;
            uint256 marks;
            bytes32 latestBindings;
        }
    }
}

/// The length of the field a quote reserves for its user: SGX and TDX `REPORTDATA`, SEV-SNP `REPORT_DATA`.
pub const REPORT_DATA_BYTES: usize = 64;

/// What a device states about itself and its peers in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConfirmationBlock {
    /// The seat that publishes.
    pub seat: SeatId,
    /// The machine it claims to be; verifiers read the true one from the evidence.
    pub device_id: DeviceId,
    /// The address of the key made inside the TEE at this boot; it signs the digest.
    pub incarnation: Address,
    /// The epoch in which it is published.
    pub epoch: Epoch,
    /// The digest of the seat's block before; zero for its first.
    pub previous_digest: B256,
    /// The epoch's challenge to this seat ([`crate::ChallengeInputs::challenge`]).
    pub challenge: B256,
    /// The digest of the registers that the policy makes up a measurement of (R16).
    pub measurement: B256,
    /// The measured power (R10).
    pub power: Power,
    /// The digest of the properties record.
    pub properties_digest: B256,
    /// The verdicts on the assigned blocks, in the order of the assignment (R4).
    pub marks: Marks,
    /// What [`latest_bindings`] makes of the records that it judged in the places of latest blocks.
    pub latest_bindings: B256,
}

impl ConfirmationBlock {
    /// The EIP-712 digest that the incarnation key signs: domain name `MulTEEverse`, version `1`, the
    /// deployment's chain id and contract.
    pub fn digest(&self, deployment: &Deployment) -> B256 {
        self.typed_data().eip712_signing_hash(&signing_domain(deployment))
    }

    /// What the digest hashes (EIP-712): `1901`, the domain separator, and the hash of the [words](Self::words).
    pub fn signed_bytes(&self, deployment: &Deployment) -> Vec<u8> {
        let separator = domain_separator(deployment);
        [&[0x19, 0x01], separator.as_slice(), keccak256(self.words()).as_slice()].concat()
    }

    /// Type hash and fields, a word each, as EIP-712 hashes them.
    pub fn words(&self) -> Vec<u8> {
        let data = self.typed_data();
        [data.eip712_type_hash().to_vec(), data.eip712_encode_data()].concat()
    }

    /// The block with these [words](Self::words), if they are one's.
    pub fn from_words(words: &[u8]) -> Option<Self> {
        let fields = typed_data::ConfirmationBlock::abi_decode_validate(words.get(32..)?).ok()?;
        let block = Self {
            seat: SeatId(fields.seat),
            device_id: DeviceId(fields.deviceId),
            incarnation: fields.incarnation,
            epoch: fields.epoch,
            previous_digest: fields.previousDigest,
            challenge: fields.challenge,
            measurement: fields.measurement,
            power: fields.power,
            properties_digest: fields.propertiesDigest,
            marks: Marks(fields.marks),
            latest_bindings: fields.latestBindings,
        };
        (block.words() == words).then_some(block)
    }

    /// What the evidence must carry as report data: digest, incarnation address, twelve zeros.
    pub fn report_data(&self, deployment: &Deployment) -> [u8; REPORT_DATA_BYTES] {
        report_data(self.digest(deployment), self.incarnation)
    }

    fn typed_data(&self) -> typed_data::ConfirmationBlock {
        typed_data::ConfirmationBlock {
            seat: self.seat.0,
            deviceId: self.device_id.0,
            incarnation: self.incarnation,
            epoch: self.epoch,
            previousDigest: self.previous_digest,
            challenge: self.challenge,
            measurement: self.measurement,
            power: self.power,
            propertiesDigest: self.properties_digest,
            marks: self.marks.0,
            latestBindings: self.latest_bindings,
        }
    }
}

fn signing_domain(deployment: &Deployment) -> Eip712Domain {
    eip712_domain! {
        name: "MulTEEverse",
        version: "1",
        chain_id: deployment.chain_id,
        verifying_contract: deployment.contract,
    }
}

/// The EIP-712 domain separator of a deployment, for checking that the contract was built for it.
pub fn domain_separator(deployment: &Deployment) -> B256 {
    signing_domain(deployment).separator()
}

/// `digest ‖ incarnation ‖ 12 zeros`: a quote that carries it was made for this block, by the TEE that holds
/// this key.
pub fn report_data(digest: B256, incarnation: Address) -> [u8; REPORT_DATA_BYTES] {
    let mut data = [0; REPORT_DATA_BYTES];
    data[..32].copy_from_slice(digest.as_slice());
    data[32..52].copy_from_slice(incarnation.as_slice());
    data
}

/// `keccak256(digest ‖ evidence hash ‖ certificates hash)`, what the contract keeps of a block (R6).
///
/// The certificates hash is zero if the incarnation has not published any.
pub fn evidence_binding(digest: B256, evidence_hash: B256, certificates_hash: B256) -> B256 {
    let mut preimage = [0; 96];
    preimage[..32].copy_from_slice(digest.as_slice());
    preimage[32..64].copy_from_slice(evidence_hash.as_slice());
    preimage[64..].copy_from_slice(certificates_hash.as_slice());
    keccak256(preimage)
}

/// What a block states of the latest blocks that it marked: `keccak256` of their [evidence bindings](evidence_binding),
/// in order of place, without those that got an abstention; zero if all did (R6).
pub fn latest_bindings(judged: &[B256]) -> B256 {
    if judged.is_empty() { B256::ZERO } else { keccak256(judged.concat()) }
}

/// `keccak256(abi.encode(IDENTITY, address operator, address incarnation, bytes32 deviceId, bytes32 measurement,
/// bytes32 certificatesHash))`: the one word by which the contract knows what a publication brings along (R6).
pub fn identity(
    operator: Address,
    incarnation: Address,
    device_id: DeviceId,
    measurement: B256,
    certificates_hash: B256,
) -> B256 {
    let fields = (domain::IDENTITY, operator, incarnation, device_id.0, measurement, certificates_hash);
    keccak256(fields.abi_encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;

    const DEPLOYMENT: Deployment = Deployment { chain_id: 31_337, contract: Address::repeat_byte(0xC0) };
    const TYPE: &str = "ConfirmationBlock(uint32 seat,bytes32 deviceId,address incarnation,uint32 epoch,\
        bytes32 previousDigest,bytes32 challenge,bytes32 measurement,uint64 power,bytes32 propertiesDigest,\
        uint256 marks,bytes32 latestBindings)";

    fn block() -> ConfirmationBlock {
        ConfirmationBlock {
            seat: SeatId(3),
            device_id: DeviceId(B256::repeat_byte(1)),
            incarnation: Address::repeat_byte(2),
            epoch: 9,
            previous_digest: B256::repeat_byte(3),
            challenge: B256::repeat_byte(4),
            measurement: B256::repeat_byte(5),
            power: 123_456,
            properties_digest: B256::repeat_byte(6),
            marks: Marks(U256::from(0x1121_u32)),
            latest_bindings: B256::repeat_byte(7),
        }
    }

    fn word(bytes: &[u8]) -> [u8; 32] {
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(bytes);
        word
    }

    #[test]
    fn words_are_the_blocks_and_hash_to_its_digest() {
        let block = block();
        let (words, signed) = (block.words(), block.signed_bytes(&DEPLOYMENT));
        assert_eq!((words.len(), signed.len()), (12 * 32, 66));
        assert_eq!(keccak256(&signed), block.digest(&DEPLOYMENT));
        assert_eq!(ConfirmationBlock::from_words(&words), Some(block));
        assert_eq!(ConfirmationBlock::from_words(&words[..words.len() - 1]), None);
        assert_eq!(ConfirmationBlock::from_words(&[words.as_slice(), &[0]].concat()), None);
        assert_eq!(ConfirmationBlock::from_words(&[&[0; 32], &words[32..]].concat()), None);
        assert_eq!(ConfirmationBlock::from_words(&[]), None);
    }

    #[test]
    fn digest_follows_eip_712_by_hand() {
        let separator = keccak256(
            [
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
                )
                .0,
                keccak256("MulTEEverse").0,
                keccak256("1").0,
                word(&31_337_u64.to_be_bytes()),
                word(DEPLOYMENT.contract.as_slice()),
            ]
            .concat(),
        );
        assert_eq!(domain_separator(&DEPLOYMENT), separator);
        let b = block();
        let hash = keccak256(
            [
                keccak256(TYPE).0,
                word(&3_u32.to_be_bytes()),
                b.device_id.0.0,
                word(b.incarnation.as_slice()),
                word(&9_u32.to_be_bytes()),
                b.previous_digest.0,
                b.challenge.0,
                b.measurement.0,
                word(&123_456_u64.to_be_bytes()),
                b.properties_digest.0,
                b.marks.0.to_be_bytes::<32>(),
                b.latest_bindings.0,
            ]
            .concat(),
        );
        let message = [&[0x19, 0x01], separator.as_slice(), hash.as_slice()].concat();
        assert_eq!(b.digest(&DEPLOYMENT), keccak256(message));
    }

    #[test]
    fn no_field_can_change_under_a_digest() {
        let b = block();
        let variants = [
            ConfirmationBlock { seat: SeatId(4), ..b },
            ConfirmationBlock { device_id: DeviceId(B256::ZERO), ..b },
            ConfirmationBlock { incarnation: Address::ZERO, ..b },
            ConfirmationBlock { epoch: 10, ..b },
            ConfirmationBlock { previous_digest: B256::ZERO, ..b },
            ConfirmationBlock { challenge: B256::ZERO, ..b },
            ConfirmationBlock { measurement: B256::ZERO, ..b },
            ConfirmationBlock { power: 0, ..b },
            ConfirmationBlock { properties_digest: B256::ZERO, ..b },
            ConfirmationBlock { marks: Marks::default(), ..b },
            ConfirmationBlock { latest_bindings: B256::ZERO, ..b },
        ];
        for variant in variants {
            assert_ne!(variant.digest(&DEPLOYMENT), b.digest(&DEPLOYMENT));
        }
    }

    #[test]
    fn a_digest_is_worth_nothing_on_another_chain_or_contract() {
        let b = block();
        assert_ne!(b.digest(&DEPLOYMENT), b.digest(&Deployment { chain_id: 1, ..DEPLOYMENT }));
        assert_ne!(b.digest(&DEPLOYMENT), b.digest(&Deployment { contract: Address::ZERO, ..DEPLOYMENT }));
    }

    #[test]
    fn report_data_is_digest_incarnation_and_twelve_zeros() {
        let b = block();
        let data = b.report_data(&DEPLOYMENT);
        assert_eq!(data[..32], b.digest(&DEPLOYMENT).0);
        assert_eq!(data[32..52], b.incarnation.0.0);
        assert_eq!(data[52..], [0; 12]);
    }

    #[test]
    fn evidence_binding_hashes_three_words_in_order() {
        let (digest, evidence, certificates) =
            (B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
        let binding = evidence_binding(digest, evidence, certificates);
        assert_eq!(binding, keccak256([digest.0, evidence.0, certificates.0].concat()));
        assert_ne!(binding, evidence_binding(evidence, digest, certificates));
        assert_ne!(binding, evidence_binding(digest, certificates, evidence));
    }

    #[test]
    fn latest_bindings_hash_as_many_words_as_were_judged_in_order() {
        let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
        assert_eq!(latest_bindings(&[]), B256::ZERO);
        assert_eq!(latest_bindings(&[first]), keccak256(first));
        assert_eq!(latest_bindings(&[first, second]), keccak256([first.0, second.0].concat()));
        assert_ne!(latest_bindings(&[first, second]), latest_bindings(&[second, first]));
    }

    #[test]
    fn identity_hashes_six_words() {
        let (operator, incarnation) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let (device_id, measurement, certificates) =
            (DeviceId(B256::repeat_byte(3)), B256::repeat_byte(4), B256::repeat_byte(5));
        let words = [
            keccak256("multee/identity/v1").0,
            word(operator.as_slice()),
            word(incarnation.as_slice()),
            device_id.0.0,
            measurement.0,
            certificates.0,
        ];
        let hash = identity(operator, incarnation, device_id, measurement, certificates);
        assert_eq!(hash, keccak256(words.concat()));
        assert_ne!(hash, identity(incarnation, operator, device_id, measurement, certificates));
    }
}
