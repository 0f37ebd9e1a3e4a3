//! Asks an endpoint whether a transfer could be delivered, before anybody pays for a vote that reverts.
//!
//! A vote that does not decide goes through whatever its transfer would do. So the delivery itself is simulated too, as the
//! call that the bridge would make. What an endpoint says here is not proven: it can delay a vote, or cost the gas of one.

use crate::decide::Delivery;
use crate::link::{Call, Link, Need, Outcome};
use crate::reverts;
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::trust::BridgeEnd;
use spanlight::{Address, U256};
use std::collections::{BTreeMap, BTreeSet};

/// mint(address,uint256)
const MINT: [u8; 4] = [0x40, 0xc1, 0x0f, 0x19];
/// transfer(address,uint256)
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
/// mintWithTokenURI(address,uint256,string)
const MINT_WITH_URI: [u8; 4] = [0x50, 0xbb, 0x4e, 0x7f];
/// transferFrom(address,address,uint256)
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];

/// How much gas a vote may be given, and what it may have to do beside what is seen of it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gas {
    /// The most that it may be given.
    pub(crate) most: u64,
    /// Nonces that the bridge may pass over once this one is handled.
    pub(crate) overtaken: u64,
    /// The bridge wants a rest of gas for the delivery, whatever that takes.
    pub(crate) keeps_a_rest: bool,
    /// An earlier vote for the transfer reverted: estimates are not believed again.
    pub(crate) all: bool,
}

impl Gas {
    /// What a vote is given that was seen to need so much, and whose delivery needs so much. It may
    /// decide although it was seen before the others' votes: then it also keeps accounts, and
    /// passes over what is handled. What it does not use is not paid.
    fn of(self, vote: u64, delivery: u64, bytes: usize) -> u64 {
        const LEAST_VOTE: u64 = 100_000;
        const EXECUTION: u64 = 300_000;
        /// An event carries the data, which are copied and hashed.
        const BYTE: u64 = 20;
        const STEP: u64 = 16_000;
        const MOST_STEPS: u64 = 201;
        const REST: u64 = 1_200_000;
        if self.all {
            return self.most;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(BYTE);
        let steps = self.overtaken.min(MOST_STEPS).saturating_mul(STEP);
        let rest = if self.keeps_a_rest { REST } else { 0 };
        let parts = [vote.max(LEAST_VOTE), delivery, EXECUTION, bytes, steps, rest];
        let needed = parts.into_iter().fold(0u64, u64::saturating_add);
        needed.saturating_add(needed.wrapping_shr(2)).min(self.most)
    }
}

/// Whether the bridge refuses a vote because the transfer is handled: other operators' votes were
/// there a block earlier. That is no failure, and the next proven head shows it.
fn is_handled_meanwhile(reason: &str) -> bool {
    ["closed vote", "removed vote"].iter().any(|words| reason.contains(words))
}

/// What endpoints say of a call that would not work, or could not say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum No {
    /// It reverts, in the node's words.
    Reverts(String),
    /// Nobody could tell.
    Unknown,
}

impl No {
    /// Of a vote: where the bridge itself speaks, it may say that no vote is needed now. What a
    /// recipient or a token says in a delivery comes through in the votes of generation C, so such
    /// words are believed for some blocks only, and never that a bridge is paused which cannot be.
    fn of_vote(self, is_second: bool) -> Delivery {
        match self {
            Self::Reverts(reason) if is_handled_meanwhile(&reason) => Delivery::Meanwhile,
            Self::Reverts(reason) if is_second && reverts::is_pause(&reason) => Delivery::Paused,
            other => other.of_delivery(),
        }
    }

    /// Of a delivery: whoever speaks is the recipient or the token, so whatever they say is a
    /// failure.
    fn of_delivery(self) -> Delivery {
        match self {
            Self::Reverts(reason) => Delivery::Fails { reason },
            Self::Unknown => Delivery::Unknown,
        }
    }
}

