//! What the owner of a bridge has announced.
//!
//! The bridge's state keeps an announcement under the hash of its call, so whoever asks must know
//! the call: logs tell it, and endpoints are not believed about logs. So each call that any
//! endpoint shows is compared with the proven state; what stands, is cancelled or is ready is
//! proven. A number for which no endpoint shows a call that stands was made, or announced anew, or
//! is hidden by all of them: it is named, and never passes for "nothing is announced".

use super::facts::generation_of;
use super::{abi, end_of, trusted, Followed, Power, PowerError, Refusal};
use crate::config::Config;
use crate::view::storage::Storage;
use spanlight::bridge::layout::{self, Change, DelayWord};
use spanlight::bridge::Generation;
use spanlight::receipt::Log;
use spanlight::{keccak256, U256};
use spanlight_prover::{Node, ProveError};
use std::collections::{BTreeMap, BTreeSet};

/// Blocks of one question for logs: nodes refuse long ranges, or take long for them.
const BLOCKS: u64 = 5_000;
/// A month of delay, the week in which a change may be made, and a day.
const OLDEST: u64 = 38 * 86_400;
/// Most questions to one endpoint: two months of blocks of one second.
const MOST_QUESTIONS: u64 = 1_100;
/// Most announcements that are looked at, the newest.
const MOST_CHANGES: u64 = 256;

/// How an announcement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may not be made yet.
    Waits,
    /// It may be made now.
    Ready,
    /// Operators cancelled it.
    Cancelled,
    /// Its week is over.
    Expired,
    /// It is not in the state: it was made or announced anew, or no endpoint shows it.
    Gone,
}

impl Standing {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Ready => "ready",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Gone => "gone",
        }
    }
}

/// One announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Its number.
    pub number: u64,
    /// How it stands.
    pub standing: Standing,
    /// From when on it may be made, in unix seconds; proven of those that stand.
    pub ready: Option<u64>,
    /// Until when.
    pub until: Option<u64>,
    /// What it calls; proven of those that stand.
    pub call: Option<Vec<u8>>,
}

impl Announced {
    /// What it does, in words.
    #[must_use]
    pub fn what(&self) -> String {
        let Some(call) = &self.call else { return "its call is not known".to_owned() };
        Power::read(call).map_or_else(
            || format!("a call that no command makes: {}", spanlight::primitives::encode_hex(call)),
            |power| power.to_string(),
        )
    }
}

/// What is announced on a bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The verified block.
    pub block: u64,
    /// Its time.
    pub time: u64,
    /// Seconds that changes are announced before.
    pub owner_delay: u64,
    /// The newest first.
    pub listed: Vec<Announced>,
}

/// Reads what the owner has announced on the bridge of a chain.
///
/// # Errors
/// Where the chain is none of the configuration's, cannot be followed, or its bridge is older.
pub async fn changes(config: &Config, chain: &str) -> Result<Changes, PowerError> {
    let (settings, end) = end_of(config, chain)?;
    let trusted = trusted(config, chain).await?;
    let mut bridge = Followed::start(config, settings, end, &trusted).await?;
    let counted = bridge
        .look_at(async |node, header, end| {
            let storage = Storage::read(node, header, end.address, [layout::OWNER_DELAY]).await?;
            let delay = DelayWord::decode(storage.words().word(&layout::OWNER_DELAY)?);
            Ok(match generation_of(end, &storage.account().code_hash) {
                Ok(Generation::V2) => Ok((delay, header.number())),
                Ok(_) => Err(Refusal::OlderBridge),
                Err(unknown) => Err(unknown),
            })
        })
        .await?;
    let (delay, head) = counted.map_err(PowerError::Refused)?;
    let newest = delay.change_count;
    let first = newest.saturating_sub(MOST_CHANGES).saturating_add(1);
    let wanted: BTreeSet<u64> = (first..=newest).collect();
    let mut calls: BTreeMap<u64, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for _ in 0..bridge.link.len() {
        if !wanted.is_empty() {
            // An endpoint that fails leaves the word to the others.
            if let Err(error) = gather(&bridge, head, &wanted, &mut calls).await {
                tracing::warn!(%error, endpoint = bridge.link.first(), "an endpoint does not show all announcements");
            }
        }
        bridge.link.rotate();
    }
    bridge
        .look_at(async |node, header, end| {
            let slots = wanted.iter().map(|number| layout::cancelled_change_slot(*number));
            let slots = slots.chain(calls.values().flatten().map(|call| layout::change_slot(call)));
            let storage = Storage::read(node, header, end.address, slots).await?;
            let mut listed = Vec::new();
            for number in wanted.iter().rev() {
                let cancelled = storage.words().word(&layout::cancelled_change_slot(*number))? == U256::ONE;
                let mut standing = None;
                for call in calls.get(number).into_iter().flatten() {
                    let change = Change::decode(storage.words().word(&layout::change_slot(call))?);
                    if change.number == *number {
                        standing = Some((change, call.clone()));
                    }
                }
                listed.push(announced(*number, cancelled, standing, header.time()));
            }
            let owner_delay = delay.owner_delay;
            Ok(Changes { block: header.number(), time: header.time(), owner_delay, listed })
        })
        .await
}

