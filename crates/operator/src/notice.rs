//! What a bridge says of itself in its events, beside its transfers: changes of its rules, pauses,
//! and value that could not be delivered.
//!
//! Only the bridge's own code writes logs with its address, and these come from receipts under a
//! followed header: nothing here is anybody's word.

use spanlight::primitives::{encode_hex, keccak256};
use spanlight::receipt::Log;
use spanlight::{Address, Hash, U256};
use std::sync::LazyLock;

/// Longest part of an announced call that is shown.
const MOST_SHOWN: usize = 128;

/// What a change of the bridge is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// It takes no votes from now on.
    Paused,
    /// The owner has announced the end of a pause.
    ResumeScheduled,
    /// It takes votes again.
    Resumed,
    /// The ownership is offered, or has passed.
    Owner,
    /// An operator has come or gone.
    Operators,
    /// How many votes decide.
    Threshold,
    /// Most that one request or one day may move.
    Limits,
    /// How long the owner's changes are announced before.
    Delay,
    /// Who may pause.
    Guardian,
    /// Fees, tokens, locks, and the other side.
    Settings,
}

/// One event of the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Its rules have changed, in words.
    Changed(Subject, String),
    /// The owner has announced a call.
    Scheduled { number: u64, ready: u64, call: Vec<u8> },
    /// Operators have ended an announcement.
    Cancelled { number: u64 },
    /// A transfer was executed and could not be delivered: the bridge keeps its value.
    Undelivered { nonce: u64 },
    /// That value was paid out.
    Claimed { nonce: u64 },
}

/// How one value of an event is shown.
#[derive(Clone, Copy, Debug)]
enum Shown {
    Account,
    /// Zero stands for the coin.
    Token,
    Number,
    YesNo,
    VoteType,
}
use Shown::{Account, Number, Token, VoteType, YesNo};