/// A call of the bridge, and the call that the bridge would make by it: what a token does on its
/// own account fails the vote that decides.
pub(crate) struct Asked<'a> {
    /// The calldata.
    pub(crate) input: &'a [u8],
    pub(crate) gas: Gas,
    /// Where a failed delivery reverts the vote, before version 2: what is delivered.
    pub(crate) delivers: Option<&'a HandleCall>,
}

/// The most gas that calls alike were seen to need lately: the next one of the kind is tried with
/// so much, which is one run in the node's machine instead of the several of an estimate.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<Kind, Needed>);

/// Contract and function; of coin the recipient, or nobody for all who keep no code that needs
/// much.
type Kind = (Address, [u8; 4]);

#[derive(Clone, Copy, Debug, Default)]
struct Needed {
    most: u64,
    /// How often calls were tried with it.
    tried: u32,
}

impl Seen {
    /// Longer calldata may need more: such a call is estimated.
    const LONGEST: usize = 1_024;
    /// Coin that needs no more says nothing of its recipient.
    const PLAIN: u64 = 50_000;
    /// After so many tries it is forgotten, and one is estimated again: one costly call, or one
    /// false answer, must not have every later vote named much gas, which an account must hold.
    const TRIES: u32 = 256;
    /// Kinds kept: anybody can make recipients.
    const MOST: usize = 1_024;

    fn kind(call: &Call<'_>) -> Option<Kind> {
        match call.input.first_chunk() {
            None => Some((call.to, [0; 4])),
            Some(selector) => (call.input.len() <= Self::LONGEST).then_some((call.to, *selector)),
        }
    }

    /// The kind under which something is known of a call.
    fn known(&self, call: &Call<'_>) -> Option<Kind> {
        let plain = call.input.is_empty().then_some((Address::ZERO, [0; 4]));
        [Self::kind(call), plain].into_iter().flatten().find(|kind| self.0.contains_key(kind))
    }

    fn of(&self, call: &Call<'_>) -> Option<u64> {
        self.0.get(&self.known(call)?).map(|needed| needed.most).filter(|gas| *gas <= call.gas)
    }

    fn note(&mut self, call: &Call<'_>, needed: u64) {
        let is_plain = call.input.is_empty() && needed <= Self::PLAIN;
        let Some(kind) = (if is_plain { Some((Address::ZERO, [0; 4])) } else { Self::kind(call) }) else { return };
        if self.0.len() >= Self::MOST && !self.0.contains_key(&kind) {
            self.0.clear();
        }
        let known = self.0.entry(kind).or_default();
        known.most = needed.max(known.most);
    }

    /// A call was tried with what is known.
    fn note_try(&mut self, call: &Call<'_>) {
        let Some(kind) = self.known(call) else { return };
        let Some(needed) = self.0.get_mut(&kind) else { return };
        needed.tried = needed.tried.saturating_add(1);
        if needed.tried >= Self::TRIES {
            self.0.remove(&kind);
        }
    }
}

/// How an endpoint is asked about several transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// In few requests.
    Together,
    /// Each call in a request of its own, and by a single run: what had no answer in time before.
    Alone,
}

/// What each of some calls needs, as far as it is known.
type Needs = Vec<Option<Result<u64, No>>>;

