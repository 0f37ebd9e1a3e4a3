//! The operator's one configuration file, checked as a whole before anything starts.
//!
//! Every refusal names the file, the key, what is wrong and what to do. Secrets are never in the file: it says where a
//! password comes from. Endpoints are not trust: that is a file of its own, named here.

mod amount;
pub(crate) mod credential;
mod private;
mod secret;

pub use amount::Amount;
pub use private::shown;
pub use secret::Secret;

use crate::log::LogForm;
use serde::Deserialize;
use spanlight::trust::{BridgeEnd, Trust};
use spanlight::Address;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Larger files are refused: a council of thousands still fits into a trust file.
const MOST: u64 = 4 << 20;

/// A worker that gives no sign of life for half a minute counts as one that hangs.
const MOST_POLL_MS: u64 = 10_000;

/// The bundle of a long session has some twelve megabytes.
const LEAST_EVIDENCE_MB: u64 = 64;

/// What is wrong with a file, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The key, dotted; or the line.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.file.display(), self.key, self.what, self.hint)
    }
}

impl std::error::Error for ConfigError {}

/// The file as it is written.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    trust: PathBuf,
    store: String,
    #[serde(default)]
    evidence: Option<PathBuf>,
    #[serde(default = "default_evidence_max_mb")]
    evidence_max_mb: u64,
    #[serde(default)]
    log: LogForm,
    chains: BTreeMap<String, ChainConfig>,
    #[serde(default)]
    voting: Voting,
    #[serde(default)]
    ops: Ops,
    #[serde(default)]
    anchor: Option<Anchor>,
    #[serde(default)]
    exchange: Option<Exchange>,
}

/// A configuration that was checked: its keys agree with each other and with the trust file.
#[derive(Clone)]
pub struct Config {
    /// The file it came from, for messages.
    pub file: PathBuf,
    /// How the operator calls itself in logs and metrics.
    pub name: String,
    /// What is believed.
    pub trust: Trust,
    /// `sqlite:FILE` or `postgres://...`
    pub store: String,
    /// Where evidence of fraud is written.
    pub evidence: PathBuf,
    /// Most megabytes of it.
    pub evidence_max_mb: u64,
    /// The form of the log.
    pub log: LogForm,
    /// Both chains, by the names of the trust.
    pub chains: BTreeMap<String, ChainConfig>,
    /// When and how to vote.
    pub voting: Voting,
    /// Health, metrics and status over HTTP.
    pub ops: Ops,
    /// Anchoring, if this operator takes part in it.
    pub anchor: Option<Anchor>,
    /// The exchange of signatures, where votes are not cast on chain.
    pub exchange: Option<Exchange>,
}

/// One chain: its endpoints and this operator's key on it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// JSON-RPC addresses in order of preference.
    pub endpoints: Vec<String>,
    /// Signs votes on this chain.
    pub key: KeyConfig,
    /// The operator's account, where its key on the chain is another one than that of its address.
    #[serde(default)]
    pub address: Option<Address>,
    /// Keys that sign for that account together with `key`.
    #[serde(default)]
    pub more_keys: Vec<KeyConfig>,
    /// Pays for them; without one the operator's account does.
    #[serde(default)]
    pub fee_payer: Option<KeyConfig>,
    /// The account that pays, where its key on the chain is another one than that of its address.
    #[serde(default)]
    pub fee_payer_address: Option<Address>,
    /// Milliseconds between two looks at the chain's head.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// Seconds for one answer of an endpoint.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u64,
    /// Seconds for which this operator goes on from its own newest checkpoint; the trust's period
    /// where that is longer, or where nothing is said.
    #[serde(default)]
    pub max_pause_s: u64,
    /// Most peb for a unit of gas.
    #[serde(default = "default_max_gas_price")]
    pub max_gas_price: u64,
    /// The most gas that a vote may be given. What each one needs is estimated; what it does not
    /// use is not paid.
    #[serde(default = "default_vote_gas")]
    pub vote_gas: u64,
    /// An alarm is raised when the account that pays, the operator's or the fee payer's, holds
    /// less.
    #[serde(default)]
    pub min_balance: Amount,
    /// An alarm is raised when the bridge holds less coin.
    #[serde(default)]
    pub min_liquidity: Amount,
}

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyConfig {
    /// An encrypted key file (Web3 secret storage).
    File {
        /// The file.
        path: PathBuf,
        /// Where its password comes from.
        password: Secret,
    },
    /// A key in a PKCS#11 token.
    Pkcs11 {
        /// The token's library.
        module: PathBuf,
        /// The token's label.
        token: String,
        /// The key pair's label.
        label: String,
        /// Where the user PIN comes from.
        pin: Secret,
    },
    /// A key in AWS KMS; needs a build with the feature `aws-kms`.
    AwsKms {
        /// Id, alias or ARN.
        key_id: String,
    },
}

