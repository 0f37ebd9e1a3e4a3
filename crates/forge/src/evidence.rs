//! What a prover takes out of a chain: headers, items of blocks in the block's own form, and the bridge's state.

use crate::chain::{Block, Chain};
use crate::keys;
use spanlight::bundle::{BlockProof, ChainProof, HeaderEntry, ItemRef, SealHint, StateEvidence};
use spanlight::commitment::prove_items;
use spanlight::consensus::{Council, FollowMode};
use spanlight::header::UntrustedHeader;
use spanlight::primitives::Hash;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the prover tells the signers and the y coordinates of their signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hints {
    /// No.
    #[default]
    None,
    /// For every header whose seals are checked.
    True,
}

/// What to take out of one chain.
#[derive(Clone, Debug)]
pub struct ChainPlan {
    /// Block of the checkpoint.
    pub from: u64,
    /// Last block that is followed.
    pub to: u64,
    /// How.
    pub mode: FollowMode,
    /// Runs of blocks beyond it.
    pub jumps: Vec<(u64, u64)>,
    /// Hints for seals.
    pub hints: Hints,
    /// Items by block.
    pub items: BTreeMap<u64, BTreeSet<u32>>,
    /// Slots by block.
    pub slots: BTreeMap<u64, BTreeSet<Hash>>,
}

impl ChainPlan {
    /// Everything from the checkpoint to a block, every seal, and no evidence yet.
    #[must_use]
    pub const fn new(from: u64, to: u64) -> Self {
        Self {
            from,
            to,
            mode: FollowMode::Full,
            jumps: Vec::new(),
            hints: Hints::None,
            items: BTreeMap::new(),
            slots: BTreeMap::new(),
        }
    }

    /// Adds an item.
    pub fn item(&mut self, at: ItemRef) {
        self.items.entry(at.block).or_default().insert(at.index);
    }

    /// Takes it out of the chain.
    #[must_use]
    pub fn prove(&self, chain: &Chain) -> ChainProof {
        ChainProof {
            chain: chain.profile.name.clone(),
            mode: self.mode,
            headers: self.headers(chain),
            jumps: self.jumps.iter().map(|(first, last)| self.run(chain, *first, *last)).collect(),
            blocks: self.items.iter().map(|(number, items)| block_proof(chain.at(*number), items)).collect(),
            states: self.slots.iter().map(|(number, slots)| state_evidence(chain, *number, slots)).collect(),
        }
    }

    fn headers(&self, chain: &Chain) -> Vec<HeaderEntry> {
        let anchor = HeaderEntry { header: chain.at(self.from).header.without_seals().encode(), hints: Vec::new() };
        let mut entries = vec![anchor];
        for number in self.from + 1..=self.to {
            let block = chain.at(number);
            let sealed = self.mode == FollowMode::Full || number == self.to || needs_seals(block);
            entries.push(self.entry(block, sealed));
        }
        entries
    }

    fn run(&self, chain: &Chain, first: u64, last: u64) -> Vec<HeaderEntry> {
        (first..=last).map(|number| self.entry(chain.at(number), number == last)).collect()
    }

    fn entry(&self, block: &Block, sealed: bool) -> HeaderEntry {
        let header = if sealed { block.header.clone() } else { block.header.without_seals() };
        let hints = if sealed && self.hints == Hints::True { hints_for(block, &header) } else { Vec::new() };
        HeaderEntry { header: header.encode(), hints }
    }
}

/// The block votes on the council, or is the last before other parameters.
fn needs_seals(block: &Block) -> bool {
    block.at.council != block.after.council || block.at.parameters != block.after.parameters
}

/// True hints: the place of each signer in the council, and the y coordinate of each signature.
fn hints_for(block: &Block, header: &UntrustedHeader) -> Vec<SealHint> {
    let council = Council::new(&keys::addresses(&block.at.council)).expect("a council");
    let extra = &header.fields().extra;
    let proposal = (header.fields().proposer_digest(), extra.seal.as_slice().try_into().expect("65 bytes"));
    let digest = spanlight::header::committed_digest(&header.hash());
    let seals = std::iter::once(proposal).chain(extra.committed_seals.iter().map(|seal| (digest, *seal)));
    seals
        .map(|(digest, seal)| {
            let signer = spanlight::crypto::recover_address(&digest, &seal).expect("a seal");
            let place = council.members().iter().position(|member| *member == signer).unwrap_or(0);
            SealHint { signer: place as u16, y: keys::nonce_point_y(&seal) }
        })
        .collect()
}

fn block_proof(block: &Block, items: &BTreeSet<u32>) -> BlockProof {
    let indices: Vec<u32> = items.iter().copied().collect();
    let items = prove_items(block.form, &block.transactions, &block.receipts, &indices).expect("items of the block");
    BlockProof { number: block.header.number(), items }
}

fn state_evidence(chain: &Chain, number: u64, slots: &BTreeSet<Hash>) -> StateEvidence {
    let slots: Vec<Hash> = slots.iter().copied().collect();
    StateEvidence { number, proof: chain.at(number).state.prove(&chain.bridge.address, &slots) }
}
