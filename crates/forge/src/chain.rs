//! A chain that seals its own blocks with test keys, and follows its own votes and parameters.

use crate::bridge::Bridge;
use crate::keys;
use crate::new_block::{encode_string, governance_json, BlockVote, NewBlock};
use crate::state::{person, Contract, State};
use spanlight::commitment::{derive_root, CommitmentForm};
use spanlight::consensus::light_client::Checkpoint;
use spanlight::consensus::parameters::{is_epoch_block, ParameterChanges, Parameters, PendingChange};
use spanlight::consensus::seals::{lottery, SealContext};
use spanlight::consensus::Council;
use spanlight::header::{base_fee, committed_digest, HeaderFields, IstanbulExtra, UntrustedHeader};
use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::profile::{BlobSchedule, ChainProfile, Fork, ForkSchedule, QuorumPolicy, VoteRules};
use spanlight::receipt::Receipt;
use spanlight::transaction::Transaction;

/// Who is paid for blocks.
const REWARDED: Address = Address([0xee; 20]);

/// How a chain is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name in the trust.
    pub name: &'static str,
    /// Its chain id.
    pub chain_id: u64,
    /// Forks by height.
    pub forks: ForkSchedule,
    /// How blocks commit to their items.
    pub form: CommitmentForm,
    /// Blocks of an epoch.
    pub epoch: u64,
    /// Keys of the first council.
    pub council: Vec<u64>,
    /// Members that a quorum is counted over.
    pub committee_size: u64,
    /// Height of the first block.
    pub start: u64,
    /// Time of the first block.
    pub time: u64,
}

/// All forks active from the start.
#[must_use]
pub fn all_forks() -> ForkSchedule {
    let from = Some(0);
    ForkSchedule {
        istanbul: from,
        london: from,
        eth_tx_type: from,
        magma: from,
        kore: from,
        shanghai: from,
        cancun: from,
        randao: from,
        kaia: from,
        prague: from,
        osaka: from,
    }
}

impl Setup {
    /// The main chain: every fork, four validators, concatenation.
    #[must_use]
    pub fn main() -> Self {
        Self {
            name: "main",
            chain_id: 8217,
            forks: all_forks(),
            form: CommitmentForm::Concat,
            epoch: 604_800,
            council: vec![1, 2, 3, 4],
            committee_size: 22,
            start: 1_000,
            time: 1_700_000_000,
        }
    }

    /// The service chain: headers without any later field, four validators of its own, tries.
    #[must_use]
    pub fn service() -> Self {
        Self {
            name: "service",
            chain_id: 1_000,
            forks: ForkSchedule::default(),
            form: CommitmentForm::Trie,
            council: vec![5, 6, 7, 8],
            start: 500,
            ..Self::main()
        }
    }
}

/// What holds for the next block.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// Keys of the council, the proposer first.
    pub council: Vec<u64>,
    /// Parameters in force.
    pub parameters: Parameters,
    pending: Vec<PendingChange>,
    epoch_votes: ParameterChanges,
}

/// A sealed block with everything that its roots commit to.
#[derive(Clone, Debug)]
pub struct Block {
    /// The header.
    pub header: UntrustedHeader,
    /// What the header commits to.
    pub transactions: Vec<Vec<u8>>,
    /// What the header commits to.
    pub receipts: Vec<Vec<u8>>,
    /// The form of both commitments.
    pub form: CommitmentForm,
    /// The state after the block.
    pub state: State,
    /// What held for this block.
    pub at: Tracked,
    /// What holds for the next.
    pub after: Tracked,
}

/// A chain.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The rules that a verifier is told.
    pub profile: ChainProfile,
    /// The bridge on it.
    pub bridge: Bridge,
    blocks: Vec<Block>,
    pub(crate) nonces: std::collections::BTreeMap<u64, u64>,
}

