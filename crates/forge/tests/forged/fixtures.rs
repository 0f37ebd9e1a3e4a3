//! The files in tests/fixtures/forged are what the forge makes today: one bundle for each state and each reason in each
//! commitment form, and the claims about other things. Every surface judges them. `SPANLIGHT_WRITE_FIXTURES=1` writes them anew.

use serde_json::{json, Value};
use spanlight::commitment::CommitmentForm;
use spanlight::report::ReportJson;
use spanlight::Trust;
use spanlight_forge::{scenarios, Scenario};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/forged"))
}

/// One for each state and reason, by name.
fn all() -> BTreeMap<String, Scenario> {
    let mut chosen = BTreeMap::new();
    for form in [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat] {
        for case in scenarios::all(form) {
            let reason = case.state.reason().map(|reason| format!("-{reason}")).unwrap_or_default();
            let name = format!("{}{reason}-{form:?}", case.state.name()).to_lowercase();
            chosen.entry(name).or_insert(case.scenario);
        }
    }
    chosen.insert("complete".into(), scenarios::claims::complete(CommitmentForm::Trie, 2, 1));
    chosen.insert("not-complete".into(), scenarios::claims::complete(CommitmentForm::Trie, 1, 1));
    let (form, coin) = (CommitmentForm::Concat, spanlight_forge::coin(500));
    chosen.insert("handled-by-signatures".into(), scenarios::version2::by_signatures(form, coin.clone()).scenario);
    chosen.insert("handled-claimable".into(), scenarios::version2::claimable("claimable", form, coin).scenario);
    chosen.insert("equivocation".into(), scenarios::claims::equivocation());
    chosen.insert("anchored".into(), scenarios::claims::anchored(11, |_| {}));
    chosen
}

/// The line of the index: the verdicts without the list of checks, which says the same at length.
fn line(name: &str, scenario: &Scenario) -> Value {
    let mut report = serde_json::to_value(ReportJson::new(&scenario.verify())).unwrap();
    report.as_object_mut().unwrap().remove("chains");
    for verdict in report["transfers"].as_array_mut().unwrap() {
        verdict.as_object_mut().unwrap().remove("checks");
    }
    json!({
        "bundle": format!("{name}.spl"),
        "trust": format!("{name}.trust.json"),
        "now": scenario.now,
        "expected": report["transfers"].take(),
        "seals": report["seals"].take(),
        "equivocations": report["equivocations"].take(),
        "complete": report["complete"].take(),
        "complete_in_range": report["complete_in_range"].take(),
        "completeness": report["completeness"].take(),
        "anchored": report["anchored"].take(),
    })
}

#[test]
fn forged_fixtures_are_what_the_forge_makes() {
    let write = std::env::var_os("SPANLIGHT_WRITE_FIXTURES").is_some();
    let mut index = Vec::new();
    for (name, scenario) in all() {
        let bundle = scenario.bundle.encode();
        let path = |ending: &str| folder().join(format!("{name}.{ending}"));
        if write {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(path("spl"), &bundle).unwrap();
            std::fs::write(path("trust.json"), format!("{}\n", serde_json::to_string(&scenario.trust).unwrap()))
                .unwrap();
        }
        assert!(std::fs::read(path("spl")).unwrap() == bundle, "{name} differs");
        let text = std::fs::read_to_string(path("trust.json")).unwrap();
        assert_eq!(serde_json::from_str::<Trust>(&text).unwrap(), scenario.trust, "{name}");
        index.push(line(&name, &scenario));
    }
    let path = folder().join("index.json");
    if write {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&index).unwrap())).unwrap();
    }
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::Array(index));
}
