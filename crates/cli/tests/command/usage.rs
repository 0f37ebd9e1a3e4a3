//! How the command answers wrong calls, and what it says of itself.

use crate::common::{command, fixture, run, write, Ran};
use spanlight::bundle::{Claim, ProofBundle, TransferProof};
use std::io::Write;
use std::process::Stdio;

/// Each command with words that its help must have: its inputs.
const COMMANDS: &[(&str, &[&str])] = &[
    ("profile", &["--genesis", "--name", "--qualified", "--json"]),
    (
        "sync",
        &[
            "--genesis",
            "--trust",
            "--chain",
            "--rpc",
            "--to",
            "--deep",
            "--sparse",
            "--qualified",
            "--now",
            "--checkpoint-out",
        ],
    ),
    ("demo", &["--json", "--keep", "--recorded", "--files", "--page"]),
    (
        "prove",
        &[
            "--trust",
            "--from",
            "--nonce",
            "--nonces",
            "--tx",
            "--rpc",
            "--timeout",
            "--headers",
            "--out",
            "--now",
            "--json",
        ],
    ),
    ("replay", &["FILE", "--listen"]),
    ("audit", &["--trust", "--from", "--nonces", "--rpc", "--vote-scan", "--out", "--now", "--json"]),
    ("verify", &["<BUNDLE>", "--trust", "--now", "--json", "standard input"]),
    ("inspect", &["<BUNDLE>", "--trust", "--json", "Verifies nothing"]),
    ("completions", &["<SHELL>", "bash"]),
];

fn trust() -> String {
    fixture("trust.toml")
}

/// A bundle that claims one transfer and proves nothing.
fn empty_bundle() -> ProofBundle {
    let transfers = vec![TransferProof::default()];
    ProofBundle { chains: Vec::new(), claim: Claim::Transfers { transfers, complete: None } }
}

#[test]
fn every_command_explains_its_inputs() {
    for (name, words) in COMMANDS {
        let ran = run(&[name, "--help"]);
        assert_eq!(ran.code, 0, "{name}");
        for word in *words {
            assert!(ran.stdout.contains(word), "{name}: {word}\n{}", ran.stdout);
        }
    }
    let ran = run(&["--help"]);
    assert_eq!(ran.code, 0);
    for (name, _) in COMMANDS {
        assert!(ran.stdout.contains(name), "{name}");
    }
    assert!(ran.stdout.contains("Exit codes") && ran.stdout.contains("NO_COLOR"), "{}", ran.stdout);
    assert_eq!(run(&["--version"]).code, 0);
}

#[test]
fn wrong_calls_end_with_64() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["verify"],
        &["verify", "a.bundle"],
        &["verify", "a.bundle", "--trust", "t.toml", "--now", "soon"],
        &["profile"],
        &["completions", "cobol"],
        &["sync", "--rpc", "replay:x"],
        &["sync", "--genesis", "g.json", "--trust", "t.toml", "--rpc", "replay:x"],
        &["sync", "--genesis", "g.json", "--rpc", "ws://localhost:8551"],
        &["sync", "--genesis", "g.json", "--rpc", "replay:x", "--qualified", "some"],
        &["inspect", "a", "b"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("spanlight") && ran.stdout.contains("inspect"), "{shell}");
    }
}