impl KeyConfig {
    /// Reads a key as a configuration file writes it, for a command that is given one: `{ kind =
    /// "pkcs11", ... }`.
    ///
    /// # Errors
    /// What is wrong, in words that repeat no value.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Given {
            key: KeyConfig,
        }
        let given = toml::from_str::<Given>(&format!("key = {}", text.trim()));
        given.map(|given| given.key).map_err(|error| private::without_values(error.message()))
    }
}

/// How votes reach the bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VotingMode {
    /// Each operator sends its vote to the contract: every deployed bridge takes these.
    #[default]
    Votes,
    /// Operators exchange signatures and one sends them all: the bridge must offer `handleWithSignatures`.
    Signatures,
}

/// When and how to vote.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voting {
    /// On-chain votes or exchanged signatures.
    pub mode: VotingMode,
    /// Destination blocks that an operator waits for each operator before it that has not voted.
    pub turn_blocks: u64,
    /// Seconds after which a destination head is too old to vote on.
    pub max_head_age_s: u64,
    /// Destination blocks after which a transaction that is not in a block is sent again at a higher price.
    pub stuck_blocks: u64,
    /// Transactions that may be on their way at a time, for each direction.
    pub max_in_flight: usize,
    /// Destination blocks before a nonce whose delivery fails is tried again; doubles with each failure.
    pub retry_blocks: u64,
    /// Whether every destination block is read for votes of others: they leave no event.
    pub watch_blocks: bool,
    /// Executed nonces above the destination bridge's lowest one from which on they are swept; 0
    /// for never.
    pub sweep_lag: u64,
    /// Whether what could not be delivered is tried again later, at this operator's expense.
    pub push_claims: bool,
    /// The most coin that such claims may cost in a day, for each direction.
    pub claims_budget: Amount,
}

/// More nonces would be read again and again to count them.
const MOST_SWEEP_LAG: u64 = 2048;

impl Default for Voting {
    fn default() -> Self {
        Self {
            mode: VotingMode::Votes,
            turn_blocks: 3,
            max_head_age_s: 60,
            stuck_blocks: 6,
            max_in_flight: 256,
            retry_blocks: 30,
            watch_blocks: true,
            // As many as one call sweeps.
            sweep_lag: 200,
            push_claims: false,
            claims_budget: Amount::coins(1),
        }
    }
}

/// Health, metrics and status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ops {
    /// Address and port to listen on; none for not at all.
    pub listen: Option<SocketAddr>,
}

impl Default for Ops {
    fn default() -> Self {
        Self { listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))) }
    }
}

/// Anchoring of the child chain into the parent chain. Which is which says the trust file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Child blocks from one anchor to the next.
    pub period: u64,
    /// Parent blocks that an operator waits for each operator before it.
    #[serde(default = "default_anchor_turn")]
    pub turn_blocks: u64,
}

/// The exchange of signatures among operators.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// This operator's certificate, PEM.
    pub certificate: PathBuf,
    /// The certificate's key, PEM.
    pub private_key: PathBuf,
    /// The other operators.
    pub peers: Vec<Peer>,
}

/// Another operator.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// For logs, and to tell peers apart.
    pub name: String,
    /// Host and port; of each replica, where it has several. They show the same certificate.
    #[serde(deserialize_with = "one_or_more")]
    pub address: Vec<String>,
    /// The certificate that it must show, PEM; no authority is asked.
    pub certificate: PathBuf,
}

/// A text, or a list of texts.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => Ok(vec![one]),
        OneOrMore::More(more) if more.is_empty() => Err(serde::de::Error::custom("an empty list: give one address")),
        OneOrMore::More(more) => Ok(more),
    }
}

