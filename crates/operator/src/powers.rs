//! What people do to a bridge by hand: its owner, its operators by votes, its guardian, and
//! everybody who claims or sweeps. docs/contracts.md 3.6 has the rules.
//!
//! Endpoints are believed in nothing here either. A command follows the chain itself, decides by
//! the bridge's proven state (`step`), sends under the same limit of the gas price as an operator,
//! and says that something is done once the bridge's state at a verified head shows it. A receipt
//! proves nothing: it is the word of one endpoint.

mod abi;
pub mod changes;
mod facts;
pub mod overview;
mod power;
mod step;

pub use power::Power;
pub use step::{Refusal, State, Way};

use crate::chain_ids::{self, OtherChain};
use crate::clock;
use crate::config::{ChainConfig, Config, KeyConfig};
use crate::keys::{self, ChainKeys, KeyError, Signer};
use crate::link::{Call, Endpoint, Link, Need, Outcome};
use crate::start::{options, with_each};
use crate::store::Store;
use crate::tx::{Action, Draft, Form, Signed};
use facts::Facts;
use spanlight::header::base_fee;
use spanlight::profile::Fork;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::trust::{BridgeEnd, TrustedChain};
use spanlight::verify::AnchoredHeader;
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Cancel, Endpoints, Node, ProveError, RpcError, Silent, Synced};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use step::{reached, step, Goal, Step};

/// How long a sent change is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Until the first look at the chain, and between two.
const SOON: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(500);
/// Looks after which every endpoint gets the transaction: the one that took it may keep it to
/// itself.
const SLOW: u32 = 4;
/// Transactions that are tried: an operator that runs with the same key may take the account nonce.
const TRIES: usize = 6;
/// How long other transactions of the account are waited for.
const WAIT: Duration = Duration::from_secs(20);

/// With which key a power is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// The operator's key of the configuration, and its fee payer.
    Operator,
    /// This one, which pays for itself.
    Key(KeyConfig),
}

/// What is proven in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The transaction that was sent; none where there was nothing to do.
    pub transaction: Option<Hash>,
    /// The verified block whose state shows it.
    pub block: u64,
    /// What it shows.
    pub state: State,
}

/// Why nothing was changed, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PowerError {
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
    /// The endpoints are those of another chain.
    #[error(transparent)]
    OtherChain(OtherChain),
    /// No endpoint shows a young block, and an old state may have changed since.
    #[error("the newest block that any endpoint shows is {age} s old, more than voting.max_head_age_s ({most} s)")]
    OldHead {
        /// Its age in seconds.
        age: u64,
        /// The configured limit.
        most: u64,
    },
    /// The bridge's proven state refuses it; nothing was sent.
    #[error("the bridge does not take this now: nothing was sent")]
    Refused(Refusal),
    /// The bridge refuses it in a simulation; nothing was sent.
    #[error("the bridge refuses: {0}")]
    Reverts(String),
    /// The account that pays could not pay for all its gas; nothing was sent.
    #[error("{payer} pays for the transaction, which needs {needed} peb, and holds {balance} peb: nothing was sent")]
    NoCoin {
        /// The account.
        payer: Address,
        /// What it holds.
        balance: U256,
        /// What it must hold.
        needed: U256,
    },
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
    /// Other transactions of the account came first, again and again.
    #[error("other transactions of {0} take each account nonce first: nothing was sent")]
    Busy(Address),
    /// It was sent, and no verified block has it yet.
    #[error("transaction {transaction} with account nonce {account_nonce} of {account} is in no verified block after two minutes; it may still come into one")]
    NotSeen {
        /// The transaction.
        transaction: Hash,
        /// Who sent it.
        account: Address,
        /// Any other transaction of the account with this number makes it void.
        account_nonce: u64,
    },
}

