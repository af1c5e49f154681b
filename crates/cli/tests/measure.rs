//! `multee measure` on Intel-signed quotes from the published dcap-qvl crate, on the firmware that the published sev
//! crate is tested with, and on a synthetic signature file.

#[allow(dead_code, reason = "the other program's tests use all of it")]
#[path = "verify/desk.rs"]
mod desk;
#[path = "../../evidence/tests/samples/mod.rs"]
mod samples;

use desk::{Desk, Seen};
use insta::assert_snapshot;
use serde_json::{Value, json};

/// SYNTHETIC: signed by a key that only a test has.
const SIGSTRUCT: &[u8] = include_bytes!("../../evidence/tests/data/synthetic.sig");

fn value(seen: &Seen) -> Value {
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    serde_json::from_str(&seen.stdout).expect("JSON")
}

fn policy(measurement: &Value) -> String {
    json!({
        "version": 1,
        "roots": ["0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"],
        "platform_statuses": ["UpToDate", "ConfigurationAndSWHardeningNeeded"],
        "tcb_evaluation_number": 17,
        "measurement": measurement,
    })
    .to_string()
}

/// A refusal's exit code, and its text, which names the file.
fn refused(seen: Seen) -> String {
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{}", seen.stderr);
    seen.stderr
}

#[test]
fn value_is_the_one_that_verification_finds() {
    let desk = Desk::new("measure_agrees");
    let selections =
        [json!({}), json!({"tdx": ["mrtd", "rtmr3"], "sgx": ["mrsigner", "isvsvn", "attributes"]})];
    for (sample, selection) in ["sgx_quote", "tdx_quote"].into_iter().zip(selections.iter().cycle()) {
        desk.put_sample(sample);
        for selection in [selection, &selections[1]] {
            // A selection without entries is the default one.
            let mut document: Value = serde_json::from_str(&policy(selection)).expect("JSON");
            if *selection == json!({}) {
                document.as_object_mut().expect("object").remove("measurement");
            }
            desk.put("policy", document.to_string());
            let verified = desk
                .run("verify --quote quote --collateral collateral --policy policy --now 1750400000 --json");
            let verified: Value = serde_json::from_str(&verified.stdout).expect("JSON");
            let measured = value(&desk.run("measure --quote quote --policy policy --json"));
            assert!(verified["evidence"]["measurement"].is_string(), "{verified}");
            assert_eq!(measured["measurement"], verified["evidence"]["measurement"]);
            assert_eq!(measured["registers"], verified["evidence"]["registers"]);
            assert_eq!(measured["policy"]["digest"], verified["policy"]["digest"]);
        }
    }
}

#[test]
fn quote_is_told_to_be_unverified() {
    let desk = Desk::new("measure_quote");
    assert_snapshot!(desk.put_sample("tdx_quote").run("measure --quote quote").stdout);
}

#[test]
fn registers_one_by_one_give_what_the_quote_gives() {
    let desk = Desk::new("measure_registers");
    let of_quote = value(&desk.put_sample("tdx_quote").run("measure --quote quote --json"));
    let registers = of_quote["registers"].as_array().expect("registers").iter();
    let measured = registers.filter(|line| line["measured"] == true);
    let flags = measured.map(|line| {
        format!(
            "--register {}={}",
            line["name"].as_str().expect("text"),
            line["value"].as_str().expect("text")
        )
    });
    let flags = flags.collect::<Vec<_>>().join(" ");
    let of_registers = value(&desk.run(&format!("measure {flags} --json")));
    assert_eq!(of_registers["measurement"], of_quote["measurement"]);
    assert_eq!((&of_registers["image"], &of_registers["warnings"]), (&json!("registers"), &json!([])));
}

#[test]
fn enclaves_signature_file_gives_what_its_quotes_will() {
    let desk = Desk::new("measure_sgx");
    desk.put("enclave.sig", SIGSTRUCT);
    desk.put("policy", policy(&json!({"sgx": ["mrenclave", "mrsigner", "isvprodid", "isvsvn"]})));
    assert_snapshot!(desk.run("measure --sigstruct enclave.sig --policy policy").stdout);
    let mut damaged = SIGSTRUCT.to_vec();
    damaged[960] ^= 1;
    desk.put("enclave.sig", damaged);
    assert_snapshot!(refused(desk.run("measure --sigstruct enclave.sig")));
    desk.put("enclave.sig", [SIGSTRUCT, &[0]].concat());
    assert!(refused(desk.run("measure --sigstruct enclave.sig")).contains("larger than 1808 bytes"));
}

