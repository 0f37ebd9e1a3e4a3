//! `spanlight operator`: runs an operator of a multi-bridge, and asks or tells one that runs.

mod ask;
mod bridge;
mod init;
mod keys;

use crate::failure::Failure;
use crate::output::Output;
use spanlight_operator::config::{Config, Secret};
use spanlight_operator::run::{EndsBy, StartError};
use spanlight_operator::store::StoreError;
use std::future::Future;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Run one operator of a multi-bridge, or ask and tell one that runs.
///
/// It follows both chains itself and votes only for what it has proven. docs/operator.md says how to set it up.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the operator until it is interrupted.
    Run(Running),
    /// Show how a running operator stands.
    Status(Asking),
    /// Show the transfers that are open.
    Pending(Asking),
    /// Say what the operator does about one transfer, and why.
    Why(ask::WhyArgs),
    /// Let a running operator send no more votes.
    Pause(Configured),
    /// Let a paused operator vote again.
    Resume(Configured),
    /// Have a running operator vote again for a transfer whose votes reverted so often that it
    /// stopped.
    Retry(ask::RetryArgs),
    /// Show a bridge, and use the powers of its owner, its operators and its guardian.
    Bridge(Box<bridge::Args>),
    /// The same as `bridge register`.
    Register(bridge::RegisterArgs),
    /// The same as `bridge threshold`.
    Threshold(bridge::ThresholdArgs),
    /// Make keys.
    Keys(keys::Args),
    /// Write a commented configuration to start from.
    Init(init::Args),
}

/// What to do where endpoints serve another chain.
const OTHER_CHAIN: &str =
    "give each chain of the configuration its own endpoints; are those of two chains swapped? Or is \
                           the trust file of another chain?";

/// The configuration.
#[derive(Debug, clap::Args)]
struct Configured {
    /// The operator's configuration file.
    #[arg(long, value_name = "FILE", default_value = "operator.toml")]
    config: PathBuf,
}

/// The configuration, and what ends the operator.
#[derive(Debug, clap::Args)]
struct Running {
    #[command(flatten)]
    configured: Configured,
    /// End when the standard input ends, too: for a program that starts operators and holds their inputs open, so that none
    /// outlives it.
    #[arg(long)]
    end_with_input: bool,
}

/// The configuration, and how to answer.
#[derive(Debug, clap::Args)]
struct Asking {
    #[command(flatten)]
    configured: Configured,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Where a password comes from. Where nothing says it, a person is asked on the terminal.
#[derive(Clone, Debug, clap::Args)]
#[group(required = false, multiple = false)]
struct Password {
    /// Read the password from this file, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Read the password from this open file descriptor.
    #[arg(long, value_name = "NUMBER")]
    password_fd: Option<i32>,
    /// Refused, with what to do instead.
    #[arg(long, hide = true)]
    password_env: Option<String>,
}

impl Password {
    fn secret(&self) -> Result<Secret, Failure> {
        match (&self.password_file, self.password_fd, &self.password_env) {
            (Some(path), ..) => Ok(Secret::File(path.clone())),
            (_, Some(number), _) => Ok(Secret::Fd(number)),
            (.., Some(_)) => {
                Err(Failure::usage("passwords come from the environment no more: other programs read it there")
                    .hint("give --password-file or --password-fd, or nothing, to be asked for it"))
            }
            _ if std::io::stdin().is_terminal() => Ok(Secret::Prompt("password".to_owned())),
            _ => Err(Failure::usage("no password, and no terminal to ask for it")
                .hint("give --password-file or --password-fd")),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    match &args.command {
        Command::Run(running) => run_operator(running),
        Command::Status(asking) => ask::status(&read(&asking.configured)?, asking.json),
        Command::Pending(asking) => ask::pending(&read(&asking.configured)?, asking.json),
        Command::Why(args) => ask::why(args),
        Command::Pause(configured) => ask::tell(&read(configured)?, "yes", "paused: no vote is sent until `resume`"),
        Command::Resume(configured) => ask::tell(&read(configured)?, "no", "resumed"),
        Command::Retry(args) => ask::retry(args),
        Command::Bridge(args) => bridge::run(args),
        Command::Register(args) => bridge::register(args),
        Command::Threshold(args) => bridge::threshold(args),
        Command::Keys(args) => keys::run(args),
        Command::Init(args) => init::run(args),
    }
}

impl Args {
    pub(super) fn wants_json(&self) -> bool {
        match &self.command {
            Command::Status(asking) | Command::Pending(asking) => asking.json,
            Command::Why(args) => args.json(),
            Command::Bridge(args) => args.wants_json(),
            Command::Register(args) => args.json(),
            Command::Threshold(args) => args.json(),
            _ => false,
        }
    }
}

fn read(configured: &Configured) -> Result<Config, Failure> {
    Config::read(&configured.config).map_err(|error| {
        let what = format!("{}: {}: {}", error.file.display(), error.key, error.what);
        Failure::unreadable(what).hint(error.hint).code("operator.config")
    })
}

fn run_operator(running: &Running) -> Result<Output, Failure> {
    let config = read(&running.configured)?;
    let ends_by = if running.end_with_input { EndsBy::SignalOrInput } else { EndsBy::Signal };
    spanlight_operator::run::run(config, ends_by).map_err(|error| match &error {
        StartError::Key { .. } => Failure::unreadable(&error).hint("docs/operator.md, keys"),
        StartError::Ops { .. } => Failure::unreadable(&error).hint("choose another port for ops.listen"),
        StartError::Store(StoreError::InUse(_)) => Failure::unreadable(&error)
            .hint("another operator runs on this store: stop that one, or give this one a `store` of its own"),
        StartError::Store(StoreError::Foreign { .. }) => {
            Failure::unreadable(&error).hint("start with a new `store`: docs/operator.md, Rotation")
        }
        StartError::Store(_) => Failure::unreadable(&error).hint("docs/operator.md, the key `store`"),
        StartError::OtherChain(_) => Failure::unreadable(&error).hint(OTHER_CHAIN),
        _ => Failure::unreadable(&error),
    })?;
    Ok(Output::default())
}

/// Runs what waits for something.
fn wait<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::unreadable(format!("no runtime: {error}")))?;
    Ok(runtime.block_on(future))
}
