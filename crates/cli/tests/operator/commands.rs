//! What is done by hand: keys and certificates, and what the bridge's owner changes.

use crate::liar::Liar;
use crate::rig::{spanlight, Plan, Rig};
use spanlight_devnet::pair::{Side, DEPLOYER, OUTSIDER};
use spanlight_devnet::wallet::private_key;
use spanlight_forge::keys;
use spanlight_operator::keys::{import_key, write_private_file, Strength};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse battery staple";

/// Runs `operator` with these words, `input` on its standard input; gives its exit code and what it printed.
fn operator(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    operator_with(folder, arguments, input, &[])
}

/// The same, with more in its environment.
fn operator_with(
    folder: &Path,
    arguments: &[&str],
    input: &str,
    environment: &[(&str, &str)],
) -> (i32, String, String) {
    let mut command = spanlight();
    command.envs(environment.iter().copied());
    command.arg("operator").args(arguments).current_dir(folder).env("NO_COLOR", "1");
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
        give_password(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes the password into a folder.
fn give_password(folder: &Path) {
    let _ = std::fs::remove_file(folder.join("password"));
    write_private_file(&folder.join("password"), PASSWORD.as_bytes()).unwrap();
}

/// Writes a test key and gives the key file, which is quick to open.
fn import(folder: &Path, key: u64) -> String {
    give_password(folder);
    let key = private_key(key);
    let (path, _) = import_key(&folder.join("keys"), PASSWORD, Strength::Light, &key.0).unwrap();
    path.display().to_string()
}

/// Has the command write a test key and gives the key file.
fn import_by_command(folder: &Path, key: u64) -> String {
    let hex = format!("{}\n", private_key(key));
    let words = ["keys", "import", "--folder", "keys", "--key-fd", "0", "--password-file", "password"];
    let (code, stdout, stderr) = operator(folder, &words, &hex);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (address, file) = stdout.trim_end().split_once('\n').unwrap();
    assert_eq!(address, keys::address(key).to_string());
    folder.join(file).display().to_string()
}

#[test]
fn keys_are_made_and_imported_and_their_files_tell_nothing() {
    let folder = Folder::new("keys");
    let new = ["keys", "new", "--folder", "keys", "--password-file", "password"];
    let (code, stdout, stderr) = operator(&folder.0, &new, "");
    assert_eq!((code, stderr.as_str()), (0, ""));
    let (address, file) = stdout.trim_end().split_once('\n').unwrap();
    let text = std::fs::read_to_string(folder.0.join(file)).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored["version"], 3, "Web3 secret storage");
    assert!(!text.contains(PASSWORD));
    let (_, again, _) = operator(&folder.0, &new, "");
    assert_ne!(again.lines().next(), Some(address), "another key each time");

    let file = import_by_command(&folder.0, DEPLOYER);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(private_key(DEPLOYER).to_string().trim_start_matches("0x")));
    for bad in ["", "0x12", "correct horse"] {
        let words = ["keys", "import", "--folder", "keys", "--key-fd", "0", "--password-file", "password"];
        let (code, _, stderr) = operator(&folder.0, &words, bad);
        assert_eq!(code, 3, "{bad:?}: {stderr}");
        assert!(!stderr.contains("panicked") && (bad.is_empty() || !stderr.contains(bad)), "{stderr}");
    }
    let key = format!("{}\n", private_key(DEPLOYER));
    let words = ["keys", "import", "--folder", "keys", "--key-fd", "0", "--password-file", "password"];
    let (code, _, stderr) = operator(&folder.0, &words, &key);
    assert!(code == 3 && stderr.contains("one of this account already") && stderr.contains("--folder"), "{stderr}");
    let words = ["keys", "new", "--folder", "keys", "--password-file", "none"];
    let (code, _, stderr) = operator(&folder.0, &words, "");
    assert!(code == 3 && stderr.contains("none"), "{code} {stderr}");
    let (code, _, _) = operator(&folder.0, &["keys", "new"], "");
    assert_eq!(code, 64, "where the password comes from has to be said");
    let words = ["keys", "new", "--password-env", "PASSWORD"];
    let (code, _, stderr) = operator(&folder.0, &words, "");
    assert!(code == 64 && stderr.contains("--password-file"), "how to migrate: {code} {stderr}");
}

