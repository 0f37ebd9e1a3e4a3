//! The destination bridge and this operator's account there, proven at the destination's head.

mod limits;
pub(crate) mod storage;
mod votes;

use crate::decide::NonceState;
pub(crate) use limits::{release, Leaving};
use spanlight::bridge::layout::{self, NonceWord, SeatWord, TRANSFER_VOTE};
use spanlight::bridge::Generation;
use spanlight::state::AccountKey;
use spanlight::trust::BridgeEnd;
use spanlight::verdict::HeaderRef;
use spanlight::verify::{AnchoredHeader, Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{read_state, Node, ProveError, RpcError, Transport};
use std::collections::BTreeMap;
use storage::{Storage, Words};
pub(crate) use votes::Voters;

/// Most operators that a bridge has: every known contract refuses more.
const MOST_OPERATORS: u64 = 12;

/// An account of an operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountView {
    /// Transactions that are in blocks.
    pub(crate) nonce: u64,
    /// Coin.
    pub(crate) balance: U256,
    /// Whether it exists: one that nobody sent anything to does not.
    pub(crate) exists: bool,
    /// Who may sign for it: the key of its address, unless it says otherwise.
    pub(crate) key: AccountKey,
}

impl Default for AccountView {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, exists: false, key: AccountKey::Legacy }
    }
}

/// State that only bridges of version 2 have (docs/contracts.md 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SecondVersion {
    /// Rises whenever an operator comes or goes.
    pub(crate) operator_epoch: u64,
    /// Chain id and bridge of the source that it is bound to; zero where it is not bound.
    pub(crate) source: (U256, Address),
    /// Whether the bridge refuses all votes on transfers, until it is resumed.
    pub(crate) handles_paused: bool,
    /// Whether the bridge asks the chain whose keys signed.
    pub(crate) account_keys: bool,
}

/// What is proven of the destination at one height.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: HeaderRef,
    /// This operator's account.
    pub(crate) me: Address,
    pub(crate) code: Hash,
    pub(crate) owner: Address,
    /// Coin that the bridge holds.
    pub(crate) liquidity: U256,
    pub(crate) nonces: NonceWord,
    pub(crate) threshold: u64,
    /// Ascending.
    pub(crate) operators: Vec<Address>,
    /// The same with their seats.
    pub(crate) voters: Voters,
    /// What only bridges of version 2 have.
    pub(crate) second: Option<SecondVersion>,
    pub(crate) transfers: BTreeMap<u64, NonceState>,
    pub(crate) account: AccountView,
}

impl View {
    /// Whether the bridge takes no votes.
    pub(crate) fn is_bridge_paused(&self) -> bool {
        self.second.is_some_and(|second| second.handles_paused)
    }

    /// Whether a transfer is proven to be handled. Of one that was not looked at, and may be open, nothing is known.
    pub(crate) fn is_handled(&self, nonce: u64) -> bool {
        nonce < self.nonces.lower_handle_nonce || self.transfers.get(&nonce).is_some_and(|state| state.handled)
    }
}

/// Reads the destination at `header`: all of it under this one header, in as many requests as it takes. `known` are the
/// operators seen last: their seats and votes are asked for with the rest, which saves a round trip while they stay.
pub(crate) async fn read<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: &BridgeEnd,
    me: Address,
    open: &BTreeMap<u64, Hash>,
    known: &Voters,
) -> Result<View, ProveError> {
    let votes = open.iter().flat_map(|(nonce, key)| known.slots(*nonce, key));
    let slots = fixed_slots().into_iter().chain(known.addresses().map(layout::seat_slot)).chain(votes);
    let (account, mut storage) =
        tokio::try_join!(account(node, header, me), Storage::read(node, header, bridge.address, slots))?;
    let operators = operators_of(storage.words())?;
    let second = second_version(&storage, bridge)?;
    if second.is_some() {
        storage.more(operators.iter().map(layout::seat_slot)).await?;
    }
    let voters = Voters::of(storage.words(), &operators, second.is_some())?;
    storage.more(open.iter().flat_map(|(nonce, key)| voters.slots(*nonce, key))).await?;
    let mut stale = Vec::new();
    for (nonce, key) in open {
        stale.extend(voters.slots_of_other_keys(storage.words(), *nonce, key)?);
    }
    storage.more(stale).await?;
    let words = storage.words();
    let nonces = NonceWord::decode(&words.hash(&layout::NONCES)?).map_err(|error| ProveError::Refused(error.into()))?;
    let mut transfers = BTreeMap::new();
    for (nonce, key) in open {
        transfers.insert(*nonce, voters.nonce_state(words, &nonces, *nonce, key)?);
    }
    Ok(View {
        head: header.reference(),
        me,
        code: storage.account().code_hash,
        owner: Address::low_bytes(&words.hash(&layout::OWNER)?),
        liquidity: storage.account().balance,
        threshold: u64::try_from(words.word(&layout::threshold_slot(TRANSFER_VOTE))?).unwrap_or(u64::MAX),
        transfers,
        nonces,
        operators,
        voters,
        second,
        account,
    })
}

