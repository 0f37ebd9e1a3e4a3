//! `operator bridge`: what a bridge's owner, operators, guardian and users do to it by hand.

mod amounts;
mod show;
mod words;

use super::{read, wait, Configured, Password};
use crate::failure::Failure;
use crate::output::Output;
use amounts::{Asset, Delay, Units};
use spanlight::Address;
use spanlight_operator::config::KeyConfig;
use spanlight_operator::powers::{act, Power, Way, With};
use std::path::PathBuf;

/// Show a bridge, and use the powers of its owner, its operators and its guardian.
///
/// Each command follows the chain itself and says "done" only once the bridge's state at a verified
/// block shows it. It never pays more for gas than `max_gas_price`, and sends nothing where
/// everything is already as wanted. docs/contracts.md 3.6 says who may do what.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show how the bridge of a chain is set up, and warn of what is missing.
    Show(Looking),
    /// List the changes that the owner has announced, with when each may be made.
    Changes(Looking),
    /// As owner: register an operator, or deregister it. Needs an announcement.
    Register(RegisterArgs),
    /// As owner: set how many equal votes decide. Needs an announcement.
    Threshold(ThresholdArgs),
    /// As owner: register a token, or deregister it. Needs an announcement.
    Token(TokenArgs),
    /// As owner: write down the bridge of the other chain. Needs an announcement.
    Counterpart(CounterpartArgs),
    /// As owner: bind the bridge to the one bridge whose requests it handles, once and for all.
    /// Needs an announcement.
    Bind(BindArgs),
    /// As owner: set how long changes are announced before they are made. Ends the set-up. Later it
    /// needs an announcement.
    Delay(DelayArgs),
    /// As owner: offer the ownership to another account. Needs an announcement.
    TransferOwnership(OfferArgs),
    /// Take the ownership that was offered to this account.
    AcceptOwnership(Acting),
    /// As owner: refuse requests of a token or of coin, at once.
    Lock(LockArgs),
    /// As owner: take requests of a token or of coin again, at once.
    Unlock(LockArgs),
    /// As owner: refuse all requests, or take them again, at once.
    Requests(RequestsArgs),
    /// Set the limits of a token or of coin: operators by votes, the owner by an announcement.
    Limit(LimitArgs),
    /// As operator: vote for who may pause. The owner sets the first one.
    Guardian(GuardianArgs),
    /// As operator: vote for who gets the fees. The owner sets the first one.
    FeeReceiver(FeeReceiverArgs),
    /// As operator: vote for the fee of requests.
    Fee(FeeArgs),
    /// As operator: vote for cancelling changes that the owner announced.
    Cancel(CancelArgs),
    /// Stop handles and claims: the guardian or the owner at once, operators by votes.
    Pause(Voting),
    /// Let handles and claims run again: operators by votes, the owner a day after it said so.
    Resume(Voting),
    /// Pay what could not be delivered to its recipient.
    Claim(ClaimArgs),
    /// Move the lowest handle nonce over handled transfers.
    Sweep(Acting),
}