#[test]
fn weak_passwords_are_refused_and_weak_files_strengthened() {
    let folder = Folder::new("weak");
    let weak = ["keys", "new", "--folder", "keys", "--password-fd", "0"];
    let (code, _, stderr) = operator(&folder.0, &weak, "hunter2\n");
    assert!(code == 3 && stderr.contains("too weak") && !stderr.contains("hunter2"), "{code} {stderr}");
    let allowed = [weak.as_slice(), &["--allow-weak-password"]].concat();
    let (code, stdout, stderr) = operator(&folder.0, &allowed, "hunter2\n");
    assert_eq!(code, 0, "{stderr}");
    let (address, file) = stdout.trim_end().split_once('\n').unwrap();
    let words = ["keys", "strengthen", file, "--password-fd", "0", "--new-password-file", "password"];
    let (code, stdout, stderr) = operator(&folder.0, &words, "hunter2\n");
    assert!(code == 0 && stdout.starts_with(address), "{code} {stdout}{stderr}");
    let text = std::fs::read_to_string(folder.0.join(file)).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stored["crypto"]["kdfparams"]["n"], 262_144, "as geth writes it");
    let (code, _, stderr) = operator(&folder.0, &words, "hunter2\n");
    assert!(code == 3 && !stderr.contains("hunter2"), "the old password opens it no more: {code} {stderr}");
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
    let before = read("mine.key");
    let (code, _, stderr) = operator(&folder.0, &["keys", "exchange", "--out", "mine"], "");
    assert!(code == 3 && read("mine.key") == before, "a key that is there stays: {code} {stderr}");
}

#[test]
fn the_owner_registers_and_removes_operators_and_sets_the_threshold() {
    let mut rig = Rig::new(Plan { operators: 2, threshold: 1, ..Plan::new("owner") });
    rig.start(0, &[]);
    let folder = rig.operators[0].folder.clone();
    let owner = import(&folder, DEPLOYER);
    let stranger = import(&folder, OUTSIDER);
    let change = |words: &[&str], key: &str| {
        let by = ["--chain", "service", "--owner-key", key, "--password-file", "password"];
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
    assert!(stdout.contains("proven in the state of block"), "{stdout}");
    let (code, stdout, stderr) = change(&["register", &new], &owner);
    assert!(code == 0 && stdout.contains("nothing was sent"), "{stdout}{stderr}");
    wait_for("it is no operator", &has);
    let (code, stdout, stderr) = change(&["threshold", "2"], &owner);
    assert!(code == 0 && stdout.starts_with("2 votes execute on service"), "{stdout}{stderr}");
    wait_for("the threshold", &|board| board["threshold"] == 2);
    let (code, stdout, stderr) = change(&["register", &new, "--remove"], &owner);
    assert!(code == 0 && stdout.starts_with(&format!("{new} is deregistered on service")), "{stdout}{stderr}");
    wait_for("it is still an operator", &|board| !has(board));
    // Nobody else may, and a chain has to be one of the configuration.
    let (code, _, stderr) = change(&["register", &new], &stranger);
    assert!(code == 1 && stderr.contains("for the owner of the bridge on service"), "{code} {stderr}");
    let nowhere = ["threshold", "2", "--chain", "nowhere", "--owner-key", &owner, "--password-file", "password"];
    let (code, _, stderr) = operator(&folder, &nowhere, "");
    assert!(code == 64 && stderr.contains("no chain `nowhere`"), "{code} {stderr}");
    assert_eq!(rig.progress(Side::Main), (0, 0));
}

/// Puts other endpoints or limits into the configuration of a rig's first operator.
fn rewrite(rig: &Rig, from: &str, to: &str) {
    let file = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}: {text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn the_owner_pays_no_more_for_gas_than_the_configuration_allows() {
    let rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("owner-price") });
    let folder = rig.operators[0].folder.clone();
    let owner = import(&folder, DEPLOYER);
    rewrite(&rig, "[chains.service]", "[chains.service]\nmax_gas_price = 1");
    let account = || spanlight_forge::keys::address(DEPLOYER);
    let nonce = || rig.pair.service.chain().state().account(&account()).unwrap().unwrap().nonce;
    let before = nonce();
    let words = ["threshold", "1", "--chain", "service", "--owner-key", &owner, "--password-file", "password"];
    // The threshold is one already, so this one asks for nothing.
    let (code, stdout, stderr) = operator(&folder, &words, "");
    assert!(code == 0 && stdout.contains("nothing was sent"), "{stdout}{stderr}");
    let new = keys::address(OUTSIDER).to_string();
    let words = ["register", &new, "--chain", "service", "--owner-key", &owner, "--password-file", "password"];
    let (code, stdout, stderr) = operator(&folder, &words, "");
    assert!(code == 1 && stderr.contains("max_gas_price"), "{code} {stdout}{stderr}");
    assert_eq!(nonce(), before, "nothing was sent");
}

#[test]
fn an_endpoint_that_vouches_for_a_change_that_was_never_made_is_not_believed() {
    let rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("owner-lie") });
    let folder = rig.operators[0].folder.clone();
    let owner = import(&folder, DEPLOYER);
    let (liar, honest) = (Liar::to(&rig.pair.service.url()), rig.pair.service.url());
    liar.swallow_and_vouch();
    rewrite(&rig, &format!("[\"{honest}\"]"), &format!("[\"{}\", \"{honest}\"]", liar.url()));
    let new = keys::address(OUTSIDER);
    let words =
        ["register", &new.to_string(), "--chain", "service", "--owner-key", &owner, "--password-file", "password"];
    let (code, stdout, stderr) = operator(&folder, &words, "");
    assert!(code == 0 && stdout.contains("proven in the state of block"), "{code} {stdout}{stderr}");
    assert!(is_operator(&rig, new), "said to be registered, and is not");
}