/// Words of the bridge's storage at `header`.
pub(crate) async fn words<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: Address,
    slots: &[Hash],
) -> Result<Vec<U256>, ProveError> {
    let storage = Storage::read(node, header, bridge, slots.iter().copied()).await?;
    slots.iter().map(|slot| storage.words().word(slot)).collect()
}

/// What an account holds; one that does not exist holds nothing. Nodes do not prove that an account
/// is absent, and their word is enough here: where it is false, the operator sends what no node
/// takes, and says that its account is missing.
pub(crate) async fn account<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    address: Address,
) -> Result<AccountView, ProveError> {
    let account = match read_state(node, header, address, &[]).await {
        Ok((_, account)) => account,
        Err(ProveError::Rpc(RpcError::NoAccount { .. })) => None,
        Err(error) => return Err(error),
    };
    Ok(account.map_or_else(AccountView::default, |proven| AccountView {
        nonce: proven.account().nonce,
        balance: proven.account().balance,
        exists: true,
        key: proven.account().key.clone(),
    }))
}

/// None for bridges of older generations, which keep nothing there.
fn second_version<T: Transport>(
    storage: &Storage<'_, '_, T>,
    bridge: &BridgeEnd,
) -> Result<Option<SecondVersion>, ProveError> {
    if bridge.generation(&storage.account().code_hash) != Some(Generation::V2) {
        return Ok(None);
    }
    let words = storage.words();
    let seats = SeatWord::decode(&words.hash(&layout::SEAT_COUNT)?);
    let seats = seats.map_err(|error| ProveError::Refused(error.into()))?;
    Ok(Some(SecondVersion {
        operator_epoch: seats.operator_epoch,
        handles_paused: seats.handles_paused,
        account_keys: seats.account_keys,
        source: (words.word(&layout::SOURCE_CHAIN_ID)?, Address::low_bytes(&words.hash(&layout::SOURCE_BRIDGE)?)),
    }))
}

fn fixed_slots() -> Vec<Hash> {
    let threshold = layout::threshold_slot(TRANSFER_VOTE);
    let mut slots = Vec::from([layout::NONCES, layout::OWNER, threshold, layout::operator_list_length()]);
    slots.extend([layout::SEAT_COUNT, layout::SOURCE_CHAIN_ID, layout::SOURCE_BRIDGE]);
    slots.extend((0..MOST_OPERATORS).map(layout::operator_list_slot));
    slots
}

/// The operators, ascending: whoever reads the list gets the same row.
fn operators_of(words: &Words) -> Result<Vec<Address>, ProveError> {
    let length = u64::try_from(words.word(&layout::operator_list_length())?).unwrap_or(u64::MAX);
    if length > MOST_OPERATORS {
        return Err(Stop::from(VerifyError::BridgeStorage).into());
    }
    let mut operators = Vec::new();
    for index in 0..length {
        operators.push(Address::low_bytes(&words.hash(&layout::operator_list_slot(index))?));
    }
    operators.retain(|operator| !operator.is_zero());
    operators.sort_unstable();
    operators.dedup();
    Ok(operators)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use spanlight::consensus::{FollowMode, LightClient};
    use spanlight::header::read_genesis;
    use spanlight::trust::TrustedChain;
    use spanlight_prover::{sync, Replay, Silent, SyncOptions, Time};

    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/");

    /// A recorded node that refuses proofs in these words.
    struct Refusing(Replay, &'static str);

    impl Transport for Refusing {
        async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
            match method {
                "kaia_getProof" => Err(RpcError::Node { code: -32_000, message: self.1.to_owned() }),
                _ => self.0.call(method, params).await,
            }
        }
    }

    async fn seen(words: &'static str) -> Result<AccountView, ProveError> {
        let genesis = std::fs::read_to_string(format!("{FIXTURES}service.genesis.json")).unwrap();
        let genesis = read_genesis(&genesis, "service").unwrap();
        let checkpoint = LightClient::from_genesis(&genesis.profile, genesis.header).unwrap().checkpoint();
        let trusted = TrustedChain {
            trusting_period: u64::MAX,
            max_age: 3600,
            patience: 3600,
            clock_tolerance: 15,
            allow_jump: false,
            votes: spanlight::consensus::VotesBy::default(),
            profile: genesis.profile,
            checkpoint,
        };
        let replay = Replay::read(&std::fs::read(format!("{FIXTURES}service.rpc.jsonl.gz")).unwrap()).unwrap();
        let transport = Refusing(replay, words);
        let node = Node::new(&transport, &trusted.profile);
        let time = Time::Fixed(u64::MAX >> 1);
        let options = SyncOptions { to: Some(2), mode: FollowMode::Sparse, deep: false, time };
        let synced = sync(&node, &trusted, options, &Silent).await.unwrap();
        account(&node, synced.chain().header(2).unwrap(), Address([7; 20])).await
    }

    #[tokio::test]
    async fn an_account_that_does_not_exist_yet_holds_nothing_and_a_pruned_one_is_not_known() {
        let absent = seen("there is no account corresponding to the given address").await;
        assert_eq!(absent.unwrap(), AccountView::default());
        assert_eq!(seen("missing trie node 1234").await.unwrap_err().code(), "rpc.pruned");
    }
}
