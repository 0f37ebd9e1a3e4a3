//! What to send for a power, or why not: a function of proven facts alone.

use super::abi;
use super::facts::Facts;
use super::power::{Class, Power};
use spanlight::bridge::layout::Change;
use spanlight::bridge::Generation;
use spanlight::{Address, Hash, U256};

/// How a power is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// It is done, or voted for.
    #[default]
    Make,
    /// The owner announces it.
    Announce,
    /// An operator takes its vote for it back.
    Withdraw,
}

/// What is proven once a command is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The bridge is as wanted.
    Made,
    /// The owner's change is announced.
    Announced {
        /// Its number.
        number: u64,
        /// From when on it may be made, in unix seconds.
        ready: u64,
        /// Until when.
        until: u64,
    },
    /// The operator's vote stands, and more are needed.
    Voted {
        /// So many stand.
        votes: u32,
        /// So many decide.
        threshold: u64,
    },
    /// The operator's vote stands no more.
    Withdrawn {
        /// So many of others stand.
        votes: u32,
        /// So many decide.
        threshold: u64,
    },
    /// The owner may resume from then on, in unix seconds.
    ResumeScheduled {
        /// When.
        ready: u64,
    },
}

/// Why the bridge would not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no bridge of version 2.
    OlderBridge,
    /// The trust does not accept the bridge's code.
    UnknownCode {
        /// Its hash.
        code: Hash,
    },
    /// Only the owner may.
    NotOwner {
        /// Who that is.
        owner: Address,
    },
    /// Only operators may, by votes.
    NotOperator,
    /// Operators decide, and this is the owner.
    NeedsVotes,
    /// Only guardian, owner and operators may.
    NotGuardian {
        /// Zero: there is none.
        guardian: Address,
    },
    /// The ownership is offered to somebody else.
    NotPendingOwner {
        /// Zero: to nobody.
        pending: Address,
    },
    /// Nobody announces this.
    NotAnnounced,
    /// There is no delay, so nothing needs to be announced.
    NoDelay,
    /// Operators do not vote on this.
    NoVotes,
    /// The owner has not announced exactly this.
    Unannounced {
        /// Seconds that it must be announced before.
        delay: u64,
    },
    /// It is announced, and too early.
    NotReady {
        /// Number of the announcement.
        number: u64,
        /// From when on.
        ready: u64,
        /// Until when.
        until: u64,
        /// Time of the proven head.
        now: u64,
    },
    /// Operators cancelled it.
    Cancelled {
        /// Number of the announcement.
        number: u64,
    },
    /// Its week is over.
    Expired {
        /// Number of the announcement.
        number: u64,
        /// When it ended.
        until: u64,
    },
    /// There is no such change to cancel.
    NoSuchChange {
        /// The number.
        number: u64,
        /// The highest that there is.
        most: u64,
    },
    /// The request is not handled, so nothing is owed for it.
    NotHandled,
    /// The value belongs to somebody else, who alone may send it elsewhere.
    NotRecipient {
        /// Who.
        recipient: Address,
    },
}

/// What would show that it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Made,
    Announced { after: u64 },
    Voted { nonce: u64 },
    Withdrawn,
    ResumeScheduled,
    Swept { from: u64 },
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Already(State),
    /// Send this call.
    Send { input: Vec<u8>, goal: Goal },
}

fn until(change: Change) -> u64 {
    change.ready.saturating_add(Change::GRACE)
}

/// What to do for `power` by the account `me`.
pub(super) fn step(power: &Power, way: Way, me: Address, facts: &Facts) -> Result<Step, Refusal> {
    if facts.generation? != Generation::V2 && !power.is_old() {
        return Err(Refusal::OlderBridge);
    }
    if way == Way::Withdraw {
        return withdraw(power, facts);
    }
    if way == Way::Announce && !matches!(power.class(), Class::Announced | Class::Limit) {
        return Err(Refusal::NotAnnounced);
    }
    if facts.holds {
        return Ok(Step::Already(State::Made));
    }
    let send = || Ok(Step::Send { input: power.call(), goal: Goal::Made });
    let is_owner = facts.is_owner(me);
    match power.class() {
        Class::Announced if !is_owner => Err(Refusal::NotOwner { owner: facts.owner }),
        Class::Announced => as_owner(power, way, facts),
        Class::Limit if is_owner && way == Way::Announce => as_owner(power, way, facts),
        Class::Limit if is_owner && is_announced(facts) => as_owner(power, way, facts),
        Class::Limit if is_owner && facts.delay.owner_delay == 0 && !facts.is_set => send(),
        Class::Limit if way == Way::Announce => Err(Refusal::NotOwner { owner: facts.owner }),
        Class::Limit if facts.is_operator => vote(power, facts),
        Class::Limit if is_owner && facts.delay.owner_delay != 0 => as_owner(power, way, facts),
        Class::Votes => {
            if let Power::Cancel(numbers) = power {
                existing(numbers, facts)?;
            }
            match () {
                () if is_owner && !facts.is_set => send(),
                () if facts.is_operator => vote(power, facts),
                () if is_owner => Err(Refusal::NeedsVotes),
                () => Err(Refusal::NotOperator),
            }
        }
        Class::Limit if is_owner => Err(Refusal::NeedsVotes),
        Class::Limit => Err(Refusal::NotOperator),
        Class::Owner if is_owner => send(),
        Class::Owner => Err(Refusal::NotOwner { owner: facts.owner }),
        Class::Pause if is_owner || facts.guardian == me => send(),
        Class::Pause if facts.is_operator => vote(power, facts),
        Class::Pause => Err(Refusal::NotGuardian { guardian: facts.guardian }),
        Class::Resume if facts.is_operator => vote(power, facts),
        Class::Resume if is_owner => resume_as_owner(power, facts),
        Class::Resume => Err(Refusal::NotOperator),
        Class::Accept if facts.pending_owner == me => send(),
        Class::Accept => Err(Refusal::NotPendingOwner { pending: facts.pending_owner }),
        Class::Claim => claim(power, me, facts),
        Class::Sweep if !facts.sweepable => Ok(Step::Already(State::Made)),
        Class::Sweep => Ok(Step::Send { input: power.call(), goal: Goal::Swept { from: facts.lower } }),
    }
}