/// Some eighty of the largest bundles that a session makes.
const fn default_evidence_max_mb() -> u64 {
    1024
}
const fn default_poll_ms() -> u64 {
    500
}
const fn default_timeout_s() -> u64 {
    5
}
const fn default_max_gas_price() -> u64 {
    750_000_000_000
}
/// Enough where the vote is overtaken by as many transfers as a bridge passes over at a time.
const fn default_vote_gas() -> u64 {
    10_000_000
}
const fn default_anchor_turn() -> u64 {
    5
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path, path, "the file")?;
        let file: File = toml::from_str(&text).map_err(|error| malformed(path, &text, &error))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let trust = read_trust(path, &base.join(&file.trust))?;
        let check = Check { file: path };
        check.chains(&file, &trust)?;
        check.voting(&file.voting)?;
        check.store(&file.store)?;
        check.evidence(file.evidence_max_mb)?;
        check.exchange(&file)?;
        check.peers(base, file.exchange.as_ref())?;
        check.anchor(&file, &trust)?;
        Ok(Self {
            file: path.to_owned(),
            name: file.name,
            trust,
            store: resolve_store(base, &file.store),
            evidence: base.join(file.evidence.unwrap_or_else(|| PathBuf::from("evidence"))),
            evidence_max_mb: file.evidence_max_mb,
            log: file.log,
            chains: file.chains.into_iter().map(|(name, chain)| (name, chain.resolved(base))).collect(),
            voting: file.voting,
            ops: file.ops,
            anchor: file.anchor,
            exchange: file.exchange.map(|exchange| exchange.resolved(base)),
        })
    }

    /// The bridge ends of each direction that the trust allows: from, to.
    #[must_use]
    pub fn directions(&self) -> Vec<(&BridgeEnd, &BridgeEnd)> {
        let ends = self.trust.bridge.iter().flat_map(|pair| pair.ends.iter());
        ends.filter_map(|end| self.trust.ends_from(&end.chain).ok()).collect()
    }
}

/// Whoever prints it sees no password: addresses of endpoints and stores may hold one.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (&self.name, &self.file, shown(&self.store), &self.chains);
        f.debug_tuple("Config").field(&shown).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChainConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints: Vec<String> = self.endpoints.iter().map(|url| shown(url)).collect();
        f.debug_struct("ChainConfig").field("endpoints", &endpoints).field("key", &self.key).finish_non_exhaustive()
    }
}

impl ChainConfig {
    fn resolved(mut self, base: &Path) -> Self {
        for key in std::iter::once(&mut self.key).chain(&mut self.more_keys).chain(&mut self.fee_payer) {
            match key {
                KeyConfig::File { path, password } => {
                    *path = credential::resolved(base, path);
                    password.resolved(base);
                }
                KeyConfig::Pkcs11 { pin, .. } => pin.resolved(base),
                KeyConfig::AwsKms { .. } => {}
            }
        }
        self
    }
}

impl Exchange {
    fn resolved(mut self, base: &Path) -> Self {
        self.certificate = credential::resolved(base, &self.certificate);
        self.private_key = credential::resolved(base, &self.private_key);
        for peer in &mut self.peers {
            peer.certificate = credential::resolved(base, &peer.certificate);
        }
        self
    }
}

/// What holds between the keys of the file, and between them and the trust.
struct Check<'f> {
    file: &'f Path,
}

