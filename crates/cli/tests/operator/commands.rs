//! What is done by hand: keys and certificates, and what the bridge's owner changes.

use crate::rig::{spanlight, Plan, Rig};
use spanlight_devnet::pair::{Side, DEPLOYER, OUTSIDER};
use spanlight_devnet::wallet::private_key;
use spanlight_forge::keys;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";

/// Runs `operator` with these words, `input` on its standard input; gives its exit code and what it printed.
fn operator(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = spanlight();
    command.arg("operator").args(arguments).current_dir(folder).env("PASSWORD", PASSWORD).env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A folder of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spanlight-commands-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Imports a test key and gives the key file.
fn import(folder: &Path, key: u64) -> String {
    let hex = format!("{}\n", private_key(key));
    let words = ["keys", "import", "--folder", "keys", "--key-fd", "0", "--password-env", "PASSWORD"];
    let (code, stdout, stderr) = operator(folder, &words, &hex);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (address, file) = stdout.trim_end().split_once('\n').unwrap();
    assert_eq!(address, keys::address(key).to_string());
    folder.join(file).display().to_string()
}

#[test]
fn keys_are_made_and_imported_and_their_files_tell_nothing() {
    let folder = Folder::new("keys");
    let new = ["keys", "new", "--folder", "keys", "--password-env", "PASSWORD"];
    let (code, stdout, stderr) = operator(&folder.0, &new, "");
    assert_eq!((code, stderr.as_str()), (0, ""));
    let (address, file) = stdout.trim_end().split_once('\n').unwrap();
    let text = std::fs::read_to_string(folder.0.join(file)).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored["version"], 3, "Web3 secret storage");
    assert!(!text.contains(PASSWORD));
    let (_, again, _) = operator(&folder.0, &new, "");
    assert_ne!(again.lines().next(), Some(address), "another key each time");

    let file = import(&folder.0, DEPLOYER);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(private_key(DEPLOYER).to_string().trim_start_matches("0x")));
    for bad in ["", "0x12", "correct horse"] {
        let words = ["keys", "import", "--folder", "keys", "--key-fd", "0", "--password-env", "PASSWORD"];
        let (code, _, stderr) = operator(&folder.0, &words, bad);
        assert_eq!(code, 3, "{bad:?}: {stderr}");
        assert!(!stderr.contains("panicked") && (bad.is_empty() || !stderr.contains(bad)), "{stderr}");
    }
    let words = ["keys", "new", "--folder", "keys", "--password-env", "NO_SUCH_VARIABLE"];
    let (code, _, stderr) = operator(&folder.0, &words, "");
    assert!(code == 3 && stderr.contains("NO_SUCH_VARIABLE"), "{code} {stderr}");
    let (code, _, _) = operator(&folder.0, &["keys", "new"], "");
    assert_eq!(code, 64, "where the password comes from has to be said");
}

#[test]
fn a_certificate_for_the_exchange_comes_with_a_key_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("exchange");
    let (code, stdout, _) = operator(&folder.0, &["keys", "exchange", "--out", "mine"], "");
    assert_eq!((code, stdout.as_str()), (0, "mine.crt\nmine.key\n"));
    let read = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
    assert!(read("mine.crt").starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(read("mine.key").starts_with("-----BEGIN PRIVATE KEY-----"));
    let mode = std::fs::metadata(folder.0.join("mine.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_owner_registers_and_removes_operators_and_sets_the_threshold() {
    let mut rig = Rig::new(Plan { operators: 2, threshold: 1, ..Plan::new("owner") });
    rig.start(0, &[]);
    let folder = rig.operators[0].folder.clone();
    let owner = import(&folder, DEPLOYER);
    let stranger = import(&folder, OUTSIDER);
    let change = |words: &[&str], key: &str| {
        let by = ["--chain", "service", "--owner-key", key, "--password-env", "PASSWORD"];
        operator(&folder, &[words, &by].concat(), "")
    };
    let wait_for = |what: &str, seen: &dyn Fn(&serde_json::Value) -> bool| {
        let start = Instant::now();
        loop {
            let board = rig.status(0)["directions"]["main->service"].clone();
            if seen(&board) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{what}: {board}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let new = keys::address(OUTSIDER).to_string();
    let has =
        |board: &serde_json::Value| board["operators"].as_array().is_some_and(|all| all.iter().any(|one| *one == *new));
    let (code, stdout, stderr) = change(&["register", &new], &owner);
    assert!(code == 0 && stdout.starts_with(&format!("{new} is registered on service")), "{stdout}{stderr}");
    wait_for("it is no operator", &has);
    let (code, stdout, stderr) = change(&["threshold", "2"], &owner);
    assert!(code == 0 && stdout.starts_with("2 votes execute on service"), "{stdout}{stderr}");
    wait_for("the threshold", &|board| board["threshold"] == 2);
    let (code, stdout, stderr) = change(&["register", &new, "--remove"], &owner);
    assert!(code == 0 && stdout.starts_with(&format!("{new} is deregistered on service")), "{stdout}{stderr}");
    wait_for("it is still an operator", &|board| !has(board));
    // Nobody else may, and a chain has to be one of the configuration.
    let (code, _, stderr) = change(&["register", &new], &stranger);
    assert!(code == 1 && stderr.contains("the bridge refuses"), "{code} {stderr}");
    let nowhere = ["threshold", "2", "--chain", "nowhere", "--owner-key", &owner, "--password-env", "PASSWORD"];
    let (code, _, stderr) = operator(&folder, &nowhere, "");
    assert!(code == 64 && stderr.contains("no chain `nowhere`"), "{code} {stderr}");
    assert_eq!(rig.progress(Side::Main), (0, 0));
}
