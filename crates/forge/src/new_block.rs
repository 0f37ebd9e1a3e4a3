//! A block that is being made: its transactions, its vote, who seals it, and what is wrong with it.

use crate::chain::Chain;
use crate::{keys, Bridge};
use spanlight::consensus::parameters::{ParameterChanges, ParameterName};
use spanlight::header::HeaderFields;
use spanlight::primitives::{Address, U256};
use spanlight::receipt::{Log, Receipt};
use spanlight::rlp::RlpStream;
use spanlight::transaction::Transaction;

/// What a block votes for.
#[derive(Clone, Debug)]
pub enum BlockVote {
    /// The address of this key joins.
    Add(u64),
    /// The address of this key leaves.
    Remove(u64),
    /// A parameter takes a value, in the bytes of chain.md 2.3.
    Parameter(ParameterName, Vec<u8>),
}

impl BlockVote {
    pub(crate) fn field(&self, voter: u64) -> Vec<u8> {
        let (name, value) = match self {
            Self::Add(key) => ("governance.addvalidator", keys::address(*key).0.to_vec()),
            Self::Remove(key) => ("governance.removevalidator", keys::address(*key).0.to_vec()),
            Self::Parameter(name, value) => (name.as_str(), value.clone()),
        };
        let mut stream = RlpStream::new_list(3);
        stream.append(&keys::address(voter).as_bytes()).append(&name).append(&value);
        stream.out().to_vec()
    }
}

/// The content of a `Governance` field: keys in order, no white space.
#[must_use]
pub fn governance_json(changes: &ParameterChanges) -> String {
    use spanlight::consensus::parameters::ParameterValue as Value;
    let entry = |(name, value): (&ParameterName, &Value)| {
        let value = match value {
            Value::Address(address) => format!("\"{address}\""),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => format!("\"{text}\""),
            Value::Bool(switch) => switch.to_string(),
        };
        format!("\"{}\":{value}", name.as_str())
    };
    format!("{{{}}}", changes.0.iter().map(entry).collect::<Vec<_>>().join(","))
}

/// A byte string as RLP.
#[must_use]
pub fn encode_string(bytes: &[u8]) -> Vec<u8> {
    let mut stream = RlpStream::new();
    stream.append(&bytes);
    stream.out().to_vec()
}

pub(crate) type Change = Box<dyn FnOnce(&mut HeaderFields)>;

/// A block that is being made.
pub struct NewBlock<'c> {
    /// Its height.
    pub number: u64,
    /// Its time.
    pub time: u64,
    /// Its transactions and receipts, to add to or to spoil.
    pub items: Vec<(Transaction, Receipt)>,
    /// Bytes that the block commits to as transactions behind its items, whatever they are.
    pub unknown: Vec<Vec<u8>>,
    /// The round byte.
    pub round: u8,
    /// Key of the proposer.
    pub proposer: u64,
    /// Keys of those who commit.
    pub committers: Vec<u64>,
    pub(crate) vote: Option<BlockVote>,
    pub(crate) before_seal: Option<Change>,
    pub(crate) after_seal: Option<Change>,
    pub(crate) chain: &'c mut Chain,
}

impl NewBlock<'_> {
    /// The bridge, to change its state in this block.
    pub fn bridge(&mut self) -> &mut Bridge {
        &mut self.chain.bridge
    }

    /// Lets the proposer vote.
    pub fn vote_for(&mut self, vote: BlockVote) {
        self.vote = Some(vote);
    }

    /// Changes the header before it is sealed: wrong, and agreed to.
    pub fn before_seal(&mut self, change: impl FnOnce(&mut HeaderFields) + 'static) {
        self.before_seal = Some(Box::new(change));
    }

    /// Changes the header after it is sealed.
    pub fn after_seal(&mut self, change: impl FnOnce(&mut HeaderFields) + 'static) {
        self.after_seal = Some(Box::new(change));
    }

    /// Adds a signed transaction with its outcome; gives its index.
    pub fn transaction(
        &mut self,
        key: u64,
        to: Address,
        value: U256,
        input: Vec<u8>,
        status: u64,
        logs: Vec<Log>,
    ) -> u32 {
        let nonce = self.chain.nonces.entry(key).or_default();
        let unsigned = keys::Unsigned { nonce: *nonce, gas: 300_000, to, value, input };
        *nonce += 1;
        let transaction = keys::sign_transaction(key, self.chain.profile.chain_id, &unsigned);
        let bloom = Box::new(spanlight::receipt::bloom_of(&logs));
        let receipt = Receipt { status, gas_used: 21_000 + 1_000 * logs.len() as u64, bloom, logs };
        self.items.push((transaction, receipt));
        self.items.len() as u32 - 1
    }

    /// An account of this chain anchors a block of another one.
    pub fn anchor(&mut self, key: u64, payload: &[u8]) -> u32 {
        const ANCHORING: u8 = 0x48;
        let v = 2 * self.chain.profile.chain_id + 35;
        let mut stream = RlpStream::new_list(6);
        stream.append(&0u8).append(&50u8).append(&100_000u64);
        stream.append(&keys::address(key).as_bytes()).append(&payload);
        stream.begin_list(1).begin_list(3).append(&v).append(&1u8).append(&1u8);
        let item = [&[ANCHORING], stream.out().as_ref()].concat();
        let transaction = Transaction::decode(&item).expect("an anchoring transaction");
        let bloom = Box::new([0; 256]);
        self.items.push((transaction, Receipt { status: 1, gas_used: 30_000, bloom, logs: Vec::new() }));
        self.items.len() as u32 - 1
    }

    /// Somebody sends somebody a coin.
    pub fn transfer(&mut self, key: u64) {
        self.transaction(key, Address([0x77; 20]), U256::ONE, Vec::new(), 1, Vec::new());
    }
}
