//! Executed or voted for, and not as requested.

use super::{sorted, Case};
use crate::actions::{coin, erc20, erc721, Requested};
use crate::stage::{Stage, StageSetup};
use spanlight::bridge::{HandleCall, RequestEvent, TokenType};
use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::facts::Difference;
use spanlight::primitives::keccak256;
use spanlight::verdict::{FraudKind, State};
use spanlight::{Address, Hash, U256};

const SEVENS: &str = "0x0707070707070707070707070707070707070707070707070707070707070707";
const AAS: &str = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "0x7171717171717171717171717171717171717171";

/// All cases of this module.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    let mut cases = vec![
        never_requested(form),
        named_block_did_not_exist(form),
        attempted(form),
        attempted_in_the_future(form),
        differs_on_b(form),
    ];
    cases.extend(every_deviation().into_iter().map(|deviation| deviation.case(form)));
    cases
}

/// A call for a request that was never made, naming source block `block`.
#[must_use]
pub fn invented_call(nonce: u64, block: u64) -> HandleCall {
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: keccak256(b"no such transaction"),
        from: Address([0xaa; 20]),
        to: Address([0xab; 20]),
        token: None,
        value: U256::from(999u64),
        nonce,
        request_block: block,
        token_uri: None,
        extra: Vec::new(),
    }
}

fn fraud(kind: FraudKind) -> State {
    State::Fraud { kind, culprits: sorted(&[11, 12]), votes: 2, of: 2 }
}

/// Two operators execute nonce 1; the source has one request, and its head is the block they name.
#[must_use]
pub fn never_requested(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &invented_call(1, request.at.item.block));
    let transfer = TransferProof { nonce: 1, handle: votes[1].handled, ..TransferProof::default() };
    Case::new("fraud_never_requested", stage.prove(transfer), fraud(FraudKind::NeverRequested))
}

/// They name a block far above the source's head, which is younger than the execution.
fn named_block_did_not_exist(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &invented_call(1, 1 << 40));
    stage.time_goes_on();
    let transfer = TransferProof { nonce: 1, handle: votes[1].handled, ..TransferProof::default() };
    Case::new("fraud_named_block_did_not_exist", stage.prove(transfer), fraud(FraudKind::NamedBlockDidNotExist))
        .note("rests_on_block_times")
}

/// One vote for nonce 1, which was not requested.
#[must_use]
pub fn attempted(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    let request = stage.request(coin(500));
    let call = invented_call(1, request.at.item.block);
    stage.votes(&[13], &call);
    let transfer = TransferProof { nonce: 1, calls: vec![call.encode()], ..TransferProof::default() };
    let state = State::Attempted { culprits: sorted(&[13]), votes: 1, of: 2 };
    Case::new("attempted", stage.prove(transfer), state)
}

