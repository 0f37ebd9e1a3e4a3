//! `spanlight devnet`: two chains with bridges between them, on this machine.

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::show::style::{bold, dim};
use crate::{serve, trust_file};
use serde_json::{json, Value};
use spanlight::commitment::CommitmentForm;
use spanlight::profile::ForkSchedule;
use spanlight::Trust;
use spanlight_devnet::config::all_forks;
use spanlight_devnet::pair::{BridgeKind, Side, DEPLOYER, USERS};
use spanlight_devnet::{wallet, ChainConfig, Clock, DevnetError, NodeKind, Pair, PairConfig, Production};
use spanlight_forge::keys;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Run a main chain and a service chain with a bridge, tokens, operators' accounts and coin, for trying things out.
///
/// Every key is a small number that everybody knows: never send anything of worth to these accounts. The chains have
/// Kaia's blocks, seals and proofs; what they do not do as a node does is in docs/devnet.md. Ends on an interrupt.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which bridge: `2` is the one in contracts/, `c` the one deployed since 2024.
    #[arg(long, value_enum, default_value_t = Bridge::V2)]
    bridge: Bridge,
    /// Seconds between blocks; 0 makes a block of each transaction at once, and then block times may run ahead of the clock.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=3600))]
    block_time: u64,
    /// Let both chains have begun so many seconds ago, with a block for each second since: a long
    /// chain without the wait.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=86_400))]
    age: Option<u64>,
    /// Begin with so many transfers of a coin from main to service that are done.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=20))]
    transfers: u64,
    /// End the bridges' set-up: their owner announces changes so many seconds before it makes them
    /// (version 2). 0 leaves it open.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = owner_delay)]
    owner_delay: u64,
    /// Ports of main and service chain; 0 picks a free one.
    #[arg(long, value_name = "MAIN,SERVICE", default_values_t = [0, 0], num_args = 2, value_delimiter = ',')]
    ports: Vec<u16>,
    /// Address to listen at.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Keep both chains in this folder, and go on with them if they are there.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Write the trust file here (TOML, or JSON if the name ends in .json) instead of printing it.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Fields of the service chain's headers, by which forks are active: 14, 15, 17 or 19. The main chain has 19.
    #[arg(long, value_name = "14|15|17|19", default_value = "14", value_parser = fields)]
    service_fields: u8,
    /// How the service chain commits to its blocks' items. The main chain concatenates.
    #[arg(long, value_enum, default_value_t = Form::Trie)]
    service_form: Form,
    /// Operators of the bridge.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=12))]
    operators: u64,
    /// Equal votes that execute a transfer [default: more than half of the operators].
    #[arg(long, value_name = "K")]
    threshold: Option<u64>,
    /// Which states both nodes keep: `full` those of the newest 128 blocks and of every 128th,
    /// `archive` all, `live-pruning` all but proves no storage.
    #[arg(long, value_enum, default_value_t = NodeSwitch::Full)]
    node: NodeSwitch,
    /// Let both chains' clock be so many seconds ahead of this machine's, or behind it where that
    /// is negative.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(-86_400..=86_400))]
    clock_offset: i64,
    /// Milliseconds that every answer takes.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=60_000))]
    latency: u64,
    /// Print one line of JSON, keys and trust included.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Bridge {
    /// Generation C.
    C,
    /// Version 2.
    #[value(name = "2")]
    V2,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum NodeSwitch {
    Full,
    Archive,
    LivePruning,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    Trie,
    Simple,
    Concat,
}

fn fields(text: &str) -> Result<u8, String> {
    match text {
        "14" | "15" | "17" | "19" => text.parse().map_err(|_| text.into()),
        _ => Err("headers have 14, 15, 17 or 19 fields".into()),
    }
}

/// Seconds, as far as the bridge takes them.
fn owner_delay(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(seconds @ (0 | 3_600..=2_592_000)) => Ok(seconds),
        _ => Err("0, or 3600 (an hour) to 2592000 (30 days)".into()),
    }
}

/// The forks that give a header so many fields.
fn forks(fields: u8) -> ForkSchedule {
    let all = all_forks();
    let from = Some(0);
    let ethereum = ForkSchedule { istanbul: from, london: from, eth_tx_type: from, ..ForkSchedule::default() };
    match fields {
        14 => ethereum,
        15 => ForkSchedule { magma: from, ..ethereum },
        17 => ForkSchedule { osaka: None, ..all },
        _ => all,
    }
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let pair = Pair::start(args.config()?).map_err(|error| failure(&error))?;
    let trust = pair.trust().map_err(|error| failure(&error))?;
    if let Some(path) = &args.trust {
        trust_file::write(path, &trust)?;
    }
    output::print(&if args.json {
        Output::json(&described(&pair, &trust), 0)?
    } else {
        Output::done(args.text(&pair, &trust)?)
    });
    serve::wait_for_interrupt()?;
    Ok(Output::default())
}

fn failure(error: &DevnetError) -> Failure {
    match error {
        DevnetError::Listen { .. } => Failure::endpoint(error).hint("choose other --ports, or 0 for any"),
        DevnetError::Disk { .. } => Failure::unreadable(error).hint("give --keep a folder that no other devnet uses"),
        _ => Failure::usage(error),
    }
}

