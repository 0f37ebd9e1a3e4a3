//! What users and operators do to a bridge in a block: requests, votes, votes through a contract, failed attempts.

use crate::keys;
use crate::new_block::NewBlock;
use spanlight::bridge::events::topic;
use spanlight::bridge::{DeliveryFailedEvent, HandleEvent, RequestEvent, SignedHandle, SigningDomain, TokenType};
use spanlight::bundle::{ItemRef, LogRef};
use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::receipt::Log;

/// Key of the user who requests.
pub const USER: u64 = 101;
/// Key of somebody who is no operator.
pub const OUTSIDER: u64 = 99;
/// A contract through which an operator may vote.
pub const RELAY: Address = Address([0x5e; 20]);
/// The source chain's token.
pub const SOURCE_TOKEN: Address = Address([0x70; 20]);
/// Its counterpart on the destination chain.
pub const DESTINATION_TOKEN: Address = Address([0x71; 20]);
/// Who receives.
pub const RECIPIENT: Address = Address([0xb0; 20]);

/// A request as it came to be.
#[derive(Clone, Debug)]
pub struct Requested {
    /// Where its event is.
    pub at: LogRef,
    /// The event.
    pub event: RequestEvent,
    /// Its transaction.
    pub tx_hash: Hash,
}

/// A vote as it came to be.
#[derive(Clone, Debug)]
pub struct Voted {
    /// Its transaction.
    pub at: ItemRef,
    /// Where the handle event is, if the vote decided.
    pub handled: Option<LogRef>,
    /// Whether the contract reverted.
    pub reverted: bool,
}

fn request_of(token_type: TokenType, token: Address, value: u64) -> RequestEvent {
    RequestEvent {
        token_type,
        from: keys::address(USER),
        to: RECIPIENT,
        token,
        value: U256::from(value),
        nonce: 0,
        fee: U256::ZERO,
        extra: Vec::new(),
        encoding: None,
    }
}

/// A request of coin.
#[must_use]
pub fn coin(value: u64) -> RequestEvent {
    RequestEvent { extra: b"memo".to_vec(), ..request_of(TokenType::Coin, Address::ZERO, value) }
}

/// A request of fungible tokens.
#[must_use]
pub fn erc20(value: u64) -> RequestEvent {
    request_of(TokenType::Erc20, SOURCE_TOKEN, value)
}

/// A request of one token with an id and a URI.
#[must_use]
pub fn erc721(id: u64, uri: &str) -> RequestEvent {
    let word = |n: u64| U256::from(n).to_be_bytes::<32>();
    let padded = |bytes: &[u8]| {
        let mut out = bytes.to_vec();
        out.resize(bytes.len().next_multiple_of(32), 0);
        out
    };
    let answer = [word(32).to_vec(), word(uri.len() as u64).to_vec(), padded(uri.as_bytes())].concat();
    let encoded = [word(32).to_vec(), word(answer.len() as u64).to_vec(), padded(&answer)].concat();
    RequestEvent { encoding: Some((2, encoded)), ..request_of(TokenType::Erc721, SOURCE_TOKEN, id) }
}

/// The log by which a token contract says that it moved something.
#[must_use]
pub fn transfer_log(token: Address, token_type: TokenType, from: Address, to: Address, value: U256) -> Log {
    let value = Hash::from_u256(value);
    let mut topics = vec![keccak256(b"Transfer(address,address,uint256)"), from.to_word(), to.to_word()];
    let mut data = Vec::new();
    match token_type {
        TokenType::Erc721 => topics.push(value),
        _ => data.extend_from_slice(value.as_bytes()),
    }
    Log { address: token, topics, data }
}

