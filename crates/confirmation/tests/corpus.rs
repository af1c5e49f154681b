//! The committed inputs of every fuzz target, replayed with a stable compiler. They are found by `cargo xtask fuzz`.

#[allow(unreachable_pub, dead_code, unused_imports, reason = "a library's face")]
#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

#[test]
fn inputs_that_fuzzing_found_do_no_harm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, target) in fuzz::TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpus.join(name)).expect("a directory") {
            let path = entry.expect("listed").path();
            println!("{}", path.display());
            target(&fs::read(path).expect("read"));
            inputs += 1;
        }
        assert!(inputs > 0, "{name} has no inputs");
    }
}
