//! Golden vectors: values that this crate and the contract must both compute.
//!
//! `vectors/protocol.json` is one flat object, read by the contract's tests too: hashes, addresses, bytes and
//! marks as 0x-hex strings, other numbers in decimal, and cases as columns: the i-th elements of the arrays
//! with one prefix make one case. Where one case has many values they are laid end to end.
//!
//! A change of the file is a change of the protocol. To write it anew:
//! `MULTEE_BLESS=1 cargo test -p multee-protocol --test vectors`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use multee_protocol::{
    Assignment, BlockId, ChallengeInputs, Check, ConfirmationBlock, Decision, Deployment, DeviceId,
    EpochSnapshot, Gain, Mark, Marks, Permutation, Score, SeatId, SeedInputs, Settled, Standing, Tally,
    TeeType, Trust, Verdict, capacity, coverage, domain, domain_separator, effective_decision_marks,
    evidence_binding, identity, latest_bindings, report_data,
};
use serde_json::Value;

/// The file's keys in order, each with its value.
type Columns = BTreeMap<&'static str, Value>;

fn push(columns: &mut Columns, key: &'static str, value: impl Into<Value>) {
    let column = columns.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    column.as_array_mut().expect("a column").push(value.into());
}

fn deployment() -> Deployment {
    Deployment { chain_id: 31_337, contract: Address::from_slice(&sample("contract", 0)[..20]) }
}

/// A word that looks like nothing else.
fn sample(name: &str, index: usize) -> B256 {
    keccak256(format!("multee/vectors/{name}/{index}"))
}

fn text(value: impl std::fmt::Display) -> String {
    value.to_string()
}

fn constants(columns: &mut Columns) {
    let deployment = deployment();
    columns.insert("chainId", deployment.chain_id.into());
    columns.insert("contract", text(deployment.contract).into());
    columns.insert("domainDevice", text(domain::DEVICE).into());
    columns.insert("domainSeed", text(domain::SEED).into());
    columns.insert("domainEpoch", text(domain::EPOCH).into());
    columns.insert("domainChallenge", text(domain::CHALLENGE).into());
    columns.insert("domainIdentity", text(domain::IDENTITY).into());
    columns.insert("domainSeparator", text(domain_separator(&deployment)).into());
}

fn seeds(columns: &mut Columns) {
    let mut last_seed = B256::ZERO;
    for (index, epoch) in [0, 1, 2, 365, u32::MAX].into_iter().enumerate() {
        let block_hash = sample("block hash", index);
        let inputs = SeedInputs { deployment: deployment(), epoch, last_seed, block_hash };
        push(columns, "seedEpochs", epoch);
        push(columns, "seedLastSeeds", text(last_seed));
        push(columns, "seedBlockHashes", text(block_hash));
        push(columns, "seeds", text(inputs.seed()));
        last_seed = inputs.seed();
    }
}

fn challenges(columns: &mut Columns) {
    for (index, epoch) in [0, 1, 365, u32::MAX].into_iter().enumerate() {
        let inputs = ChallengeInputs {
            deployment: deployment(),
            epoch,
            epoch_start_s: 1_760_000_000 + 86_400 * u64::from(epoch),
            seed: sample("seed", index),
            seat: SeatId([1, 2, 1 << 20, 77][index]),
            policy_digest: sample("policy", index),
            reference_list_digest: sample("reference list", index),
        };
        push(columns, "challengeEpochs", inputs.epoch);
        push(columns, "challengeEpochStarts", inputs.epoch_start_s);
        push(columns, "challengeSeeds", text(inputs.seed));
        push(columns, "challengeSeats", inputs.seat.0);
        push(columns, "challengePolicyDigests", text(inputs.policy_digest));
        push(columns, "challengeReferenceListDigests", text(inputs.reference_list_digest));
        push(columns, "challengeRoots", text(inputs.root()));
        push(columns, "challenges", text(inputs.challenge()));
    }
}

fn identifiers(columns: &mut Columns) {
    for (tee, hardware_id) in
        [(TeeType::Sgx, vec![7; 16]), (TeeType::Tdx, vec![7; 16]), (TeeType::Snp, (0..64).collect())]
    {
        push(columns, "deviceTeeTypes", tee as u8);
        push(columns, "deviceHardwareIds", text(Bytes::from(hardware_id.clone())));
        push(columns, "deviceIds", text(DeviceId::from_hardware(tee, &hardware_id).0));
    }
    for (epoch, order) in [(0, 0), (1, 5), (4095, (1 << 20) - 1), (4096, 3), (100_000, 99_999)] {
        push(columns, "blockIdEpochs", epoch);
        push(columns, "blockIdOrders", order);
        push(columns, "blockIds", BlockId { epoch, order }.packed().expect("fits"));
    }
}