impl Check<'_> {
    fn refuse(&self, key: impl Into<String>, what: impl Into<String>, hint: &str) -> ConfigError {
        ConfigError { file: self.file.to_owned(), key: key.into(), what: what.into(), hint: hint.to_owned() }
    }

    fn chains(&self, file: &File, trust: &Trust) -> Result<(), ConfigError> {
        let Some(pair) = &trust.bridge else {
            return Err(self.refuse("trust", "the trust file names no bridge pair", "add a [bridge] part to it"));
        };
        let names = pair.ends.each_ref().map(|end| end.chain.as_str());
        // A misspelt name first: it says more than that the right one is missing.
        if let Some(name) = file.chains.keys().find(|name| !names.contains(&name.as_str())) {
            let hint = format!("the trust file names them `{}`", names.join("` and `"));
            return Err(self.refuse(format!("chains.{name}"), "the trust file's bridge has no such chain", &hint));
        }
        for end in &pair.ends {
            if !file.chains.contains_key(&end.chain) {
                let key = format!("chains.{}", end.chain);
                return Err(self.refuse(key, "missing", "give endpoints and a key for this chain of the trust file"));
            }
        }
        for (name, chain) in &file.chains {
            let key = |field: &str| format!("chains.{name}.{field}");
            if chain.endpoints.is_empty() {
                return Err(self.refuse(key("endpoints"), "none", "give at least one http:// or https:// address"));
            }
            if let Some(url) = chain.endpoints.iter().find(|url| !is_address(url)) {
                let what = format!("{} is no address of a node", shown(url));
                return Err(self.refuse(key("endpoints"), what, "use http:// or https://"));
            }
            self.accounts(name, chain)?;
            for (field, value) in [("poll_ms", chain.poll_ms), ("timeout_s", chain.timeout_s)] {
                if value == 0 {
                    return Err(self.refuse(key(field), "zero", "give at least 1"));
                }
            }
            if chain.poll_ms > MOST_POLL_MS {
                let what = format!("{} ms between two looks leave a worker without a sign of life", chain.poll_ms);
                return Err(self.refuse(key("poll_ms"), what, "give at most 10000"));
            }
            let jumps = trust.chain(name).is_ok_and(|trusted| trusted.allow_jump);
            if chain.max_pause_s > 0 && jumps {
                let what = "the trust file lets this chain be jumped on, and a jump must not rest on so old a council";
                return Err(self.refuse(key("max_pause_s"), what, "take it out, or allow_jump out of the trust file"));
            }
            for (field, value) in [("max_gas_price", chain.max_gas_price), ("vote_gas", chain.vote_gas)] {
                if value == 0 {
                    return Err(self.refuse(
                        key(field),
                        "zero: no vote could ever be sent",
                        "leave it out, or raise it",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Keys of several need an account that is none of theirs, and an account that pays a key.
    fn accounts(&self, name: &str, chain: &ChainConfig) -> Result<(), ConfigError> {
        const MOST_KEYS: usize = 10;
        let key = |field: &str| format!("chains.{name}.{field}");
        if chain.address.is_none() && !chain.more_keys.is_empty() {
            let hint = "name the account as `address`, or take `more_keys` out";
            return Err(self.refuse(key("more_keys"), "several keys, and no account that they sign for", hint));
        }
        if chain.more_keys.len() >= MOST_KEYS {
            let what =
                format!("{} keys, and no account has more than {MOST_KEYS}", chain.more_keys.len().saturating_add(1));
            return Err(self.refuse(key("more_keys"), what, "give as many as the account's threshold asks for"));
        }
        if chain.fee_payer_address.is_some() && chain.fee_payer.is_none() {
            return Err(self.refuse(key("fee_payer_address"), "no key of that account", "give one as `fee_payer`"));
        }
        Ok(())
    }

    fn voting(&self, voting: &Voting) -> Result<(), ConfigError> {
        let numbers = [
            ("turn_blocks", voting.turn_blocks),
            ("max_head_age_s", voting.max_head_age_s),
            ("stuck_blocks", voting.stuck_blocks),
            ("max_in_flight", u64::try_from(voting.max_in_flight).unwrap_or(u64::MAX)),
            ("retry_blocks", voting.retry_blocks),
        ];
        if voting.sweep_lag > MOST_SWEEP_LAG {
            let what = format!("{} nonces are too many to count", voting.sweep_lag);
            return Err(self.refuse("voting.sweep_lag", what, "give at most 2048, or 0 for never"));
        }
        match numbers.into_iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(self.refuse(format!("voting.{field}"), "zero", "give at least 1, or leave it out")),
            None => Ok(()),
        }
    }

    fn evidence(&self, most: u64) -> Result<(), ConfigError> {
        if most < LEAST_EVIDENCE_MB {
            let what = format!("{most} megabytes hold too few bundles");
            return Err(self.refuse("evidence_max_mb", what, "give at least 64"));
        }
        Ok(())
    }

    fn store(&self, url: &str) -> Result<(), ConfigError> {
        if url.starts_with("sqlite:") {
            return Ok(());
        }
        if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return match private::unknown_parameter(url) {
                // The driver would log it with its value, which may be a password under a misspelt
                // name.
                true => Err(self.refuse(
                    "store",
                    "the address has a parameter that PostgreSQL's driver does not know",
                    "use host, port, dbname, user, sslmode, sslrootcert, sslcert, sslkey or options",
                )),
                false => Ok(()),
            };
        }
        // The address may hold a password, so it is not repeated.
        Err(self.refuse(
            "store",
            "neither sqlite: nor postgres://",
            "write `sqlite:operator.db` or a postgres:// address",
        ))
    }

    fn exchange(&self, file: &File) -> Result<(), ConfigError> {
        match (file.voting.mode, &file.exchange) {
            (VotingMode::Signatures, None) => {
                Err(self.refuse("exchange", "missing", "voting by signatures needs an [exchange] part with the peers"))
            }
            // Nobody else would ever hear of its signatures, and it would wait in silence.
            (VotingMode::Signatures, Some(exchange)) if exchange.peers.is_empty() => Err(self.refuse(
                "exchange.peers",
                "none: no other operator gives or gets a signature",
                "name the other operators, or set voting.mode = \"votes\" where there is no other",
            )),
            (VotingMode::Votes, Some(_)) => {
                Err(self.refuse("exchange", "not used", "set voting.mode = \"signatures\", or take [exchange] out"))
            }
            _ => Ok(()),
        }
    }

    /// Of two peers of one name only the first would be heard, and two of one certificate are one.
    fn peers(&self, base: &Path, exchange: Option<&Exchange>) -> Result<(), ConfigError> {
        let (mut names, mut certificates) = (BTreeSet::new(), BTreeSet::new());
        for peer in exchange.into_iter().flat_map(|exchange| &exchange.peers) {
            if !names.insert(&peer.name) {
                let what = format!("two peers are named `{}`", peer.name);
                return Err(self.refuse("exchange.peers", what, "give each one a name of its own"));
            }
            let path = base.join(&peer.certificate);
            // What cannot be read is named when the exchange starts.
            let certificate = std::fs::read(&path).unwrap_or_else(|_| path.into_os_string().into_encoded_bytes());
            if !certificates.insert(certificate) {
                let what = format!("the certificate of `{}` is another peer's too", peer.name);
                return Err(self.refuse("exchange.peers", what, "give the one that this operator has sent you"));
            }
        }
        Ok(())
    }

    fn anchor(&self, file: &File, trust: &Trust) -> Result<(), ConfigError> {
        match (&file.anchor, &trust.anchoring) {
            (Some(anchor), _) if anchor.period == 0 || anchor.turn_blocks == 0 => {
                Err(self.refuse("anchor", "period or turn_blocks is zero", "give at least 1"))
            }
            (Some(_), None) => {
                let hint = "say there which chain is anchored in which, and by whom";
                Err(self.refuse("anchor", "the trust file has no [anchoring] part", hint))
            }
            _ => Ok(()),
        }
    }
}

fn is_address(url: &str) -> bool {
    spanlight_prover::Http::new(url, spanlight_prover::HttpLimits::default(), spanlight_prover::Cancel::default())
        .is_some()
}

/// A file of SQLite lies beside the configuration, unless its path says otherwise.
fn resolve_store(base: &Path, url: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) => format!("sqlite:{}", base.join(path.trim_start_matches("//")).display()),
        None => url.to_owned(),
    }
}

fn read_text(config: &Path, path: &Path, key: &str) -> Result<String, ConfigError> {
    let refuse = |what: String| ConfigError {
        file: config.to_owned(),
        key: key.to_owned(),
        what,
        hint: match key {
            "trust" => "docs/trust.md tells how to make a trust file",
            _ => "`spanlight operator init` writes a commented configuration",
        }
        .to_owned(),
    };
    let length = std::fs::metadata(path).map_err(|error| refuse(format!("{}: {error}", path.display())))?.len();
    if length > MOST {
        return Err(refuse(format!("{} is larger than {MOST} bytes", path.display())));
    }
    std::fs::read_to_string(path).map_err(|error| refuse(format!("{}: {error}", path.display())))
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().map_or(0, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
    ConfigError {
        file: path.to_owned(),
        key: format!("line {}", before.saturating_add(1)),
        what: private::without_values(error.message()),
        hint: "docs/operator.md lists every key".to_owned(),
    }
}

fn read_trust(config: &Path, path: &Path) -> Result<Trust, ConfigError> {
    let text = read_text(config, path, "trust")?;
    let refuse = |what: String| ConfigError {
        file: path.to_owned(),
        key: "trust".to_owned(),
        what,
        hint: "docs/trust.md has its schema".to_owned(),
    };
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let trust: Trust = if is_json {
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?
    } else {
        toml::from_str(&text).map_err(|error| malformed(path, &text, &error))?
    };
    trust.check().map_err(|error| refuse(error.to_string()))?;
    Ok(trust)
}

#[cfg(test)]
mod tests;