/// Which bridge, and how to answer.
#[derive(Debug, clap::Args)]
struct Looking {
    /// The chain of the bridge, by its name in the trust file.
    #[arg(long, value_name = "NAME")]
    chain: String,
    #[command(flatten)]
    configured: Configured,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// On which bridge, with which key.
#[derive(Debug, clap::Args)]
struct Acting {
    #[command(flatten)]
    looking: Looking,
    #[command(flatten)]
    key: Key,
    #[command(flatten)]
    password: Password,
}

/// Where the key is.
#[derive(Debug, clap::Args)]
#[group(required = false, multiple = false)]
struct Key {
    /// An encrypted key file: the owner's, the guardian's or a recipient's. Without it, and without
    /// --key, the operator's key of the configuration is used.
    #[arg(long, value_name = "FILE", visible_alias = "owner-key")]
    key_file: Option<PathBuf>,
    /// The key as a configuration file writes a key, in a token or a key service too:
    /// `{ kind = "pkcs11", module = "...", token = "...", label = "...", pin = { fd = 3 } }`.
    #[arg(long, value_name = "KEY", visible_alias = "owner")]
    key: Option<String>,
}

/// An owner's change.
#[derive(Debug, clap::Args)]
struct Announcing {
    /// Announce the change only. Once the owner's delay is over, give the same command without
    /// this.
    #[arg(long)]
    announce: bool,
    #[command(flatten)]
    acting: Acting,
}

/// What operators may vote on.
#[derive(Debug, clap::Args)]
struct Voting {
    /// Take this operator's vote for it back.
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    acting: Acting,
}

/// Whom to register.
#[derive(Debug, clap::Args)]
pub(super) struct RegisterArgs {
    /// The operator's address on that chain.
    operator: Address,
    /// Deregister it instead.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    by: Announcing,
}

/// How many votes.
#[derive(Debug, clap::Args)]
pub(super) struct ThresholdArgs {
    /// Equal votes that decide.
    votes: u8,
    /// Votes on the bridge's configuration (fees, limits, pause, cancelling), not on transfers.
    #[arg(long)]
    configuration: bool,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct TokenArgs {
    /// The token on that chain.
    token: Address,
    /// Its counterpart on the other chain.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "remove", conflicts_with = "remove")]
    counterpart: Option<Address>,
    /// Deregister it instead.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct CounterpartArgs {
    /// The bridge of the other chain; the zero address takes it back.
    bridge: Address,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct BindArgs {
    /// Chain id of the other chain.
    chain_id: u64,
    /// The bridge of the other chain.
    bridge: Address,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct DelayArgs {
    /// From `1h` to `30d`: a number of seconds, or one with `m`, `h` or `d` behind it.
    delay: Delay,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct OfferArgs {
    /// The account that may then accept it.
    owner: Address,
    #[command(flatten)]
    by: Announcing,
}

#[derive(Debug, clap::Args)]
struct LockArgs {
    /// `coin`, or the address of a token.
    asset: Asset,
    #[command(flatten)]
    by: Acting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Requests {
    /// Take them.
    On,
    /// Refuse them.
    Off,
}

#[derive(Debug, clap::Args)]
struct RequestsArgs {
    /// Take requests, or refuse them.
    requests: Requests,
    #[command(flatten)]
    by: Acting,
}

#[derive(Debug, clap::Args)]
struct LimitArgs {
    /// `coin`, or the address of a token.
    asset: Asset,
    /// The most of one request in the smallest unit (peb), or coins as `12.5coin`; 0: no limit.
    #[arg(long, value_name = "AMOUNT")]
    request: Units,
    /// The most that leaves in a day without notice, in the same units; 0: no limit.
    #[arg(long, value_name = "AMOUNT")]
    outflow: Units,
    /// As owner: announce the change only. Once the owner's delay is over, give the same command
    /// without this.
    #[arg(long, conflicts_with = "withdraw")]
    announce: bool,
    #[command(flatten)]
    by: Voting,
}

#[derive(Debug, clap::Args)]
struct GuardianArgs {
    /// The account that may pause; the zero address: nobody.
    guardian: Address,
    #[command(flatten)]
    by: Voting,
}

#[derive(Debug, clap::Args)]
struct FeeReceiverArgs {
    /// The account; the zero address: nobody, and no fees are taken.
    receiver: Address,
    #[command(flatten)]
    by: Voting,
}

#[derive(Debug, clap::Args)]
struct FeeArgs {
    /// `coin`, or the address of a token.
    asset: Asset,
    /// In the smallest unit (peb), or coins as `12.5coin`.
    fee: Units,
    #[command(flatten)]
    by: Voting,
}

#[derive(Debug, clap::Args)]
struct CancelArgs {
    /// Numbers of the changes, as `bridge changes` lists them. All operators vote for the same
    /// numbers.
    #[arg(required = true, num_args = 1..=32)]
    numbers: Vec<u64>,
    #[command(flatten)]
    by: Voting,
}

#[derive(Debug, clap::Args)]
struct ClaimArgs {
    /// The request nonce.
    nonce: u64,
    /// Pay it to this account: only the recipient may say so. Without it the recipient is paid.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    #[command(flatten)]
    by: Acting,
}

impl Acting {
    fn with(&self) -> Result<With, Failure> {
        let Key { key_file, key } = &self.key;
        if let Some(path) = key_file {
            return Ok(With::Key(KeyConfig::File { path: path.clone(), password: self.password.secret()? }));
        }
        let Some(key) = key else { return Ok(With::Operator) };
        KeyConfig::parse(key)
            .map(With::Key)
            .map_err(|error| Failure::usage(format!("--key: {error}")).hint("docs/operator.md shows the kinds of keys"))
    }

    fn apply(&self, power: &Power, way: Way) -> Result<Output, Failure> {
        let with = self.with()?;
        let config = read(&self.looking.configured)?;
        let chain = &self.looking.chain;
        let done = wait(act(&config, chain, &with, power, way))?;
        let done = done.map_err(|error| words::failure(error, chain))?;
        if self.looking.json {
            return Output::json(&words::done_json(&done, power, chain), 0);
        }
        Ok(Output::done(words::done(&done, power, chain)))
    }
}

impl Announcing {
    fn apply(&self, power: &Power) -> Result<Output, Failure> {
        self.acting.apply(power, if self.announce { Way::Announce } else { Way::Make })
    }
}

impl Voting {
    fn apply(&self, power: &Power) -> Result<Output, Failure> {
        self.acting.apply(power, if self.withdraw { Way::Withdraw } else { Way::Make })
    }
}

impl RegisterArgs {
    pub(super) const fn json(&self) -> bool {
        self.by.acting.looking.json
    }
}

impl ThresholdArgs {
    pub(super) const fn json(&self) -> bool {
        self.by.acting.looking.json
    }
}

pub(super) fn register(args: &RegisterArgs) -> Result<Output, Failure> {
    args.by.apply(&Power::Operator { operator: args.operator, registered: !args.remove })
}

pub(super) fn threshold(args: &ThresholdArgs) -> Result<Output, Failure> {
    args.by.apply(&Power::Threshold { configuration: args.configuration, votes: args.votes })
}

fn limit(args: &LimitArgs) -> Result<Output, Failure> {
    let (request, outflow) = (args.request.small("--request")?, args.outflow.small("--outflow")?);
    let power = Power::Limit { token: args.asset.address(), request, outflow };
    if args.announce {
        return args.by.acting.apply(&power, Way::Announce);
    }
    args.by.apply(&power)
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    match &args.command {
        Command::Show(looking) => show::show(looking),
        Command::Changes(looking) => show::changes(looking),
        Command::Register(args) => register(args),
        Command::Threshold(args) => threshold(args),
        Command::Token(args) => args.by.apply(&Power::Token { token: args.token, counterpart: args.counterpart }),
        Command::Counterpart(args) => args.by.apply(&Power::Counterpart(args.bridge)),
        Command::Bind(args) => args.by.apply(&Power::Source { chain_id: args.chain_id, bridge: args.bridge }),
        Command::Delay(args) => args.by.apply(&Power::OwnerDelay(args.delay.seconds())),
        Command::TransferOwnership(args) => args.by.apply(&Power::Offer(args.owner)),
        Command::AcceptOwnership(acting) => acting.apply(&Power::Accept, Way::Make),
        Command::Lock(args) => args.by.apply(&Power::Lock { token: args.asset.address(), locked: true }, Way::Make),
        Command::Unlock(args) => args.by.apply(&Power::Lock { token: args.asset.address(), locked: false }, Way::Make),
        Command::Requests(args) => args.by.apply(&Power::Running(args.requests == Requests::On), Way::Make),
        Command::Limit(args) => limit(args),
        Command::Guardian(args) => args.by.apply(&Power::Guardian(args.guardian)),
        Command::FeeReceiver(args) => args.by.apply(&Power::FeeReceiver(args.receiver)),
        Command::Fee(args) => args.by.apply(&Power::Fee { token: args.asset.address(), fee: args.fee.number() }),
        Command::Cancel(args) => args.by.apply(&Power::cancel(&args.numbers)),
        Command::Pause(voting) => voting.apply(&Power::Pause),
        Command::Resume(voting) => voting.apply(&Power::Resume),
        Command::Claim(args) => args.by.apply(&Power::Claim { nonce: args.nonce, to: args.to }, Way::Make),
        Command::Sweep(acting) => acting.apply(&Power::Sweep, Way::Make),
    }
}

impl Args {
    pub(super) const fn wants_json(&self) -> bool {
        match &self.command {
            Command::Show(looking) | Command::Changes(looking) => looking.json,
            Command::Register(args) => args.json(),
            Command::Threshold(args) => args.json(),
            Command::Token(args) => args.by.acting.looking.json,
            Command::Counterpart(args) => args.by.acting.looking.json,
            Command::Bind(args) => args.by.acting.looking.json,
            Command::Delay(args) => args.by.acting.looking.json,
            Command::TransferOwnership(args) => args.by.acting.looking.json,
            Command::AcceptOwnership(acting) | Command::Sweep(acting) => acting.looking.json,
            Command::Lock(args) | Command::Unlock(args) => args.by.looking.json,
            Command::Requests(args) => args.by.looking.json,
            Command::Limit(args) => args.by.acting.looking.json,
            Command::Guardian(args) => args.by.acting.looking.json,
            Command::FeeReceiver(args) => args.by.acting.looking.json,
            Command::Fee(args) => args.by.acting.looking.json,
            Command::Cancel(args) => args.by.acting.looking.json,
            Command::Pause(voting) | Command::Resume(voting) => voting.acting.looking.json,
            Command::Claim(args) => args.by.looking.json,
        }
    }
}
