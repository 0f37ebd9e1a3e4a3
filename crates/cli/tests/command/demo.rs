//! The recorded demo, as a newcomer meets it: in an empty folder.

use crate::common::{command, fixture, run, Ran};
use serde_json::Value;

fn story() -> Vec<Value> {
    let story: Value = serde_json::from_str(&std::fs::read_to_string(fixture("transfers.json")).unwrap()).unwrap();
    story["transfers"].as_array().unwrap().clone()
}

#[test]
fn all_37_verdicts_are_as_expected() {
    let ran = run(&["demo", "--recorded", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let audits: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(audits.len(), 2);
    let found: Vec<&Value> = audits.iter().flat_map(|audit| audit["transfers"].as_array().unwrap()).collect();
    assert_eq!(found.len(), 37);
    let expected = story();
    assert_eq!(expected.len(), 37);
    for expected in &expected {
        let found = found.iter().find(|f| f["from"] == expected["from"] && f["nonce"] == expected["nonce"]).unwrap();
        assert_eq!(found["state"], expected["expected"], "{expected}");
        if let Some(reason) = expected.get("reason") {
            assert_eq!(&found["reason"], reason);
        }
        if let Some(culprits) = expected.get("culprits") {
            assert_eq!(&found["culprits"], culprits);
        }
    }
}

#[test]
fn the_text_explains_itself_and_names_the_culprits() {
    let ran = run(&["demo", "--recorded"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let headings = [
        "Two real chains",
        "main to service",
        "service to main",
        "What the states mean",
        "Summary",
        "What to try next",
    ];
    let places: Vec<usize> = headings.iter().map(|heading| ran.stdout.find(heading).expect(heading)).collect();
    assert!(places.is_sorted(), "{}", ran.stdout);
    assert!(ran.stdout.contains("All 37 verdicts are as expected"), "{}", ran.stdout);
    for transfer in story() {
        for culprit in transfer.get("culprits").and_then(Value::as_array).into_iter().flatten() {
            assert!(ran.stdout.contains(culprit.as_str().unwrap()), "{culprit}");
        }
    }
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
}

/// Runs the commands that `demo --files` prints, as they are printed.
#[test]
fn the_files_are_written_and_the_commands_shown_for_them_work() {
    let folder = crate::common::scratch("demo-files");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let in_folder = |arguments: &[&str]| Ran::from(command().current_dir(&folder).args(arguments).output().unwrap());
    let shown = in_folder(&["demo", "--files", "try"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let text = shown.stdout.replace("\\\n", " ");
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  spanlight ")).collect();
    assert_eq!(commands.len(), 4, "{text}");
    for shown in commands {
        let arguments: Vec<&str> = shown.split_whitespace().collect();
        let ran = in_folder(&arguments);
        let expected = if ["prove", "verify"].contains(&arguments[0]) { 1 } else { 0 };
        // Within two weeks of the recording the clock would do for `verify`; later its trust has expired.
        assert!(ran.code == expected || arguments[0] == "verify" && ran.code == 2, "{shown}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read(folder.join("try/trust.toml")).unwrap(), std::fs::read(fixture("trust.toml")).unwrap());
}

#[test]
fn files_cannot_be_written_where_a_file_is() {
    let file = crate::common::write("in-the-way", "x");
    assert_eq!(run(&["demo", "--files", &file]).code, 3);
    assert_eq!(run(&["demo", "--files", "x", "--json"]).code, 64);
}