/// Whether this very call is announced, may be made now or soon, and was not cancelled.
fn is_announced(facts: &Facts) -> bool {
    facts.change.number != 0 && !facts.cancelled && facts.head.time < until(facts.change)
}

/// What the owner announces before.
fn as_owner(power: &Power, way: Way, facts: &Facts) -> Result<Step, Refusal> {
    let (delay, change, now) = (facts.delay.owner_delay, facts.change, facts.head.time);
    let (number, ready, until) = (change.number, change.ready, until(change));
    if way == Way::Announce {
        return match () {
            () if delay == 0 => Err(Refusal::NoDelay),
            () if is_announced(facts) => Ok(Step::Already(State::Announced { number, ready, until })),
            () => Ok(Step::Send {
                input: abi::call_with_bytes("scheduleChange(bytes)", &power.call(), &[]),
                goal: Goal::Announced { after: number },
            }),
        };
    }
    match () {
        () if delay == 0 => {}
        () if number == 0 => return Err(Refusal::Unannounced { delay }),
        () if facts.cancelled => return Err(Refusal::Cancelled { number }),
        () if now >= until => return Err(Refusal::Expired { number, until }),
        () if now < ready => return Err(Refusal::NotReady { number, ready, until, now }),
        () => {}
    }
    Ok(Step::Send { input: power.call(), goal: Goal::Made })
}

fn existing(numbers: &[u64], facts: &Facts) -> Result<(), Refusal> {
    let most = facts.delay.change_count;
    let missing = numbers.iter().find(|number| **number == 0 || **number > most);
    missing.map_or(Ok(()), |number| Err(Refusal::NoSuchChange { number: *number, most }))
}

/// A vote that stands is not sent again, unless as many stand by now as decide: operators or the
/// threshold changed since, and only a vote makes the bridge count.
fn vote(power: &Power, facts: &Facts) -> Result<Step, Refusal> {
    let ballot = facts.ballot;
    if ballot.mine && u64::from(ballot.votes) < facts.threshold {
        return Ok(Step::Already(State::Voted { votes: ballot.votes, threshold: facts.threshold }));
    }
    let input = abi::call_with_bytes("voteConfiguration(bytes,uint64)", &power.call(), &[U256::from(ballot.nonce)]);
    Ok(Step::Send { input, goal: Goal::Voted { nonce: ballot.nonce } })
}

fn withdraw(power: &Power, facts: &Facts) -> Result<Step, Refusal> {
    if !matches!(power.class(), Class::Limit | Class::Votes | Class::Pause | Class::Resume) {
        return Err(Refusal::NoVotes);
    }
    if !facts.is_operator {
        return Err(Refusal::NotOperator);
    }
    let ballot = facts.ballot;
    if !ballot.mine {
        return Ok(Step::Already(State::Withdrawn { votes: ballot.votes, threshold: facts.threshold }));
    }
    let input = abi::call_with_bytes("withdrawConfiguration(bytes,uint64)", &power.call(), &[U256::from(ballot.nonce)]);
    Ok(Step::Send { input, goal: Goal::Withdrawn })
}

fn resume_as_owner(power: &Power, facts: &Facts) -> Result<Step, Refusal> {
    let ready = facts.seats.resume_time;
    Ok(match () {
        () if ready == 0 => Step::Send { input: abi::call("scheduleResume()", &[]), goal: Goal::ResumeScheduled },
        () if facts.head.time < ready => Step::Already(State::ResumeScheduled { ready }),
        () => Step::Send { input: power.call(), goal: Goal::Made },
    })
}

fn claim(power: &Power, me: Address, facts: &Facts) -> Result<Step, Refusal> {
    let Power::Claim { nonce, to } = *power else { return Err(Refusal::NoVotes) };
    if !facts.executed {
        return Err(Refusal::NotHandled);
    }
    let recipient = facts.recipient;
    let to = to.unwrap_or(recipient);
    if me != recipient && to != recipient {
        return Err(Refusal::NotRecipient { recipient });
    }
    let input = Power::Claim { nonce, to: Some(to) }.call();
    Ok(Step::Send { input, goal: Goal::Made })
}

/// What is proven of a goal; none while it is not reached.
pub(super) fn reached(goal: Goal, facts: &Facts) -> Option<State> {
    let (ballot, threshold, change) = (facts.ballot, facts.threshold, facts.change);
    let votes = ballot.votes;
    match goal {
        Goal::Made => facts.holds.then_some(State::Made),
        Goal::Announced { after } => (change.number > after && !facts.cancelled).then(|| State::Announced {
            number: change.number,
            ready: change.ready,
            until: until(change),
        }),
        Goal::Voted { .. } if facts.holds => Some(State::Made),
        Goal::Voted { nonce } => (ballot.nonce == nonce && ballot.mine).then_some(State::Voted { votes, threshold }),
        Goal::Withdrawn => (!ballot.mine).then_some(State::Withdrawn { votes, threshold }),
        Goal::ResumeScheduled => {
            let ready = facts.seats.resume_time;
            (ready != 0).then_some(State::ResumeScheduled { ready })
        }
        Goal::Swept { from } => (facts.lower > from).then_some(State::Made),
    }
}
