//! Two chains with a bridge on each, and what a prover gathers of them for a claim.

use crate::actions::{Requested, Voted, DESTINATION_TOKEN, OUTSIDER, RELAY, SOURCE_TOKEN};
use crate::bridge::Bridge;
use crate::chain::{Chain, Setup};
use crate::evidence::ChainPlan;
use crate::keys;
use crate::scenario::Scenario;
use spanlight::bridge::layout;
use spanlight::bridge::{expected_call, Generation, HandleCall, SignedHandle, SigningDomain};
use spanlight::bundle::{Claim, ProofBundle, TransferProof};
use spanlight::clock::DEFAULT_CLOCK_TOLERANCE;
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::VotesBy;
use spanlight::primitives::{keccak256, Address, Hash};
use spanlight::trust::{AcceptedCode, Anchoring, BridgeEnd, BridgePair, Trust, TrustedChain, TRUST_VERSION};
use spanlight::verify::{judge_transfers, Evidence, FollowedChain};
use std::collections::BTreeSet;

/// Keys of the operators, on both chains.
pub const OPERATORS: [u64; 4] = [11, 12, 13, 14];

/// How a stage is set up.
#[derive(Clone, Debug)]
pub struct StageSetup {
    /// The chain of requests.
    pub source: Setup,
    /// The chain of executions.
    pub destination: Setup,
    /// Generation of the destination's bridge.
    pub generation: Generation,
    /// Whether the destination mints.
    pub mint_burn: bool,
    /// Equal votes that decide.
    pub threshold: u8,
    /// How many of [`OPERATORS`] are registered.
    pub operators: usize,
}

impl Default for StageSetup {
    fn default() -> Self {
        Self {
            source: Setup::main(),
            destination: Setup::service(),
            generation: Generation::C,
            mint_burn: true,
            threshold: 2,
            operators: 3,
        }
    }
}

impl StageSetup {
    /// Both chains commit by one form.
    #[must_use]
    pub fn with_form(form: CommitmentForm) -> Self {
        let mut setup = Self::default();
        setup.source.form = form;
        setup.destination.form = form;
        setup
    }

    /// A destination of version 2: votes also by signature.
    #[must_use]
    pub fn version2(self) -> Self {
        Self { generation: Generation::V2, ..self }
    }

    /// A destination of generation B: votes are shown by transactions.
    #[must_use]
    pub fn generation_b(self) -> Self {
        Self { generation: Generation::B, ..self }
    }
}

/// Two chains with a bridge on each.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The chain of requests.
    pub source: Chain,
    /// The chain of executions.
    pub destination: Chain,
    /// Policies and accepted code.
    pub trust: Trust,
    /// Vote keys that came up, so that their counts can be proven.
    keys: BTreeSet<Hash>,
}

/// What to prove, beside the transfers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of the source chain; slots are filled in.
    pub source: ChainPlan,
    /// Of the destination chain; slots are filled in.
    pub destination: ChainPlan,
    /// Heights at which the source bridge's state is shown.
    pub source_states: BTreeSet<u64>,
    /// Heights at which the destination bridge's state is shown.
    pub destination_states: BTreeSet<u64>,
    /// Claim that these are all.
    pub complete: Option<(u64, u64)>,
    /// The time; by default a second after the younger head.
    pub now: Option<u64>,
}

impl Stage {
    /// Two chains of one block each.
    #[must_use]
    pub fn new(setup: &StageSetup) -> Self {
        let operators = keys::addresses(&OPERATORS[..setup.operators]);
        let bridge =
            |address, generation, mints| Bridge::new(address, generation, mints, operators.clone(), setup.threshold);
        let mut from = bridge(Address([0x51; 20]), Generation::C, !setup.mint_burn);
        from.registered.insert(SOURCE_TOKEN, DESTINATION_TOKEN);
        let mut to = bridge(Address([0xd1; 20]), setup.generation, setup.mint_burn);
        to.registered.insert(DESTINATION_TOKEN, SOURCE_TOKEN);
        to.version2.source = Some((setup.source.chain_id, from.address));
        let mut stage = Self {
            source: Chain::new(&setup.source, from),
            destination: Chain::new(&setup.destination, to),
            trust: Trust { version: TRUST_VERSION, chains: Vec::new(), bridge: None, anchoring: None },
            keys: BTreeSet::new(),
        };
        stage.trust_both();
        stage
    }

    fn trust_both(&mut self) {
        self.trust.chains = [&self.source, &self.destination].map(trusted).to_vec();
        self.trust.bridge = Some(BridgePair { ends: [&self.source, &self.destination].map(end) });
        self.trust.anchoring = Some(Anchoring {
            parent: self.source.profile.name.clone(),
            child: self.destination.profile.name.clone(),
            accounts: vec![keys::address(OPERATORS[0])],
        });
    }

