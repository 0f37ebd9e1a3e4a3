//! The operators: each a process of this same program, as `spanlight operator run` starts it, told nothing but addresses,
//! keys and a trust file.

use super::network::Network;
use super::stage::Stage;
use crate::failure::Failure;
use crate::files;
use serde::Deserialize;
use spanlight::{Address, Trust};
use spanlight_devnet::pair::{Pair, Side};
use spanlight_devnet::wallet::private_key;
use spanlight_forge::keys;
use spanlight_operator::keys::{import_key, write_private_file, Strength};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Everybody may know it: so are the keys.
const PASSWORD: &str = "spanlight demo";
/// Where it lies, beside the operators' folders.
const PASSWORD_FILE: &str = "password";
/// What a process's log ends with, where it is to explain something.
const LAST_WORDS: usize = 3;

/// One operator, running or not.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) folder: PathBuf,
    /// Its accounts.
    pub(super) on_main: Address,
    pub(super) on_service: Address,
    log: Log,
}

/// All operators; numbers begin with 0 here and with 1 for people.
#[derive(Debug)]
pub(super) struct Operators {
    stage: Arc<Stage>,
    /// This program. Asked for once, as it may be replaced by a newer build.
    program: PathBuf,
    /// Everything that they have lies here.
    pub(super) folder: PathBuf,
    pub(super) all: Vec<Operator>,
}

impl Operators {
    /// Gives every operator its keys, its way to both nodes, and a configuration. None runs yet.
    pub(super) fn new(stage: &Arc<Stage>, pair: &Pair, trust: &Trust, network: &Network) -> Result<Self, Failure> {
        let folder = stage.make_folder()?;
        let json = serde_json::to_string(trust).map_err(|e| Failure::unreadable(format!("no trust file: {e}")))?;
        stage.write(|| files::write(&folder.join("trust.json"), json.as_bytes()))?;
        let password = folder.join(PASSWORD_FILE);
        let unwritten = |e| Failure::unreadable(format!("{}: {e}", password.display()));
        stage.write(|| write_private_file(&password, PASSWORD.as_bytes()).map_err(unwritten))?;
        let all = (0..pair.operators.len()).map(|index| {
            let folder = folder.join(format!("operator-{}", index.saturating_add(1)));
            stage.write(|| Operator::new(folder, index, pair, network))
        });
        let all = all.collect::<Result<_, _>>()?;
        let program = std::env::current_exe().map_err(|e| Failure::unreadable(format!("this program: {e}")))?;
        Ok(Self { stage: Arc::clone(stage), program, folder, all })
    }

    /// An operator.
    pub(super) fn get(&self, index: usize) -> Result<&Operator, Failure> {
        self.all.get(index).ok_or_else(|| Failure::usage(format!("no operator {index}")))
    }

    /// Starts an operator's process, for the first time or again from what it has stored.
    pub(super) fn start(&mut self, index: usize) -> Result<(), Failure> {
        let operator = self.all.get_mut(index).ok_or_else(|| Failure::usage(format!("no operator {index}")))?;
        operator.log.forget_start();
        self.stage.start(index, || {
            let unwritten = |e| Failure::unreadable(format!("{}: {e}", operator.log.path.display()));
            let log = File::options().create(true).append(true).open(&operator.log.path).map_err(unwritten)?;
            let mut command = Command::new(&self.program);
            command.args(["operator", "run", "--end-with-input", "--config"]);
            command.arg(operator.folder.join("operator.toml"));
            command.env("RUST_LOG", "info,sqlx=warn");
            command.stdout(Stdio::null()).stderr(log);
            Ok(command)
        })
    }

    /// `kill -9`.
    pub(super) fn kill(&self, index: usize) {
        self.stage.kill(index);
    }

    /// Whether an operator follows both directions.
    pub(super) fn is_ready(&mut self, index: usize) -> Result<bool, Failure> {
        if let Some(status) = self.stage.ended(index) {
            return Err(Failure::verdict(1, format!("operator {} ended ({status})", index.saturating_add(1))));
        }
        let Some(ops) = self.all.get_mut(index).and_then(|operator| operator.log.ops()) else { return Ok(false) };
        let Ok(status) = spanlight_operator::ops::ask(ops) else { return Ok(false) };
        Ok(status.directions.len() == 2 && status.directions.values().all(|board| board.phase == "following"))
    }

    /// Whether an operator has raised this alarm on a transfer from `source`, naming `account`.
    pub(super) fn has_alarmed(&mut self, index: usize, alarm: &Wanted<'_>) -> bool {
        self.all.get_mut(index).is_some_and(|operator| operator.log.alarms().iter().any(|raised| alarm.is(raised)))
    }