/// Marks in every place, each code in turn.
fn all_marks() -> Marks {
    (0..Marks::PLACES).fold(Marks::default(), |marks, place| {
        let code = u8::try_from(place % 7).expect("small");
        marks.with(place, Mark::from_code(code).expect("known")).expect("a place")
    })
}

fn blocks(columns: &mut Columns) {
    let marks = [Marks::default(), Marks(U256::from(0x1121_u32)), all_marks()];
    for (index, marks) in marks.into_iter().enumerate() {
        // As many as the contract may have to compare; the first block marked none.
        let judged: Vec<B256> = (0..[0, 2, 8][index]).map(|place| sample("judged", place)).collect();
        let block = ConfirmationBlock {
            seat: SeatId([1, 58, 1 << 20][index]),
            device_id: DeviceId(sample("device", index)),
            incarnation: Address::from_slice(&sample("incarnation", index)[..20]),
            epoch: [0, 9, u32::MAX][index],
            previous_digest: if index == 0 { B256::ZERO } else { sample("previous", index) },
            challenge: sample("challenge", index),
            measurement: sample("measurement", index),
            power: [0, 123_456, (1 << 53) - 1][index],
            properties_digest: sample("properties", index),
            marks,
            latest_bindings: latest_bindings(&judged),
        };
        let digest = block.digest(&deployment());
        let evidence_hash = sample("evidence", index);
        push(columns, "blockSeats", block.seat.0);
        push(columns, "blockDeviceIds", text(block.device_id.0));
        push(columns, "blockIncarnations", text(block.incarnation));
        push(columns, "blockEpochs", block.epoch);
        push(columns, "blockPreviousDigests", text(block.previous_digest));
        push(columns, "blockChallenges", text(block.challenge));
        push(columns, "blockMeasurements", text(block.measurement));
        push(columns, "blockPowers", block.power);
        push(columns, "blockPropertiesDigests", text(block.properties_digest));
        push(columns, "blockMarks", text(B256::from(block.marks.0)));
        push(columns, "blockJudgedCounts", judged.len());
        for binding in &judged {
            push(columns, "blockJudgedBindings", text(*binding));
        }
        push(columns, "blockLatestBindings", text(block.latest_bindings));
        push(columns, "blockDigests", text(digest));
        let report_data = report_data(digest, block.incarnation);
        push(columns, "blockReportData", text(Bytes::copy_from_slice(&report_data)));
        push(columns, "blockEvidenceHashes", text(evidence_hash));
        let certificates_hash = if index == 0 { B256::ZERO } else { sample("certificates", index) };
        push(columns, "blockCertificatesHashes", text(certificates_hash));
        let binding = evidence_binding(digest, evidence_hash, certificates_hash);
        push(columns, "blockEvidenceBindings", text(binding));
        let operator = Address::from_slice(&sample("operator", index)[..20]);
        push(columns, "identityOperators", text(operator));
        let identity =
            identity(operator, block.incarnation, block.device_id, block.measurement, certificates_hash);
        push(columns, "identities", text(identity));
    }
}

/// Whole permutations of small rosters, single places of large ones.
fn permutations(columns: &mut Columns) {
    for (index, size) in [1, 2, 3, 4, 5, 12, 16, 17, 58, 65].into_iter().enumerate() {
        let permutation = Permutation::new(sample("seed", index), size);
        push(columns, "permutationSeeds", text(sample("seed", index)));
        push(columns, "permutationSizes", size);
        for rank in 0..size {
            push(columns, "permutationImages", permutation.position_of(rank).expect("below n"));
        }
    }
    for (index, size) in [1000, 4097, 10_000, (1 << 20) - 1, 1 << 20].into_iter().enumerate() {
        let permutation = Permutation::new(sample("seed", index), size);
        for rank in [0, 1, size / 3, size - 1] {
            push(columns, "permutationPointSeeds", text(sample("seed", index)));
            push(columns, "permutationPointSizes", size);
            push(columns, "permutationPointRanks", rank);
            push(columns, "permutationPointPositions", permutation.position_of(rank).expect("below n"));
        }
    }
}