#[test]
fn unreadable_inputs_end_with_3_and_name_the_file() {
    let bundle = write("usage.bundle", empty_bundle().encode());
    let noise = write("noise.bundle", [0u8; 64]);
    let cut = write("cut.bundle", &empty_bundle().encode()[..8]);
    let text = write("text.toml", "version = 1\nchains = 5\n");
    let old = write("old.toml", "version = 0\nchains = []\n");
    let json = write("broken.json", "{\"version\": 1,\n \"chains\": [}");
    for (arguments, names) in [
        (["verify", "absent.bundle", "--trust", &trust()], "absent.bundle"),
        (["verify", &noise, "--trust", &trust()], "noise.bundle"),
        (["verify", &cut, "--trust", &trust()], "cut.bundle"),
        (["verify", &bundle, "--trust", "absent.toml"], "absent.toml"),
        (["verify", &bundle, "--trust", &text], "text.toml: line 2"),
        (["verify", &bundle, "--trust", &old], "trust version 0"),
        (["verify", &bundle, "--trust", &json], "broken.json: line 2"),
        (["verify", &bundle, "--trust", &fixture("main.rpc.jsonl.gz")], "main.rpc.jsonl.gz"),
        (["inspect", &cut, "--trust", &trust()], "cut.bundle"),
    ] {
        let ran = run(&arguments);
        assert_eq!(ran.code, 3, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(names), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn failures_are_json_where_json_is_asked_for() {
    let cut = write("cut-json.bundle", &empty_bundle().encode()[..8]);
    let ran = run(&["verify", &cut, "--trust", &trust(), "--json"]);
    assert_eq!(ran.code, 3);
    let error = &ran.json()["error"];
    assert!(error["message"].as_str().unwrap().contains("cut-json.bundle"), "{error}");
    assert!(error["code"].is_string() && error["help"].is_string(), "{error}");
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn a_bundle_without_evidence_is_invalid_and_ends_with_1() {
    let bundle = write("nothing.bundle", empty_bundle().encode());
    let ran = run(&["verify", &bundle, "--trust", &trust()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("INVALID") && ran.stdout.contains("bundle.chains"), "{}", ran.stdout);
    let json = run(&["verify", &bundle, "--trust", &trust(), "--json"]);
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!(
        (&json["transfers"][0]["verdict"], &json["transfers"][0]["code"]),
        (&"invalid".into(), &"bundle.chains".into())
    );
}

#[test]
fn a_bundle_may_come_through_the_standard_input_in_either_form() {
    let bundle = empty_bundle();
    for bytes in [bundle.encode(), bundle.to_json().unwrap().into_bytes()] {
        let mut child = command()
            .args(["verify", "-", "--trust", &trust()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stdout.contains("bundle.chains"));
    }
}

#[test]
fn inspect_says_that_nothing_is_verified() {
    let bundle = write("inspect.bundle", empty_bundle().encode());
    let ran = run(&["inspect", &bundle]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.starts_with("NOT VERIFIED"), "{}", ran.stdout);
    let json = run(&["inspect", &bundle, "--json"]).json();
    assert_eq!(json["verified"], false);
}

#[test]
fn no_colour_leaves_no_escape_codes_and_colour_is_never_the_only_sign() {
    let bundle = write("colour.bundle", empty_bundle().encode());
    let plain = run(&["verify", &bundle, "--trust", &trust()]).stdout;
    assert!(!plain.contains('\u{1b}'));
    let mut coloured = command();
    coloured.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").args(["verify", &bundle, "--trust", &trust()]);
    let coloured = Ran::from(coloured.output().unwrap()).stdout;
    assert!(coloured.contains("\u{1b}[") && coloured.contains("INVALID"), "{coloured}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

/// A URL may hold a password or a key. An error must not show it: people copy errors into reports.
#[test]
fn no_refused_address_is_repeated_with_its_password() {
    let trust = fixture("trust.toml");
    let prove = ["prove", "--trust", &trust, "--from", "main", "--nonce", "0", "--rpc"];
    for url in ["main=ftp://me:hunter2@host", "me:hunter2@host", "main=http://me:hun/ter2@host", "main=https//hunter2"]
    {
        for arguments in [[prove.as_slice(), &[url]].concat(), vec!["sync", "--trust", &trust, "--rpc", url]] {
            let ran = run(&arguments);
            assert!(ran.code != 0 && !format!("{}{}", ran.stdout, ran.stderr).contains("hun"), "{}", ran.stderr);
        }
    }
    for arguments in [["serve", "--proxy", "main=ftp://me:hunter2@host"], ["sync", "http://me:hunter2@host", "--json"]]
    {
        let ran = run(&arguments);
        assert!(ran.code == 64 && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}