/// Uses a power on the bridge of a chain and proves what came of it.
///
/// # Errors
/// Where the bridge refuses it, gas is too expensive, or it is not proven to have worked.
pub async fn act(config: &Config, chain: &str, with: &With, power: &Power, way: Way) -> Result<Done, PowerError> {
    let (settings, end) = end_of(config, chain)?;
    let trusted = trusted(config, chain).await?;
    let keys = open(with, settings).await?;
    let me = keys.operator.account();
    let mut bridge = Followed::start(config, settings, end, &trusted).await?;
    let payer = keys.fee_payer.as_ref().map_or(me, |payer| payer.account());
    let mut sent = Vec::new();
    let mut since = Instant::now();
    while sent.len() < TRIES && since.elapsed() < WAIT {
        let facts = bridge.look((me, payer), power).await?;
        let (input, goal) = match step(power, way, me, &facts).map_err(PowerError::Refused)? {
            Step::Already(state) => {
                return Ok(Done { transaction: sent.last().copied(), block: facts.head.number, state })
            }
            Step::Send { input, goal } => (input, goal),
        };
        let form = form(&keys, &facts)?;
        let gas = bridge.gas(me, power, &input).await?;
        let (price, tip) = bridge.offer(settings.max_gas_price)?;
        let needed = price.saturating_mul(U256::from(gas));
        if facts.payer.balance < needed {
            return Err(PowerError::NoCoin { payer, balance: facts.payer.balance, needed });
        }
        let draft = Draft {
            chain_id: trusted.profile.chain_id,
            account_nonce: next_nonce(facts.account.nonce, &on_their_way(config, chain, with).await),
            gas_price: price,
            tip,
            gas,
            action: Action::Call { to: end.address, input },
            form,
        };
        let signed = draft.sign(&keys)?;
        match bridge.link.send(&signed.raw).await {
            Err(RpcError::Node { message, .. }) if is_taken(&message) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            other => other?,
        }
        sent.push(signed.hash);
        if let Some(done) = bridge.prove((me, payer), power, goal, &signed, draft.account_nonce).await? {
            return Ok(done);
        }
        // What executed without effect would do so again, and each is paid.
        if !bridge.link.is_displaced(&signed.hash).await {
            break;
        }
        since = Instant::now();
    }
    let block = bridge.synced.chain().head().number;
    match sent.last().copied() {
        Some(transaction) => Err(PowerError::Ineffective { transaction, block }),
        None => Err(PowerError::Busy(me)),
    }
}

/// The account nonces that transactions of the running operator have, by its own store.
async fn on_their_way(config: &Config, chain: &str, with: &With) -> BTreeSet<u64> {
    let mut used = BTreeSet::new();
    let is_file = |path: &str| std::path::Path::new(path).is_file();
    if *with != With::Operator || !config.store.strip_prefix("sqlite:").is_none_or(is_file) {
        return used;
    }
    let Ok(store) = Store::open_beside(&config.store).await else { return used };
    for (from, to) in config.directions().iter().filter(|(_, to)| to.chain == chain) {
        let live = store.live(&format!("{}->{}", from.chain, to.chain)).await.unwrap_or_default();
        used.extend(live.iter().map(|live| live.send.account_nonce));
    }
    used
}

/// The account nonce to use: the proven one, behind those of this operator's own store. No endpoint
/// is asked. One that names a later number would get a signed call of the owner to keep, and bring
/// it into a block whenever the account gets there.
fn next_nonce(proven: u64, own: &BTreeSet<u64>) -> u64 {
    (proven..).find(|nonce| !own.contains(nonce)).unwrap_or(u64::MAX)
}

/// How the accounts sign, or why their keys cannot. An account whose key was set, if only to that
/// of its address, sends the chain's own types.
fn form(keys: &ChainKeys, facts: &Facts) -> Result<Form, KeyError> {
    if facts.account.exists && !keys.operator.fits(&facts.account.key, KeyRole::Transaction) {
        return Err(KeyError::Replaced { account: keys.operator.account() });
    }
    if let Some(payer) = keys.fee_payer.as_ref().filter(|_| facts.payer.exists) {
        if !payer.fits(&facts.payer.key, KeyRole::FeePayer) {
            return Err(KeyError::Replaced { account: payer.account() });
        }
    }
    Ok(if facts.account.key == AccountKey::Legacy { Form::Ethereum } else { Form::Kaia })
}

async fn open(with: &With, settings: &ChainConfig) -> Result<ChainKeys, PowerError> {
    match with {
        With::Operator => Ok(ChainKeys::open(settings).await.map_err(|(_, error)| error)?),
        With::Key(key) => {
            let signer: Arc<dyn Signer> = Arc::from(keys::open(key).await?);
            Ok(ChainKeys::alone(signer))
        }
    }
}

/// Whether a node's words say that the account nonce has another transaction already. There is no
/// code for it.
fn is_taken(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["nonce", "underpriced"].iter().any(|words| message.contains(words))
}

fn end_of<'c>(config: &'c Config, chain: &str) -> Result<(&'c ChainConfig, &'c BridgeEnd), PowerError> {
    let unknown = || PowerError::Chain(chain.to_owned());
    let mut ends = config.trust.bridge.iter().flat_map(|pair| &pair.ends);
    let end = ends.find(|end| end.chain == chain).ok_or_else(unknown)?;
    Ok((config.chains.get(chain).ok_or_else(unknown)?, end))
}

async fn trusted(config: &Config, chain: &str) -> Result<TrustedChain, PowerError> {
    let trusted = config.trust.chain(chain).map_err(|_| PowerError::Chain(chain.to_owned()))?;
    Ok(newest_checkpoint(config, trusted.clone()).await)
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
    max_head_age: u64,
}