#[test]
fn swapped_endpoints_end_the_operator_and_one_wrong_endpoint_of_several_does_not() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("swapped") });
    let [main, service] = [rig.pair.main.url(), rig.pair.service.url()];
    rewrite(&rig, &format!("[\"{main}\"]"), &format!("[\"{service}\", \"{main}\"]"));
    rig.start(0, &[]);
    rig.wait_for_log(0, "an endpoint serves another chain", 1);
    let start = Instant::now();
    while rig.status(0)["directions"]["main->service"]["phase"] != "following" {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", rig.log(0));
        std::thread::sleep(Duration::from_millis(50));
    }
    rig.stop(0);
    let folder = rig.operators[0].folder.clone();
    rewrite(&rig, &format!("[\"{service}\", \"{main}\"]"), &format!("[\"{service}\"]"));
    let (code, _, stderr) = operator(&folder, &["run"], "");
    let words =
        format!("chains.main.endpoints: {service} serves chain id 9999, and the trust file's `main` has chain id 8888");
    assert!(code == 3 && stderr.contains(&words) && stderr.contains("swapped?"), "{code} {stderr}");
    let (code, _, stderr) = operator(&folder, &["bridge", "show", "--chain", "main"], "");
    assert!(code == 3 && stderr.contains(&words) && stderr.contains("swapped?"), "{code} {stderr}");
}

/// Whether the service chain's bridge lists an account as operator, read from the chain itself.
fn is_operator(rig: &Rig, wanted: spanlight::Address) -> bool {
    use spanlight::bridge::layout::operator_list_slot;
    let chain = rig.pair.service.chain();
    let state = chain.state();
    let account = state.account(&rig.pair.end(Side::Service).bridge).unwrap().unwrap();
    let listed = (0..12).map(|index| state.word(&account, &operator_list_slot(index)).unwrap());
    listed.into_iter().any(|word| spanlight::Address::low_bytes(&spanlight::Hash::from_u256(word)) == wanted)
}

#[test]
fn the_owners_key_may_lie_in_a_token() {
    let rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("owner-token") });
    let folder = rig.operators[0].folder.clone();
    let module = Token::new(&folder).import("owner", DEPLOYER);
    let key = |pin: &str| {
        format!("{{ kind = \"pkcs11\", module = \"{module}\", token = \"token\", label = \"owner\", pin = {pin} }}")
    };
    let new = keys::address(OUTSIDER);
    let address = new.to_string();
    let register = |key: &str| {
        let words = ["register", &address, "--chain", "service", "--owner", key];
        operator_with(&folder, &words, "1234", &[("SOFTHSM2_CONF", "softhsm2.conf")])
    };
    let (code, stdout, stderr) = register(&key("{ fd = 0 }"));
    assert!(code == 0 && stdout.contains("proven in the state of block"), "{code} {stdout}{stderr}");
    assert!(is_operator(&rig, new));
    // A PIN that somebody writes into the key by mistake is not repeated.
    let (code, _, stderr) = register(&key("\"hunter2\""));
    assert!(code == 64 && !stderr.contains("hunter2"), "{code} {stderr}");
}

/// A token of SoftHSM, made with its own tools.
struct Token<'f>(&'f Path);

impl<'f> Token<'f> {
    fn new(folder: &'f Path) -> Self {
        std::fs::create_dir_all(folder.join("tokens")).unwrap();
        let conf = format!("directories.tokendir = {}\n", folder.join("tokens").display());
        std::fs::write(folder.join("softhsm2.conf"), conf).unwrap();
        let token = Self(folder);
        token.run(&["--init-token", "--free", "--label", "token", "--so-pin", "12345678", "--pin", "1234"]);
        token
    }

    /// Puts a test key into it; gives the library.
    fn import(&self, label: &str, key: u64) -> String {
        use base64::Engine;
        // PKCS #8 of a key of secp256k1: all but the number itself is fixed.
        const HEAD: &str = "303e020100301006072a8648ce3d020106052b8104000a042730250201010420";
        let hex = format!("0x{HEAD}{}", private_key(key).to_string().trim_start_matches("0x"));
        let der = spanlight::primitives::decode_hex(&hex).unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        std::fs::write(self.0.join("key.pem"), pem).unwrap();
        self.run(&["--import", "key.pem", "--token", "token", "--label", label, "--id", "01", "--pin", "1234"]);
        let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
        places.into_iter().find(|path| Path::new(path).exists()).expect("tools/setup brings SoftHSM").to_owned()
    }

    fn run(&self, arguments: &[&str]) {
        let mut command = std::process::Command::new("softhsm2-util");
        let done = command.args(arguments).current_dir(self.0).env("SOFTHSM2_CONF", "softhsm2.conf").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
