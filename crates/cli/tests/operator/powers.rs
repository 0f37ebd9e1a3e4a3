//! What owner, operators, guardian and recipients do to a bridge of version 2 by hand, with all
//! that can go wrong: too early, not announced, cancelled meanwhile, the wrong key, twice.

use crate::rig::{now, spanlight, PASSWORD};
use serde_json::Value as Json;
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, Value, COIN, DEPLOYER, OUTSIDER, USERS};
use spanlight_devnet::wallet::{private_key, Sending};
use spanlight_devnet::{Clock, Pair, PairConfig, Production};
use spanlight_forge::keys;
use spanlight_operator::config::{Config, KeyConfig, Secret};
use spanlight_operator::keys::{import_key, write_private_file, Strength};
use spanlight_operator::powers::changes::{changes, Standing};
use spanlight_operator::powers::overview::{overview, Warning};
use spanlight_operator::powers::{act, Done, Power, PowerError, Refusal, State, Way, With};
use std::path::PathBuf;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Both chains began so long ago: their time is moved on by hand.
const AGO: u64 = 60 * DAY;

/// A bridge of four operators, three of whom decide. A block is made for each transaction.
struct Stage {
    pair: Pair,
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    fn new(name: &str, owner_delay: u64) -> Self {
        let folder = std::env::temp_dir().join(format!("spanlight-powers-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let config = PairConfig { owner_delay, ..PairConfig::default() };
        let mut config = config.produced(Production::OnTransaction, Clock::Step(1));
        config.main.genesis_time = now() - AGO;
        config.service.genesis_time = now() - AGO;
        let pair = Pair::start(config).unwrap();
        let trust = serde_json::to_string(&pair.trust().unwrap()).unwrap();
        std::fs::write(folder.join("trust.json"), trust).unwrap();
        write_private_file(&folder.join("password"), PASSWORD.as_bytes()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let stage = Self { pair, folder, runtime };
        (0..4).for_each(|operator| stage.configure(operator));
        stage
    }

    fn configure(&self, operator: usize) {
        let mut chains = String::new();
        for (side, name) in [(Side::Main, "main"), (Side::Service, "service")] {
            let file = self.key_file(self.pair.operator(operator, side).unwrap());
            chains += &format!(
                "[chains.{name}]\nendpoints = [\"{}\"]\nkey = {{ kind = \"file\", path = \"{}\", password = \
                 {{ file = \"password\" }} }}\n",
                self.pair.chain(side).url(),
                file.display()
            );
        }
        let text = format!(
            "name = \"operator-{operator}\"\ntrust = \"trust.json\"\nstore = \"sqlite:none-{operator}.db\"\n{chains}\
             [voting]\nmax_head_age_s = {}\n",
            2 * AGO
        );
        std::fs::write(self.config_file(operator), text).unwrap();
    }

    fn config_file(&self, operator: usize) -> PathBuf {
        self.folder.join(format!("operator-{operator}.toml"))
    }

    fn config(&self, operator: usize) -> Config {
        Config::read(&self.config_file(operator)).unwrap()
    }

    fn key_file(&self, key: u64) -> PathBuf {
        let folder = self.folder.join(format!("key-{key}"));
        match std::fs::read_dir(&folder).ok().and_then(|mut files| files.next()) {
            Some(file) => file.unwrap().path(),
            None => import_key(&folder, PASSWORD, Strength::Light, &private_key(key).0).unwrap().0,
        }
    }

    /// As whoever holds a key.
    fn with(&self, key: u64, power: &Power, way: Way) -> Result<Done, PowerError> {
        let with = With::Key(KeyConfig::File {
            path: self.key_file(key),
            password: Secret::File(self.folder.join("password")),
        });
        self.runtime.block_on(act(&self.config(0), "service", &with, power, way))
    }

    fn owner(&self, power: &Power, way: Way) -> Result<Done, PowerError> {
        self.with(DEPLOYER, power, way)
    }

    /// As an operator, with the key of its configuration.
    fn operator(&self, operator: usize, power: &Power, way: Way) -> Result<Done, PowerError> {
        self.runtime.block_on(act(&self.config(operator), "service", &With::Operator, power, way))
    }

    /// Three operators vote, and the third vote decides.
    fn decide(&self, power: &Power) {
        for (operator, votes) in [(0, 1), (1, 2)] {
            let done = self.operator(operator, power, Way::Make).unwrap();
            assert_eq!(done.state, State::Voted { votes, threshold: 3 }, "{power}");
            assert!(done.transaction.is_some());
        }
        let done = self.operator(2, power, Way::Make).unwrap();
        assert_eq!(done.state, State::Made, "{power}");
    }

    fn leap(&self, seconds: u64) {
        let time = self.pair.service.time() + seconds;
        self.pair.service.chain().set_next_time(time);
        self.pair.service.mine().unwrap();
    }

    /// Runs the command as operator 0; gives exit code, output and errors.
    fn command(&self, words: &[&str]) -> (i32, String, String) {
        let mut command = spanlight();
        command.args(["operator", "bridge"]).args(words).args(["--chain", "service", "--config"]);
        let output = command.arg(self.config_file(0)).env("NO_COLOR", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn refusal(done: Result<Done, PowerError>) -> Refusal {
    match done {
        Err(PowerError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn reverts(done: Result<Done, PowerError>) -> String {
    match done {
        Err(PowerError::Reverts(words)) => words,
        other => panic!("does not revert: {other:?}"),
    }
}

fn register(key: u64) -> Power {
    Power::Operator { operator: keys::address(key), registered: true }
}

#[test]
fn an_owners_change_is_announced_waits_is_made_once_or_cancelled_by_operators() {
    let stage = Stage::new("changes", HOUR);
    let new = register(OUTSIDER);
    assert_eq!(refusal(stage.owner(&new, Way::Make)), Refusal::Unannounced { delay: HOUR });
    let Done { transaction, state, .. } = stage.owner(&new, Way::Announce).unwrap();
    let State::Announced { number: 1, ready, .. } = state else { panic!("{state:?}") };
    assert!(transaction.is_some());
    let again = stage.owner(&new, Way::Announce).unwrap();
    assert_eq!((again.transaction, again.state), (None, state), "nothing is announced twice");
    assert!(matches!(refusal(stage.owner(&new, Way::Make)), Refusal::NotReady { number: 1, .. }));
    // What was announced is one call, byte by byte, of one account.
    assert_eq!(refusal(stage.owner(&register(USERS[0]), Way::Make)), Refusal::Unannounced { delay: HOUR });
    let not_owner = Refusal::NotOwner { owner: keys::address(DEPLOYER) };
    assert_eq!(refusal(stage.with(OUTSIDER, &new, Way::Make)), not_owner);
    assert_eq!(refusal(stage.operator(0, &new, Way::Announce)), not_owner);
    let listed = stage.runtime.block_on(changes(&stage.config(1), "service")).unwrap().listed;
    assert_eq!((listed.len(), listed[0].standing, listed[0].ready), (1, Standing::Waits, Some(ready)));
    assert!(listed[0].what().contains(&keys::address(OUTSIDER).to_string()), "{}", listed[0].what());

    stage.leap(HOUR);
    let made = stage.owner(&new, Way::Make).unwrap();
    assert!(made.state == State::Made && made.transaction.is_some());
    let made = stage.owner(&new, Way::Make).unwrap();
    assert_eq!((made.state, made.transaction), (State::Made, None));

    let limit = Power::Limit { token: Address::ZERO, request: 5, outflow: 7 };
    assert!(matches!(stage.owner(&limit, Way::Announce).unwrap().state, State::Announced { number: 2, .. }));
    assert_eq!(
        refusal(stage.operator(0, &Power::cancel(&[3]), Way::Make)),
        Refusal::NoSuchChange { number: 3, most: 2 }
    );
}

#[test]
fn operators_cancel_what_an_owner_announced_and_can_take_a_vote_back() {
    let stage = Stage::new("cancel", HOUR);
    let new = register(OUTSIDER);
    stage.owner(&new, Way::Announce).unwrap();
    let cancel = Power::cancel(&[1]);
    let State::Voted { votes: 1, .. } = stage.operator(3, &cancel, Way::Make).unwrap().state else { panic!() };
    let again = stage.operator(3, &cancel, Way::Make).unwrap();
    assert_eq!((again.transaction, again.state), (None, State::Voted { votes: 1, threshold: 3 }));
    let back = stage.operator(3, &cancel, Way::Withdraw).unwrap();
    assert_eq!(back.state, State::Withdrawn { votes: 0, threshold: 3 });
    let back = stage.operator(3, &cancel, Way::Withdraw).unwrap();
    assert_eq!(back.transaction, None);
    assert_eq!(refusal(stage.owner(&cancel, Way::Make)), Refusal::NeedsVotes, "else a thief of its key could");
    assert_eq!(refusal(stage.with(OUTSIDER, &cancel, Way::Make)), Refusal::NotOperator);
    stage.decide(&cancel);
    assert_eq!(stage.operator(3, &cancel, Way::Make).unwrap().transaction, None, "it is cancelled already");
    stage.leap(HOUR);
    assert_eq!(refusal(stage.owner(&new, Way::Make)), Refusal::Cancelled { number: 1 });
    let listed = stage.runtime.block_on(changes(&stage.config(1), "service")).unwrap().listed;
    assert_eq!(listed[0].standing, Standing::Cancelled);
    // Announced again it is another change, whose week ends, too.
    assert!(matches!(stage.owner(&new, Way::Announce).unwrap().state, State::Announced { number: 2, .. }));
    stage.leap(HOUR + 7 * DAY);
    assert!(matches!(refusal(stage.owner(&new, Way::Make)), Refusal::Expired { number: 2, .. }));
}

#[test]
fn a_guardian_pauses_at_once_and_operators_or_a_patient_owner_resume() {
    let stage = Stage::new("pause", HOUR);
    let guardian = keys::address(OUTSIDER);
    let none = Refusal::NotGuardian { guardian: Address::ZERO };
    assert_eq!(refusal(stage.with(OUTSIDER, &Power::Pause, Way::Make)), none);
    stage.decide(&Power::Fee { token: Address::ZERO, fee: U256::from(3) });
    // The owner may set the first guardian; the next one operators decide.
    assert_eq!(stage.owner(&Power::Guardian(guardian), Way::Make).unwrap().state, State::Made);
    assert_eq!(refusal(stage.owner(&Power::Guardian(Address([1; 20])), Way::Make)), Refusal::NeedsVotes);
    assert!(stage.with(OUTSIDER, &Power::Pause, Way::Make).unwrap().transaction.is_some());
    let twice = stage.with(OUTSIDER, &Power::Pause, Way::Make).unwrap();
    assert_eq!((twice.state, twice.transaction), (State::Made, None));
    assert_eq!(refusal(stage.with(OUTSIDER, &Power::Resume, Way::Make)), Refusal::NotOperator);
    stage.decide(&Power::Resume);
    stage.decide(&Power::Pause);
    let State::ResumeScheduled { ready } = stage.owner(&Power::Resume, Way::Make).unwrap().state else { panic!() };
    let again = stage.owner(&Power::Resume, Way::Make).unwrap();
    assert_eq!((again.transaction, again.state), (None, State::ResumeScheduled { ready }));
    stage.leap(DAY);
    let resumed = stage.owner(&Power::Resume, Way::Make).unwrap();
    assert!(resumed.state == State::Made && resumed.transaction.is_some());
}

#[test]
fn locks_ownership_claims_and_sweeps() {
    let stage = Stage::new("others", HOUR);
    let lock = |token, locked| Power::Lock { token, locked };
    let words = reverts(stage.owner(&lock(Address([9; 20]), true), Way::Make));
    assert!(words.contains("not allowed token"), "{words}");
    let token = stage.pair.end(Side::Service).erc20;
    for locked in [true, false] {
        assert!(stage.owner(&lock(token, locked), Way::Make).unwrap().transaction.is_some());
        assert!(stage.owner(&Power::Running(!locked), Way::Make).unwrap().state == State::Made);
    }
    assert_eq!(stage.owner(&lock(token, false), Way::Make).unwrap().transaction, None);
    assert_eq!(refusal(stage.owner(&lock(token, false), Way::Announce)), Refusal::NotAnnounced);

    // What the bridge cannot pay is owed, and paid once it can.
    let user = stage.pair.user(USERS[0]);
    let much = COIN.saturating_mul(U256::from(1_500));
    let request = stage.pair.request(Side::Main, USERS[0], user, Value::Coin(much)).unwrap();
    let claim = |to| Power::Claim { nonce: request.event.nonce, to };
    assert_eq!(refusal(stage.with(USERS[1], &claim(None), Way::Make)), Refusal::NotHandled);
    stage.pair.deliver(&request).unwrap();
    let refused = Refusal::NotRecipient { recipient: user };
    assert_eq!(refusal(stage.with(USERS[1], &claim(Some(Address([1; 20]))), Way::Make)), refused);
    reverts(stage.with(USERS[1], &claim(None), Way::Make));
    let (bridge, input) = (stage.pair.end(Side::Service).bridge, abi::call("chargeWithoutEvent()", &[]));
    let charge = Sending { to: Some(bridge), value: much, input, gas: None };
    stage.pair.execute(Side::Service, DEPLOYER, &charge).unwrap();
    assert!(stage.with(USERS[1], &claim(None), Way::Make).unwrap().transaction.is_some());
    assert_eq!(stage.with(USERS[1], &claim(None), Way::Make).unwrap().transaction, None);
    assert_eq!(stage.with(USERS[1], &Power::Sweep, Way::Make).unwrap().transaction, None);

    let offer = Power::Offer(keys::address(OUTSIDER));
    let nobody = Refusal::NotPendingOwner { pending: Address::ZERO };
    assert_eq!(refusal(stage.with(OUTSIDER, &Power::Accept, Way::Make)), nobody);
    stage.owner(&offer, Way::Announce).unwrap();
    stage.leap(HOUR);
    stage.owner(&offer, Way::Make).unwrap();
    let seen = stage.runtime.block_on(overview(&stage.config(0), "service")).unwrap();
    assert!(seen.warnings().contains(&Warning::OwnershipOffered(keys::address(OUTSIDER))), "{:?}", seen.warnings());
    assert!(stage.with(OUTSIDER, &Power::Accept, Way::Make).unwrap().state == State::Made);
    let gone = Refusal::NotOwner { owner: keys::address(OUTSIDER) };
    assert_eq!(refusal(stage.owner(&Power::Running(false), Way::Make)), gone);
}

#[test]
fn the_commands_say_what_is_so_and_what_to_do_about_it() {
    let stage = Stage::new("words", 0);
    let file = stage.key_file(DEPLOYER).display().to_string();
    let password = stage.folder.join("password").display().to_string();
    let owner = ["--key-file", &file, "--password-file", &password];
    let as_owner = |words: &[&str]| stage.command(&[words, &owner].concat());

    let (code, shown, errors) = stage.command(&["show"]);
    assert_eq!(code, 0, "{errors}");
    for words in ["owner's delay    none", "warning: the owner changes everything at once", "no guardian can pause"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let (code, _, errors) = as_owner(&["threshold", "4", "--announce"]);
    assert!(code == 1 && errors.contains("no owner's delay") && errors.contains("help:"), "{code} {errors}");
    let (code, told, errors) = as_owner(&["delay", "2h", "--json"]);
    let told: Json = serde_json::from_str(&told).unwrap_or(Json::Null);
    assert!(code == 0 && told["state"] == "made" && told["sent"] == true, "{told} {errors}");
    let (code, shown, _) = stage.command(&["show", "--json"]);
    let shown: Json = serde_json::from_str(&shown).unwrap();
    assert!(code == 0 && shown["version_2"]["owner_delay"] == 7_200, "{shown}");
    assert!(shown["warnings"].as_array().unwrap().iter().all(|warning| warning["code"] != "no_owner_delay"));

    let (code, _, errors) = as_owner(&["threshold", "4"]);
    assert!(code == 1 && errors.contains("announce this 2 h before") && errors.contains("--announce"), "{errors}");
    let (code, told, errors) = as_owner(&["threshold", "4", "--announce"]);
    assert!(code == 0 && told.contains("announced on service as change 1: 4 votes execute"), "{told}{errors}");
    let (code, _, errors) = as_owner(&["threshold", "4"]);
    assert!(code == 1 && errors.contains("may be made from") && errors.contains("same command again"), "{errors}");
    let (code, told, errors) = stage.command(&["changes"]);
    assert!(code == 0 && told.contains("change 1: 4 votes execute; may be made from"), "{told}{errors}");
    let (code, told, errors) = stage.command(&["cancel", "1"]);
    assert!(code == 0 && told.contains("1 of 3 votes"), "{told}{errors}");
    let (code, told, errors) = stage.command(&["cancel", "9", "--json"]);
    let told: Json = serde_json::from_str(&told).unwrap();
    assert!(code == 1 && told["error"]["code"] == "bridge.no_such_change", "{told} {errors}");
    let zero = "0x0000000000000000000000000000000000000000";
    let (code, _, errors) = stage.command(&["limit", zero, "--request", "1", "--outflow", "1"]);
    assert!(code == 64 && errors.contains("write `coin`"), "{code} {errors}");
}

/// The table of docs/contracts.md names a command for each power, and each command stands there.
#[test]
fn the_table_of_powers_and_the_commands_are_the_same() {
    let documents = include_str!("../../../../docs/contracts.md");
    let help = spanlight().args(["operator", "bridge", "--help"]).env("NO_COLOR", "1").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    // Lines of words that go on are indented further.
    let listed = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let listed: Vec<&str> = listed.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(listed.len() > 20, "{listed:?}");
    let table = documents.split("### 3.6").nth(1).unwrap().split("\n## ").next().unwrap();
    let last_cells = table.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.rsplit(" | ").next());
    let named: Vec<&str> = last_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter_map(|command| command.split_whitespace().next())
        .filter(|command| !command.starts_with('-'))
        .collect();
    for command in &named {
        assert!(listed.contains(command), "docs/contracts.md names `{command}`, which is no command");
    }
    for command in listed.iter().filter(|command| !["show", "changes", "help"].contains(command)) {
        assert!(named.contains(command), "`{command}` needs a line in docs/contracts.md 3.6");
    }
}