impl Chain {
    /// A chain of one block.
    #[must_use]
    pub fn new(setup: &Setup, bridge: Bridge) -> Self {
        let parameters = Parameters {
            derive_sha_impl: match setup.form {
                CommitmentForm::Trie => 0,
                CommitmentForm::Simple => 1,
                CommitmentForm::Concat => 2,
            },
            committee_size: setup.committee_size,
            epoch: setup.epoch,
            ..Parameters::default()
        };
        let profile = ChainProfile {
            name: setup.name.into(),
            chain_id: setup.chain_id,
            genesis_hash: keccak256(setup.name.as_bytes()),
            forks: setup.forks.clone(),
            blobs: BlobSchedule::default(),
            parameters: parameters.clone(),
            quorum: QuorumPolicy::Engine,
            vote_rules: VoteRules::V2,
            qualified: None,
            clock_skew: 300,
        };
        let council = setup.council.clone();
        let tracked = Tracked { council, parameters, pending: Vec::new(), epoch_votes: ParameterChanges::default() };
        let mut chain = Self { profile, bridge, blocks: Vec::new(), nonces: std::collections::BTreeMap::new() };
        let state = chain.state(setup.start);
        let mut first = first_header(setup, &chain.profile, &state);
        seal(&mut first, setup.council[0], &[]);
        let items = Vec::new;
        chain.blocks.push(Block {
            header: UntrustedHeader::new(first),
            transactions: items(),
            receipts: items(),
            form: setup.form,
            state,
            at: tracked.clone(),
            after: tracked,
        });
        chain
    }

    /// Every block pays a reward, so no two blocks have one state.
    fn state(&self, number: u64) -> State {
        let rewarded = (REWARDED, person(0, number));
        let people = (101..109).map(|key| (keys::address(key), person(key, 1_000 + key))).chain([rewarded]);
        let contract = Contract {
            address: self.bridge.address,
            balance: self.bridge.balance,
            code_hash: self.bridge.code_hash,
            storage: self.bridge.storage(),
        };
        State { accounts: people.collect(), contract: Some(contract) }
    }

    /// The newest block.
    #[must_use]
    pub fn head(&self) -> &Block {
        self.blocks.last().expect("a chain has its first block")
    }

