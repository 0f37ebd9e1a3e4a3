//! A chain: its blocks, its state at each, and what waits for the next.
//!
//! Every block that is made is followed by the core's own light client, in full mode. So council and parameters come from
//! the same code that verifies them, and a block that breaks a rule stops the devnet instead of confusing a test.

mod disk;
mod faults;
mod produce;
mod seats;
mod vote;

pub use faults::{Faults, Withheld};
pub use vote::Vote;

use crate::config::ChainConfig;
use crate::error::DevnetError;
use crate::execute::{self, Executed, Rejection, Signed};
use crate::genesis;
use crate::pool::{self, Pool, PoolError, Replacing};
use crate::state::{new_user, Overlay, Store, View};
use disk::Disk;
use spanlight::consensus::light_client::{Checkpoint, FollowMode, LightClient};
use spanlight::consensus::parameters::Parameters;
use spanlight::consensus::Council;
use spanlight::header::UntrustedHeader;
use spanlight::primitives::{Address, Hash, U256};
use spanlight::profile::{ChainProfile, Fork};
use spanlight::transaction::TransactionError;
use spanlight_forge::keys;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The transaction.
    pub signed: Arc<Signed>,
    /// What came of it.
    pub executed: Executed,
}

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The header, sealed.
    pub header: UntrustedHeader,
    /// Transactions and receipts.
    pub items: Vec<Item>,
    /// The council that sealed it.
    pub council: Arc<Council>,
    /// The parameters that held for it.
    pub parameters: Arc<Parameters>,
}

