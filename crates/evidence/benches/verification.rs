//! Appraisals per second on one core: both backends, with signatures remembered and without.
//!
//! "fresh" is what a verifier meets in a network: a quote never seen before, of a machine and under collateral
//! that are known. Its quotes are SIMULATED, in Intel's formats; "sample" appraises one Intel-signed quote
//! again and again, so that with memory no signature is checked at all. An AMD-signed report is only examined, for
//! its collateral is not published; with memory its own signature is checked all the same.

#![allow(missing_docs, reason = "criterion's macros make public items")]

#[path = "../tests/samples/mod.rs"]
mod samples;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use multee_evidence::{
    AMD_ARK_DER, AMD_ARK_SHA256, Collateral, CryptoBackend, Policy, Verifier, VerifierConfig, snp_quote,
};
use multee_mock_vendor::{PlatformSpec, QuoteSpec, Vendor, VendorConfig};
use multee_protocol::TeeType;
use sha2::{Digest, Sha256};

const NOW_S: u64 = 1_800_000_000;

fn name(config: VerifierConfig) -> String {
    let memory = if config.remember_signatures { "remembering" } else { "forgetting" };
    format!("{:?} {memory}", config.backend)
}

fn samples(criterion: &mut Criterion) {
    for sample in samples::all() {
        let mut group = criterion.benchmark_group(format!("sample {}", sample.name));
        group.throughput(Throughput::Elements(1));
        for config in samples::CONFIGS {
            let verifier = sample.verifier(config);
            group.bench_function(name(config), |bencher| {
                bencher.iter(|| sample.appraise(&verifier, &sample.quote).expect("verifies"));
            });
        }
        group.finish();
    }
}

fn fresh_quotes(criterion: &mut Criterion) {
    let config =
        VendorConfig { not_before_s: NOW_S - 1, not_after_s: NOW_S + 86_400, tcb_evaluation_number: 1 };
    let vendor = Vendor::from_seed([1; 32], config).expect("dates in range");
    let root = hex::encode(Sha256::digest(vendor.root_der()));
    let policy = format!(
        r#"{{"version":1,"roots":["0x{root}"],"platform_statuses":["UpToDate"],"tcb_evaluation_number":1}}"#
    );
    let policy = Policy::from_json(policy.as_bytes()).expect("valid policy");
    for tee in [TeeType::Sgx, TeeType::Tdx] {
        let platform = vendor.platform(PlatformSpec::sound(1, tee)).expect("simulated");
        let collateral = vendor.collateral(tee, platform.spec().fmspc).expect("simulated");
        let collateral = Collateral::from_json(&collateral).expect("collateral");
        let mut group = criterion.benchmark_group(format!("fresh {}", tee.name()));
        group.throughput(Throughput::Elements(1));
        for config in samples::CONFIGS {
            let root = vendor.root_der().to_vec();
            let verifier = Verifier::new(&policy, [root], config).expect("root accepted");
            let mut count = 0_u64;
            let mut quote = || {
                count += 1;
                let mut report_data = [0; 64];
                report_data[..8].copy_from_slice(&count.to_be_bytes());
                report_data[8] = u8::from(config.remember_signatures);
                let spec = QuoteSpec::of_program(tee, "bench", report_data);
                platform.quote(&spec).expect("same TEE")
            };
            group.bench_function(name(config), |bencher| {
                bencher.iter_batched(
                    &mut quote,
                    |quote| verifier.appraise(&quote, &collateral, NOW_S).expect("verifies"),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

fn reports(criterion: &mut Criterion) {
    const THEN_S: u64 = 1_700_000_000;
    let root = AMD_ARK_SHA256[0];
    let policy = format!(
        r#"{{"version":1,"roots":["{root}"],"platform_statuses":["UpToDate"],"tcb_evaluation_number":1,"accept_smt":true,
        "snp":{{"tcb_min":{{"milan":{{"boot_loader":0,"tee":0,"snp":0,"microcode":0}}}}}}}}"#
    );
    let policy = Policy::from_json(policy.as_bytes()).expect("valid policy");
    let (report, key) = samples::milan_report();
    let quote = snp_quote(&report, &key, &samples::milan_issuer()).expect("lengths fit");
    let mut group = criterion.benchmark_group("sample milan report");
    group.throughput(Throughput::Elements(1));
    for remember_signatures in [true, false] {
        let config = VerifierConfig { backend: CryptoBackend::RustCrypto, remember_signatures };
        let verifier = Verifier::new(&policy, [AMD_ARK_DER[0].to_vec()], config).expect("root accepted");
        group.bench_function(name(config), |bencher| {
            bencher.iter(|| verifier.examine(&quote, None, THEN_S).expect("verifies"));
        });
    }
    group.finish();
}

criterion_group!(benches, samples, fresh_quotes, reports);
criterion_main!(benches);
