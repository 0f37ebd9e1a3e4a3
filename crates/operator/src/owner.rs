//! What the owner of a bridge does to it: register and deregister operators, set the threshold. The owner's key is given to the
//! one command that needs it, and is no key of an operator's configuration.
//!
//! Endpoints are believed in nothing here either. The command follows the chain itself, sends under
//! the same limit of the gas price as an operator, and says that a change is made once the bridge's
//! state at a verified head shows it. A receipt proves nothing: it is the word of one endpoint.

use crate::clock;
use crate::config::{ChainConfig, Config, KeyConfig};
use crate::direction::{options, with_each};
use crate::keys::{self, ChainKeys, KeyError, Signer};
use crate::link::{Call, Link, Outcome};
use crate::store::Store;
use crate::tx::{Action, Draft, Form, Signed};
use crate::view::{self, View};
use spanlight::header::base_fee;
use spanlight::profile::Fork;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::trust::{BridgeEnd, TrustedChain};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Cancel, Node, ProveError, RpcError, Silent, Synced};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// registerOperator(address)
const REGISTER: [u8; 4] = [0x36, 0x82, 0xa4, 0x50];
/// deregisterOperator(address)
const DEREGISTER: [u8; 4] = [0xd8, 0xcf, 0x98, 0xca];
/// setOperatorThreshold(uint8,uint8)
const SET_THRESHOLD: [u8; 4] = [0xee, 0x2a, 0xec, 0x65];
/// Votes on transfers, not on the bridge's configuration.
const TRANSFER_VOTE: u8 = 0;
/// Gas for any of these; what is not used is not paid.
const GAS: u64 = 1_000_000;
/// How long a sent change is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at the chain.
const PAUSE: Duration = Duration::from_millis(500);
/// Looks after which every endpoint gets the transaction: the one that took it may keep it to
/// itself.
const SLOW: u32 = 4;

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new operator.
    Register(Address),
    /// One operator less.
    Deregister(Address),
    /// So many equal votes execute a transfer.
    Threshold(u8),
}

impl Change {
    fn input(self) -> Vec<u8> {
        let number = |value: u8| U256::from(value).to_be_bytes::<32>();
        match self {
            Self::Register(operator) => [REGISTER.as_slice(), &operator.to_word().0].concat(),
            Self::Deregister(operator) => [DEREGISTER.as_slice(), &operator.to_word().0].concat(),
            Self::Threshold(votes) => [SET_THRESHOLD.as_slice(), &number(TRANSFER_VOTE), &number(votes)].concat(),
        }
    }

    /// Whether the bridge's proven state is what the owner wants.
    fn holds(self, view: &View) -> bool {
        match self {
            Self::Register(operator) => view.operators.contains(&operator),
            Self::Deregister(operator) => !view.operators.contains(&operator),
            Self::Threshold(votes) => view.threshold == u64::from(votes),
        }
    }
}

/// A change that is proven to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The transaction that was sent; none where the change held already.
    pub transaction: Option<Hash>,
    /// The verified block whose state shows it.
    pub block: u64,
}

/// Why nothing was changed, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The configuration has no such chain.
    #[error("the configuration has no chain `{0}`")]
    Chain(String),
    /// The owner's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The endpoints.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The chain cannot be followed, so no state of the bridge is proven.
    #[error("the chain cannot be followed to its head: {0}")]
    NotFollowed(ProveError),
    /// No endpoint shows a young block, and an old state may have changed since.
    #[error("the newest block that any endpoint shows is {age} s old, more than voting.max_head_age_s ({most} s)")]
    OldHead {
        /// Its age in seconds.
        age: u64,
        /// The configured limit.
        most: u64,
    },
    /// The bridge would refuse it.
    #[error("the bridge refuses: {0}")]
    Refused(String),
    /// Gas costs more than the configuration allows; nothing was sent.
    #[error("gas costs {needed} peb, and max_gas_price of this chain is {most}: nothing was sent")]
    GasPrice {
        /// What the proven head asks for.
        needed: U256,
        /// The configured limit.
        most: u64,
    },
    /// The account's nonce is used, and the bridge is not what the owner wanted.
    #[error("transaction {transaction} changed nothing: at block {block} its account nonce is used and the bridge is as before")]
    Ineffective {
        /// The transaction.
        transaction: Hash,
        /// The verified block.
        block: u64,
    },
    /// It was sent, and no verified block has it yet.
    #[error("transaction {0} is in no verified block after two minutes; it may still come into one")]
    NotSeen(Hash),
}