/// Why a transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Its bytes are none.
    #[error(transparent)]
    Decode(#[from] TransactionError),
    /// The chain refuses it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The pool refuses it.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// How long a node that repairs itself takes for one block.
const REPAIRS_ONE_IN: Duration = Duration::from_millis(100);

/// A chain.
#[derive(Debug)]
pub struct Chain {
    config: ChainConfig,
    genesis: String,
    client: LightClient,
    first: Checkpoint,
    store: Store,
    head: Arc<Block>,
    blocks: Vec<Arc<Block>>,
    hashes: Vec<Hash>,
    by_hash: HashMap<Hash, u64>,
    transactions: HashMap<Hash, (u64, usize)>,
    pool: Pool,
    votes: VecDeque<Vote>,
    keys: BTreeMap<Address, u64>,
    next_time: Option<u64>,
    disk: Option<Disk>,
    /// When the node was started again, if it was.
    restarted: Option<Instant>,
    /// What goes wrong on purpose.
    pub faults: Faults,
}

impl Chain {
    /// Begins a chain, or goes on with the one that is kept in the configured folder.
    ///
    /// # Errors
    /// Where the configuration makes no chain, or the folder holds another.
    pub fn open(config: ChainConfig) -> Result<Self, DevnetError> {
        let disk = config.keep.as_ref().map(|path| Disk::open(path, &config.name)).transpose()?;
        let kept = disk.as_ref().map(Disk::genesis).transpose()?.flatten();
        let text = kept.clone().unwrap_or_else(|| genesis::file(&config));
        let genesis = genesis::read(&text, &config.name)?;
        if genesis.profile.chain_id != config.chain_id {
            let what = format!("the folder holds chain {}, not {}", genesis.profile.chain_id, config.chain_id);
            return Err(DevnetError::Config(what));
        }
        let mut chain = Self::begin(config, text, genesis.profile, genesis.header)?;
        match (disk, kept) {
            (Some(disk), Some(_)) => {
                chain.restore(&disk)?;
                chain.restarted = Some(Instant::now());
                chain.disk = Some(disk);
            }
            (Some(disk), None) => {
                disk.begin(&chain.genesis)?;
                disk.append(None, &mut chain.store)?;
                chain.disk = Some(disk);
            }
            (None, _) => {}
        }
        Ok(chain)
    }

    fn begin(
        config: ChainConfig,
        genesis: String,
        profile: ChainProfile,
        header: UntrustedHeader,
    ) -> Result<Self, DevnetError> {
        let client = LightClient::from_genesis(&profile, header.clone())?;
        let mut store = Store::default();
        let alloc = balances(&genesis)?;
        let root = store.begin(alloc.into_iter().map(|(address, balance)| {
            let mut account = new_user();
            account.balance = balance;
            (address, account)
        }))?;
        if root != header.fields().state_root {
            return Err(DevnetError::Config("the genesis file gives another state".into()));
        }
        let council = Arc::new(client.council().clone());
        let parameters = Arc::new(client.parameters().clone());
        let keys = config.validators.iter().map(|key| (keys::address(*key), *key)).collect();
        let head = Arc::new(Block { header, items: Vec::new(), council, parameters });
        let mut chain = Self {
            config,
            genesis,
            first: client.checkpoint(),
            client,
            store,
            head: Arc::clone(&head),
            blocks: Vec::new(),
            hashes: Vec::new(),
            by_hash: HashMap::new(),
            transactions: HashMap::new(),
            pool: Pool::default(),
            votes: VecDeque::new(),
            keys,
            next_time: None,
            disk: None,
            restarted: None,
            faults: Faults::default(),
        };
        chain.index(&head);
        Ok(chain)
    }

    fn restore(&mut self, disk: &Disk) -> Result<(), DevnetError> {
        disk.load_state(&mut self.store)?;
        disk.load_keys(&mut self.keys)?;
        let mut number = self.height().saturating_add(1);
        while let Some((header, items)) = disk.block(number, self.config.chain_id)? {
            self.follow(header, items)?;
            number = number.saturating_add(1);
        }
        Ok(())
    }

    /// Adds a block after the light client has agreed to it.
    fn follow(&mut self, header: UntrustedHeader, items: Vec<Item>) -> Result<Arc<Block>, DevnetError> {
        let last = self.head();
        let council = self.client.council();
        let council = if *council == *last.council { Arc::clone(&last.council) } else { Arc::new(council.clone()) };
        let parameters = self.client.parameters();
        let parameters =
            if *parameters == *last.parameters { Arc::clone(&last.parameters) } else { Arc::new(parameters.clone()) };
        self.client.advance(vec![header.clone()], FollowMode::Full, None)?;
        let block = Arc::new(Block { header, items, council, parameters });
        self.index(&block);
        Ok(block)
    }

    fn index(&mut self, block: &Arc<Block>) {
        let (number, hash) = (block.header.number(), block.header.hash());
        for (index, item) in block.items.iter().enumerate() {
            self.transactions.insert(item.signed.hash, (number, index));
        }
        self.by_hash.insert(hash, number);
        self.hashes.push(hash);
        self.blocks.push(Arc::clone(block));
        self.head = Arc::clone(block);
    }

    /// Lets go of the folder, so that another may open it. Blocks made from now on are not kept.
    pub fn close(&mut self) {
        self.disk = None;
    }

    /// How it was set up.
    #[must_use]
    pub const fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// Its genesis file.
    #[must_use]
    pub fn genesis_file(&self) -> &str {
        &self.genesis
    }

    /// The rules that a verifier is told.
    #[must_use]
    pub const fn profile(&self) -> &ChainProfile {
        self.client.profile()
    }

    /// What a verifying party believes that begins at the newest block.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.client.checkpoint()
    }

    /// What a verifying party believes that begins at block 0.
    #[must_use]
    pub fn genesis_checkpoint(&self) -> Checkpoint {
        self.first.clone()
    }

    /// The newest block.
    #[must_use]
    pub fn head(&self) -> Arc<Block> {
        Arc::clone(&self.head)
    }

    /// Height of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.client.head().number()
    }

    /// Height of the newest block that its node shows: a fault keeps some back, and so does a node
    /// that repairs itself.
    #[must_use]
    pub fn shown_height(&self) -> u64 {
        let taken_up = |since: Instant| {
            let passed = since.elapsed().as_millis().checked_div(REPAIRS_ONE_IN.as_millis());
            passed.and_then(|blocks| u64::try_from(blocks).ok()).unwrap_or(u64::MAX)
        };
        let behind = self.restarted.map_or(0, |since| self.config.repairs.saturating_sub(taken_up(since)));
        self.height().saturating_sub(behind.max(self.faults.withheld.newest_blocks))
    }

    /// The block of a height.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    /// The height of a block.
    #[must_use]
    pub fn number_of(&self, hash: &Hash) -> Option<u64> {
        self.by_hash.get(hash).copied()
    }

    /// Where a transaction is: block and index.
    #[must_use]
    pub fn place_of(&self, hash: &Hash) -> Option<(u64, usize)> {
        self.transactions.get(hash).copied()
    }

    /// The state after the block of a height.
    #[must_use]
    pub fn state_at(&self, number: u64) -> Option<View<'_>> {
        Some(self.store.at(self.block(number)?.header.fields().state_root))
    }

    /// The state after the newest block.
    #[must_use]
    pub fn state(&self) -> View<'_> {
        self.store.at(self.head().header.fields().state_root)
    }

    /// The council and the parameters that hold for the block after the newest.
    #[must_use]
    pub const fn next(&self) -> (&Council, &Parameters) {
        (self.client.council(), self.client.parameters())
    }

    /// What waits.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// An empty overlay over the state after the block of a height.
    #[must_use]
    pub fn overlay_at(&self, number: u64) -> Option<Overlay<'_>> {
        let istanbul = self.profile().forks.is_active(Fork::Istanbul, number);
        let known = self.hashes.get(..=usize::try_from(number).ok()?)?;
        Some(Overlay::new(self.state_at(number)?, known, istanbul))
    }

    /// Takes a transaction, in the bytes of its item (with 0x78 before Ethereum's types) or as Ethereum's clients send it.
    ///
    /// # Errors
    /// Where it is none, or can be in no next block.
    pub fn send(&mut self, raw: &[u8]) -> Result<Hash, SendError> {
        const ETHEREUM: u8 = 0x78;
        let transaction = match raw.first() {
            Some(1..=4) => spanlight::transaction::Transaction::decode(&[&[ETHEREUM], raw].concat())?,
            _ => spanlight::transaction::Transaction::decode(raw)?,
        };
        let signed = Signed::new(transaction, self.config.chain_id)?;
        if self.transactions.contains_key(&signed.hash) {
            return Err(PoolError::Known(signed.hash).into());
        }
        pool::check_size(&signed)?;
        let rules = self.rules_of_next();
        if let Some(mut overlay) = self.overlay_at(self.height()) {
            execute::check(&signed, &mut overlay, &rules)?;
        }
        let hash = signed.hash;
        let replacing = if rules.base_fee.is_some() { Replacing::ByPrice } else { Replacing::Never };
        self.pool.add(Arc::new(signed), replacing)?;
        Ok(hash)
    }

    /// The count of an account, those that wait included.
    #[must_use]
    pub fn pending_nonce(&self, address: &Address) -> u64 {
        let nonce = self.state().account(address).ok().flatten().map_or(0, |account| account.nonce);
        self.pool.next_nonce(address, nonce)
    }

    /// Lets a council member that is voted in later take its seat: without its key nobody here can seal for it.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn add_key(&mut self, key: u64) -> Result<Address, DevnetError> {
        let address = keys::address(key);
        self.keys.insert(address, key);
        if let Some(disk) = &self.disk {
            disk.keep_keys(&self.keys)?;
        }
        Ok(address)
    }

    /// The proposer of the next block casts this vote; more votes, the next blocks'.
    pub fn vote(&mut self, vote: Vote) {
        self.votes.push_back(vote);
    }

    /// The next block has this time, if the parent is older.
    pub fn set_next_time(&mut self, time: u64) {
        self.next_time = Some(time);
    }
}

fn balances(genesis: &str) -> Result<Vec<(Address, U256)>, DevnetError> {
    let wrong = || DevnetError::Config("the genesis file's accounts are malformed".into());
    let file: serde_json::Value = serde_json::from_str(genesis).map_err(|_| wrong())?;
    let alloc = file.get("alloc").and_then(serde_json::Value::as_object).ok_or_else(wrong)?;
    let one = |(address, entry): (&String, &serde_json::Value)| {
        let balance = entry.get("balance").and_then(serde_json::Value::as_str)?;
        let balance = U256::from_str_radix(balance.strip_prefix("0x")?, 16).ok()?;
        Some((address.parse().ok()?, balance))
    };
    alloc.iter().map(one).collect::<Option<_>>().ok_or_else(wrong)
}