fn attempted_in_the_future(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form));
    stage.request(coin(500));
    let call = invented_call(1, 1 << 40);
    let voted = stage.votes(&[13], &call)[0].at.block;
    stage.time_goes_on();
    let transfers = vec![TransferProof { nonce: 1, calls: vec![call.encode()], ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.destination_states = [voted].into();
    let state = State::Attempted { culprits: sorted(&[13]), votes: 1, of: 2 };
    Case::new("attempted_in_the_future", stage.prove_plan(&plan, transfers), state).note("rests_on_block_times")
}

fn amount(requested: &str, executed: &str) -> Difference {
    Difference { rule: "M5", field: "amount", requested: requested.into(), executed: executed.into() }
}

/// Generation B: who voted is shown by transactions.
fn differs_on_b(form: CommitmentForm) -> Case {
    let mut stage = Stage::new(&StageSetup::with_form(form).generation_b());
    let request = stage.request(coin(500));
    let mut call = stage.call(&request);
    call.value += U256::ONE;
    let votes = stage.votes(&[11, 12], &call);
    let transfer = TransferProof {
        request: Some(request.at),
        handle: votes[1].handled,
        votes: vec![votes[0].at],
        ..TransferProof::default()
    };
    Case::new("fraud_differs_on_b", stage.prove(transfer), fraud(FraudKind::Differs(vec![amount("500", "501")])))
        .note("votes_by_transactions")
}

/// An execution that differs from its request in one rule.
pub struct Deviation {
    /// The rule.
    pub rule: &'static str,
    /// The field that differs.
    field: &'static str,
    event: RequestEvent,
    vote: fn(&mut HandleCall),
    /// What the bridge writes into the event instead of what the call says.
    wrote: fn(&mut spanlight::bridge::HandleEvent),
    /// The field as requested and as executed.
    said: [&'static str; 2],
}

/// One for each of M1 to M11, but for M6: an event of another nonce is no evidence for this one at all. Empty texts
/// are known only once the request is made.
#[must_use]
pub fn every_deviation() -> Vec<Deviation> {
    let honest: fn(&mut spanlight::bridge::HandleEvent) = |_| ();
    let of = |rule, field, event, vote, said| Deviation { rule, field, event, vote, wrote: honest, said };
    vec![
        of("M1", "request_transaction", coin(500), |call| call.request_tx_hash = Hash([7; 32]), ["", SEVENS]),
        of(
            "M2",
            "kind",
            coin(500),
            |call| {
                call.token_type = TokenType::Erc20;
                call.token = Some(Address::ZERO);
            },
            ["coin", "erc20"],
        ),
        of("M3", "from", coin(500), |call| call.from = Address([0xaa; 20]), ["", AAS]),
        of("M4", "to", coin(500), |call| call.to = Address([0xaa; 20]), ["", AAS]),
        of("M5", "amount", coin(500), |call| call.value += U256::ONE, ["500", "501"]),
        of("M5", "token_id", erc721(9, "https://x.y/42"), |call| call.value += U256::ONE, ["9", "10"]),
        of("M7", "extra", coin(500), |call| call.extra = b"nemo".to_vec(), ["0x6d656d6f", "0x6e656d6f"]),
        of("M8", "token", erc20(77), |call| call.token = Some(Address([0xaa; 20])), [TOKEN, AAS]),
        of("M9", "request_block", coin(500), |call| call.request_block -= 1, ["", ""]),
        of(
            "M10",
            "token_uri",
            erc721(9, "https://x.y/42"),
            |call| call.token_uri = Some(b"https://x.y/43".to_vec()),
            ["https://x.y/42", "https://x.y/43"],
        ),
        Deviation {
            rule: "M11",
            field: "amount",
            event: coin(500),
            vote: |call| call.value += U256::ONE,
            wrote: |event| event.value -= U256::ONE,
            said: ["501", "500"],
        },
    ]
}

impl Deviation {
    /// The case.
    #[must_use]
    pub fn case(&self, form: CommitmentForm) -> Case {
        let mut stage = Stage::new(&StageSetup::with_form(form));
        let request = stage.request(self.event.clone());
        let transfer = self.execute(&mut stage, &request);
        let state = fraud(FraudKind::Differs(vec![self.difference(&request)]));
        let name = format!("fraud_differs_{}_{}", self.rule, self.field);
        if self.rule != "M8" {
            return Case::new(&name, stage.prove(transfer), state);
        }
        // A token alone accuses only once the registry is seen to have stood still.
        stage.time_goes_on();
        let transfers = vec![transfer];
        let mut plan = stage.plan(&transfers);
        plan.source_states.insert(stage.source.height());
        Case::new(&name, stage.prove_plan(&plan, transfers), state).note("rests_on_block_times")
    }

    fn difference(&self, request: &Requested) -> Difference {
        let block = request.at.item.block;
        let [mut requested, mut executed] = self.said.map(String::from);
        match self.rule {
            "M1" => requested = request.tx_hash.to_string(),
            "M3" => requested = request.event.from.to_string(),
            "M4" => requested = request.event.to.to_string(),
            "M9" => (requested, executed) = (block.to_string(), (block - 1).to_string()),
            _ => {}
        }
        Difference { rule: self.rule, field: self.field, requested, executed }
    }

    fn execute(&self, stage: &mut Stage, request: &Requested) -> TransferProof {
        let mut call = stage.call(request);
        (self.vote)(&mut call);
        let calldata = call.encode();
        stage.vote(11, &calldata);
        let wrote = self.wrote;
        let executing = stage.destination.block(|block| {
            block.transfer(107);
            let voted = block.vote(12, &calldata);
            block.spoil_receipt(voted.at.index, |receipt| {
                let log = &mut receipt.logs[0];
                let mut event = spanlight::bridge::HandleEvent::decode(log).expect("the model's own event");
                wrote(&mut event);
                log.topics = event.encode().topics;
                log.data = event.encode().data;
            });
            voted
        });
        TransferProof { request: Some(request.at), handle: executing.handled, ..TransferProof::default() }
    }
}