fn networks(columns: &mut Columns) {
    for (marks, roster, checks) in [
        (52, 0, 40),
        (52, 1, 40),
        (52, 2, 40),
        (52, 12, 40),
        (52, 53, 40),
        (52, 10_000, 40),
        (90, 1 << 20, 62),
        (2, 7, 2),
    ] {
        let effective = effective_decision_marks(marks, roster);
        push(columns, "networkDecisionMarks", marks);
        push(columns, "networkRosterSizes", roster);
        push(columns, "networkSuspiciousChecks", checks);
        push(columns, "networkEffectiveDecisionMarks", effective);
        push(columns, "networkCoverages", coverage(effective));
        push(columns, "networkCapacities", capacity(roster, checks, effective));
    }
}

/// N, W, `K_e`, L1, L2, rank.
const ASSIGNMENTS: [(u32, u32, u8, u8, u8, u32); 14] = [
    (1, 0, 1, 2, 40, 0),
    (1, 5, 1, 2, 40, 0),
    (2, 3, 1, 2, 40, 1),
    (3, 1, 2, 2, 40, 2),
    (12, 0, 11, 2, 40, 4),
    (12, 4, 11, 2, 40, 4),
    (12, 36, 11, 2, 40, 11),
    (14, 1, 11, 2, 2, 13),
    (58, 40, 52, 2, 40, 0),
    (100, 1, 9, 2, 40, 63),
    (1000, 1, 52, 2, 40, 500),
    (1000, 689, 52, 2, 40, 999),
    (10_000, 6896, 52, 2, 40, 9_999),
    (1 << 20, 300_000, 90, 24, 40, 1_000_000),
];

fn assignments(columns: &mut Columns) {
    for (index, (n, w, k_e, l1, l2, rank)) in ASSIGNMENTS.into_iter().enumerate() {
        let epoch = EpochSnapshot {
            root: sample("seed", index),
            roster_size: n,
            window_size: w,
            effective_decision_marks: k_e,
            latest_checks: l1,
            suspicious_checks: l2,
        };
        let assignment = Assignment::new(&epoch, rank).expect("ranked");
        push(columns, "assignmentSeeds", text(epoch.root));
        push(columns, "assignmentRosterSizes", n);
        push(columns, "assignmentWindowSizes", w);
        push(columns, "assignmentEffectiveDecisionMarks", k_e);
        push(columns, "assignmentLatestChecks", l1);
        push(columns, "assignmentSuspiciousChecks", l2);
        push(columns, "assignmentRanks", rank);
        push(columns, "assignmentPositions", assignment.position());
        push(columns, "assignmentLatestCounts", assignment.latest_count());
        push(columns, "assignmentWindowPlaces", assignment.window_places());
        push(columns, "assignmentWindowStarts", assignment.window_start());
        push(columns, "assignmentWindowCounts", assignment.window_count());
        push(columns, "assignmentAssigned", assignment.assigned());
        for check in assignment.checks() {
            if let Check::Latest { rank } = check {
                push(columns, "assignmentLatestRanks", rank);
            }
        }
    }
}

/// Score, streak, target, malicious, of a former incarnation.
const STEPS: [(u16, u8, u16, bool, bool); 13] = [
    (10_000, 5, 0, true, false),
    (7000, 0, 0, true, false),
    (4900, 0, 10_000, false, false),
    (3430, 0, 10_000, false, false),
    (5543, 3, 10_000, false, false),
    (9997, 5, 10_000, false, false),
    (9000, 4, 6666, false, false),
    (9000, 5, 6000, true, false),
    (3000, 2, 4900, true, false),
    (4900, 2, 4900, true, false),
    (8000, 1, 8000, false, false),
    (6000, 3, 10_000, false, true),
    (6000, 3, 1, false, true),
];