/// What the sev crate's own tests expect, which run only with OpenSSL: they agree with virtee/sev-snp-measure.
const LAUNCHES: [(&str, &str, &str); 8] = [
    (
        "ovmf_AmdSev_suffix.bin",
        "--kernel /dev/null --initrd /dev/null",
        "ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5",
    ),
    (
        "ovmf_AmdSev_suffix.bin",
        "--kernel /dev/null --initrd /dev/null --guest-features 21",
        "329c8ce0972ae52343b64d34a434a86f245dfd74f5ed7aae15d22efc78fb9683632b9b50e4e1d7fa41179ef98a7ef198",
    ),
    (
        "ovmf_AmdSev_suffix.bin",
        "--kernel /dev/null --initrd /dev/null --vmm ec2",
        "7d3756157c805bf6adf617064c8552e8c1688fa1c8756f11cbf56ba5d25c9270fb69c0505c1cbe1c5c66c0e34c6ed3be",
    ),
    (
        "ovmf_AmdSev_suffix.bin",
        "--kernel /dev/null --initrd /dev/null --vcpus 4",
        "5061fffb019493a903613d56d54b94912a1a2f9e4502385f5c194616753720a92441310ba6c4933de877c36e23046ad5",
    ),
    (
        "ovmf_AmdSev_suffix.bin",
        "--kernel /dev/null --initrd /dev/null --vcpus 4 --guest-features 21",
        "4953b1fb416fa874980e8442b3706d345926d5f38879134e00813c5d7abcbe78eafe7b422907be0b4698e2414a631942",
    ),
    (
        "ovmf_AmdSev_suffix.bin",
        "",
        "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d",
    ),
    (
        "ovmf_OvmfX64_suffix.bin",
        "",
        "da0296de8193586a5512078dcd719eccecbd87e2b825ad4148c44f665dc87df21e5b49e21523a9ad993afdb6a30b4005",
    ),
    (
        "ovmf_OvmfX64_suffix.bin",
        "--guest-features 21",
        "28797ae0afaba4005a81e629acebfb59e6687949d6be44007cd5506823b0dd66f146aaae26ff291eed7b493d8a64c385",
    ),
];

fn firmware(file: &str) -> Vec<u8> {
    std::fs::read(samples::sev_firmware().join(file)).expect("sample")
}

#[test]
fn launch_digests_are_computed_as_others_compute_them() {
    let desk = Desk::new("measure_launch");
    for (file, flags, digest) in LAUNCHES {
        desk.put("ovmf", firmware(file));
        let zeros = "00".repeat(32);
        let line =
            format!("measure --ovmf ovmf --vcpu-type EPYC-v4 {flags} --register hostdata={zeros} --json");
        let value = value(&desk.run(&line));
        assert_eq!(value["registers"][0]["value"], format!("0x{digest}"), "{file} {flags}");
        assert_eq!((&value["tee"], &value["image"]), (&json!("snp"), &json!("ovmf")));
    }
}

#[test]
fn kernels_command_line_counts() {
    let desk = Desk::new("measure_append");
    desk.put("ovmf", firmware("ovmf_AmdSev_suffix.bin"));
    let zeros = format!("hostdata={}", "00".repeat(32));
    let mut command = desk.command("measure --ovmf ovmf --vcpu-type EPYC-v4 --kernel /dev/null --json");
    command.args(["--append", "console=ttyS0 loglevel=7", "--initrd", "/dev/null", "--register", &zeros]);
    let value = value(&desk::see(command));
    let digest =
        "0x6d287813eb5222d770f75005c664e34c204f385ce832cc2ce7d0d6f354454362f390ef83a92046c042e706363b4b08fa";
    assert_eq!(value["registers"][0]["value"], digest);
}

#[test]
fn damaged_firmware_is_an_error_and_never_a_panic() {
    let desk = Desk::new("measure_firmware");
    let sound = firmware("ovmf_AmdSev_suffix.bin");
    // The tables lie at the end: their footer, an entry's length, and the metadata's own.
    let patched = |at: usize, byte: u8| {
        let mut firmware = sound.clone();
        let at = firmware.len() - at;
        firmware[at] = byte;
        firmware
    };
    let metadata = sound.windows(4).position(|window| window == b"ASEV").expect("metadata");
    let count = sound.len() - metadata - 12;
    for firmware in
        [vec![0; 4096], sound[1..].to_vec(), vec![], patched(33, 1), patched(49, 0xFF), patched(count, 0xFF)]
    {
        desk.put("ovmf", firmware);
        let said = refused(desk.run("measure --ovmf ovmf --vcpu-type EPYC-v4"));
        assert!(said.starts_with("error[multee::measure::not_firmware]"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    desk.put("ovmf", firmware("ovmf_OvmfX64_suffix.bin"));
    let said = refused(desk.run("measure --ovmf ovmf --vcpu-type EPYC-v4 --kernel /dev/null"));
    assert!(said.contains("SNP_KERNEL_HASHES"), "{said}");
}

#[test]
fn what_makes_no_reference_value_says_what_to_do() {
    let desk = Desk::new("measure_refusals");
    desk.put_sample("tdx_quote");
    let one = "ff".repeat(48);
    let said = [
        format!("measure --register mrtd={one}"),
        format!("measure --quote quote --register mrtd={one}"),
        format!("measure --register mrtd={one} --register isvsvn=0000"),
        "measure --quote collateral".to_owned(),
    ];
    assert_snapshot!(said.map(|line| refused(desk.run(&line))).join("\n"));
    desk.put("policy", policy(&json!({"sgx": ["mrenclave"]})));
    assert_snapshot!(refused(desk.run("measure --quote quote --policy policy")));
    for line in [
        "measure",
        "measure --quote quote --sigstruct quote",
        "measure --ovmf quote",
        "measure --vcpus 2 --quote quote",
    ] {
        assert_eq!(desk.run(line).code, 2, "{line}");
    }
}
