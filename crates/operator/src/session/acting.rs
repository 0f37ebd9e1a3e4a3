//! What is done at new heads: requests are found and proven, the destination is read, and each open transfer is acted on.

use super::attention::{Attention, Standing};
use super::coin::Coin;
use super::patience::{in_turn, NOT_ASKED_YET, SIDE_BY_SIDE};
use super::signing::accounts_of;
use super::watching::is_spent;
use super::{reverted, Open, Session};
use crate::alarm::Alarm;
use crate::board::Pending;
use crate::clock;
use crate::decide::{decide, who_let_turns_pass, Decision, Delivery, Facts, NonceState, Wait};
use crate::delivery::{simulate, Asked, Gas, Manner};
use crate::direction::WorkError;
use crate::park::Cause;
use crate::send::{Pricing, SendError, Sender, Wanted};
use crate::store::{Purpose, Send, StoreError};
use crate::tx::{Action, Rules};
use crate::view::{self, Leaving};
use spanlight::bridge::generation::VoteEvidence;
use spanlight::bridge::TokenType;
use spanlight::header::base_fee;
use spanlight::profile::Fork;
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Node, ProveError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

impl Session<'_> {
    /// Everything that new blocks bring; true where nothing of it is left to do at these heads. Where the source's endpoints fail
    /// to serve, the destination is attended to all the same: what is proven is voted on, and what others do there is seen.
    pub(super) async fn at_new_heads(&mut self) -> Result<bool, WorkError> {
        let found = self.find_requests().await;
        let source_serves = self.bear(found)? && self.followed[0];
        // Nodes throw these away, so they are kept whatever happens to the votes.
        self.keep_states().await?;
        self.keep_requests().await?;
        self.read_view().await?;
        self.watch_votes();
        let settled = self.sender.reconcile(&mut self.links[1], &self.view).await?;
        self.judge_settled(&settled).await;
        self.keep_reverts().await?;
        self.see_settled_claims(&settled);
        match self.direction.shared.exchange.clone() {
            Some(exchange) => self.act_by_signatures(&exchange).await?,
            None => self.act_on_open().await?,
        }
        if self.is_paused() {
            self.sender.rest();
        } else {
            self.sender.tend(&self.links[1], &self.view).await?;
        }
        for (purpose, nonce, reason) in self.sender.take_given_up() {
            self.put_off_given_up(purpose, nonce, reason);
        }
        let is_waking = self.direction.shared.slumber.is_waking();
        for alarm in self.sender.take_alarms(is_waking) {
            self.raise(None, alarm);
        }
        // Nothing here may keep this operator's own votes waiting, so it comes after them.
        let watched = self.watch_blocks().await;
        let watched = self.bear(watched)?;
        let attended = self.attend_to_notices().await;
        self.bear(attended)?;
        let swept = self.sweep().await;
        self.bear(swept)?;
        // The rest compares with the source as far as it was just searched.
        if !source_serves {
            self.watch_again().await?;
            return Ok(false);
        }
        // Neither states nor votes of so long ago tell anything new: the rest waits for the head,
        // which comes soon.
        if self.is_behind {
            return Ok(true);
        }
        let judged = self.judge_suspects().await;
        let judged = self.bear(judged)?;
        self.anchor().await?;
        self.keep_checkpoints().await?;
        // What failed before may put endpoints aside by failing again, so it comes last.
        let searched = self.search_again().await;
        let searched = self.bear(searched)?;
        self.watch_again().await?;
        Ok(watched && judged && searched)
    }

    fn put_off_given_up(&mut self, purpose: Purpose, nonce: u64, reason: String) {
        match purpose {
            Purpose::Anchor => self.put_off_anchoring(nonce, &reason),
            Purpose::Sweep => self.put_off_sweeping(&reason),
            Purpose::Claim => self.put_off_claim(nonce, &reason),
            Purpose::Vote | Purpose::Cancel if keeps_waiting(purpose, self.open.contains_key(&nonce)) => {
                self.park(nonce, Cause::Endpoints, reason);
            }
            Purpose::Vote | Purpose::Cancel => {
                tracing::warn!(direction = %self.direction.name, nonce, purpose = purpose.name(), reason, "given up");
            }
        }
    }

    async fn read_view(&mut self) -> Result<(), WorkError> {
        let profile = &self.destination.chain().trusted().profile;
        let node = Node::new(&self.links[1].endpoints, profile);
        let header = self.destination.chain().header(self.destination.head()).map_err(ProveError::from)?;
        let keys = look_at(&mut self.attention, &self.open, &self.sender, header.number());
        let me = self.view.me;
        let payer = async {
            match self.sender.fee_payer() {
                Some(payer) => view::account(&node, header, payer).await.map(|account| Some((payer, account))),
                None => Ok(None),
            }
        };
        let read = view::read(&node, header, &self.direction.to, me, &keys, &self.view.voters);
        let counts_by_keys = self.counts_by_keys() && !keys.is_empty();
        let operators: &[Address] = if counts_by_keys { &self.view.operators } else { &[] };
        let missing = self.presence.missing();
        let (view, payer, accounts, missing) =
            tokio::try_join!(read, payer, accounts_of(&node, header, operators), accounts_of(&node, header, &missing))?;
        self.view = view;
        self.presence.see(self.view.account.nonce, &missing, &self.view.operators);
        if counts_by_keys {
            self.proven_keys.learn(header.number(), accounts);
        }
        let leaving = |nonce| self.open.get(&nonce).map(|open| Leaving::of(&open.call));
        view::release(&node, header, self.direction.to.address, &mut self.view.transfers, leaving).await?;
        // Below the lowest open nonce all are handled: nothing has to be read for that.
        for (nonce, _) in self.open.range(..self.view.nonces.lower_handle_nonce) {
            let handled = NonceState { handled: true, ..NonceState::default() };
            self.view.transfers.entry(*nonce).or_insert(handled);
        }
        self.sender.see_accounts(&self.view.account, payer.as_ref().map(|(_, account)| account));
        self.wake_for_coin();
        let paying = match payer {
            Some((payer, account)) => (payer, account.balance, "the fee payer"),
            None => (me, self.view.account.balance, "the operator"),
        };
        if self.direction.to.generation(&self.view.code).is_none() {
            self.raise(None, Alarm::UnknownCode { code: self.view.code });
        } else if !self.view.operators.contains(&me) {
            self.raise(None, Alarm::NotOperator { account: me });
        }
        let limits = self.direction.shared.config.chains.get(&self.direction.to.chain);
        let (balance, liquidity) =
            limits.map_or_else(Default::default, |chain| (chain.min_balance.peb(), chain.min_liquidity.peb()));
        let (payer, held, what) = paying;
        self.learn_conditions(held);
        self.direction.shared.board.update(&self.direction.name, |board| {
            board.fee_payer_balance = (payer != me).then(|| held.to_string());
        });
        if let Err(alarm) = self.sender.keys_fit() {
            self.raise(None, alarm);
        }
        if let Err(alarm) = self.sender.can_pay() {
            self.raise(None, alarm);
        } else if held < balance {
            self.raise(None, self.low_balance((payer, what), held, balance));
        }
        if self.view.liquidity < liquidity {
            let bridge = (self.direction.to.address, "the bridge");
            self.raise(None, self.low_balance(bridge, self.view.liquidity, liquidity));
        }
        if self.view.owner == me {
            self.raise(None, Alarm::OperatorIsOwner { account: me });
        }
        Ok(())
    }

    fn low_balance(&self, (account, what): (Address, &'static str), held: U256, least: U256) -> Alarm {
        let chain = self.direction.to.chain.clone();
        Alarm::LowBalance { account, what, chain, held: held.to_string(), least: least.to_string() }
    }

    /// What the verified head says of the next block. What it does not settle, the block after the
    /// head that is proven next does.
    fn learn_conditions(&mut self, held: U256) {
        let client = self.destination.chain().client();
        let (fields, parameters) = (client.head().fields(), client.parameters());
        let forks = &self.destination.chain().trusted().profile.forks;
        let next = client.head().number().saturating_add(1);
        let pricing = if forks.is_active(Fork::Magma, next) {
            let now = fields.base_fee.unwrap_or_default();
            Pricing::BaseFee(base_fee(fields, parameters).unwrap_or(now))
        } else {
            Pricing::Fixed(U256::from(parameters.unit_price))
        };
        self.sender.set_conditions(pricing, Rules::at(forks, next), held);
    }

    /// A vote that is in a block and does not stand has reverted: the nonce waits before it is tried again.
    async fn judge_settled(&mut self, settled: &[Send]) {
        let generation = self.direction.to.generation(&self.view.code);
        let keeps_votes = generation.map(|known| known.vote_evidence()) == Some(VoteEvidence::StateOrTransactions);
        let mut failed = Vec::new();
        for send in settled.iter().filter(|settled| settled.send.purpose == Purpose::Vote) {
            let nonce = send.send.nonce;
            let Some(state) = self.view.transfers.get(&nonce) else { continue };
            let Some(open) = self.open.get_mut(&nonce) else { continue };
            // What carries signatures may be without this operator's own; it stands if it executed.
            let by_signatures = self.direction.shared.exchange.is_some() && !std::mem::take(&mut open.corrects);
            let voted = state.votes.get(&self.view.me) == Some(&open.key);
            // What stood before it was sent does not show that it went through, and what the
            // outflow limit holds back did.
            let repeats = std::mem::take(&mut open.repeats);
            let is_done = state.handled || state.held.is_some();
            let stands = if by_signatures || repeats { is_done } else { voted };
            // Older bridges delete the votes of what is handled, and version 2 takes a late vote without a trace: nothing tells.
            if stands || (state.handled && (!keeps_votes || self.view.second.is_some())) {
                continue;
            }
            // Somebody's key was replaced under way: it rests now, and the others' signatures go.
            let is_other_key = by_signatures && self.proven_keys.has_replaced(open.signatures.sent());
            failed.push((nonce, send.send.hash, state.handled || is_other_key));
        }
        for (nonce, hash, goes_on) in failed {
            // A command, or another program with the same key: that vote did not fail, and was not
            // paid.
            if self.links[1].is_displaced(&hash).await {
                tracing::warn!(direction = %self.direction.name, nonce, %hash, "another transaction took the account nonce of the vote");
                if !goes_on {
                    let words = "another transaction took the account nonce of this operator's vote".to_owned();
                    self.park(nonce, Cause::Endpoints, words);
                }
                continue;
            }
            self.direction.shared.board.update(&self.direction.name, |board| {
                board.votes_reverted = board.votes_reverted.saturating_add(1);
            });
            tracing::warn!(direction = %self.direction.name, nonce, %hash, "the vote is in a block and does not stand");
            if !goes_on {
                self.park_reverted(nonce);
            }
        }
    }

    async fn act_on_open(&mut self) -> Result<(), WorkError> {
        self.ask_again();
        self.start_turns_after_a_pause();
        let tries = |nonce: &u64| self.open.get(nonce).map_or(0, |open| open.patience.tries());
        let (fresh, late) = in_turn(self.view.transfers.keys().map(|nonce| (*nonce, tries(nonce))));
        self.act_on(fresh, Manner::Together).await?;
        // What takes long keeps no vote back that is ready.
        self.act_on(late, Manner::Alone).await
    }

    async fn act_on(&mut self, nonces: Vec<u64>, manner: Manner) -> Result<(), WorkError> {
        let voting = &self.direction.shared.config.voting;
        let (most, turn_blocks) = (voting.max_in_flight, voting.turn_blocks);
        let fresh = self.is_fresh();
        self.simulate_ahead(&nonces, fresh, manner).await;
        let (mut votes, mut silent, mut coin) = (Vec::new(), BTreeSet::new(), self.coin());
        for nonce in nonces {
            let Some(decision) = self.decide(nonce, fresh, turn_blocks) else { continue };
            self.note(nonce, decision.code(), decision.words());
            let is_full = self.sender.in_flight().saturating_add(votes.len()) >= most;
            // Who waits for coin of the bridge lets no turn pass.
            if self.is_worth_a_vote(nonce, &decision) && !coin.keeps_waiting(self.leaving(nonce)) {
                silent.extend(self.who_let_turns_pass(nonce, turn_blocks));
            }
            match decision {
                Decision::Vote { .. } | Decision::Simulate if is_full => self.note_full(nonce),
                Decision::Vote { .. } | Decision::Simulate if coin.keeps_waiting(self.leaving(nonce)) => {
                    self.note_liquidity(nonce);
                }
                Decision::Vote { gas, corrects } => {
                    coin.take(self.leaving(nonce));
                    if let Some(voted) = corrects {
                        self.raise(Some(nonce), Alarm::KeyStolen { voted });
                    }
                    votes.extend(self.vote(nonce, gas));
                }
                Decision::Done => self.finish(nonce),
                Decision::Refuse(_) => {
                    let account = self.view.me;
                    self.raise(None, Alarm::NotOperator { account });
                }
                Decision::Park { reason } => self.park_undelivered(nonce, reason),
                Decision::Simulate => self.note(nonce, Decision::Simulate.code(), NOT_ASKED_YET.to_owned()),
                Decision::Wait(_) => {}
            }
        }
        self.presence.missed(silent, self.view.head.number, turn_blocks);
        self.send_votes(votes).await
    }

    /// Nobody lets a turn pass while the bridge takes no votes: turns begin again once it does.
    fn start_turns_after_a_pause(&mut self) {
        if self.view.is_bridge_paused() {
            let head = self.view.head.number;
            self.open.values_mut().for_each(|open| open.seen_at = head);
        }
    }

    /// Whether an operator that does not vote for it is missed: somebody does.
    fn is_worth_a_vote(&self, nonce: u64, decision: &Decision) -> bool {
        let key = self.open.get(&nonce).map(|open| open.key);
        let state = self.view.transfers.get(&nonce);
        match decision {
            Decision::Vote { .. } => true,
            Decision::Wait(Wait::Voted | Wait::Turn { .. } | Wait::InFlight) => {
                state.is_some_and(|state| state.votes.values().any(|voted| Some(*voted) == key))
            }
            _ => false,
        }
    }

    /// Who let a turn pass for this transfer.
    fn who_let_turns_pass(&self, nonce: u64, turn_blocks: u64) -> Vec<Address> {
        let absent = self.presence.absent(self.view.head.number);
        self.facts(nonce, true, turn_blocks, &absent).map_or_else(Vec::new, |facts| who_let_turns_pass(&facts))
    }

    fn note_later(&self, nonce: u64, why: &str) {
        self.note(nonce, "voting", format!("this operator would vote now, and looks again at the next block: {why}"));
    }

    /// What an endpoint said of its delivery holds for this head alone.
    fn note_liquidity(&mut self, nonce: u64) {
        if let Some(open) = self.open.get_mut(&nonce) {
            open.delivery = Delivery::NotAsked;
        }
        let words = "the bridge holds too little coin for it beside what this operator's votes on their way let out";
        self.note(nonce, "liquidity", words.to_owned());
    }

    /// The bridge's coin, without that of votes on their way.
    fn coin(&self) -> Coin {
        Coin::new(self.view.liquidity, self.sender.votes_in_flight().map(|nonce| self.leaving(nonce)))
    }

    /// The coin that a bridge pays by the vote that decides. One of version 2 keeps for the
    /// recipient what it cannot deliver, and reverts nothing.
    fn leaving(&self, nonce: u64) -> U256 {
        let pays = |open: &&Open| self.view.second.is_none() && open.call.token_type == TokenType::Coin;
        self.open.get(&nonce).filter(pays).map_or(U256::ZERO, |open| open.call.value)
    }

    pub(super) fn note_full(&self, nonce: u64) {
        self.note(nonce, "in_flight_limit", "this operator has as many transactions on their way as it may".to_owned());
    }

    /// What no endpoint could tell is asked again, what takes long ever more seldom: an endpoint
    /// that failed once must not keep a transfer back for ever.
    pub(super) fn ask_again(&mut self) {
        let head = self.view.head.number;
        for open in self.open.values_mut() {
            match open.delivery {
                Delivery::Unknown if open.patience.is_due(head) => open.delivery = Delivery::NotAsked,
                Delivery::Meanwhile | Delivery::Paused => open.delivery = Delivery::NotAsked,
                _ => {}
            }
        }
    }

    /// Whether the destination's head is young enough to act on, and its bridge the one that is trusted.
    pub(super) fn is_fresh(&self) -> bool {
        let age = clock::now().saturating_sub(self.view.head.time);
        let known = self.direction.to.generation(&self.view.code).is_some();
        known && age <= self.direction.shared.config.voting.max_head_age_s
    }

    fn decide(&self, nonce: u64, fresh: bool, turn_blocks: u64) -> Option<Decision> {
        let absent = self.presence.absent(self.view.head.number);
        self.facts(nonce, fresh, turn_blocks, &absent).map(|facts| decide(&facts))
    }

    fn facts<'f>(
        &'f self,
        nonce: u64,
        fresh: bool,
        turn_blocks: u64,
        absent: &'f BTreeSet<Address>,
    ) -> Option<Facts<'f>> {
        let open = self.open.get(&nonce)?;
        let state = self.view.transfers.get(&nonce)?;
        Some(Facts {
            nonce,
            key: open.key,
            me: self.view.me,
            operators: &self.view.operators,
            threshold: self.view.threshold,
            state,
            waited: self.view.head.number.saturating_sub(open.seen_at),
            turn_blocks,
            absent,
            doubts: self.presence.doubts(),
            in_flight: self.sender.is_in_flight(Purpose::Vote, nonce),
            fresh,
            paused: self.is_paused(),
            bridge_paused: self.view.is_bridge_paused(),
            parked: open.park.is_parked(self.view.head.number),
            delivery: &open.delivery,
        })
    }

    /// How much gas a vote for a nonce may be given.
    pub(super) fn vote_gas(&self, nonce: u64) -> Gas {
        let most = self.direction.shared.config.chains.get(&self.direction.to.chain).map_or(0, |chain| chain.vote_gas);
        Gas {
            most,
            overtaken: self.overtaken(nonce),
            keeps_a_rest: self.view.second.is_some(),
            all: self.open.get(&nonce).is_some_and(|open| open.has_reverted),
        }
    }

    /// Later nonces that are handled, or may be by the time of a vote for this one: the bridge
    /// passes over them when the lowest one is handled.
    fn overtaken(&self, nonce: u64) -> u64 {
        /// More than any bridge passes over at a time.
        const MOST: u64 = 256;
        let is_lowest = nonce == self.view.nonces.lower_handle_nonce;
        let later = self.seen.range(nonce.saturating_add(1)..=nonce.saturating_add(MOST));
        let count = later.filter(|later| is_lowest || !self.open.contains_key(later)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// What an endpoint says is handled, or of whose bridge it says that it is paused, and neither
    /// is proven for long, is a failure as any other.
    pub(super) fn wait_for_proof(&mut self, nonce: u64, delivery: Delivery) -> Delivery {
        const BLOCKS: u64 = 16;
        let head = self.view.head.number;
        let Some(open) = self.open.get_mut(&nonce) else { return delivery };
        let unproven = match delivery {
            Delivery::Meanwhile => "an endpoint says that it is handled, and its state does not prove it",
            Delivery::Paused => "an endpoint says that the bridge is paused, and its state does not prove it",
            other => {
                open.meanwhile = None;
                return other;
            }
        };
        let since = *open.meanwhile.get_or_insert(head);
        if head.saturating_sub(since) < BLOCKS {
            return delivery;
        }
        open.meanwhile = None;
        Delivery::Fails { reason: unproven.to_owned() }
    }

    /// Simulates what could be voted on now, as many as there is place for on the way: what an
    /// endpoint says holds for this head alone. Where some fail, others have their place.
    async fn simulate_ahead(&mut self, nonces: &[u64], fresh: bool, manner: Manner) {
        let voting = &self.direction.shared.config.voting;
        let (most, turn_blocks) = (voting.max_in_flight, voting.turn_blocks);
        let begun = Instant::now();
        // Of a slow endpoint the rest is asked at the next head: what is ready is sent first.
        while !is_spent(begun) {
            let decisions = nonces.iter().map(|nonce| (*nonce, self.decide(*nonce, fresh, turn_blocks)));
            let (mut votes, mut next, mut coin) = (0usize, Vec::new(), self.coin());
            for (nonce, decision) in decisions {
                match decision {
                    Some(Decision::Vote { .. }) => {
                        votes = votes.saturating_add(1);
                        coin.take(self.leaving(nonce));
                    }
                    Some(Decision::Simulate) if !coin.keeps_waiting(self.leaving(nonce)) => {
                        next.push(nonce);
                        coin.take(self.leaving(nonce));
                    }
                    _ => {}
                }
            }
            let places = most.saturating_sub(self.sender.in_flight()).saturating_sub(votes);
            let together = match manner {
                Manner::Together => self.pace.together(),
                Manner::Alone => SIDE_BY_SIDE,
            };
            next.truncate(places.min(together));
            if next.is_empty() {
                return;
            }
            let start = Instant::now();
            self.simulate(&next, manner).await;
            if manner == Manner::Together {
                self.pace.note(next.len(), start.elapsed());
            }
        }
    }

    /// Simulates these together; each of them has an answer afterwards.
    async fn simulate(&mut self, nonces: &[u64], manner: Manner) {
        let mut inputs = Vec::new();
        for nonce in nonces {
            let Some(open) = self.open.get(nonce) else { continue };
            let (gas, input) = (self.vote_gas(*nonce), open.call.encode());
            // Nobody need be asked about what cannot be sent.
            match self.unsendable(&input, gas) {
                Some(reason) => self.take_delivery(*nonce, Delivery::Fails { reason }),
                None => inputs.push((*nonce, input, gas)),
            }
        }
        // A bridge of version 2 keeps what it cannot deliver for the recipient: its votes go
        // through.
        let must_work = self.view.second.is_none();
        let asked = inputs.iter().map(|(nonce, input, gas)| {
            let delivers = self.open.get(nonce).map(|open| &open.call).filter(|_| must_work);
            Asked { input, gas: *gas, delivers }
        });
        let asked: Vec<Asked<'_>> = asked.collect();
        let (link, to) = (&self.links[1], &self.direction.to);
        let said = simulate(link, to, self.view.me, &asked, &mut self.gas_seen, manner).await;
        for ((nonce, ..), delivery) in inputs.iter().zip(said) {
            self.take_delivery(*nonce, delivery);
        }
    }

    fn take_delivery(&mut self, nonce: u64, delivery: Delivery) {
        let delivery = self.wait_for_proof(nonce, delivery);
        self.note_patience(nonce, &delivery);
        if let Some(open) = self.open.get_mut(&nonce) {
            open.delivery = delivery;
        }
    }

    /// Remembers whether endpoints could tell.
    pub(super) fn note_patience(&mut self, nonce: u64, delivery: &Delivery) {
        let head = self.view.head.number;
        if let Some(open) = self.open.get_mut(&nonce) {
            match delivery {
                Delivery::Unknown => open.patience.note_unknown(head),
                _ => open.patience.note_answer(),
            }
        }
    }

    /// Why no node would take a call of the destination bridge.
    pub(super) fn unsendable(&self, input: &[u8], gas: Gas) -> Option<String> {
        let action = Action::Call { to: self.direction.to.address, input: input.to_vec() };
        match self.sender.can_send(&action, gas.most) {
            Err(SendError::Unsendable(reason)) => Some(reason.to_string()),
            _ => None,
        }
    }

    /// The call that votes for a nonce.
    fn vote(&mut self, nonce: u64, gas: u64) -> Option<Wanted> {
        let to = self.direction.to.address;
        let open = self.open.get_mut(&nonce)?;
        // The next vote for this nonce, should there be one, looks again.
        open.delivery = Delivery::NotAsked;
        let stands = self.view.transfers.get(&nonce).and_then(|state| state.votes.get(&self.view.me));
        open.repeats = stands == Some(&open.key);
        Some(Wanted { nonce, action: Action::Call { to, input: open.call.encode() }, gas })
    }

    /// Sends calls of the destination bridge that vote.
    pub(super) async fn send_votes(&mut self, votes: Vec<Wanted>) -> Result<(), WorkError> {
        let done = self.sender.send_all(&self.links[1], &self.view, Purpose::Vote, votes).await?;
        for (nonce, done) in done {
            match done {
                Ok(()) => self.direction.shared.board.update(&self.direction.name, |board| {
                    board.votes_sent = board.votes_sent.saturating_add(1);
                }),
                Err(SendError::Store(StoreError::Conflict)) => {
                    let why = "another transaction of its is on the way for it, or has its account nonce";
                    self.note_later(nonce, why);
                }
                Err(SendError::Later(why)) => self.note_later(nonce, why),
                Err(SendError::Unsendable(reason)) => self.park(nonce, Cause::Unsendable, reason.to_string()),
                // It is decided anew at the next block; what else there is to do needs neither gas
                // nor a key.
                Err(error) => {
                    let alarm = error.into_alarm()?;
                    self.note(nonce, alarm.code(), format!("this operator would vote now, and cannot: {alarm}"));
                    self.raise(None, alarm);
                }
            }
        }
        Ok(())
    }

    /// Its delivery fails, as endpoints say: where the bridge is proven to hold too little coin for
    /// it, that is why.
    pub(super) fn park_undelivered(&mut self, nonce: u64, reason: String) {
        let call = self.open.get(&nonce).map(|open| &open.call);
        let needed = call.filter(|call| call.token_type == TokenType::Coin).map(|call| call.value);
        let cause = match needed.filter(|needed| *needed > self.view.liquidity) {
            Some(needed) => Cause::Liquidity(needed),
            None => Cause::Delivery,
        };
        self.park(nonce, cause, reason);
    }

    /// Wakes what waits for coin that the bridge holds now.
    fn wake_for_coin(&mut self) {
        let held = self.view.liquidity;
        for open in self.open.values_mut() {
            open.park.wake(|cause| matches!(cause, Cause::Liquidity(needed) if needed <= held));
        }
    }

    /// The endpoints of a chain serve again after they did not: what waits for them waits no
    /// longer.
    pub(super) fn wake_for_endpoints(&mut self, came_back: [bool; 2]) {
        let now = Instant::now();
        if came_back[0] {
            self.unread.wake(now);
        }
        if came_back[1] {
            self.unwatched.wake(now);
            for open in self.open.values_mut() {
                open.park.wake(|cause| cause == Cause::Endpoints);
            }
        }
    }

    pub(super) fn park(&mut self, nonce: u64, cause: Cause, reason: String) {
        let retry = self.direction.shared.config.voting.retry_blocks;
        if let Some(open) = self.open.get_mut(&nonce) {
            open.delivery = Delivery::NotAsked;
            open.park.fail(cause, self.view.head.number, retry);
            open.parked_for.clone_from(&reason);
        }
        self.raise(Some(nonce), Alarm::Parked { reason });
    }

    pub(super) fn finish(&mut self, nonce: u64) {
        self.open.remove(&nonce);
        self.reverted.finish(nonce);
        self.known.finish(nonce);
        tracing::info!(direction = %self.direction.name, nonce, "handled");
        self.direction.shared.board.update(&self.direction.name, |board| {
            board.pending.remove(&nonce);
            board.handled = board.handled.saturating_add(1);
        });
    }

    /// Shows what is done about a transfer, and why nothing is done: a code, and words.
    pub(super) fn note(&self, nonce: u64, code: &'static str, doing: String) {
        let Some(open) = self.open.get(&nonce) else { return };
        let ((request_block, requested_at), head) = (open.requested, self.view.head.number);
        let (code, doing) = match self.sender.trouble(nonce, head) {
            Some(trouble) => ("send_stuck", format!("{doing}; it waits: {trouble}")),
            None if code == "parked" && open.park.is_parked(head) => {
                let words = match open.park.is_of_reverts() {
                    true => reverted::words(&open.park, &self.retry_command(nonce)),
                    false => format!("parked until block {}: {}", open.park.until(), open.parked_for),
                };
                (code, words)
            }
            None => (code, doing),
        };
        let pending = Pending {
            doing,
            reason: code.to_owned(),
            votes: self.view.transfers.get(&nonce).map_or(0, |state| state.counted),
            request_block,
            requested_at,
        };
        self.direction.shared.board.update(&self.direction.name, |board| {
            board.pending.insert(nonce, pending);
        });
    }
}

/// The nonces whose state is read at a head, with the key of each: open ones, and those of votes on their way whose request is not
/// read again yet, of which it only matters whether they are handled.
fn look_at(attention: &mut Attention, open: &BTreeMap<u64, Open>, sender: &Sender, head: u64) -> BTreeMap<u64, Hash> {
    let standing = |nonce: u64, open: &Open| match () {
        () if sender.is_in_flight(Purpose::Vote, nonce) => Standing::InFlight,
        () if open.park.is_parked(head) => Standing::Parked,
        () => Standing::Ready,
    };
    let picked = attention.pick(head, open.iter().map(|(nonce, open)| (*nonce, standing(*nonce, open))));
    let unread = sender.votes_in_flight().map(|nonce| (nonce, Hash::ZERO));
    unread.chain(picked.into_iter().filter_map(|nonce| Some((nonce, open.get(&nonce)?.key)))).collect()
}

/// Whether a transfer waits because this was given up. One that is executed waits for nothing, and
/// one that is not read again yet is voted on then. What does nothing may have stood for a sweep or
/// a claim, whose numbers are those of transfers that are executed.
fn keeps_waiting(purpose: Purpose, is_open: bool) -> bool {
    purpose == Purpose::Vote && is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_for_a_transfer_that_is_executed_keeps_nothing_waiting() {
        assert!(keeps_waiting(Purpose::Vote, true));
        assert!(!keeps_waiting(Purpose::Vote, false));
        assert!(!keeps_waiting(Purpose::Cancel, true));
    }
}
