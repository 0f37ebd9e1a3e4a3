//! The shipped unit for systemd: what it starts, started as it starts it.

use crate::rig::{spanlight, tail, Plan, Rig, PASSWORD};
use spanlight_devnet::pair::Side;
use spanlight_devnet::wallet::private_key;
use spanlight_operator::keys::{import_key, Strength};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const UNIT: &str = include_str!("../../../../deploy/spanlight-operator.service");
const CONFIG: &str = include_str!("../../../../deploy/systemd/operator.toml");
/// Where the unit may write, and nowhere else.
const STATE: &str = "/var/lib/spanlight";

/// The values of a key of the unit, in order.
fn values(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// Names of the credentials that the unit hands over.
fn credentials() -> Vec<&'static str> {
    let all = [values("LoadCredential"), values("LoadCredentialEncrypted")].concat();
    all.into_iter().map(|value| value.split(':').next().unwrap()).collect()
}

/// `systemd-analyze`, with what it printed.
fn analyze(arguments: &[&str], unit: &Path) -> (bool, String) {
    let output = Command::new("systemd-analyze").args(arguments).arg(unit).output();
    let output = output.expect("tools/setup brings systemd-analyze");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn systemd_takes_the_unit_and_rates_its_exposure_below_two() {
    let folder = std::env::temp_dir().join(format!("spanlight-unit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let unit = folder.join("spanlight-operator.service");
    // It looks whether the program is there.
    std::fs::write(&unit, UNIT.replace("/usr/local/bin/spanlight", env!("CARGO_BIN_EXE_spanlight"))).unwrap();
    let (is_good, text) = analyze(&["verify", "--man=no"], &unit);
    assert!(is_good && !text.contains("spanlight-operator.service:"), "{text}");
    // Tenths.
    let (is_low, text) = analyze(&["security", "--offline=true", "--no-pager", "--threshold=19"], &unit);
    assert!(is_low, "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_the_unit_runs_starts_with_its_credentials_and_writes_into_its_state_only() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("unit") });
    let [etc, state, handed] = ["etc", "state", "credentials"].map(|name| rig.folder.join(name));
    for folder in [&etc, &state, &handed] {
        std::fs::create_dir_all(folder).unwrap();
    }
    for (name, side) in [("main", Side::Main), ("service", Side::Service)] {
        let key = private_key(rig.pair.operator(0, side).unwrap());
        let (path, _) = import_key(&handed.join("new"), PASSWORD, Strength::Light, &key.0).unwrap();
        hand_over(&handed, &format!("{name}-key"), &std::fs::read(path).unwrap());
        hand_over(&handed, &format!("{name}-password"), PASSWORD.as_bytes());
        std::fs::remove_dir_all(handed.join("new")).unwrap();
    }
    let mut given: Vec<String> =
        std::fs::read_dir(&handed).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    given.sort_unstable();
    let mut named = credentials();
    named.sort_unstable();
    assert_eq!(given, named, "the unit hands over what its configuration needs");

    std::fs::copy(rig.folder.join("trust.json"), etc.join("trust.json")).unwrap();
    let ops = rig.operators[0].ops;
    let mut config = CONFIG.replace("/etc/spanlight/trust.toml", &etc.join("trust.json").display().to_string());
    for (shipped, here) in [
        (STATE, state.display().to_string()),
        ("http://127.0.0.1:8551", rig.pair.main.url()),
        ("http://127.0.0.1:8552", rig.pair.service.url()),
        ("127.0.0.1:9464", ops.to_string()),
    ] {
        assert!(config.contains(shipped), "{shipped}");
        config = config.replace(shipped, &here);
    }
    config += "\n[voting]\nmax_head_age_s = 40000\n";
    std::fs::write(etc.join("operator.toml"), config).unwrap();
    let before = listing(&etc);

    let words: Vec<&str> = values("ExecStart")[0].split(' ').collect();
    assert_eq!(words[0], "/usr/local/bin/spanlight", "no shell between");
    let config = etc.join("operator.toml").display().to_string();
    let words = words[1..].iter().map(|word| if *word == "/etc/spanlight/operator.toml" { &config } else { *word });
    let log = std::fs::File::create(rig.operators[0].folder.join("log")).unwrap();
    let mut command = spanlight();
    // Nothing else is in its environment.
    command.args(words).env_clear().env("CREDENTIALS_DIRECTORY", &handed).current_dir(&state);
    rig.operators[0].run(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log));
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    assert_eq!(listing(&etc), before, "it writes into its state only: {}", tail(&rig.log(0)));
    assert!(listing(&state).iter().any(|path| path.ends_with("operator.db")));
}

/// As systemd does it: for a user other than root by an access list, whose mask shows as the
/// group's rights.
fn hand_over(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o440)).unwrap();
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}
