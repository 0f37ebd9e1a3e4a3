//! The last cases: one operator's key is stolen, and then as many as decide.

use super::chains::{coin, coins, failed};
use super::operators::Wanted;
use super::story::{time, Case};
use super::{chains, Live};
use crate::failure::Failure;
use crate::show::lines::count;
use crate::show::style::toned;
use crate::show::words;
use crate::{bundle_file, trust_file};
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::primitives::U256;
use spanlight::verdict::{State, TransferVerdict};
use spanlight::{Address, Hash, Trust};
use spanlight_devnet::pair::{Side, Value};
use std::time::{Duration, Instant};

/// Operators that are left, and do what they should.
const HONEST: [usize; 2] = [0, 1];
/// Operators whose keys are stolen; the first one first.
const STOLEN: [usize; 2] = [3, 2];
/// Where the thief wants everything to go.
const THIEF: Address = Address([0x77; 20]);
/// A number that no user comes to.
const FAR: u64 = 1_000_000;
/// What the thieves execute, in coins.
const LOOT: u64 = 500;

impl Live {
    /// One key is not enough for anything but being named.
    pub(super) fn stolen_key(&mut self) -> Result<Case, Failure> {
        let mut case = self.story.case("stolen_key", "3  An operator's key is stolen");
        let [thief, _] = STOLEN;
        let account = self.account(thief, Side::Service)?;
        self.story.tell(&format!(
            "Whoever has the machine of operator 4 has its key, {account} on `service`. Operators 1 and 2 are cut off until the \
             thief has voted, so that it is always first."
        ));
        self.forge_requests(&mut case, account)?;
        self.invent(&mut case, account)?;
        let taken = self.pair.service.balance(&THIEF);
        let told =
            case.claim(taken.is_zero(), "The thief has got nothing.", || format!("the thief got {}", coins(taken)));
        self.story.now(&told);
        Ok(case)
    }

    /// Votes for requests that exist, with another amount and another recipient.
    fn forge_requests(&mut self, case: &mut Case, account: Address) -> Result<(), Failure> {
        let [thief, _] = STOLEN;
        self.network.cut(&HONEST);
        let mut sent = Vec::new();
        type Forge = fn(HandleCall) -> HandleCall;
        let forgeries: [(&str, Forge); 2] = [
            ("a hundred times the amount", |call| HandleCall {
                value: call.value.saturating_mul(U256::from(100u64)),
                ..call
            }),
            ("another recipient", |call| HandleCall { to: THIEF, ..call }),
        ];
        for (what, forge) in forgeries {
            let request = self.request(Side::Main, Value::Coin(coin(1)), [2, 3])?;
            self.vote(case, thief, Side::Service, &forge(self.pair.honest_call(&request.requested)))?;
            self.story.now(&format!("{}. The thief votes for {what}.", request.words()));
            sent.push(request);
        }
        for expected in self.expected.iter_mut().rev().take(sent.len()) {
            expected.dissenters = Some(vec![account]);
        }
        let healed = Instant::now();
        self.network.heal(&HONEST);
        self.wait_executed(&sent)?;
        for request in &sent {
            let wanted = Wanted { code: "forged_vote", nonce: request.nonce(), accounts: &[account] };
            self.wait_alarm(&HONEST, wanted, healed)?;
        }
        self.story.alarm("Operators 1 and 2 raised `forged_vote` for both and named operator 4's account.");
        case.time("forged_votes_named_s", healed.elapsed());
        Ok(())
    }

    /// A vote for what nobody requested.
    fn invent(&mut self, case: &mut Case, account: Address) -> Result<(), Failure> {
        let [thief, _] = STOLEN;
        let call = invented(FAR, self.pair.main.height());
        self.vote(case, thief, Side::Service, &call)?;
        let voted = Instant::now();
        self.story
            .now(&format!("The thief votes for request {FAR}, which nobody made: {} to itself.", coins(call.value)));
        let wanted = Wanted { code: "attempted", nonce: FAR, accounts: &[account] };
        let took = self.wait_alarm(&HONEST, wanted, voted)?;
        self.story.alarm(&format!("Operators 1 and 2 raised `attempted`, {} after the vote.", both(&took)));
        case.time("attempt_named_s", took.into_iter().max().unwrap_or_default());
        self.expect(Side::Main, FAR, "attempted");
        if let Some(expected) = self.expected.last_mut() {
            expected.culprits = vec![account];
        }
        self.check_evidence(case, Side::Main, FAR, ("attempted", None), &[account])
    }