fn steps(columns: &mut Columns) {
    for gain in [(3000, 5), (10_000, 1), (777, 15)] {
        let gain = Gain { gain_bps: gain.0, full_streak: gain.1 };
        for (score, streak, target, malicious, former_incarnation) in STEPS {
            let [score, target] = [score, target].map(|bps| Score::new(bps).expect("a score"));
            let before = Trust { score, streak: streak.min(gain.full_streak) };
            let after = before.step(Settled { target, malicious, former_incarnation }, gain);
            push(columns, "stepGains", gain.gain_bps);
            push(columns, "stepFullStreaks", gain.full_streak);
            push(columns, "stepScores", before.score.bps());
            push(columns, "stepStreaks", before.streak);
            push(columns, "stepTargets", target.bps());
            push(columns, "stepMalicious", malicious);
            push(columns, "stepFormerIncarnations", former_incarnation);
            push(columns, "stepScoresAfter", after.score.bps());
            push(columns, "stepStreaksAfter", after.streak);
        }
    }
}

/// Positive and negative weight, around every sixth of clarity.
const DECISIONS: [(u16, u16); 15] = [
    (5000, 5000),
    (4999, 5001),
    (4792, 5208),
    (4791, 5209),
    (5208, 4792),
    (5209, 4791),
    (3750, 6250),
    (3749, 6251),
    (1, 2),
    (2, 1),
    (2709, 7291),
    (2708, 7292),
    (2501, 7499),
    (2500, 7500),
    (10_000, 1),
];

/// Valid marks of weight 9999 and negative ones of 10000, up to where a tally closes (R7).
const HEAVY: [(u16, u16); 3] = [(200, 0), (0, 200), (99, 100)];

fn decisions(columns: &mut Columns) {
    for (positive, negative) in DECISIONS {
        let mut tally = Tally::default();
        assert!(tally.add(Mark::Valid, positive) && tally.add(Mark::BindingWrong, negative));
        push_decision(columns, tally);
    }
    for (valid, negative) in HEAVY {
        let mut tally = Tally::default();
        tally.add(Mark::Valid, 1);
        (0..valid).for_each(|_| assert!(tally.add(Mark::Valid, 9999)));
        (0..negative).for_each(|_| assert!(tally.add(Mark::BindingWrong, 10_000)));
        push_decision(columns, tally);
    }
}

fn push_decision(columns: &mut Columns, tally: Tally) {
    let Decision { verdict, clarity } = tally.decision();
    push(columns, "decisionPositives", tally.positive());
    push(columns, "decisionNegatives", tally.negative());
    push(columns, "decisionClarities", tally.clarity().bps());
    let side = if verdict == Verdict::Malicious { 8 } else { 0 };
    push(columns, "decisionOutcomes", side + clarity + 1);
}

fn weights(columns: &mut Columns) {
    for bps in [5000, 5001, 7499, 7500, 8999, 9000, 9999, 10_000] {
        let standing = Standing {
            score: Score::new(bps).expect("a score"),
            blocked: false,
            suspended: false,
            probation: false,
            power_unverified: false,
        };
        push(columns, "weightScores", bps);
        push(columns, "weights", standing.weight());
    }
}

/// One key to a line, so that a difference shows which value changed.
fn vectors() -> String {
    let mut columns = Columns::new();
    for fill in [
        constants,
        seeds,
        challenges,
        identifiers,
        blocks,
        permutations,
        networks,
        assignments,
        steps,
        decisions,
        weights,
    ] {
        fill(&mut columns);
    }
    let mut file = String::from("{");
    for (index, (key, value)) in columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(file, "{comma}\n  \"{key}\": {value}").expect("a string takes all");
    }
    file + "\n}\n"
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/protocol.json")
}

#[test]
fn vectors_are_what_the_rules_give() {
    let now = vectors();
    if std::env::var_os("MULTEE_BLESS").is_some() {
        std::fs::write(path(), &now).expect("the vectors' folder is writable");
    }
    let golden = std::fs::read_to_string(path()).expect("vectors/protocol.json");
    for (golden, now) in golden.lines().zip(now.lines()) {
        assert_eq!(golden, now);
    }
    assert_eq!(golden.len(), now.len());
}

/// What the contract's tests can parse.
#[test]
fn vectors_are_flat_columns_of_one_type() {
    let columns: BTreeMap<String, Value> = serde_json::from_str(&vectors()).expect("an object");
    for (key, value) in columns {
        let column = value.as_array().cloned().unwrap_or_else(|| vec![value]);
        let all = |is: fn(&Value) -> bool| column.iter().all(is);
        assert!(!column.is_empty(), "{key}");
        assert!(all(Value::is_u64) || all(Value::is_string) || all(Value::is_boolean), "{key}");
    }
}