    /// The call that honest operators send for a request.
    #[must_use]
    pub fn call(&self, request: &Requested) -> HandleCall {
        let token = self.source.bridge.registered.get(&request.event.token).copied().unwrap_or(Address::ZERO);
        expected_call(&request.event, request.tx_hash, request.at.item.block, token)
    }

    /// What operators of this stage sign for.
    #[must_use]
    pub fn domain(&self) -> SigningDomain {
        SigningDomain {
            source_chain_id: self.source.profile.chain_id,
            source_bridge: self.source.bridge.address,
            chain_id: self.destination.profile.chain_id,
            bridge: self.destination.bridge.address,
        }
    }

    /// A call with the signatures of these operators, ascending by address, as of the destination's operators of now.
    #[must_use]
    pub fn signed(&self, operators: &[u64], call: &HandleCall) -> SignedHandle {
        let digest = self.domain().digest(call, self.destination.bridge.version2.epoch);
        let mut operators = operators.to_vec();
        operators.sort_unstable_by_key(|key| keys::address(*key));
        let signatures = operators.iter().map(|key| keys::sign_for_contract(*key, &digest)).collect();
        SignedHandle { call: call.clone(), signatures }
    }

    /// An outsider brings signatures in a block of its own, between two transfers.
    pub fn handle_with_signatures(&mut self, signed: &SignedHandle) -> Voted {
        self.handle_with_signatures_if(signed, true)
    }

    /// As [`Self::handle_with_signatures`], and the recipient or token may refuse what is delivered.
    pub fn handle_with_signatures_if(&mut self, signed: &SignedHandle, delivers: bool) -> Voted {
        self.knows_call(&signed.call.encode());
        let domain = self.domain();
        self.destination.block(|block| {
            block.transfer(107);
            let voted = block.handle_with_signatures_if(OUTSIDER, signed, &domain, delivers);
            block.transfer(108);
            voted
        })
    }

    /// Each operator votes for a call in a block of its own.
    pub fn votes(&mut self, operators: &[u64], call: &HandleCall) -> Vec<Voted> {
        let calldata = call.encode();
        operators.iter().map(|key| self.vote(*key, &calldata)).collect()
    }

    /// An operator votes in a block of its own, between two transfers.
    pub fn vote(&mut self, operator: u64, calldata: &[u8]) -> Voted {
        self.keys.insert(keccak256(calldata));
        self.destination.block(|block| {
            block.transfer(107);
            let voted = block.vote(operator, calldata);
            block.transfer(108);
            voted
        })
    }

    /// Remembers a vote key, so that slots about it are proven.
    pub fn knows_call(&mut self, calldata: &[u8]) {
        self.keys.insert(keccak256(calldata));
    }

    /// A request in a block of its own, between two transfers.
    pub fn request(&mut self, event: spanlight::bridge::RequestEvent) -> Requested {
        self.source.block(|block| {
            block.transfer(107);
            let requested = block.request(event);
            block.transfer(108);
            requested
        })
    }

    /// A quorum of distinct proposers goes on with the destination, and the source makes a block
    /// that is surely later.
    pub fn time_goes_on(&mut self) {
        self.destination.idle_by_a_quorum();
        let later = self.destination.time() + self.source.profile.clock_skew;
        self.source.block(|block| block.time = later);
    }

    /// What a prover shows for these transfers by default: both chains to their heads, and the states that each needs.
    #[must_use]
    pub fn plan(&self, transfers: &[TransferProof]) -> Plan {
        let (source, destination) = (&self.source, &self.destination);
        let mut plan = Plan {
            source: ChainPlan::new(source.blocks()[0].header.number(), source.height()),
            destination: ChainPlan::new(destination.blocks()[0].header.number(), destination.height()),
            source_states: BTreeSet::new(),
            destination_states: BTreeSet::new(),
            complete: None,
            now: None,
        };
        for transfer in transfers {
            plan.show(transfer, source.height(), destination.height());
        }
        plan
    }

    /// A scenario of one transfer, with the default plan.
    #[must_use]
    pub fn prove(&self, transfer: TransferProof) -> Scenario {
        let transfers = vec![transfer];
        let plan = self.plan(&transfers);
        self.prove_plan(&plan, transfers)
    }