/// Signature, subject, words before and between the values, and how each value is shown: those in
/// topics first, then those in the data.
type Event = (&'static str, Subject, &'static [&'static str], &'static [Shown]);

const EVENTS: [Event; 23] = [
    ("HandlesPaused(address)", Subject::Paused, &["the bridge was paused by "], &[Account]),
    (
        "HandlesResumeScheduled(uint64)",
        Subject::ResumeScheduled,
        &["the owner may resume the bridge from unix time "],
        &[Number],
    ),
    ("HandlesResumed()", Subject::Resumed, &["the bridge was resumed"], &[]),
    (
        "OwnershipTransferStarted(address,address)",
        Subject::Owner,
        &["the ownership of the bridge was offered by ", " to "],
        &[Account, Account],
    ),
    (
        "OwnershipTransferred(address,address)",
        Subject::Owner,
        &["the ownership of the bridge passed from ", " to "],
        &[Account, Account],
    ),
    ("OperatorRegistered(address)", Subject::Operators, &["the operator was registered: "], &[Account]),
    ("OperatorDeregistered(address)", Subject::Operators, &["the operator was removed: "], &[Account]),
    (
        "OperatorThresholdChanged(uint8,uint8)",
        Subject::Threshold,
        &["the threshold for ", " is now "],
        &[VoteType, Number],
    ),
    (
        "LimitChanged(address,uint128,uint128)",
        Subject::Limits,
        &["the limits of ", " are now (0: none): for one request ", ", for the outflow of a day "],
        &[Token, Number, Number],
    ),
    ("OwnerDelayChanged(uint64)", Subject::Delay, &["the owner's delay in seconds is now "], &[Number]),
    ("GuardianChanged(address)", Subject::Guardian, &["the guardian is now "], &[Account]),
    ("KLAYFeeChanged(uint256)", Subject::Settings, &["the fee for coin is now "], &[Number]),
    ("ERC20FeeChanged(address,uint256)", Subject::Settings, &["the fee for ", " is now "], &[Token, Number]),
    ("FeeReceiverChanged(address)", Subject::Settings, &["fees go from now on to "], &[Account]),
    ("RunningStatusChanged(bool)", Subject::Settings, &["the bridge takes requests: "], &[YesNo]),
    ("CounterpartBridgeChanged(address)", Subject::Settings, &["the counterpart bridge is now "], &[Account]),
    (
        "SourceBound(uint256,address)",
        Subject::Settings,
        &["requests are now taken from chain ", " and bridge "],
        &[Number, Account],
    ),
    ("TokenRegistered(address)", Subject::Settings, &["the token was registered: "], &[Token]),
    ("TokenDeregistered(address)", Subject::Settings, &["the token was removed: "], &[Token]),
    ("TokenLocked(address)", Subject::Settings, &["the token was locked for requests: "], &[Token]),
    ("TokenUnlocked(address)", Subject::Settings, &["the token was unlocked: "], &[Token]),
    ("KLAYLocked()", Subject::Settings, &["coin was locked for requests"], &[]),
    ("KLAYUnlocked()", Subject::Settings, &["coin was unlocked"], &[]),
];

const SCHEDULED: &str = "ChangeScheduled(uint64,uint64,bytes)";
const CANCELLED: &str = "ChangeCancelled(uint64)";
const UNDELIVERED: &str = "HandleDeliveryFailed(uint64,bytes32)";
const CLAIMED: &str = "Claimed(uint64,address)";

fn topic(signature: &str) -> Hash {
    keccak256(signature.as_bytes())
}

/// The first topics of these events, for the filter in headers.
pub(crate) static TOPICS: LazyLock<Vec<Hash>> = LazyLock::new(|| {
    let others = [SCHEDULED, CANCELLED, UNDELIVERED, CLAIMED];
    EVENTS.iter().map(|event| event.0).chain(others).map(topic).collect()
});

impl Notice {
    /// Reads a log of the bridge; nothing where it is of none of these events.
    pub(crate) fn decode(log: &Log) -> Option<Self> {
        let place = TOPICS.iter().position(|topic| Some(topic) == log.topics.first())?;
        let indexed = log.topics.get(1..)?.iter().map(|topic| topic.to_u256());
        let data = log.data.chunks_exact(32).filter_map(U256::try_from_be_slice);
        let mut values = indexed.chain(data);
        let mut next = || values.next().and_then(|value| u64::try_from(value).ok());
        match (EVENTS.get(place), place.saturating_sub(EVENTS.len())) {
            (Some(event), _) => changed(event, values),
            (None, 0) => {
                let (number, ready) = (next()?, next()?);
                Some(Self::Scheduled { number, ready, call: bytes_in(&log.data)? })
            }
            (None, 1) => Some(Self::Cancelled { number: next()? }),
            (None, 2) => Some(Self::Undelivered { nonce: next()? }),
            (None, _) => Some(Self::Claimed { nonce: next()? }),
        }
    }
}

fn changed(event: &Event, values: impl Iterator<Item = U256>) -> Option<Notice> {
    let (_, subject, words, shown) = event;
    let mut values = values;
    let mut text = String::new();
    for (place, words) in words.iter().enumerate() {
        text.push_str(words);
        if let Some(shown) = shown.get(place) {
            text.push_str(&in_words(*shown, values.next()?));
        }
    }
    Some(Notice::Changed(*subject, text))
}

fn in_words(shown: Shown, value: U256) -> String {
    match shown {
        Token if value.is_zero() => "coin".to_owned(),
        Account | Token => Address::low_bytes(&Hash::from_u256(value)).to_string(),
        Number => value.to_string(),
        YesNo => if value.is_zero() { "no" } else { "yes" }.to_owned(),
        VoteType => if value.is_zero() { "transfers" } else { "the configuration" }.to_owned(),
    }
}

/// The bytes of `ChangeScheduled`: behind the time and the place where they begin comes their
/// length.
fn bytes_in(data: &[u8]) -> Option<Vec<u8>> {
    let length = U256::try_from_be_slice(data.get(64..96)?)?;
    let end = usize::try_from(length).ok()?.checked_add(96)?;
    data.get(96..end).map(<[u8]>::to_vec)
}

/// Calls that an owner announces.
const CALLS: [(&str, &[Shown]); 11] = [
    ("registerOperator(address)", &[Account]),
    ("deregisterOperator(address)", &[Account]),
    ("setOperatorThreshold(uint8,uint8)", &[VoteType, Number]),
    ("registerToken(address,address)", &[Account, Account]),
    ("deregisterToken(address)", &[Account]),
    ("setCounterPartBridge(address)", &[Account]),
    ("bindSource(uint256,address)", &[Number, Account]),
    ("transferOwnership(address)", &[Account]),
    ("setOwnerDelay(uint64)", &[Number]),
    ("setLimit(address,uint128,uint128)", &[Token, Number, Number]),
    ("setGuardian(address)", &[Account]),
];

/// An announced call for people: its name and values, or its first bytes where it is none that is
/// known here.
pub(crate) fn call_in_words(call: &[u8]) -> String {
    let known = call.split_at_checked(4).and_then(|(selector, arguments)| {
        let of = |signature: &str| keccak256(signature.as_bytes()).0.get(..4) == Some(selector);
        let (signature, shown) = CALLS.iter().find(|(signature, _)| of(signature))?;
        let words: Vec<U256> = arguments.chunks_exact(32).filter_map(U256::try_from_be_slice).collect();
        let values = shown.iter().zip(&words).map(|(shown, word)| in_words(*shown, *word));
        let values: Vec<String> = values.collect();
        let name = signature.split('(').next()?;
        (arguments.len() == shown.len().saturating_mul(32)).then(|| format!("{name}({})", values.join(", ")))
    });
    known.unwrap_or_else(|| {
        let shown = call.get(..MOST_SHOWN).unwrap_or(call);
        let rest = if shown.len() < call.len() { "..." } else { "" };
        format!("{}{rest}", encode_hex(shown))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn word(value: u64) -> Vec<u8> {
        U256::from(value).to_be_bytes::<32>().to_vec()
    }

    fn log(signature: &str, topics: &[u64], data: &[u64]) -> Log {
        let topics = topics.iter().map(|value| Hash::from_u256(U256::from(*value)));
        Log {
            address: Address([9; 20]),
            topics: std::iter::once(topic(signature)).chain(topics).collect(),
            data: data.iter().flat_map(|value| word(*value)).collect(),
        }
    }

    /// The event's signature as the contract's build has it, and how many of its values are topics.
    fn events_of_the_bridge() -> Vec<(String, usize, usize)> {
        let artifact: Value = serde_json::from_str(include_str!("../../../contracts/artifacts/Bridge.json")).unwrap();
        let events = artifact["abi"].as_array().unwrap().iter().filter(|item| item["type"] == "event");
        let signature = |event: &Value| {
            let inputs = event["inputs"].as_array().unwrap().clone();
            let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
            let indexed = inputs.iter().filter(|input| input["indexed"] == true).count();
            (format!("{}({})", event["name"].as_str().unwrap(), types.join(",")), indexed, inputs.len() - indexed)
        };
        events.map(signature).collect()
    }

    /// An event that is added to the contract must not stay unseen.
    #[test]
    fn every_event_of_the_bridge_is_read_but_those_of_transfers_on_their_way() {
        let on_their_way = ["RequestValueTransfer", "HandleValueTransfer", "VoteCast", "HandleHeld"];
        let mut seen = BTreeSet::new();
        for (signature, indexed, plain) in events_of_the_bridge() {
            if on_their_way.iter().any(|name| signature.starts_with(name)) {
                continue;
            }
            let ones = |count| vec![1u64; count];
            // The one event with bytes: their place and their length.
            let data = if signature == SCHEDULED { vec![5, 64, 0] } else { ones(plain) };
            assert!(Notice::decode(&log(&signature, &ones(indexed), &data)).is_some(), "{signature}");
            seen.insert(topic(&signature));
        }
        assert_eq!(seen, TOPICS.iter().copied().collect(), "and the bridge has every event that is looked for");
    }

    #[test]
    fn every_call_that_waits_for_the_owners_delay_has_words() {
        let artifact: Value = serde_json::from_str(include_str!("../../../contracts/artifacts/Bridge.json")).unwrap();
        let functions = artifact["abi"].as_array().unwrap().iter().filter(|item| item["type"] == "function");
        let names: BTreeSet<String> = functions
            .map(|function| {
                let inputs = function["inputs"].as_array().unwrap().iter();
                let types: Vec<&str> = inputs.map(|input| input["type"].as_str().unwrap()).collect();
                format!("{}({})", function["name"].as_str().unwrap(), types.join(","))
            })
            .collect();
        for (signature, _) in CALLS {
            assert!(names.contains(signature), "{signature}");
        }
        let sources = [
            include_str!("../../../contracts/src/Operators.sol"),
            include_str!("../../../contracts/src/Registry.sol"),
            include_str!("../../../contracts/src/Owned.sol"),
        ];
        let mut delayed = 0;
        for line in sources.iter().flat_map(|source| source.lines()).filter(|line| line.contains(" afterDelay {")) {
            let name = line.trim().trim_start_matches("function ").split('(').next().unwrap();
            assert!(CALLS.iter().any(|(call, _)| call.split('(').next() == Some(name)), "{name}");
            delayed += 1;
        }
        assert!(delayed >= 9, "{delayed}");
    }

    #[test]
    fn notices_name_their_values() {
        let read = |signature, topics: &[u64], data: &[u64]| Notice::decode(&log(signature, topics, data));
        let threshold = read("OperatorThresholdChanged(uint8,uint8)", &[1], &[3]);
        let words = "the threshold for the configuration is now 3".to_owned();
        assert_eq!(threshold, Some(Notice::Changed(Subject::Threshold, words)));
        let limits = read("LimitChanged(address,uint128,uint128)", &[0], &[7, 8]);
        let words = "the limits of coin are now (0: none): for one request 7, for the outflow of a day 8".to_owned();
        assert_eq!(limits, Some(Notice::Changed(Subject::Limits, words)));
        assert_eq!(read(UNDELIVERED, &[4], &[1]), Some(Notice::Undelivered { nonce: 4 }));
        assert_eq!(read(CLAIMED, &[4, 9], &[]), Some(Notice::Claimed { nonce: 4 }));
        assert_eq!(read(CANCELLED, &[2], &[]), Some(Notice::Cancelled { number: 2 }));
        assert_eq!(read("Other()", &[], &[]), None);
        assert_eq!(read(UNDELIVERED, &[], &[]), None, "what lacks a value is no event of this bridge");
    }

    #[test]
    fn an_announced_call_is_told_by_name_and_values_and_an_unknown_one_by_its_bytes() {
        let call = [&topic("setOperatorThreshold(uint8,uint8)").0[..4], &word(0), &word(3)].concat();
        let mut log = log(SCHEDULED, &[6], &[1000, 64, call.len() as u64]);
        log.data.extend(&call);
        assert_eq!(Notice::decode(&log), Some(Notice::Scheduled { number: 6, ready: 1000, call: call.clone() }));
        assert_eq!(call_in_words(&call), "setOperatorThreshold(transfers, 3)");
        assert_eq!(call_in_words(&[1, 2, 3]), "0x010203");
        assert_eq!(call_in_words(&call[..40]), encode_hex(&call[..40]), "what is cut off is not made up");
        assert!(call_in_words(&[7; 1000]).ends_with("07..."));
        log.data.truncate(100);
        assert_eq!(Notice::decode(&log), None);
    }
}