impl NewBlock<'_> {
    /// One transaction of a user with a request.
    pub fn request(&mut self, event: RequestEvent) -> Requested {
        self.requests(vec![event]).remove(0)
    }

    /// One transaction of a user with several requests.
    pub fn requests(&mut self, events: Vec<RequestEvent>) -> Vec<Requested> {
        let bridge = self.bridge().address;
        let mut logs = Vec::new();
        let mut made = Vec::new();
        for event in events {
            if event.token_type != TokenType::Coin {
                logs.push(transfer_log(event.token, event.token_type, event.from, bridge, event.value));
            }
            let event = self.bridge().request(event);
            logs.push(Log { address: bridge, ..event.encode() });
            made.push((logs.len() as u32 - 1, event));
        }
        let index = self.transaction(USER, bridge, U256::from(10u64), b"request".to_vec(), 1, logs);
        let tx_hash = self.items[index as usize].0.hash();
        let item = ItemRef { block: self.number, index };
        made.into_iter().map(|(log, event)| Requested { at: LogRef { item, log }, event, tx_hash }).collect()
    }

    /// The owner names another counterpart for a token, or none; the bridge says so in its events.
    pub fn register_token(&mut self, token: Address, counterpart: Option<Address>) {
        let bridge = self.bridge();
        let (address, old) = (bridge.address, bridge.registered.remove(&token));
        bridge.registered.extend(counterpart.map(|counterpart| (token, counterpart)));
        let topics = [old.map(|_| topic::TOKEN_DEREGISTERED), counterpart.map(|_| topic::TOKEN_REGISTERED)];
        let log = |topic| Log { address, topics: vec![topic, token.to_word()], data: Vec::new() };
        let logs = topics.into_iter().flatten().map(log).collect();
        self.transaction(USER, address, U256::ZERO, b"register".to_vec(), 1, logs);
    }

    /// An operator votes by its own transaction.
    pub fn vote(&mut self, key: u64, calldata: &[u8]) -> Voted {
        self.vote_if(key, calldata, true)
    }

    /// An operator votes, and the recipient or token may refuse what is delivered.
    pub fn vote_if(&mut self, key: u64, calldata: &[u8], delivers: bool) -> Voted {
        let bridge = self.bridge().address;
        self.bridge().version2.time = self.time;
        let outcome = self.bridge().vote(keys::address(key), calldata, delivers).map_err(|_| ());
        self.record_vote(key, bridge, calldata.to_vec(), outcome)
    }

    /// An operator that is a contract votes: the transaction calls the contract, which calls the bridge.
    pub fn vote_through_relay(&mut self, key: u64, calldata: &[u8]) -> Voted {
        let outcome = self.bridge().vote(RELAY, calldata, true).map_err(|_| ());
        self.record_vote(key, RELAY, b"relay".to_vec(), outcome)
    }

    /// Somebody brings signatures for a call of a version 2 bridge; those that sign something else make it revert.
    pub fn handle_with_signatures(&mut self, key: u64, signed: &SignedHandle, domain: &SigningDomain) -> Voted {
        self.handle_with_signatures_if(key, signed, domain, true)
    }

    /// As [`Self::handle_with_signatures`], and the recipient or token may refuse what is delivered.
    pub fn handle_with_signatures_if(
        &mut self,
        key: u64,
        signed: &SignedHandle,
        domain: &SigningDomain,
        delivers: bool,
    ) -> Voted {
        self.bridge().version2.time = self.time;
        let bridge = self.bridge();
        let (address, digest) = (bridge.address, domain.digest(&signed.call, bridge.version2.epoch));
        let signers: Vec<Address> =
            signed.signatures.iter().map(|signature| keys::signer(&digest, signature)).collect();
        let ascend = signers.windows(2).all(|pair| pair[0] < pair[1]);
        let outcome =
            if ascend { bridge.vote_signed(&signed.call, &signers, delivers).map_err(|_| ()) } else { Err(()) };
        self.record_vote(key, address, signed.encode(), outcome)
    }

    /// Puts another input under an item's transaction, which is sent by `key`: the chain commits to a transaction that did not do
    /// what its receipt says.
    pub fn spoil_input(&mut self, index: u32, key: u64, to: Address, input: Vec<u8>) {
        let receipt = self.items[index as usize].1.clone();
        let added = self.transaction(key, to, U256::ZERO, input, receipt.status, receipt.logs.clone());
        let (transaction, _) = self.items.remove(added as usize);
        self.items[index as usize] = (transaction, receipt);
    }

    /// Makes one transaction, a call of the relay contract, out of two handles; gives the places of their events.
    pub fn join_through_relay(&mut self, key: u64, first: u32, second: u32) -> [LogRef; 2] {
        let mut logs = self.items[first as usize].1.logs.clone();
        let handle = |logs: &[Log]| logs.iter().position(|log| log.topics.first() == Some(&topic::HANDLE)).unwrap();
        let (one, more) = (handle(&logs), self.items[second as usize].1.logs.clone());
        let two = logs.len() + handle(&more);
        logs.extend(more);
        self.items.truncate(first as usize);
        let index = self.transaction(key, RELAY, U256::ZERO, b"relay".to_vec(), 1, logs);
        let item = ItemRef { block: self.number, index };
        [one, two].map(|log| LogRef { item, log: log as u32 })
    }

    fn record_vote(
        &mut self,
        key: u64,
        to: Address,
        input: Vec<u8>,
        outcome: Result<Option<HandleEvent>, ()>,
    ) -> Voted {
        const REVERTED: u64 = 9;
        let (status, logs) = match &outcome {
            Ok(Some(event)) => (1, self.logs_of(event)),
            Ok(None) => (1, Vec::new()),
            Err(()) => (REVERTED, Vec::new()),
        };
        let place = logs.iter().position(|log| log.topics.first() == Some(&topic::HANDLE));
        let index = self.transaction(key, to, U256::ZERO, input, status, logs);
        let at = ItemRef { block: self.number, index };
        let handled = place.map(|log| LogRef { item: at, log: log as u32 });
        Voted { at, handled, reverted: outcome.is_err() }
    }

    fn logs_of(&mut self, event: &HandleEvent) -> Vec<Log> {
        let bridge = self.bridge();
        let giver = if bridge.mint_burn { Address::ZERO } else { bridge.address };
        let mut logs = vec![Log { address: bridge.address, ..event.encode() }];
        if bridge.version2.claims.contains_key(&event.nonce) {
            let failed = DeliveryFailedEvent { nonce: event.nonce, reason_hash: keccak256(b"") };
            logs.push(Log { address: bridge.address, ..failed.encode() });
        } else if event.token_type != TokenType::Coin {
            logs.push(transfer_log(event.token, event.token_type, giver, event.to, event.value));
        }
        logs
    }

    /// Changes the outcome of an item, as the chain then commits to it.
    pub fn spoil_receipt(&mut self, index: u32, change: impl FnOnce(&mut spanlight::receipt::Receipt)) {
        let receipt = &mut self.items[index as usize].1;
        change(receipt);
        *receipt.bloom = spanlight::receipt::bloom_of(&receipt.logs);
    }
}