    /// A scenario of transfers: the slots are those that the core asks for, no more.
    #[must_use]
    pub fn prove_plan(&self, plan: &Plan, transfers: Vec<TransferProof>) -> Scenario {
        let mut trust = self.trust.clone();
        for (trusted, (chain, plan)) in
            trust.chains.iter_mut().zip([(&self.source, &plan.source), (&self.destination, &plan.destination)])
        {
            trusted.checkpoint = chain.checkpoint(plan.from);
        }
        let now = plan.now.unwrap_or_else(|| self.source.time().max(self.destination.time()) + 1);
        let mut plan = plan.clone();
        plan.source.slots =
            plan.source_states.iter().map(|number| (*number, self.slots(&self.source, &transfers))).collect();
        plan.destination.slots =
            plan.destination_states.iter().map(|number| (*number, self.slots(&self.destination, &transfers))).collect();
        let chains = [plan.source.prove(&self.source), plan.destination.prove(&self.destination)];
        if let Some([source, destination]) = usage(&trust, &chains, &transfers, plan.complete, now) {
            plan.source.slots = source.slots.into_iter().map(|(at, slots)| (at, slots.into_iter().collect())).collect();
            plan.destination.slots =
                destination.slots.into_iter().map(|(at, slots)| (at, slots.into_iter().collect())).collect();
        }
        let chains = vec![plan.source.prove(&self.source), plan.destination.prove(&self.destination)];
        let claim = Claim::Transfers { transfers, complete: plan.complete };
        Scenario { trust, bundle: ProofBundle { chains, claim }, now }
    }

    /// Every slot that anybody may ask for.
    fn slots(&self, chain: &Chain, transfers: &[TransferProof]) -> BTreeSet<Hash> {
        let people = OPERATORS.iter().chain([&OUTSIDER]).map(|key| keys::address(*key)).chain([RELAY]);
        let people: Vec<Address> = people.collect();
        let keys: Vec<Hash> = self.keys.iter().copied().collect();
        let mut slots: BTreeSet<Hash> = chain.bridge.storage().into_keys().collect();
        for block in chain.blocks() {
            slots.extend(block.state.contract.iter().flat_map(|contract| contract.storage.keys().copied()));
        }
        slots.extend(people.iter().map(layout::operator_flag_slot));
        slots.extend([SOURCE_TOKEN, DESTINATION_TOKEN].iter().map(layout::registered_token_slot));
        slots.extend([Address::ZERO, DESTINATION_TOKEN].iter().flat_map(layout::outflow_slots));
        for transfer in transfers {
            slots.extend(spanlight::verify::slots_for_nonce(transfer.nonce, &people, &keys));
        }
        slots
    }
}

fn trusted(chain: &Chain) -> TrustedChain {
    TrustedChain {
        trusting_period: 86_400,
        max_age: 600,
        patience: 3_600,
        clock_tolerance: DEFAULT_CLOCK_TOLERANCE,
        allow_jump: false,
        votes: VotesBy::default(),
        profile: chain.profile.clone(),
        checkpoint: chain.checkpoint(chain.blocks()[0].header.number()),
    }
}

fn end(chain: &Chain) -> BridgeEnd {
    let bridge = &chain.bridge;
    BridgeEnd {
        chain: chain.profile.name.clone(),
        address: bridge.address,
        mint_burn: bridge.mint_burn,
        sends: true,
        codes: vec![AcceptedCode { hash: bridge.code_hash, generation: bridge.generation }],
    }
}

/// What the core asks for, if the headers and proofs hold.
fn usage(
    trust: &Trust,
    chains: &[spanlight::bundle::ChainProof; 2],
    transfers: &[TransferProof],
    complete: Option<(u64, u64)>,
    now: u64,
) -> Option<[spanlight::verify::Usage; 2]> {
    let [from, to] = chains;
    let follow = |proof: &spanlight::bundle::ChainProof| {
        let trusted = trust.chains.iter().find(|chain| chain.profile.name == proof.chain)?;
        FollowedChain::from_proof(trusted, &proof.headers, proof.mode, &proof.jumps, now).ok()
    };
    let ends = &trust.bridge.as_ref()?.ends;
    let bridge = |name: &str| ends.iter().find(|end| end.chain == name).map(|end| end.address);
    let (source, destination) = (follow(from)?, follow(to)?);
    let source = Evidence::verify(&source, bridge(&from.chain)?, &from.blocks, &from.states).ok()?;
    let destination = Evidence::verify(&destination, bridge(&to.chain)?, &to.blocks, &to.states).ok()?;
    let (_, usage) = judge_transfers(trust, &source, &destination, transfers, complete, now).ok()?;
    Some(usage)
}

impl Plan {
    /// Shows what a transfer refers to, and the states beside it.
    fn show(&mut self, transfer: &TransferProof, source_head: u64, destination_head: u64) {
        if let Some(request) = transfer.request {
            self.source.item(request.item);
            self.source_states.insert(request.item.block);
            // Needed where the token differs, and left out where nothing reads it.
            self.source_states.insert(request.item.block - 1);
        } else {
            self.source_states.insert(source_head);
        }
        for item in transfer.votes.iter().chain(&transfer.failed) {
            self.destination.item(*item);
        }
        if let Some(failed) = transfer.failed {
            self.destination_states.insert(failed.block - 1);
        }
        if let Some(handle) = transfer.handle {
            self.destination.item(handle.item);
            self.destination_states.extend([handle.item.block - 1, handle.item.block]);
        } else {
            self.destination_states.insert(destination_head);
        }
    }
}