impl<'t> Followed<'t> {
    async fn start(
        config: &Config,
        settings: &ChainConfig,
        end: &'t BridgeEnd,
        trusted: &'t TrustedChain,
    ) -> Result<Self, PowerError> {
        let timeout = Duration::from_secs(settings.timeout_s);
        let link = Link::open(&settings.endpoints, timeout, &Cancel::default());
        let mut link = link.ok_or_else(|| PowerError::Chain(end.chain.clone()))?;
        let begin = async |link: &Link| link.endpoints.follow(trusted, options(), &Silent).await;
        let synced = match with_each(&mut link, begin).await {
            Ok(synced) => synced,
            // Endpoints of another chain are a mistake of the configuration, and fail in many ways.
            Err(error) => {
                let other = chain_ids::asked_once(&end.chain, &settings.endpoints, trusted, timeout).await;
                return Err(other.map_or_else(|| PowerError::NotFollowed(error), PowerError::OtherChain));
            }
        };
        Ok(Self { link, synced, trusted, end, max_head_age: config.voting.max_head_age_s })
    }

    /// What is proven at a young head for an account and the one that pays.
    async fn look(&mut self, accounts: (Address, Address), power: &Power) -> Result<Facts, PowerError> {
        self.look_at(async |node, header, end| facts::read(node, header, end, accounts, power).await).await
    }

    /// Reads the bridge as it is proven to be at a young head. An endpoint that keeps new blocks
    /// back would otherwise show a state that held once.
    async fn look_at<R>(
        &mut self,
        read: impl AsyncFn(&Node<'_, Endpoints<Endpoint>>, &AnchoredHeader, &BridgeEnd) -> Result<R, ProveError>,
    ) -> Result<R, PowerError> {
        let mut turns = self.link.len();
        loop {
            let error = match self.look_once(&read).await {
                Ok(seen) => {
                    let age = clock::now().saturating_sub(self.synced.chain().head().time);
                    if age <= self.max_head_age {
                        return Ok(seen);
                    }
                    PowerError::OldHead { age, most: self.max_head_age }
                }
                Err(error) => {
                    self.link.endpoints.dismiss(&error);
                    PowerError::NotFollowed(error)
                }
            };
            turns = turns.saturating_sub(1);
            if turns == 0 {
                return Err(error);
            }
            self.link.rotate();
        }
    }

    async fn look_once<R>(
        &mut self,
        read: &impl AsyncFn(&Node<'_, Endpoints<Endpoint>>, &AnchoredHeader, &BridgeEnd) -> Result<R, ProveError>,
    ) -> Result<R, ProveError> {
        let node = Node::new(&self.link.endpoints, &self.trusted.profile);
        self.synced.follow(&node, options(), &Silent).await?;
        let header = self.synced.chain().header(self.synced.head())?;
        read(&node, header, self.end).await
    }

    /// The gas to give: what the call needs and a quarter more, since state changes until it is in
    /// a block. A call that would fail is not sent.
    async fn gas(&self, from: Address, power: &Power, input: &[u8]) -> Result<u64, PowerError> {
        let most = power.gas();
        let call = Call { from, to: self.end.address, value: U256::ZERO, input, gas: most };
        match self.link.simulate(&call).await {
            Outcome::Works => {}
            Outcome::Reverts(reason) => return Err(PowerError::Reverts(reason)),
            Outcome::Unknown(reason) => return Err(RpcError::Transport { reason }.into()),
        }
        // A sweep uses what it is given, so an estimate would bound what it does.
        if *power == Power::Sweep {
            return Ok(most);
        }
        Ok(match self.link.estimate(&call).await {
            Need::Gas(gas) => gas.saturating_add(gas / 4).min(most),
            Need::Reverts(_) | Need::Unknown | Need::Unanswered => most,
        })
    }

    /// Price and tip to offer: what the next block takes by the proven head, and never more than
    /// `most`. No endpoint is asked. Where there is a base fee, twice as much is named and the base
    /// fee is paid.
    fn offer(&self, most: u64) -> Result<(U256, Option<U256>), PowerError> {
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
            return Err(PowerError::GasPrice { needed, most });
        }
        Ok(offer)
    }

    /// Follows the chain until a verified head's state shows what was wanted; none where the
    /// account nonce is used and it does not.
    async fn prove(
        &mut self,
        accounts: (Address, Address),
        power: &Power,
        goal: Goal,
        signed: &Signed,
        account_nonce: u64,
    ) -> Result<Option<Done>, PowerError> {
        let start = Instant::now();
        let mut looks = 0u32;
        while start.elapsed() < PATIENCE {
            tokio::time::sleep(if looks == 0 { SOON } else { PAUSE }).await;
            looks = looks.saturating_add(1);
            if looks.is_multiple_of(SLOW) {
                self.link.give_second_chance();
                self.link.give(&[&signed.raw], true).await;
            }
            // Endpoints may fail for a while; the transaction is on its way all the same.
            let Ok(facts) = self.look(accounts, power).await else { continue };
            if let Some(state) = reached(goal, &facts) {
                return Ok(Some(Done { transaction: Some(signed.hash), block: facts.head.number, state }));
            }
            if facts.account.nonce > account_nonce {
                return Ok(None);
            }
        }
        Err(PowerError::NotSeen { transaction: signed.hash, account: accounts.0, account_nonce })
    }
}

#[cfg(test)]
mod tests;
