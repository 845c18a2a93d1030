//! Every file of the fuzz corpora, through the function that its target calls, on a stable compiler.
//!
//! What a fuzz run found once stays found: its input lies in the corpus, and is tried with each test run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use weir::fuzzing::TARGETS;

/// The largest file of a corpus, in bytes: small inputs are read by people, and tried in no time.
const LARGEST: u64 = 8 * 1024;

/// The most files of a corpus.
const MOST: usize = 80;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/fuzz").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder);
    assert!(entries.is_ok(), "no files in {}", folder.display());
    let mut files: Vec<PathBuf> = entries.into_iter().flatten().map(|entry| entry.expect("it lists").path()).collect();
    files.sort();
    files
}

fn stems(folder: &Path) -> BTreeSet<String> {
    files(folder).iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems(&folder("fuzz_targets")), names);
    assert_eq!(stems(&folder("corpus")), names);
}

#[test]
fn every_input_keeps_the_invariants_of_its_target() {
    for (name, target) in TARGETS {
        let inputs = files(&folder("corpus").join(name));
        assert!((1..=MOST).contains(&inputs.len()), "{} inputs of {name}", inputs.len());
        for path in inputs {
            let input = fs::read(&path).expect("it reads");
            assert!(input.len() as u64 <= LARGEST, "{} has {} bytes", path.display(), input.len());
            // Says which input it was, where the target fails.
            let shown = path.display().to_string();
            assert!(std::panic::catch_unwind(|| target(&input)).is_ok(), "{shown}");
        }
    }
}
