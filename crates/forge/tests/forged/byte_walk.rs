//! Every single byte of a bundle matters: whatever byte is changed, the same thing is not proven any more.
//!
//! The exceptions are those of docs/bundle.md, section 2, and no others: the round bytes of headers whose seals are checked,
//! which the protocol itself covers by no hash and no seal, and the item count of a binary hash tree where the shown paths
//! fit other counts as well. No verdict shows either. Set `SPANLIGHT_BYTE_WALK=full` to try all positions with three
//! changes each, and every value where an exception is; `once` to try all positions with one change; otherwise some are
//! tried, those of the exceptions always.

use spanlight::bundle::{Claim, ProofBundle, TransferProof};
use spanlight::commitment::{BlockItems, CommitmentForm};
use spanlight::header::UntrustedHeader;
use spanlight::verdict::Verdict;
use spanlight::verify::verify;
use spanlight_forge::scenarios::{all, chains, claims, Case};
use spanlight_forge::{coin, Scenario, Stage, StageSetup};
use std::collections::{BTreeMap, BTreeSet};

/// Positions tried in each bundle, where not all are.
const TRIED: usize = 16;

/// Where a checked header's round byte lies in the binary form.
fn round_bytes(bundle: &ProofBundle, bytes: &[u8]) -> BTreeSet<usize> {
    let mut entries: Vec<&Vec<u8>> = Vec::new();
    for chain in &bundle.chains {
        entries.extend(chain.headers.iter().chain(chain.jumps.iter().flatten()).map(|entry| &entry.header));
    }
    if let Claim::Equivocation { first, second } = &bundle.claim {
        entries.extend([&first.header, &second.header]);
    }
    let sealed = entries.into_iter().filter(|header| {
        let header = UntrustedHeader::decode(header).unwrap();
        !header.fields().extra.committed_seals.is_empty()
    });
    sealed.map(|header| position_of(bytes, header).unwrap() + round_byte_in(header)).collect()
}

fn position_of(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// The extra field's 32nd byte, found through the field's encoding.
fn round_byte_in(header: &[u8]) -> usize {
    let extra = UntrustedHeader::decode(header).unwrap().fields().extra.encode();
    position_of(header, &extra).unwrap() + 31
}

/// Whether the changed bytes still prove the same.
fn still_proven(scenario: &Scenario, bytes: &[u8]) -> bool {
    let Ok(bundle) = ProofBundle::decode(bytes) else { return false };
    let report = verify(&bundle, &scenario.trust, scenario.now).unwrap();
    report.transfers.iter().any(|transfer| matches!(transfer.verdict, Verdict::Proven { .. }))
        || matches!(report.equivocation, Some(Ok(_)))
        || matches!(report.anchored, Some(Ok(_)))
}

/// Where a binary hash tree's count lies, with the other counts that fit all its shown paths.
fn free_counts(bundle: &ProofBundle, bytes: &[u8]) -> BTreeMap<usize, BTreeSet<u8>> {
    let mut free = BTreeMap::new();
    for (chain, block) in
        bundle.chains.iter().enumerate().flat_map(|(c, chain)| (0..chain.blocks.len()).map(move |b| (c, b)))
    {
        let BlockItems::Simple { count, entries } = &bundle.chains[chain].blocks[block].items else { continue };
        assert!(*count < 0x80, "a count of one byte");
        let indices: Vec<u32> = entries.iter().map(|entry| entry.index).collect();
        let fits = |other: &u8| u32::from(*other) != *count && same_paths(&indices, *count, u32::from(*other));
        free.insert(position_of_count(bundle, bytes, chain, block), (1..0x80).filter(fits).collect());
    }
    free
}

/// The byte that differs where nothing but the count does.
fn position_of_count(bundle: &ProofBundle, bytes: &[u8], chain: usize, block: usize) -> usize {
    let mut other = bundle.clone();
    let BlockItems::Simple { count, .. } = &mut other.chains[chain].blocks[block].items else { panic!("simple") };
    *count ^= 0x40;
    let other = other.encode();
    assert_eq!(other.len(), bytes.len());
    (0..bytes.len()).find(|position| bytes[*position] != other[*position]).unwrap()
}

/// Whether the paths to these items are as long in trees of either size, and pair a node with itself at the same levels.
fn same_paths(indices: &[u32], one: u32, other: u32) -> bool {
    let shape = |index: u32, count: u32| {
        let (mut position, mut width, mut copied) = (index, count, Vec::new());
        while width > 1 {
            copied.push(position % 2 == 0 && position + 1 == width);
            (position, width) = (position / 2, width.div_ceil(2));
        }
        copied
    };
    indices.iter().all(|index| *index < other && shape(*index, one) == shape(*index, other))
}

/// How much is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// Some positions, and the exceptions.
    Some,
    /// Every position, one change.
    Once,
    /// Every position, three changes, and all values where an exception is.
    Full,
}

