//! Completions and manual pages.

use crate::desk::Desk;

#[test]
fn completions_know_the_commands() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let ended = desk.run(&["completions", shell]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("doctor") && ended.stdout.contains("pccs"), "{shell}");
    }
}

#[test]
fn each_command_has_a_manual_page() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["man", "."]).code, 0);
    for name in ["multee.1", "multee-node-run.1", "multee-device-join.1", "multee-verify.1"] {
        let page = std::fs::read_to_string(desk.path().join(name)).unwrap_or_else(|_| panic!("{name}"));
        assert!(page.contains(".TH"), "{name}");
    }
    let ended = desk.run(&["man", "nowhere"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("help"), "{}", ended.stderr);
}
