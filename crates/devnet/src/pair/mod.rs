//! Two chains with bridges, tokens and operators: what `spanlight devnet` starts.

mod accounts;
mod contracts;
mod past;
mod setup;
mod transfers;

pub use accounts::{operators, OperatorKeys, DEPLOYER, FIRST_MAIN_OPERATOR, FIRST_SERVICE_OPERATOR, OUTSIDER, USERS};
pub use contracts::BridgeKind;
pub use transfers::{Requested, Value};

use crate::chain::Chain;
use crate::config::{ChainConfig, Clock, Production};
use crate::error::DevnetError;
use crate::handle::ChainHandle;
use serde::Serialize;
use spanlight::primitives::{Address, U256};
use spanlight::trust::{AcceptedCode, BridgeEnd, BridgePair, Trust, TRUST_VERSION};
use spanlight_forge::keys;

/// How a pair is set up.
#[derive(Clone, Debug)]
pub struct PairConfig {
    /// The main chain.
    pub main: ChainConfig,
    /// The service chain.
    pub service: ChainConfig,
    /// Which bridge.
    pub bridge: BridgeKind,
    /// How many operators.
    pub operators: u64,
    /// Equal votes that decide. The new bridge wants a majority.
    pub threshold: u64,
    /// Coin that each bridge holds at the beginning.
    pub liquidity: U256,
    /// Seconds ago that both chains began, with a block for each second since; 0 leaves that to
    /// their `genesis_time`.
    pub age: u64,
    /// Transfers of a coin from main to service that are done when the pair starts.
    pub transfers: u64,
    /// Seconds that the bridges' owner announces changes before it makes them; 0: the set-up stays
    /// open. Only bridges of version 2 have it.
    pub owner_delay: u64,
}

/// One coin.
pub const COIN: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

impl Default for PairConfig {
    fn default() -> Self {
        Self {
            main: ChainConfig::main(),
            service: ChainConfig::service(),
            bridge: BridgeKind::default(),
            operators: 4,
            threshold: 3,
            liquidity: COIN.saturating_mul(U256::from(1_000u64)),
            age: 0,
            transfers: 0,
            owner_delay: 0,
        }
    }
}

impl PairConfig {
    /// Both chains make blocks when these say.
    #[must_use]
    pub const fn produced(mut self, production: Production, clock: Clock) -> Self {
        self.main.production = production;
        self.service.production = production;
        self.main.clock = clock;
        self.service.clock = clock;
        self
    }
}

/// One chain's end of the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// The bridge.
    pub bridge: Address,
    /// The fungible token.
    pub erc20: Address,
    /// The token of single things.
    pub erc721: Address,
}

/// On which chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The main chain.
    Main,
    /// The service chain.
    Service,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Main => Self::Service,
            Self::Service => Self::Main,
        }
    }
}

/// Two running chains with bridges between them.
#[derive(Debug)]
pub struct Pair {
    /// The main chain.
    pub main: ChainHandle,
    /// The service chain.
    pub service: ChainHandle,
    /// The main chain's contracts.
    pub main_end: End,
    /// The service chain's contracts.
    pub service_end: End,
    /// The operators' keys.
    pub operators: Vec<OperatorKeys>,
    /// Equal votes that decide.
    pub threshold: u64,
}

impl Pair {
    /// Starts both chains and sets up what is between them. A pair that is kept on disk goes on as it was.
    ///
    /// # Errors
    /// Where a chain does not start, or a step of setting up fails.
    pub fn start(config: PairConfig) -> Result<Self, DevnetError> {
        let mut config = config;
        let operators = operators(config.operators);
        fund(&mut config.main, operators.iter().map(|keys| keys.main));
        fund(&mut config.service, operators.iter().map(|keys| keys.service));
        if config.age > 0 {
            for chain in [&mut config.main, &mut config.service] {
                chain.genesis_time = chain.now().saturating_sub(config.age);
            }
        }
        let mut main = Chain::open(config.main.clone())?;
        let mut service = Chain::open(config.service.clone())?;
        let ends = (setup::addresses(), setup::addresses());
        if main.height() == 0 && service.height() == 0 {
            setup::run(&config, &mut main, &mut service, &ends, &operators)?;
            past::run(&config, &mut main, &mut service, (&ends.0, &ends.1), &operators)?;
        }
        Ok(Self {
            main: ChainHandle::serve(main)?,
            service: ChainHandle::serve(service)?,
            main_end: ends.0,
            service_end: ends.1,
            operators,
            threshold: config.threshold,
        })
    }

    /// A chain.
    #[must_use]
    pub const fn chain(&self, side: Side) -> &ChainHandle {
        match side {
            Side::Main => &self.main,
            Side::Service => &self.service,
        }
    }

    /// The contracts of a chain.
    #[must_use]
    pub const fn end(&self, side: Side) -> &End {
        match side {
            Side::Main => &self.main_end,
            Side::Service => &self.service_end,
        }
    }

    /// An operator's key on a chain.
    #[must_use]
    pub fn operator(&self, index: usize, side: Side) -> Option<u64> {
        let keys = self.operators.get(index)?;
        Some(match side {
            Side::Main => keys.main,
            Side::Service => keys.service,
        })
    }

    /// The trust file: both chains from block 0, and which bridges are meant.
    ///
    /// # Errors
    /// Where a bridge is not there.
    pub fn trust(&self) -> Result<Trust, DevnetError> {
        let ends = [self.trusted_end(Side::Main)?, self.trusted_end(Side::Service)?];
        Ok(Trust {
            version: TRUST_VERSION,
            chains: vec![self.main.trust(), self.service.trust()],
            bridge: Some(BridgePair { ends }),
            anchoring: None,
        })
    }

    fn trusted_end(&self, side: Side) -> Result<BridgeEnd, DevnetError> {
        let chain = self.chain(side).chain();
        let address = self.end(side).bridge;
        let account = chain.state().account(&address)?;
        let missing = || DevnetError::SetUp { what: "trust", reason: format!("no bridge at {address}") };
        let hash = account.ok_or_else(missing)?.code_hash;
        let unknown = || DevnetError::SetUp { what: "trust", reason: format!("unknown bridge code {hash}") };
        let generation = contracts::generation(&hash).ok_or_else(unknown)?;
        Ok(BridgeEnd {
            chain: chain.config().name.clone(),
            address,
            mint_burn: side == Side::Service,
            sends: true,
            codes: vec![AcceptedCode { hash, generation }],
        })
    }
}

/// Everybody begins with a billion coins.
fn fund(config: &mut ChainConfig, operators: impl Iterator<Item = u64>) {
    let plenty = COIN.saturating_mul(U256::from(1_000_000_000u64));
    let people = [DEPLOYER, OUTSIDER].into_iter().chain(USERS).chain(operators);
    let validators = config.validators.clone();
    for key in people.chain(validators) {
        let address = keys::address(key);
        if !config.balances.iter().any(|(funded, _)| *funded == address) {
            config.balances.push((address, plenty));
        }
    }
}
