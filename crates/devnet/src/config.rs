//! How a chain is set up.

use spanlight::commitment::CommitmentForm;
use spanlight::primitives::{Address, U256};
use spanlight::profile::ForkSchedule;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use spanlight_forge::chain::all_forks;

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Production {
    /// Only when [`crate::ChainHandle::mine`] or `devnet_mine` asks for it.
    OnDemand,
    /// At once for every transaction that comes in.
    OnTransaction,
    /// One each interval.
    Every(Duration),
}

/// Where block times come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock, but always later than the parent.
    System,
    /// Each block this many seconds after its parent: the same chain in every run. Blocks that are made by
    /// [`Production::Every`] wait once they have caught up with the machine's clock.
    Step(u64),
}

/// Who commits a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealers {
    /// As many as the quorum asks for.
    Quorum,
    /// The whole committee.
    All,
}

/// Which states a node keeps and proves, as Kaia's nodes do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NodeKind {
    /// Those of the newest 128 blocks and of every 128th block, as a node does that is told
    /// nothing.
    #[default]
    Full,
    /// All.
    Archive,
    /// All, but it proves no word of storage at any height: pruning leaves tries that have no plain
    /// root.
    LivePruning,
}

impl NodeKind {
    /// How many of the newest blocks' states a full node keeps.
    pub const KEPT: u64 = 128;
    /// A full node keeps the state of each block whose height is a multiple of this, however old.
    pub const KEPT_EACH: u64 = 128;

    /// Whether the state after a block is there while `head` is the newest block.
    #[must_use]
    pub const fn keeps(self, height: u64, head: u64) -> bool {
        match self {
            Self::Archive | Self::LivePruning => true,
            Self::Full => height.saturating_add(Self::KEPT) > head || height.is_multiple_of(Self::KEPT_EACH),
        }
    }
}

/// One chain. Keys are small numbers: key i is the private key with that value.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Its name in the trust.
    pub name: String,
    /// Its chain id.
    pub chain_id: u64,
    /// Forks by height. Whatever they say, the header has the fields of its height.
    pub forks: ForkSchedule,
    /// How blocks commit to transactions and receipts, until a vote changes it.
    pub form: CommitmentForm,
    /// Keys of the first council.
    pub validators: Vec<u64>,
    /// Members that a quorum is counted over.
    pub committee_size: u64,
    /// Blocks of an epoch, by which parameter votes are counted.
    pub epoch: u64,
    /// 0 is round-robin, 1 sticky.
    pub proposer_policy: u64,
    /// Price of gas before Magma.
    pub unit_price: u64,
    /// Lowest base fee from Magma on.
    pub lower_bound_base_fee: u64,
    /// Coin that every block makes, all of it for whoever is rewarded.
    pub minting: u128,
    /// Who commits.
    pub sealers: Sealers,
    /// When blocks are made.
    pub production: Production,
    /// Where block times come from.
    pub clock: Clock,
    /// Time of block 0.
    pub genesis_time: u64,
    /// Coin at the beginning.
    pub balances: Vec<(Address, U256)>,
    /// Whether contracts can ask whose keys an account has, as Kaia's can. A chain without is one
    /// of Ethereum's kind.
    pub account_keys: bool,
    /// Which states its node keeps.
    pub node: NodeKind,
    /// Seconds by which the chain's clock is ahead of this machine's, or behind it where that is
    /// negative.
    pub clock_offset: i64,
    /// How long every answer takes.
    pub latency: Duration,
    /// Blocks by which the node shows an older head when it is started again, as one does that was
    /// killed and repairs itself. It takes up ten of them a second.
    pub repairs: u64,
    /// Folder where the chain is kept; in memory if none.
    pub keep: Option<PathBuf>,
    /// Where JSON-RPC is served; port 0 is any free one.
    pub listen: SocketAddr,
}

/// Most blocks by which most of the nodes were behind that were killed together.
const USUAL_REPAIR: u64 = 19;

/// Times of chains that step begin here.
pub const FIRST_TIME: u64 = 1_700_000_000;

impl ChainConfig {
    /// The main chain: every fork, four validators, concatenation.
    #[must_use]
    pub fn main() -> Self {
        Self {
            name: "main".into(),
            chain_id: 8888,
            forks: all_forks(),
            form: CommitmentForm::Concat,
            validators: vec![1, 2, 3, 4],
            committee_size: 21,
            epoch: 3_600,
            proposer_policy: 0,
            unit_price: 25_000_000_000,
            lower_bound_base_fee: 25_000_000_000,
            minting: 0,
            sealers: Sealers::Quorum,
            production: Production::OnDemand,
            clock: Clock::Step(1),
            genesis_time: FIRST_TIME,
            balances: Vec::new(),
            account_keys: true,
            node: NodeKind::default(),
            clock_offset: 0,
            latency: Duration::ZERO,
            repairs: USUAL_REPAIR,
            keep: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        }
    }

    /// The time on the chain's clock, in unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
        now.saturating_add_signed(self.clock_offset)
    }

    /// The service chain: headers without any later field, four validators of its own, tries.
    #[must_use]
    pub fn service() -> Self {
        let from = Some(0);
        Self {
            name: "service".into(),
            chain_id: 9999,
            forks: ForkSchedule { istanbul: from, london: from, eth_tx_type: from, ..ForkSchedule::default() },
            form: CommitmentForm::Trie,
            validators: vec![5, 6, 7, 8],
            ..Self::main()
        }
    }
}
