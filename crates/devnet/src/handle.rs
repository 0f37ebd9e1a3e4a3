//! A running chain: a thread that serves it and makes its blocks, and the handle that tests hold.

use crate::chain::{Block, Chain, SendError, Vote};
use crate::config::{ChainConfig, Production};
use crate::error::DevnetError;
use crate::rpc::Node;
use crate::server;
use spanlight::clock::DEFAULT_CLOCK_TOLERANCE;
use spanlight::consensus::VotesBy;
use spanlight::header::UntrustedHeader;
use spanlight::primitives::{Address, Hash, U256};
use spanlight::receipt::Receipt;
use spanlight::trust::TrustedChain;
use std::net::SocketAddr;
use std::sync::{mpsc, Arc, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// A running chain. It ends when the handle is dropped.
#[derive(Debug)]
pub struct ChainHandle {
    node: Arc<Node>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ChainHandle {
    /// Starts a chain, or goes on with the one in its folder.
    ///
    /// # Errors
    /// Where the configuration makes no chain, or there is no socket.
    pub fn start(config: ChainConfig) -> Result<Self, DevnetError> {
        Self::serve(Chain::open(config)?)
    }

    /// Serves a chain.
    ///
    /// # Errors
    /// Where there is no socket.
    pub fn serve(chain: Chain) -> Result<Self, DevnetError> {
        let (listen, production) = (chain.config().listen, chain.config().production);
        let node = Arc::new(Node::new(chain));
        let (stop, stopped) = oneshot::channel();
        let (started, is_started) = mpsc::channel();
        let served = Arc::clone(&node);
        let thread = std::thread::Builder::new()
            .name("devnet".into())
            .spawn(move || run(served, listen, production, &started, stopped))
            .map_err(|e| DevnetError::Listen { address: listen.to_string(), reason: e.to_string() })?;
        let address = is_started.recv().map_err(|_| DevnetError::Stopped)?;
        let address = address.map_err(|reason| DevnetError::Listen { address: listen.to_string(), reason })?;
        Ok(Self { node, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where JSON-RPC is served over HTTP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where JSON-RPC is served over WebSocket.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The chain itself. Do not hold it across anything that waits, or while calling
    /// another function of the handle: nothing is served meanwhile, and a second hold waits for the first.
    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        self.node.chain()
    }

    /// The node, to call methods without a socket.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Makes a block.
    ///
    /// # Errors
    /// Where none can be made.
    pub fn mine(&self) -> Result<Arc<Block>, DevnetError> {
        self.node.mine()
    }

    /// Makes several blocks.
    ///
    /// # Errors
    /// Where one cannot be made.
    pub fn mine_many(&self, count: u64) -> Result<(), DevnetError> {
        (0..count).try_for_each(|_| self.mine().map(|_| ()))
    }

    /// Puts a transaction into the pool.
    ///
    /// # Errors
    /// Where the chain does not take it.
    pub fn send(&self, raw: &[u8]) -> Result<Hash, SendError> {
        self.node.send(raw)
    }

    /// What came of a transaction, once it is in a block.
    #[must_use]
    pub fn receipt(&self, hash: &Hash) -> Option<Receipt> {
        let chain = self.chain();
        let (number, index) = chain.place_of(hash)?;
        chain.block(number)?.items.get(index).map(|item| item.executed.receipt.clone())
    }

    /// What came of a transaction: makes a block for it on demand, else waits for the next ones.
    ///
    /// # Errors
    /// Where it is in no block after half a minute, or no block can be made.
    pub fn wait_for(&self, hash: &Hash) -> Result<Receipt, DevnetError> {
        const PAUSE: Duration = Duration::from_millis(20);
        const PAUSES: u32 = 1_500;
        let on_demand = self.chain().config().production == Production::OnDemand;
        if on_demand && self.receipt(hash).is_none() {
            self.mine()?;
        }
        for _ in 0..PAUSES {
            if let Some(receipt) = self.receipt(hash) {
                return Ok(receipt);
            }
            std::thread::sleep(PAUSE);
        }
        Err(DevnetError::SetUp { what: "transaction", reason: format!("{hash} is in no block") })
    }

    /// An account's coin.
    #[must_use]
    pub fn balance(&self, address: &Address) -> U256 {
        self.chain().state().account(address).ok().flatten().map_or(U256::ZERO, |account| account.balance)
    }

    /// Height of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.chain().height()
    }

    /// Time of the newest block.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.chain().head().header.fields().time
    }

    /// A vote by the next proposer.
    pub fn vote(&self, vote: Vote) {
        self.chain().vote(vote);
    }

    /// What a verifying party believes that starts from block 0.
    #[must_use]
    pub fn trust(&self) -> TrustedChain {
        const YEAR: u64 = 365 * 24 * 3_600;
        const HOUR: u64 = 3_600;
        let chain = self.chain();
        let profile = chain.profile().clone();
        let checkpoint = chain.genesis_checkpoint();
        TrustedChain {
            trusting_period: YEAR,
            max_age: HOUR,
            patience: HOUR,
            clock_tolerance: DEFAULT_CLOCK_TOLERANCE,
            allow_jump: false,
            votes: VotesBy::default(),
            profile,
            checkpoint,
        }
    }

    /// A second header of the newest height, sealed by the same validators.
    ///
    /// # Errors
    /// Where no quorum is at work.
    pub fn equivocate(&self) -> Result<UntrustedHeader, DevnetError> {
        self.chain().equivocate()
    }

    /// Ends the chain's service, and starts it again from what it keeps on disk, at the same address.
    ///
    /// # Errors
    /// Where nothing is kept, or it does not start again.
    pub fn restart(&mut self) -> Result<(), DevnetError> {
        let mut config = self.chain().config().clone();
        if config.keep.is_none() {
            return Err(DevnetError::Config("a chain in memory cannot be restarted: give it a folder".into()));
        }
        config.listen = self.address;
        self.end();
        self.chain().close();
        *self = Self::start(config)?;
        Ok(())
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for ChainHandle {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread of a chain.
fn run(
    node: Arc<Node>,
    listen: SocketAddr,
    production: Production,
    started: &mpsc::Sender<Result<SocketAddr, String>>,
    stopped: oneshot::Receiver<()>,
) {
    let tell = |result| {
        let _ = started.send(result);
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(Err(error.to_string())),
    };
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::bind(listen).await {
            Ok(listener) => listener,
            Err(error) => return tell(Err(error.to_string())),
        };
        tell(listener.local_addr().map_err(|error| error.to_string()));
        let served = async { axum::serve(listener, server::router(Arc::clone(&node))).await };
        tokio::select! {
            _ = stopped => {}
            _ = served => {}
            () = make_blocks(&node, production) => {}
        }
    });
    // What still runs are sockets of clients; nobody waits for them.
    runtime.shutdown_background();
}

async fn make_blocks(node: &Node, production: Production) {
    let Production::Every(interval) = production else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // Nobody follows a header from the future.
        if node.chain().is_ahead_of_clock() {
            continue;
        }
        if let Err(reason) = node.mine() {
            tracing::debug!(%reason, "no block");
        }
    }
}
