//! Requests and votes by plain code: what users and operators do, without any client of theirs.

use super::{Pair, Side};
use crate::abi;
use crate::error::DevnetError;
use crate::wallet::{self, Sending};
use spanlight::bridge::layout::{closed_slot, NonceWord, NONCES};
use spanlight::bridge::{expected_call, HandleCall, RequestEvent};
use spanlight::primitives::{Address, Hash, U256};
use spanlight::receipt::Receipt;
use spanlight_forge::keys;

/// What is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The chain's coin.
    Coin(U256),
    /// So much of the fungible token.
    Erc20(U256),
    /// The single token with this id.
    Erc721(U256),
}

/// A request that is in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// On which chain.
    pub from: Side,
    /// The event.
    pub event: RequestEvent,
    /// The transaction.
    pub hash: Hash,
    /// The block.
    pub block: u64,
}

impl Pair {
    /// Sends a transaction of a key, and makes the block that holds it unless the chain does so by itself.
    ///
    /// # Errors
    /// Where it is refused, or is in no block soon.
    pub fn execute(&self, side: Side, key: u64, sending: &Sending) -> Result<(Hash, Receipt), DevnetError> {
        let hash = self.submit(side, key, sending)?;
        let receipt = self.chain(side).wait_for(&hash)?;
        Ok((hash, receipt))
    }

    /// Sends a transaction of a key and does not wait for the block that holds it.
    ///
    /// # Errors
    /// Where it is refused.
    pub fn submit(&self, side: Side, key: u64, sending: &Sending) -> Result<Hash, DevnetError> {
        let handle = self.chain(side);
        let raw = wallet::sign(&handle.chain(), key, sending);
        handle.send(&raw).map_err(|e| DevnetError::SetUp { what: "transaction", reason: e.to_string() })
    }

    /// The transaction that asks for a transfer to `to` on the other chain; tokens go in one step.
    #[must_use]
    pub fn request_call(&self, from: Side, to: Address, value: Value) -> Sending {
        let end = self.end(from);
        let none: &[u8] = &[];
        match value {
            Value::Coin(amount) => Sending {
                to: Some(end.bridge),
                value: amount,
                input: abi::call(
                    "requestKLAYTransfer(address,uint256,bytes)",
                    &[to.into(), amount.into(), none.into()],
                ),
                gas: None,
            },
            Value::Erc20(amount) => Sending::call(
                end.erc20,
                abi::call(
                    "requestValueTransfer(uint256,address,uint256,bytes)",
                    &[amount.into(), to.into(), 0u64.into(), none.into()],
                ),
            ),
            Value::Erc721(id) => Sending::call(
                end.erc721,
                abi::call("requestValueTransfer(uint256,address,bytes)", &[id.into(), to.into(), none.into()]),
            ),
        }
    }

    /// A user asks for a transfer to `to` on the other chain.
    ///
    /// # Errors
    /// Where the request fails.
    pub fn request(&self, from: Side, user: u64, to: Address, value: Value) -> Result<Requested, DevnetError> {
        let (hash, receipt) = self.execute(from, user, &self.request_call(from, to, value))?;
        let bridge = self.end(from).bridge;
        let failed = |reason: &str| DevnetError::SetUp { what: "request", reason: reason.into() };
        let mut logs = receipt.logs.iter().filter(|log| log.address == bridge);
        let event = logs.find_map(|log| RequestEvent::decode(log).ok());
        let event = event.ok_or_else(|| failed(receipt.status_name().unwrap_or("no event")))?;
        let place = self.chain(from).chain().place_of(&hash);
        let (block, _) = place.ok_or_else(|| failed("in no block"))?;
        Ok(Requested { from, event, hash, block })
    }

    /// The call with which honest operators vote for a request.
    #[must_use]
    pub fn honest_call(&self, request: &Requested) -> HandleCall {
        let (own, other) = (self.end(request.from), self.end(request.from.other()));
        let counterpart = if request.event.token == own.erc721 { other.erc721 } else { other.erc20 };
        expected_call(&request.event, request.hash, request.block, counterpart)
    }

    /// The operator with this index votes on a chain.
    ///
    /// # Errors
    /// Where there is no such operator, or the transaction is refused. A vote that reverts is in the receipt.
    pub fn vote(&self, operator: usize, on: Side, call: &HandleCall) -> Result<(Hash, Receipt), DevnetError> {
        let missing = || DevnetError::Config(format!("no operator {operator}"));
        let key = self.operator(operator, on).ok_or_else(missing)?;
        self.execute(on, key, &Sending::call(self.end(on).bridge, call.encode()))
    }

    /// As many honest operators vote as decide; gives the receipt of the deciding vote.
    ///
    /// # Errors
    /// As [`Self::vote`].
    pub fn deliver(&self, request: &Requested) -> Result<Receipt, DevnetError> {
        let call = self.honest_call(request);
        let mut last = None;
        for operator in 0..usize::try_from(self.threshold).unwrap_or(usize::MAX) {
            last = Some(self.vote(operator, request.from.other(), &call)?.1);
        }
        last.ok_or_else(|| DevnetError::Config("a threshold of zero".into()))
    }

    /// Requests that the bridge of a chain has counted.
    ///
    /// # Errors
    /// Where its state cannot be read.
    pub fn request_count(&self, from: Side) -> Result<u64, DevnetError> {
        Ok(self.nonces(from)?.request_nonce)
    }

    /// Whether the bridge of a chain has executed what came with this nonce, in order or before its turn.
    ///
    /// # Errors
    /// Where its state cannot be read.
    pub fn is_handled(&self, on: Side, nonce: u64) -> Result<bool, DevnetError> {
        Ok(self.nonces(on)?.lower_handle_nonce > nonce || !self.bridge_word(on, &closed_slot(nonce))?.is_zero())
    }

    fn nonces(&self, side: Side) -> Result<NonceWord, DevnetError> {
        let word = Hash::from_u256(self.bridge_word(side, &NONCES)?);
        NonceWord::decode(&word).map_err(|error| unread(&error.to_string()))
    }

    fn bridge_word(&self, side: Side, slot: &Hash) -> Result<U256, DevnetError> {
        let chain = self.chain(side).chain();
        let state = chain.state();
        let account = state.account(&self.end(side).bridge)?.ok_or_else(|| unread("no bridge"))?;
        Ok(state.word(&account, slot)?)
    }

    /// The address of a user's key.
    #[must_use]
    pub fn user(&self, key: u64) -> Address {
        keys::address(key)
    }
}

fn unread(reason: &str) -> DevnetError {
    DevnetError::SetUp { what: "state of the bridge", reason: reason.into() }
}