    /// Where an operator that runs shows its status.
    pub(super) fn status_url(&mut self, index: usize) -> Option<String> {
        if !self.stage.runs(index) {
            return None;
        }
        let address = self.all.get_mut(index)?.log.ops()?;
        Some(format!("http://{address}/status"))
    }

    /// What the operators complained of last.
    pub(super) fn last_words(&mut self) -> Vec<String> {
        let words = (1..).zip(&mut self.all).flat_map(|(number, operator)| {
            let lines = operator.log.complaints();
            let first = lines.len().saturating_sub(LAST_WORDS);
            lines.into_iter().skip(first).map(move |line| format!("operator {number}: {line}"))
        });
        words.collect()
    }
}

impl Operator {
    fn new(folder: PathBuf, index: usize, pair: &Pair, network: &Network) -> Result<Self, Failure> {
        let missing = || Failure::usage(format!("no operator {index}"));
        let mut chains = String::new();
        for (name, side) in [("main", Side::Main), ("service", Side::Service)] {
            let key = private_key(pair.operator(index, side).ok_or_else(missing)?);
            let (path, _) = import_key(&folder.join(name), PASSWORD, Strength::Light, &key.0)
                .map_err(|error| Failure::unreadable(&error))?;
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let url = network.relay(index, &pair.chain(side).url())?;
            chains.push_str(&format!(
                "[chains.{name}]\nendpoints = [\"{url}\"]\npoll_ms = 100\ntimeout_s = 4\n\
                 key = {{ kind = \"file\", path = \"{name}/{file}\", password = {{ file = \"../{PASSWORD_FILE}\" }} }}\n"
            ));
        }
        // The chains begin some time ago, see `chains`.
        let config = format!(
            "name = \"operator-{}\"\ntrust = \"../trust.json\"\nstore = \"sqlite:operator.db\"\nlog = \"json\"\n{chains}\
             [voting]\nmax_head_age_s = 3600\n[ops]\nlisten = \"127.0.0.1:0\"\n",
            index.saturating_add(1)
        );
        files::write(&folder.join("operator.toml"), config.as_bytes())?;
        let account = |side| Ok::<_, Failure>(keys::address(pair.operator(index, side).ok_or_else(missing)?));
        let log = Log { path: folder.join("log"), ..Log::default() };
        Ok(Self { on_main: account(Side::Main)?, on_service: account(Side::Service)?, folder, log })
    }
}

/// An alarm that is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) code: &'a str,
    pub(super) nonce: u64,
    /// Who must be named.
    pub(super) accounts: &'a [Address],
}

impl Wanted<'_> {
    fn is(&self, raised: &Fields) -> bool {
        raised.code.as_deref() == Some(self.code)
            && raised.nonce == Some(self.nonce)
            && self.accounts.iter().all(|account| raised.alarm.contains(&account.to_string()))
    }
}

/// An operator's log in its form for machines, read as it grows.
#[derive(Debug, Default)]
struct Log {
    path: PathBuf,
    read: u64,
    /// The beginning of a line that is not whole yet.
    rest: Vec<u8>,
    lines: Vec<Line>,
    /// Lines before the newest start of the process.
    started_after: usize,
}

#[derive(Debug, Deserialize)]
struct Line {
    level: String,
    fields: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct Fields {
    #[serde(default)]
    message: String,
    ops: Option<String>,
    code: Option<String>,
    nonce: Option<u64>,
    #[serde(default)]
    alarm: String,
    #[serde(default)]
    error: String,
}

impl Log {
    fn grow(&mut self) {
        let Ok(bytes) = read_from(&self.path, self.read) else { return };
        self.read = self.read.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
        self.rest.extend(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            // What is no such line came from elsewhere, and is nothing to act on.
            self.lines.extend(serde_json::from_slice::<Line>(&line));
        }
    }

    fn forget_start(&mut self) {
        self.grow();
        self.started_after = self.lines.len();
    }

    /// Where the running process shows its status.
    fn ops(&mut self) -> Option<SocketAddr> {
        self.grow();
        let started = self.lines.iter().skip(self.started_after).find(|line| line.fields.message == "started")?;
        started.fields.ops.as_deref()?.parse().ok()
    }

    fn alarms(&mut self) -> Vec<&Fields> {
        self.grow();
        self.lines.iter().map(|line| &line.fields).filter(|fields| fields.message == "ALARM").collect()
    }

    fn complaints(&mut self) -> Vec<String> {
        self.grow();
        let loud = self.lines.iter().filter(|line| ["WARN", "ERROR"].contains(&line.level.as_str()));
        loud.map(|line| {
            let Fields { message, alarm, error, .. } = &line.fields;
            format!("{message} {alarm}{error}")
        })
        .collect()
    }
}

fn read_from(path: &Path, from: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