/// Makes the change and proves it: gives the verified block whose state shows it.
///
/// # Errors
/// Where the bridge refuses it, gas is too expensive, or the change is not proven to hold.
pub async fn change(config: &Config, chain: &str, key: &KeyConfig, change: Change) -> Result<Done, OwnerError> {
    let unknown = || OwnerError::Chain(chain.to_owned());
    let ends = config.trust.bridge.iter().flat_map(|pair| &pair.ends);
    let end: &BridgeEnd = ends.clone().find(|end| end.chain == chain).ok_or_else(unknown)?;
    let settings: &ChainConfig = config.chains.get(chain).ok_or_else(unknown)?;
    let trusted = newest_checkpoint(config, config.trust.chain(chain).map_err(|_| unknown())?.clone()).await;
    let signer: Arc<dyn Signer> = Arc::from(keys::open(key).await?);

    let mut bridge = Followed::start(config, settings, end, &trusted, signer.address()).await?;
    let before = bridge.look().await?;
    if change.holds(&before) {
        return Ok(Done { transaction: None, block: before.head.number });
    }
    let keys = ChainKeys::alone(Arc::clone(&signer));
    if before.account.exists && !keys.operator.fits(&before.account.key, KeyRole::Transaction) {
        return Err(KeyError::Replaced { account: signer.address() }.into());
    }
    // An account whose key was set, if only to that of its address, sends the chain's own types.
    let form = if before.account.key == AccountKey::Legacy { Form::Ethereum } else { Form::Kaia };
    let input = change.input();
    let call = Call { from: signer.address(), to: end.address, value: U256::ZERO, input: &input, gas: GAS };
    match bridge.link.simulate(&call).await {
        Outcome::Works => {}
        Outcome::Reverts(reason) => return Err(OwnerError::Refused(reason)),
        Outcome::Unknown(reason) => return Err(RpcError::Transport { reason }.into()),
    }
    let (price, tip) = bridge.offer(settings.max_gas_price)?;
    let draft = Draft {
        chain_id: trusted.profile.chain_id,
        account_nonce: before.account.nonce,
        gas_price: price,
        tip,
        gas: GAS,
        action: Action::Call { to: end.address, input },
        form,
    };
    let signed = draft.sign(&keys)?;
    bridge.link.send(&signed.raw).await?;
    bridge.prove(change, &signed, draft.account_nonce).await
}

/// The trust's chain from the newest checkpoint that this operator's store has of it: a chain that
/// is followed from genesis takes long. A store that cannot be read is no fault here.
async fn newest_checkpoint(config: &Config, chain: TrustedChain) -> TrustedChain {
    if config.store.strip_prefix("sqlite:").is_some_and(|path| !std::path::Path::new(path).is_file()) {
        return chain;
    }
    let Ok(store) = Store::open_beside(&config.store).await else { return chain };
    let mut newest = chain;
    for (from, to) in config.directions() {
        let direction = format!("{}->{}", from.chain, to.chain);
        let resume = store.resume(&direction, &newest.profile.name, u64::MAX).await;
        if let Some(resume) = resume.ok().flatten().filter(|it| it.checkpoint.number > newest.checkpoint.number) {
            newest.checkpoint = resume.checkpoint;
        }
    }
    newest
}

/// The bridge on a chain that this command follows itself.
struct Followed<'t> {
    link: Link,
    synced: Synced<'t>,
    trusted: &'t TrustedChain,
    end: &'t BridgeEnd,
    owner: Address,
    max_head_age: u64,
}

