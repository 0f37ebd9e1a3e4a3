//! One operator as a process: opens what it needs, starts a worker for each direction, and stops when told to.

use crate::board::Board;
use crate::chain_ids::{self, OtherChain};
use crate::config::Config;
use crate::direction::Shared;
use crate::exchange::{Exchange, ExchangeError};
use crate::keys::{ChainKeys, KeyError};
use crate::ops;
use crate::pause::Pause;
use crate::slumber::Slumber;
use crate::store::{Store, StoreError};
use crate::supervise::Supervisor;
use spanlight::primitives::keccak256;
use spanlight_prover::Cancel;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Workers that have not ended by then are left: what they do is written down.
const GRACE: Duration = Duration::from_millis(1500);

/// Why the operator cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A key.
    #[error("chains.{chain}.{field}: {error}")]
    Key {
        /// The chain.
        chain: String,
        /// `key` or `fee_payer`.
        field: &'static str,
        /// What is wrong.
        error: KeyError,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address for health and metrics.
    #[error("ops.listen: {address}: {error}")]
    Ops {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The exchange of signatures.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The endpoints of a chain are those of another one.
    #[error(transparent)]
    OtherChain(OtherChain),
    /// A thread.
    #[error("a worker cannot be started: {0}")]
    Thread(std::io::Error),
    /// Too many threads hang.
    #[error("too many workers hang in calls that never end: see the alarm `worker`, and start the operator again")]
    Hangs,
}

/// An operator that runs.
pub struct Operator {
    board: Board,
    ops: Option<SocketAddr>,
    cancel: Cancel,
    /// Done when it has given up, or the process stops.
    supervisor: tokio::task::JoinHandle<Vec<std::thread::JoinHandle<()>>>,
}

impl Operator {
    /// Opens keys and store and starts the workers, on the runtime that this is called in.
    ///
    /// # Errors
    /// Where a key or the store cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let pause = Pause::default();
        let mut keys: BTreeMap<String, ChainKeys> = BTreeMap::new();
        for (name, chain) in &config.chains {
            let opened = ChainKeys::open(chain).await;
            let opened = opened.map_err(|(field, error)| StartError::Key { chain: name.clone(), field, error })?;
            keys.insert(name.clone(), pause.gate(opened));
        }
        let store = Store::open(&config.store).await?;
        store.bind(&identity(&config, &keys)).await?;
        let (board, cancel) = (Board::new(&config.name), Cancel::default());
        let ops = match config.ops.listen {
            None => None,
            Some(address) => {
                let served = ops::serve(address, board.clone()).await;
                Some(served.map_err(|error| StartError::Ops { address, error })?)
            }
        };
        let exchange = match &config.exchange {
            Some(settings) => Some(Exchange::start(settings, &cancel, &board).await?),
            None => None,
        };
        let slumber = Slumber::default();
        let shared =
            Shared { config, store, board: board.clone(), cancel: cancel.clone(), exchange, keys, pause, slumber };
        let shared = Arc::new(shared);
        // Until it is read that no pause was asked for, there may be one.
        shared.pause.set(true);
        shared.read_controls().await;
        tokio::spawn(Arc::clone(&shared).watch_controls());
        let supervisor = Supervisor::start(&shared, tokio::runtime::Handle::current()).map_err(StartError::Thread)?;
        let supervisor = tokio::task::spawn_blocking(move || supervisor.work());
        Ok(Self { board, ops, cancel, supervisor })
    }

    /// What it shows.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Where health, metrics and status are served.
    #[must_use]
    pub const fn ops(&self) -> Option<SocketAddr> {
        self.ops
    }

    /// Done when it cannot go on by itself.
    async fn gave_up(&mut self) {
        let _ = (&mut self.supervisor).await;
    }

    /// Stops within two seconds, whatever the endpoints do.
    pub async fn stop(self) {
        self.cancel.cancel();
        let ended = async {
            let workers = self.supervisor.await.unwrap_or_default();
            let joined = tokio::task::spawn_blocking(move || {
                for worker in workers {
                    // A worker that panicked has ended too.
                    let _ = worker.join();
                }
            });
            let _ = joined.await;
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}

/// Whose store it is: the bridge pair and this operator's accounts.
fn identity(config: &Config, keys: &BTreeMap<String, ChainKeys>) -> Vec<(String, String)> {
    let ends = config.trust.bridge.iter().flat_map(|pair| &pair.ends);
    let mut parts = Vec::new();
    for end in ends {
        let genesis = config.trust.chain(&end.chain).map(|chain| chain.profile.genesis_hash).ok();
        parts.push(format!("{} {} {}", end.chain, end.address, genesis.unwrap_or(keccak256(b""))));
    }
    let operators =
        keys.iter().map(|(chain, keys)| (format!("operator on {chain}"), keys.operator.account().to_string()));
    std::iter::once(("bridge".to_owned(), parts.join(", "))).chain(operators).collect()
}

/// What ends an operator that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsBy {
    /// An interrupt or SIGTERM.
    Signal,
    /// One of these, or the end of the standard input: whoever started it holds that open and takes it along when it dies.
    SignalOrInput,
}

/// Runs an operator until the process is told to stop, then stops it.
///
/// # Errors
/// Where it cannot start.
pub fn run(config: Config, ends_by: EndsBy) -> Result<(), StartError> {
    crate::log::start(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(StartError::Thread)?;
    let done = runtime.block_on(async {
        let name = config.name.clone();
        let served = chain_ids::of_another_chain(config.clone());
        let mut operator = Operator::start(config).await?;
        tracing::info!(%name, ops = operator.ops().map(tracing::field::display), "started");
        tokio::select! {
            () = told_to_stop() => {}
            () = input_ends(), if ends_by == EndsBy::SignalOrInput => {}
            () = operator.gave_up() => return Err(StartError::Hangs),
            other = served => {
                operator.stop().await;
                return Err(StartError::OtherChain(other));
            }
        }
        tracing::info!("stopping");
        operator.stop().await;
        Ok(())
    });
    // A call that hangs is not waited for: everything that matters is written down.
    runtime.shutdown_background();
    done
}

/// Done when the standard input ends. What comes in is not looked at.
async fn input_ends() {
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    // A thread, since reading cannot be broken off: the runtime would wait for it.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(end);
    });
    let _ = ended.await;
}

async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{signal, SignalKind};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