async fn needs_of(link: &Link, calls: &[Call<'_>], seen: &mut Seen, manner: Manner) -> Vec<Result<u64, No>> {
    match manner {
        Manner::Together => needs(link, calls, seen).await,
        Manner::Alone => {
            let said = link.simulate_alone(calls).await.into_iter();
            calls.iter().zip(said).map(|(call, outcome)| enough(call, outcome)).collect()
        }
    }
}

/// What calls need, with so much gas at most each. One of each kind is estimated, and the others
/// are tried with what that needed; those that do not work so are estimated too.
async fn needs(link: &Link, calls: &[Call<'_>], seen: &mut Seen) -> Vec<Result<u64, No>> {
    let mut needs: Needs = vec![None; calls.len()];
    let mut kinds = BTreeSet::new();
    let kind = |call: &Call<'_>| match call.input {
        // One is enough to tell what coin needs that no code takes.
        [] => Some((Address::ZERO, [0; 4])),
        _ => Seen::kind(call),
    };
    let is_first = |call: &Call<'_>| seen.of(call).is_none() && kind(call).is_none_or(|kind| kinds.insert(kind));
    let first = places(calls, is_first);
    estimate(link, calls, &first, (&mut needs, seen)).await;
    try_as_seen(link, calls, (&mut needs, seen)).await;
    let others: Vec<usize> = (0..).zip(&needs).filter(|(_, need)| need.is_none()).map(|(place, _)| place).collect();
    estimate(link, calls, &others, (&mut needs, seen)).await;
    needs.into_iter().map(|need| need.unwrap_or(Err(No::Unknown))).collect()
}

fn places(calls: &[Call<'_>], is_wanted: impl FnMut(&Call<'_>) -> bool) -> Vec<usize> {
    let mut is_wanted = is_wanted;
    (0..).zip(calls).filter(|(_, call)| is_wanted(call)).map(|(place, _)| place).collect()
}

/// Tries those that are open with what their kind was seen to need. Of what no endpoint answers in
/// time nothing more is asked now.
async fn try_as_seen(link: &Link, calls: &[Call<'_>], (needs, seen): (&mut Needs, &mut Seen)) {
    let open = (0..).zip(calls).zip(needs.iter()).filter(|(_, need)| need.is_none());
    let tried = open.filter_map(|((place, call), _)| Some((place, Call { gas: seen.of(call)?, ..call.clone() })));
    let (places, tried): (Vec<usize>, Vec<Call<'_>>) = tried.unzip();
    for ((place, call), works) in places.into_iter().zip(&tried).zip(link.try_once(&tried).await) {
        seen.note_try(call);
        let Some(need) = needs.get_mut(place) else { continue };
        *need = match works {
            Some(true) => Some(Ok(call.gas)),
            Some(false) => None,
            None => Some(Err(No::Unknown)),
        };
    }
}

/// Asks for the least that these need; and where nobody tells, whether the most is enough.
async fn estimate(link: &Link, calls: &[Call<'_>], places: &[usize], (needs, seen): (&mut Needs, &mut Seen)) {
    let of = |places: &[usize]| places.iter().filter_map(|place| calls.get(*place).cloned()).collect::<Vec<Call<'_>>>();
    let (asked, mut untold) = (of(places), Vec::new());
    for ((place, call), need) in places.iter().zip(&asked).zip(link.estimate_all(&asked).await) {
        let need = match need {
            Need::Gas(gas) => {
                seen.note(call, gas);
                Ok(gas)
            }
            Need::Reverts(reason) => Err(No::Reverts(reason)),
            Need::Unanswered => Err(No::Unknown),
            Need::Unknown => {
                untold.push(*place);
                continue;
            }
        };
        if let Some(place) = needs.get_mut(*place) {
            *place = Some(need);
        }
    }
    let asked = of(&untold);
    for ((place, call), outcome) in untold.iter().zip(&asked).zip(link.simulate_all(&asked).await) {
        if let Some(place) = needs.get_mut(*place) {
            *place = Some(enough(call, outcome));
        }
    }
}

/// The most that a call may have is what it needs, where nobody told how little is enough.
fn enough(call: &Call<'_>, outcome: Outcome) -> Result<u64, No> {
    match outcome {
        Outcome::Works => Ok(call.gas),
        Outcome::Reverts(reason) => Err(No::Reverts(reason)),
        Outcome::Unknown(_) => Err(No::Unknown),
    }
}

/// Simulates calls of the bridge that vote, and the deliveries that they may cause; gives the gas
/// for each.
pub(crate) async fn simulate(
    link: &Link,
    bridge: &BridgeEnd,
    me: Address,
    asked: &[Asked<'_>],
    seen: &mut Seen,
    manner: Manner,
) -> Vec<Delivery> {
    let vote = |asked: &Asked<'_>| (bridge.address, U256::ZERO, asked.input.to_vec());
    let delivery = |asked: &Asked<'_>| asked.delivers.map(|call| delivery(bridge, call));
    let made: Vec<_> = asked.iter().map(|asked| (vote(asked), delivery(asked), asked.gas)).collect();
    let mut calls = Vec::new();
    for ((to, value, input), delivered, gas) in &made {
        calls.push(Call { from: me, to: *to, value: *value, input, gas: gas.most });
        let delivered = delivered.as_ref().map(|(to, value, input)| (*to, *value, input));
        calls.extend(delivered.map(|(to, value, input)| Call {
            from: bridge.address,
            to,
            value,
            input,
            gas: gas.most,
        }));
    }
    let mut needs = needs_of(link, &calls, seen, manner).await.into_iter();
    let mut said = Vec::new();
    for (asked, (_, delivered, _)) in asked.iter().zip(&made) {
        let voted = needs.next().unwrap_or(Err(No::Unknown));
        let delivered = delivered.as_ref().map_or(Ok(0), |_| needs.next().unwrap_or(Err(No::Unknown)));
        let works = voted.is_ok();
        let delivery = match (voted, delivered) {
            (Err(no), _) => no.of_vote(asked.delivers.is_none()),
            (Ok(_), Err(no)) => no.of_delivery(),
            (Ok(voted), Ok(delivered)) => Delivery::Works { gas: asked.gas.of(voted, delivered, asked.input.len()) },
        };
        said.push((delivery, works));
    }
    see_those_made_meanwhile(link, (bridge, me), asked, &mut said, manner).await;
    said.into_iter().map(|(delivery, _)| delivery).collect()
}

/// A delivery that fails may have been made a moment ago, and only fail the second time: the bridge
/// is asked about its vote again, about all of them at a time. Of a vote that failed itself nothing
/// more is to be asked.
async fn see_those_made_meanwhile(
    link: &Link,
    (bridge, me): (&BridgeEnd, Address),
    asked: &[Asked<'_>],
    said: &mut [(Delivery, bool)],
    manner: Manner,
) {
    let failing = asked.iter().zip(said).filter(|(_, said)| matches!(said, (Delivery::Fails { .. }, true)));
    let (calls, places): (Vec<Call<'_>>, Vec<&mut Delivery>) = failing
        .map(|(asked, (delivery, _))| {
            let (input, gas) = (asked.input, asked.gas.most);
            (Call { from: me, to: bridge.address, value: U256::ZERO, input, gas }, delivery)
        })
        .unzip();
    for (place, vote) in places.into_iter().zip(needs_of(link, &calls, &mut Seen::default(), manner).await) {
        if matches!(vote, Err(No::Reverts(reason)) if is_handled_meanwhile(&reason)) {
            *place = Delivery::Meanwhile;
        }
    }
}

/// The call that the bridge makes once the votes are there: to whom, with how much coin, and with
/// which calldata.
fn delivery(bridge: &BridgeEnd, call: &HandleCall) -> (Address, U256, Vec<u8>) {
    let (to, value) = (call.to.to_word().0, call.value.to_be_bytes::<32>());
    let input = match (call.token_type, bridge.mint_burn) {
        (TokenType::Coin, _) => Vec::new(),
        (TokenType::Erc20, true) => [MINT.as_slice(), &to, &value].concat(),
        (TokenType::Erc20, false) => [TRANSFER.as_slice(), &to, &value].concat(),
        (TokenType::Erc721, true) => {
            let uri = call.token_uri.as_deref().unwrap_or_default();
            let length = U256::from(uri.len()).to_be_bytes::<32>();
            let offset = U256::from(96u8).to_be_bytes::<32>();
            let mut input = [MINT_WITH_URI.as_slice(), &to, &value, &offset, &length, uri].concat();
            let whole = uri.len().next_multiple_of(32).saturating_sub(uri.len());
            input.extend(std::iter::repeat_n(0, whole));
            input
        }
        (TokenType::Erc721, false) => [TRANSFER_FROM.as_slice(), &bridge.address.to_word().0, &to, &value].concat(),
    };
    let (to, value) = match call.token_type {
        TokenType::Coin => (call.to, call.value),
        TokenType::Erc20 | TokenType::Erc721 => (call.token.unwrap_or(Address::ZERO), U256::ZERO),
    };
    (to, value, input)
}

#[cfg(test)]
mod tests;