    /// As many keys as decide can execute anything, and cannot hide it.
    pub(super) fn collusion(&mut self) -> Result<Case, Failure> {
        let mut case = self.story.case("collusion", "4  As many keys as decide are stolen");
        let accounts = STOLEN.map(|thief| self.account(thief, Side::Main));
        let mut culprits = accounts.into_iter().collect::<Result<Vec<_>, _>>()?;
        culprits.sort_unstable();
        self.story.tell(&format!(
            "The thief also has operator 3's key; on `main` the two are {}. Two votes execute whatever they say: no \
             contract can tell. But the chains hold what was requested, and whoever looks can prove that this was not.",
            words::addresses(&culprits)
        ));
        // The number after the next: the next one stays free, and the audit shows it so.
        let next = self.pair.request_count(Side::Service).map_err(|error| failed(&error))?;
        let nonce = next.saturating_add(1);
        let call = HandleCall { value: coin(LOOT), ..invented(nonce, self.pair.service.height()) };
        let mut executed = 0;
        for thief in STOLEN {
            executed = self.vote(&mut case, thief, Side::Main, &call)?;
        }
        let since = Instant::now();
        let loot = self.pair.main.balance(&THIEF);
        let claim = format!(
            "service to main, request {nonce}, which nobody made, is executed in block {executed}: {} to the thief.",
            coins(loot)
        );
        let told =
            case.claim(loot == call.value, &claim, || format!("two of two votes gave the thief {}", coins(loot)));
        self.story.now(&told);
        let wanted = Wanted { code: "fraud", nonce, accounts: &culprits };
        let took = self.wait_alarm(&HONEST, wanted, since)?;
        let blocks = self.pair.main.height().saturating_sub(executed);
        self.story.alarm(&format!(
            "Operators 1 and 2 raised `fraud` with a bundle, {} after the execution was seen: {}.",
            both(&took),
            if blocks == 0 { "before the next block".to_owned() } else { format!("{} later", count(blocks, "block")) }
        ));
        case.time("fraud_named_s", took.into_iter().max().unwrap_or_default());
        case.figure("fraud_named_after_blocks", blocks);
        self.expect(Side::Service, next, "unrequested");
        self.expect(Side::Service, nonce, "fraud");
        if let Some(expected) = self.expected.last_mut() {
            expected.reason = Some("never_requested".to_owned());
            expected.culprits.clone_from(&culprits);
        }
        self.check_evidence(&mut case, Side::Service, nonce, ("fraud", Some("never_requested")), &culprits)?;
        Ok(case)
    }

    /// The holder of an operator's key votes; gives the block.
    fn vote(&self, case: &mut Case, operator: usize, on: Side, call: &HandleCall) -> Result<u64, Failure> {
        let (hash, receipt) = self.pair.vote(operator, on, call).map_err(|error| failed(&error))?;
        // Without this the case would show nothing: a vote that reverts harms nobody.
        case.unless(receipt.is_success(), || format!("the thief's vote {hash} was not taken"));
        let place = self.pair.chain(on).chain().place_of(&hash);
        Ok(place.map(|(block, _)| block).unwrap_or_default())
    }

    /// Judges the evidence of each honest operator by the core, offline.
    fn check_evidence(
        &self,
        case: &mut Case,
        from: Side,
        nonce: u64,
        state: (&str, Option<&str>),
        culprits: &[Address],
    ) -> Result<(), Failure> {
        let mut told = None;
        for operator in HONEST {
            let number = operator.saturating_add(1);
            let (bytes, transfer) = self.judge_evidence(case, operator, from, nonce)?;
            let found = transfer.verdict.state();
            let said = found.map(|state| (state.name(), state.reason()));
            let named = found.map(State::culprits).unwrap_or_default();
            case.unless(said == Some(state) && named == culprits, || {
                format!("operator {number}'s evidence says {}", words::sentence(&transfer))
            });
            let what = format!("Operator {number}'s bundle, {bytes} bytes, verified offline");
            let sentence = format!("{}; by {}", words::sentence(&transfer), words::addresses(named));
            if told.as_ref() == Some(&sentence) {
                self.story.now(&format!("{what}: the same."));
            } else {
                let label = toned(words::tone(&transfer.verdict), &words::label(&transfer.verdict));
                self.story.now(&format!("{what}: {label}  {sentence}."));
            }
            told = Some(sentence);
        }
        Ok(())
    }

    /// What an operator's evidence proves, and its size. It begins at a checkpoint of the operator's, so that one is checked
    /// first: everything else in its trust file must be what this demo trusts.
    fn judge_evidence(
        &self,
        case: &mut Case,
        operator: usize,
        from: Side,
        nonce: u64,
    ) -> Result<(usize, TransferVerdict), Failure> {
        let stem = format!("{}-{nonce}", chains::name(from));
        let folder = self.operators.get(operator)?.folder.join("evidence");
        let trust = trust_file::read(&folder.join(format!("{stem}.trust.json")))?;
        case.unless(self.is_ours(&trust), || format!("operator {} trusts something else", operator.saturating_add(1)));
        let file = bundle_file::read(&folder.join(format!("{stem}.spl")))?;
        let report = spanlight::verify(&file.bundle, &trust, crate::clock::now())
            .map_err(|error| Failure::verdict(1, format!("operator's evidence: {error}")).code(error.code()))?;
        let transfer = report.transfers.into_iter().next();
        let transfer = transfer.ok_or_else(|| Failure::verdict(1, "evidence of an operator that judges nothing"))?;
        Ok((file.size, transfer))
    }

    /// Whether a trust is this demo's, but for checkpoints, which must be blocks of the chains.
    fn is_ours(&self, trust: &Trust) -> bool {
        let mut own = trust.clone();
        let mut checkpoints_fit = own.chains.len() == self.trust.chains.len();
        for (chain, ours) in own.chains.iter_mut().zip(&self.trust.chains) {
            let side = if ours.profile.name == chains::name(Side::Main) { Side::Main } else { Side::Service };
            let running = self.pair.chain(side).chain();
            let block = running.block(chain.checkpoint.number);
            checkpoints_fit &= block.is_some_and(|block| block.header.hash() == chain.checkpoint.hash);
            chain.checkpoint.clone_from(&ours.checkpoint);
        }
        checkpoints_fit && own == self.trust
    }
}

/// A vote for a transfer that nobody requested, to the thief.
fn invented(nonce: u64, request_block: u64) -> HandleCall {
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash([0x66; 32]),
        from: THIEF,
        to: THIEF,
        token: None,
        value: coin(100),
        nonce,
        request_block,
        token_uri: None,
        extra: Vec::new(),
    }
}

/// Two times for people.
fn both(took: &[Duration]) -> String {
    took.iter().map(|took| time(*took)).collect::<Vec<_>>().join(" and ")
}