    /// Height of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.head().header.number()
    }

    /// Time of the newest block.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.head().header.fields().time
    }

    /// The block of a height.
    #[must_use]
    pub fn at(&self, number: u64) -> &Block {
        self.blocks.iter().find(|block| block.header.number() == number).expect("a block of the chain")
    }

    /// The block of a height, to spoil it.
    pub fn at_mut(&mut self, number: u64) -> &mut Block {
        self.blocks.iter_mut().find(|block| block.header.number() == number).expect("a block of the chain")
    }

    /// All blocks.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What a verifying party believes that begins at block `number`.
    #[must_use]
    pub fn checkpoint(&self, number: u64) -> Checkpoint {
        let block = self.at(number);
        let after = &block.after;
        Checkpoint {
            number,
            hash: block.header.hash(),
            council: keys::addresses(&after.council),
            parameters: after.parameters.clone(),
            pending: after.pending.clone(),
            epoch_votes: Some(after.epoch_votes.clone()),
            header_governance: None,
            warned_votes: Vec::new(),
            trusted_since: None,
        }
    }

    /// Makes `count` blocks with one transfer each.
    pub fn idle(&mut self, count: u64) {
        for _ in 0..count {
            self.block(|block| block.transfer(108));
        }
    }

    /// Each of these keys proposes one block with a transfer.
    pub fn idle_by(&mut self, proposers: &[u64]) {
        for proposer in proposers {
            self.block(|block| {
                block.proposer = *proposer;
                block.transfer(108);
            });
        }
    }

    /// As many distinct members as a quorum propose a block each.
    pub fn idle_by_a_quorum(&mut self) {
        let next = self.head().after.clone();
        let quorum = quorum(next.council.len(), next.parameters.committee_size);
        self.idle_by(&next.council[..quorum]);
    }

    /// Makes a block out of what `fill` puts into it.
    pub fn block<T>(&mut self, fill: impl FnOnce(&mut NewBlock<'_>) -> T) -> T {
        let sealed = self.unsealed(fill);
        self.blocks.push(sealed.0);
        sealed.1
    }

    /// Another block after the newest but one, as an equivocation needs; the chain does not go on from it.
    #[must_use]
    pub fn rival_of_head(&self, time: u64) -> UntrustedHeader {
        let mut shorter = self.clone();
        shorter.blocks.pop();
        shorter.block(|block| block.time = time);
        shorter.head().header.clone()
    }

    fn unsealed<T>(&mut self, fill: impl FnOnce(&mut NewBlock<'_>) -> T) -> (Block, T) {
        let parent = self.head().clone();
        let at = parent.after.clone();
        let committee = self.committee(&parent, &at);
        let mut new = NewBlock {
            number: parent.header.number() + 1,
            time: parent.header.fields().time + 1,
            items: Vec::new(),
            unknown: Vec::new(),
            round: 0,
            proposer: committee[0],
            committers: committee[..quorum(at.council.len(), at.parameters.committee_size)].to_vec(),
            vote: None,
            before_seal: None,
            after_seal: None,
            chain: self,
        };
        let out = fill(&mut new);
        let NewBlock { time, items, unknown, round, proposer, committers, vote, before_seal, after_seal, .. } = new;
        let form = CommitmentForm::from_parameter(at.parameters.derive_sha_impl);
        let mut transactions: Vec<Vec<u8>> = items.iter().map(|(transaction, _)| transaction.encode()).collect();
        let mut receipts: Vec<Vec<u8>> = items.iter().map(|(_, receipt)| receipt.encode()).collect();
        for item in unknown {
            transactions.push(item);
            receipts.push(Receipt { status: 1, gas_used: 0, bloom: Box::new([0; 256]), logs: Vec::new() }.encode());
        }
        let state = self.state(parent.header.number() + 1);
        let mut fields = self.child_of(&parent, &at, time);
        fields.state_root = state.root();
        fields.transactions_root = derive_root(form, &transactions);
        fields.receipts_root = derive_root(form, &receipts);
        fields.gas_used = items.iter().map(|(_, receipt)| receipt.gas_used).sum();
        fields.bloom = bloom_of(&items);
        let after = self.announce_and_vote(&mut fields, &at, vote.as_ref().map(|vote| (proposer, vote)));
        if let Some(change) = before_seal {
            change(&mut fields);
        }
        seal(&mut fields, proposer, &committers);
        let [.., last] = &mut fields.extra.vanity;
        *last = round;
        if let Some(change) = after_seal {
            change(&mut fields);
        }
        let header = UntrustedHeader::new(fields);
        (Block { header, transactions, receipts, form, state, at, after }, out)
    }

    /// Keys of the committee of round 0, the proposer first. In a small council everybody sits in it.
    fn committee(&self, parent: &Block, at: &Tracked) -> Vec<u64> {
        if at.council.len() as u64 <= at.parameters.committee_size {
            return at.council.clone();
        }
        let council = Council::new(&keys::addresses(&at.council)).expect("a council");
        let context = SealContext {
            profile: &self.profile,
            council: &council,
            parameters: &at.parameters,
            parent: Some(&parent.header),
        };
        let lottery = lottery(parent.header.number() + 1, &context).expect("a sealed parent").expect("round-robin");
        let key_of =
            |member: &Address| *at.council.iter().find(|key| keys::address(**key) == *member).expect("a member");
        lottery.committee(0).iter().map(key_of).collect()
    }

    fn child_of(&self, parent: &Block, at: &Tracked, time: u64) -> HeaderFields {
        let mut fields = parent.header.clone().into_fields();
        let forks = &self.profile.forks;
        fields.parent_hash = parent.header.hash();
        fields.number += 1;
        fields.time = time;
        fields.vote.clear();
        fields.governance.clear();
        fields.extra = IstanbulExtra {
            vanity: [0; 32],
            validators: keys::addresses(&at.council),
            seal: Vec::new(),
            committed_seals: Vec::new(),
        };
        let number = fields.number;
        fields.base_fee = forks
            .is_active(Fork::Magma, number)
            .then(|| base_fee(parent.header.fields(), &at.parameters).expect("the gas target is not zero"));
        if forks.is_active(Fork::Randao, number) {
            let reveal = Box::new([number.to_be_bytes()[7]; 96]);
            let first = forks.block_of(Fork::Randao) == Some(number);
            let before = if first { Hash::ZERO } else { parent.header.fields().mix_hash.unwrap_or(Hash::ZERO) };
            fields.mix_hash = Some(Hash::from_u256(before.to_u256() ^ keccak256(reveal.as_slice()).to_u256()));
            fields.random_reveal = Some(reveal);
        }
        if forks.is_active(Fork::Osaka, number) {
            fields.blob_gas_used = Some(0);
            fields.excess_blob_gas = Some(0);
        }
        fields
    }

    /// Writes the vote and the announcement into a header and gives what holds after it. Source: chain.md 2.3 to 2.5.
    fn announce_and_vote(&self, fields: &mut HeaderFields, at: &Tracked, vote: Option<(u64, &BlockVote)>) -> Tracked {
        let mut after = at.clone();
        let epoch = at.parameters.epoch;
        if is_epoch_block(fields.number, epoch) {
            let announced = std::mem::take(&mut after.epoch_votes);
            if !announced.is_empty() {
                let json = governance_json(&announced);
                fields.governance = encode_string(json.as_bytes());
                after.pending.push(PendingChange { announced_at: fields.number, changes: announced });
            }
        }
        if let Some((voter, vote)) = vote {
            fields.vote = vote.field(voter);
            match vote {
                BlockVote::Add(key) => after.council.push(*key),
                BlockVote::Remove(key) => after.council.retain(|member| member != key),
                BlockVote::Parameter(name, value) => {
                    let value = name.value_of_bytes(value).expect("a value of the parameter's form");
                    after.epoch_votes.insert(*name, value);
                }
            }
        }
        for change in std::mem::take(&mut after.pending) {
            if change.effective_at(epoch, &self.profile.forks) <= fields.number + 1 {
                after.parameters = after.parameters.merged(&change.changes);
            } else {
                after.pending.push(change);
            }
        }
        after
    }
}

/// Seals that honest producers gather.
fn quorum(council: usize, committee_size: u64) -> usize {
    let members = council.min(usize::try_from(committee_size).unwrap_or(usize::MAX));
    if members < 4 {
        members
    } else {
        (2 * members).div_ceil(3)
    }
}

/// Seals a header anew: proposed by one key, committed by others.
pub fn seal(fields: &mut HeaderFields, proposer: u64, committers: &[u64]) {
    fields.extra.seal = keys::sign(proposer, &fields.proposer_digest()).to_vec();
    commit(fields, committers);
}

/// Replaces the committed seals.
pub fn commit(fields: &mut HeaderFields, committers: &[u64]) {
    let digest = committed_digest(&fields.hash());
    fields.extra.committed_seals = committers.iter().map(|key| keys::sign(*key, &digest)).collect();
}

fn first_header(setup: &Setup, profile: &ChainProfile, state: &State) -> HeaderFields {
    let active = |fork| profile.forks.is_active(fork, setup.start);
    let none: [&[u8]; 0] = [];
    HeaderFields {
        parent_hash: keccak256(b"before the first block"),
        rewardbase: REWARDED,
        state_root: state.root(),
        transactions_root: derive_root(setup.form, &none),
        receipts_root: derive_root(setup.form, &none),
        bloom: Box::new([0; 256]),
        block_score: U256::ONE,
        number: setup.start,
        gas_used: 0,
        time: setup.time,
        time_fos: 7,
        extra: IstanbulExtra {
            vanity: [0; 32],
            validators: keys::addresses(&setup.council),
            seal: Vec::new(),
            committed_seals: Vec::new(),
        },
        governance: Vec::new(),
        vote: Vec::new(),
        base_fee: active(Fork::Magma).then(|| U256::from(25_000_000_000u64)),
        random_reveal: active(Fork::Randao).then(|| Box::new([3; 96])),
        mix_hash: active(Fork::Randao).then(|| keccak256(b"mix")),
        blob_gas_used: active(Fork::Osaka).then_some(0),
        excess_blob_gas: active(Fork::Osaka).then_some(0),
    }
}

fn bloom_of(items: &[(Transaction, Receipt)]) -> Box<[u8; 256]> {
    let mut bloom = Box::new([0u8; 256]);
    for (_, receipt) in items {
        for (to, from) in bloom.iter_mut().zip(receipt.bloom.iter()) {
            *to |= *from;
        }
    }
    bloom
}