/// Puts together what is proven of a number at a time.
fn announced(number: u64, cancelled: bool, found: Option<(Change, Vec<u8>)>, now: u64) -> Announced {
    let until = |change: &Change| change.ready.saturating_add(Change::GRACE);
    let standing = match &found {
        _ if cancelled => Standing::Cancelled,
        None => Standing::Gone,
        Some((change, _)) if now >= until(change) => Standing::Expired,
        Some((change, _)) if now >= change.ready => Standing::Ready,
        Some(_) => Standing::Waits,
    };
    let ready = found.as_ref().map(|(change, _)| change.ready);
    let until = found.as_ref().map(|(change, _)| until(change));
    Announced { number, standing, ready, until, call: found.map(|(_, call)| call) }
}

/// Asks the endpoint that is first for the logs, from the head backwards.
async fn gather(
    bridge: &Followed<'_>,
    head: u64,
    wanted: &BTreeSet<u64>,
    calls: &mut BTreeMap<u64, BTreeSet<Vec<u8>>>,
) -> Result<(), ProveError> {
    let node = Node::new(&bridge.link.endpoints, &bridge.trusted.profile);
    let topic = keccak256(b"ChangeScheduled(uint64,uint64,bytes)");
    let newest = bridge.synced.chain().head().time;
    let (mut last, mut missing) = (head, wanted.clone());
    for _ in 0..MOST_QUESTIONS {
        let first = last.saturating_sub(BLOCKS.saturating_sub(1));
        for log in node.logs(bridge.end.address, &[topic], &[(first, last)]).await?.into_iter().flatten() {
            if let Some((number, call)) = read(&log.log).filter(|(number, _)| wanted.contains(number)) {
                missing.remove(&number);
                calls.entry(number).or_default().insert(call);
            }
        }
        if missing.is_empty() || first == 0 {
            break;
        }
        let header = node.header(first).await?;
        if header.fields().time.saturating_add(OLDEST) < newest {
            break;
        }
        last = first.saturating_sub(1);
    }
    Ok(())
}

/// Number and call of a log, as far as it is of the right form.
fn read(log: &Log) -> Option<(u64, Vec<u8>)> {
    const WORD: usize = 32;
    let number = u64::try_from(log.topics.get(1)?.to_u256()).ok()?;
    // ready, offset (64), length, bytes.
    let length_word = log.data.get(WORD.checked_mul(2)?..WORD.checked_mul(3)?)?;
    let length = usize::try_from(U256::from_be_slice(length_word)).ok()?;
    let start = WORD.checked_mul(3)?;
    let call = log.data.get(start..start.checked_add(length)?)?.to_vec();
    let ready = U256::from_be_slice(log.data.get(..WORD)?);
    let written = abi::bytes_and_words(&call, &[]);
    let tail = written.get(WORD..)?;
    let offset = U256::from(WORD.checked_mul(2)?).to_be_bytes::<WORD>();
    let whole = [ready.to_be_bytes::<WORD>().as_slice(), &offset, tail].concat();
    (whole == log.data).then_some((number, call))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::Hash;

    #[test]
    fn what_is_not_in_the_state_never_passes_for_what_waits() {
        let found = |ready| Some((Change { ready, number: 3 }, vec![1]));
        let standing = |cancelled, found, now| announced(3, cancelled, found, now).standing;
        assert_eq!(standing(false, found(100), 99), Standing::Waits);
        assert_eq!(standing(false, found(100), 100), Standing::Ready);
        assert_eq!(standing(false, found(100), 99 + Change::GRACE), Standing::Ready);
        assert_eq!(standing(false, found(100), 100 + Change::GRACE), Standing::Expired);
        assert_eq!(standing(true, found(100), 100), Standing::Cancelled);
        assert_eq!(standing(true, None, 100), Standing::Cancelled, "proven without the call");
        assert_eq!(standing(false, None, 100), Standing::Gone);
    }

    #[test]
    fn logs_are_read_in_their_one_form_only() {
        let call = Power::OwnerDelay(7_200).call();
        let word = |value: u64| U256::from(value).to_be_bytes::<32>().to_vec();
        let mut tail = word(call.len() as u64);
        tail.extend(&call);
        tail.resize(tail.len().next_multiple_of(32), 0);
        let data = [word(100), word(64), tail].concat();
        let topics = vec![Hash::ZERO, Hash::from_u256(U256::from(3))];
        let log = Log { address: spanlight::Address::ZERO, topics, data };
        assert_eq!(read(&log), Some((3, call)));
        for cut in [0, 31, 95, log.data.len() - 1] {
            let torn = Log { data: log.data[..cut].to_vec(), ..log.clone() };
            assert_eq!(read(&torn), None, "{cut}");
        }
        let long = Log { data: [word(100), word(64), word(u64::MAX)].concat(), ..log };
        assert_eq!(read(&long), None);
    }
}