impl<'t> Followed<'t> {
    async fn start(
        config: &Config,
        settings: &ChainConfig,
        end: &'t BridgeEnd,
        trusted: &'t TrustedChain,
        owner: Address,
    ) -> Result<Self, OwnerError> {
        let timeout = Duration::from_secs(settings.timeout_s);
        let link = Link::open(&settings.endpoints, timeout, &Cancel::default());
        let mut link = link.ok_or_else(|| OwnerError::Chain(end.chain.clone()))?;
        let begin = async |link: &Link| link.endpoints.follow(trusted, options(), &Silent).await;
        let synced = with_each(&mut link, begin).await.map_err(OwnerError::NotFollowed)?;
        Ok(Self { link, synced, trusted, end, owner, max_head_age: config.voting.max_head_age_s })
    }

    /// The bridge as it is proven to be at a young head. An endpoint that keeps new blocks back
    /// would otherwise show a state that held once.
    async fn look(&mut self) -> Result<View, OwnerError> {
        let mut turns = self.link.len();
        loop {
            let error = match self.look_once().await {
                Ok(view) => {
                    let age = clock::now().saturating_sub(self.synced.chain().head().time);
                    if age <= self.max_head_age {
                        return Ok(view);
                    }
                    OwnerError::OldHead { age, most: self.max_head_age }
                }
                Err(error) => {
                    self.link.endpoints.dismiss(&error);
                    OwnerError::NotFollowed(error)
                }
            };
            turns = turns.saturating_sub(1);
            if turns == 0 {
                return Err(error);
            }
            self.link.rotate();
        }
    }

    async fn look_once(&mut self) -> Result<View, ProveError> {
        let node = Node::new(&self.link.endpoints, &self.trusted.profile);
        self.synced.follow(&node, options(), &Silent).await?;
        let header = self.synced.chain().header(self.synced.head())?;
        view::read(&node, header, self.end, self.owner, &BTreeMap::new(), &view::Voters::default()).await
    }

    /// Price and tip to offer: what the next block takes by the proven head, and never more than
    /// `most`. No endpoint is asked. Where there is a base fee, twice as much is named and the base
    /// fee is paid.
    fn offer(&self, most: u64) -> Result<(U256, Option<U256>), OwnerError> {
        let limit = U256::from(most);
        let client = self.synced.chain().client();
        let (fields, parameters) = (client.head().fields(), client.parameters());
        let next = client.head().number().saturating_add(1);
        let (needed, offer) = if self.trusted.profile.forks.is_active(Fork::Magma, next) {
            let fee = base_fee(fields, parameters).ok().or(fields.base_fee).unwrap_or_default();
            let price = fee.saturating_mul(U256::from(2u8)).min(limit);
            (fee, (price, Some(U256::ZERO)))
        } else {
            let price = U256::from(parameters.unit_price);
            (price, (price, None))
        };
        if needed > limit {
            return Err(OwnerError::GasPrice { needed, most });
        }
        Ok(offer)
    }

    /// Follows the chain until a verified head's state shows the change.
    async fn prove(&mut self, change: Change, signed: &Signed, account_nonce: u64) -> Result<Done, OwnerError> {
        let start = Instant::now();
        let mut looks = 0u32;
        while start.elapsed() < PATIENCE {
            tokio::time::sleep(PAUSE).await;
            looks = looks.saturating_add(1);
            if looks.is_multiple_of(SLOW) {
                self.link.give_second_chance();
                self.link.give(&signed.raw, true).await;
            }
            // Endpoints may fail for a while; the transaction is on its way all the same.
            let Ok(view) = self.look().await else { continue };
            let block = view.head.number;
            if change.holds(&view) {
                return Ok(Done { transaction: Some(signed.hash), block });
            }
            if view.account.nonce > account_nonce {
                return Err(OwnerError::Ineffective { transaction: signed.hash, block });
            }
        }
        Err(OwnerError::NotSeen(signed.hash))
    }
}