impl Args {
    fn config(&self) -> Result<PairConfig, Failure> {
        const SECONDS_TO_SET_UP: u64 = 60;
        let threshold = self.threshold.unwrap_or((self.operators >> 1).saturating_add(1));
        if threshold == 0 || threshold > self.operators {
            return Err(Failure::usage(format!("a threshold of {threshold} with {} operators", self.operators))
                .hint("give --threshold from 1 to the number of --operators"));
        }
        // The blocks that set the bridge up come one a second, and must not run ahead of the clock.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        let production = match self.block_time {
            0 => Production::OnTransaction,
            seconds => Production::Every(Duration::from_secs(seconds)),
        };
        let of = |base: ChainConfig, port: Option<&u16>| ChainConfig {
            production,
            clock: Clock::System,
            genesis_time: now.saturating_add_signed(self.clock_offset).saturating_sub(SECONDS_TO_SET_UP),
            node: match self.node {
                NodeSwitch::Full => NodeKind::Full,
                NodeSwitch::Archive => NodeKind::Archive,
                NodeSwitch::LivePruning => NodeKind::LivePruning,
            },
            clock_offset: self.clock_offset,
            latency: Duration::from_millis(self.latency),
            keep: self.keep.clone(),
            listen: SocketAddr::new(self.listen, port.copied().unwrap_or(0)),
            ..base
        };
        let form = match self.service_form {
            Form::Trie => CommitmentForm::Trie,
            Form::Simple => CommitmentForm::Simple,
            Form::Concat => CommitmentForm::Concat,
        };
        let service = ChainConfig { forks: forks(self.service_fields), form, ..ChainConfig::service() };
        Ok(PairConfig {
            main: of(ChainConfig::main(), self.ports.first()),
            service: of(service, self.ports.get(1)),
            bridge: match self.bridge {
                Bridge::C => BridgeKind::C,
                Bridge::V2 => BridgeKind::V2,
            },
            operators: self.operators,
            threshold,
            age: self.age.unwrap_or(0),
            transfers: self.transfers,
            owner_delay: self.owner_delay,
            ..PairConfig::default()
        })
    }

    fn text(&self, pair: &Pair, trust: &Trust) -> Result<String, Failure> {
        let mut out = String::new();
        for (name, side) in [("main", Side::Main), ("service", Side::Service)] {
            let (chain, end) = (pair.chain(side), pair.end(side));
            let id = chain.chain().config().chain_id;
            let _ = writeln!(out, "{}  chain id {id}", bold(&format!("{name} chain")));
            let _ = writeln!(out, "  JSON-RPC   {}  {}", chain.url(), chain.ws_url());
            let _ = writeln!(out, "  bridge     {}", end.bridge);
            let _ = writeln!(out, "  ERC-20     {}", end.erc20);
            let _ = writeln!(out, "  ERC-721    {}", end.erc721);
        }
        let _ = writeln!(out, "{}  {} of {} votes execute", bold("accounts"), pair.threshold, pair.operators.len());
        let _ = writeln!(out, "{}", dim("  everybody knows these keys; each holds coin on both chains"));
        for (role, key) in accounts(pair) {
            let _ = writeln!(out, "  {role:<22} {}  key {}", keys::address(key), wallet::private_key(key));
        }
        match &self.trust {
            Some(path) => {
                let path = path.display();
                let _ = writeln!(out, "{}  {path}", bold("trust file"));
                let (main, service) = (pair.main.url(), pair.service.url());
                let _ = writeln!(
                    out,
                    "  spanlight prove --trust {path} --from main --nonce 0 --rpc main={main} --rpc service={service}"
                );
            }
            None => {
                let _ = writeln!(out, "{}\n{}", bold("trust file"), trust_file::to_toml(trust)?);
            }
        }
        Ok(out)
    }
}

/// Who has which key.
fn accounts(pair: &Pair) -> Vec<(String, u64)> {
    let mut out = vec![("deployer, owner".to_string(), DEPLOYER)];
    out.extend((1..).zip(USERS).map(|(number, key)| (format!("user {number}"), key)));
    for (number, operator) in (1..).zip(&pair.operators) {
        out.push((format!("operator {number} on main"), operator.main));
        out.push((format!("operator {number} on service"), operator.service));
    }
    out
}

fn described(pair: &Pair, trust: &Trust) -> Value {
    let chain = |side| {
        let (chain, end) = (pair.chain(side), pair.end(side));
        json!({
            "chainId": chain.chain().config().chain_id,
            "http": chain.url(),
            "ws": chain.ws_url(),
            "bridge": end.bridge,
            "erc20": end.erc20,
            "erc721": end.erc721,
        })
    };
    let account = |(role, key): (String, u64)| json!({ "role": role, "address": keys::address(key), "key": wallet::private_key(key) });
    json!({
        "main": chain(Side::Main),
        "service": chain(Side::Service),
        "threshold": pair.threshold,
        "accounts": accounts(pair).into_iter().map(account).collect::<Vec<_>>(),
        "trust": trust,
    })
}
