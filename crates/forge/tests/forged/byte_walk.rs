//! Every single byte of a bundle matters: whatever byte is changed, the same thing is not proven any more.
//!
//! The only exceptions are the round bytes of headers whose seals are checked: the protocol itself covers them by no hash
//! and no seal, and no verdict shows them. Set `SPANLIGHT_BYTE_WALK=full` to try all positions; otherwise some are tried,
//! the round bytes always.

use spanlight::bundle::{Claim, ProofBundle};
use spanlight::commitment::CommitmentForm;
use spanlight::header::UntrustedHeader;
use spanlight::verdict::Verdict;
use spanlight::verify::verify;
use spanlight_forge::scenarios::{all, chains, claims, Case};
use spanlight_forge::Scenario;
use std::collections::BTreeSet;

/// Positions tried in each bundle, where not all are.
const TRIED: usize = 30;

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

/// Changed bytes after which the bundle still proves what it proved.
fn surviving(scenario: &Scenario, positions: impl Iterator<Item = usize>, bytes: &[u8]) -> BTreeSet<usize> {
    let mut survived = BTreeSet::new();
    let mut changed = bytes.to_vec();
    for position in positions {
        for change in [0x01, 0x80, 0xff] {
            changed[position] ^= change;
            if still_proven(scenario, &changed) {
                survived.insert(position);
            }
            changed[position] ^= change;
        }
    }
    survived
}

fn walk(name: &str, scenario: &Scenario, offset: usize) {
    let bytes = scenario.bundle.encode();
    assert!(still_proven(scenario, &bytes), "{name}: nothing to walk over");
    let rounds = round_bytes(&scenario.bundle, &bytes);
    let full = std::env::var("SPANLIGHT_BYTE_WALK").is_ok_and(|value| value == "full");
    let step = if full { 1 } else { (bytes.len() / TRIED).max(1) };
    let positions: BTreeSet<usize> = (offset % step..bytes.len()).step_by(step).chain(rounds.iter().copied()).collect();
    assert_eq!(surviving(scenario, positions.into_iter(), &bytes), rounds, "{name}");
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