impl Walk {
    fn asked_for() -> Self {
        match std::env::var("SPANLIGHT_BYTE_WALK").unwrap_or_default().as_str() {
            "full" => Self::Full,
            "once" => Self::Once,
            _ => Self::Some,
        }
    }

    fn step(self, length: usize) -> usize {
        if self == Self::Some {
            (length / TRIED).max(1)
        } else {
            1
        }
    }

    /// What is tried instead of the byte at `position`.
    fn values(self, position: usize, byte: u8, is_round: bool, free: Option<&BTreeSet<u8>>) -> BTreeSet<u8> {
        let mut values = [0x01, 0x80, 0xff].map(|change| byte ^ change).to_vec();
        if self == Self::Full && (is_round || free.is_some()) {
            values = (0..=255).filter(|other| *other != byte).collect();
        } else if self == Self::Once || self == Self::Some && is_round {
            values = vec![values[position % values.len()]];
        }
        values.extend(free.into_iter().flatten());
        values.into_iter().collect()
    }
}

/// One bundle: every tried change is noticed, but for the exceptions.
fn walk(name: &str, scenario: &Scenario, offset: usize) {
    let bytes = scenario.bundle.encode();
    assert!(still_proven(scenario, &bytes), "{name}: nothing to walk over");
    let (rounds, counts) = (round_bytes(&scenario.bundle, &bytes), free_counts(&scenario.bundle, &bytes));
    let walk = Walk::asked_for();
    let step = walk.step(bytes.len());
    let mut positions: BTreeSet<usize> = (offset % step..bytes.len()).step_by(step).collect();
    positions.extend(rounds.iter().chain(counts.keys()));
    let (mut allowed, mut survived) = (BTreeSet::new(), BTreeSet::new());
    let mut changed = bytes.clone();
    for position in positions.iter().copied() {
        let (is_round, free) = (rounds.contains(&position), counts.get(&position));
        for value in walk.values(position, bytes[position], is_round, free) {
            if is_round || free.is_some_and(|free| free.contains(&value)) {
                allowed.insert((position, value));
            }
            changed[position] = value;
            if still_proven(scenario, &changed) {
                survived.insert((position, value));
            }
        }
        changed[position] = bytes[position];
    }
    assert_eq!(survived, allowed, "{name}");
    if walk != Walk::Some {
        println!("{name}: {} positions, {} survivors", positions.len(), survived.len());
    }
}

fn walk_all(form: CommitmentForm) {
    for (index, Case { name, scenario, .. }) in all(form).iter().enumerate() {
        walk(name, scenario, index * 7);
    }
}

#[test]
fn no_changed_byte_survives_with_tries() {
    walk_all(CommitmentForm::Trie);
}

#[test]
fn no_changed_byte_survives_with_binary_hash_trees() {
    walk_all(CommitmentForm::Simple);
}

/// Five items, the first shown: its path says that there are five to eight.
#[test]
fn only_the_count_is_free_where_a_path_fits_several() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Simple));
    let request = stage.source.block(|block| {
        let request = block.request(coin(500));
        (0..4).for_each(|_| block.transfer(108));
        request
    });
    stage.destination.idle(1);
    let scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
    let counts = free_counts(&scenario.bundle, &scenario.bundle.encode());
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [BTreeSet::from([6, 7, 8])]);
    walk("five_items", &scenario, 0);
}

#[test]
fn no_changed_byte_survives_with_concatenation() {
    walk_all(CommitmentForm::Concat);
}

#[test]
fn no_changed_byte_survives_however_the_chains_are_followed() {
    for (index, Case { name, scenario, .. }) in chains::all().iter().enumerate() {
        walk(name, scenario, index * 7);
    }
}

#[test]
fn no_changed_byte_survives_in_an_equivocation_or_an_anchor() {
    walk("equivocation", &claims::equivocation(), 0);
    walk("anchored", &claims::anchored(claims::ANCHORING_KEY, |_| ()), 0);
}
