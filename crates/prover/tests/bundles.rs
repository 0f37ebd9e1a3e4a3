//! Bundles in each header plan and from near checkpoints: small, exact, and worthless once a byte is changed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::{block_on, now, replays, trust, trust_at, World};
use spanlight::bridge::Generation;
use spanlight::header::UntrustedHeader;
use spanlight::trust::Trust;
use spanlight::verdict::Note;
use spanlight::{verify, ProofBundle, Verdict};
use spanlight_prover::{prove, HeaderPlan, Proof, ProveOptions, Silent, Subject};

fn prove_with(world: &World<'_>, from: &str, nonce: u64, headers: HeaderPlan) -> Proof {
    let options = ProveOptions { headers, ..ProveOptions::at(now()) };
    block_on(prove(&world.ends(from), Subject::Nonce(nonce), options, &Silent)).unwrap()
}

fn state(proof: &Proof) -> &'static str {
    proof.report.transfers[0].verdict.state().unwrap().name()
}

#[test]
fn every_header_plan_proves_the_same_state() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    for (from, nonce, expected) in [
        ("main", 0, "handled"),
        ("service", 0, "handled"),
        ("service", 7, "handled"),
        ("main", 20, "fraud"),
        ("main", 9, "stuck"),
    ] {
        for plan in [HeaderPlan::Sparse, HeaderPlan::Full, HeaderPlan::Jump] {
            let proof = prove_with(&world, from, nonce, plan);
            eprintln!("{from} {nonce} {plan:?}: {} bytes", proof.bundle.encode().len());
            assert_eq!(state(&proof), expected);
        }
    }
}

#[test]
fn a_checkpoint_near_the_transfer_makes_a_small_bundle() {
    let replays = replays();
    for (from, nonce, heights) in
        [("service", 0, [250, 125]), ("main", 0, [250, 125]), ("main", 7, [265, 220]), ("main", 20, [620, 355])]
    {
        let trust = trust_at(&replays, heights);
        let world = World::new(&trust, &replays, [None, None]);
        for plan in [HeaderPlan::Sparse, HeaderPlan::Jump] {
            let proof = prove_with(&world, from, nonce, plan);
            let length = proof.bundle.encode().len();
            let parts: Vec<_> = proof.bundle.chains.iter().map(parts).collect();
            eprintln!("{from} {nonce} {plan:?} near: {length} bytes {parts:?}");
            assert!(proof.report.transfers[0].verdict.state().is_some());
            assert!(length < 160_000);
        }
    }
}

/// Bytes of headers, block items and states of one chain.
fn parts(chain: &spanlight::bundle::ChainProof) -> [usize; 3] {
    let only = |headers: bool, blocks: bool, states: bool| {
        let mut chain = chain.clone();
        if !headers {
            chain.headers.clear();
            chain.jumps.clear();
        }
        if !blocks {
            chain.blocks.clear();
        }
        if !states {
            chain.states.clear();
        }
        let claim = spanlight::bundle::Claim::Transfers { transfers: vec![], complete: None };
        ProofBundle { chains: vec![chain], claim }.encode().len()
    };
    [only(true, false, false), only(false, true, false), only(false, false, true)]
}

/// A small generator, so that the sample is the same in every run.
struct Sample(u64);

impl Sample {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }
}

/// The bundle with every header's round byte blank, as the prover makes it: the one byte that nothing covers.
fn blank_rounds(bundle: &ProofBundle) -> ProofBundle {
    let mut bundle = bundle.clone();
    for chain in &mut bundle.chains {
        for entry in chain.headers.iter_mut().chain(chain.jumps.iter_mut().flatten()) {
            let Ok(header) = UntrustedHeader::decode(&entry.header) else { continue };
            let mut fields = header.into_fields();
            fields.extra.vanity[31] = 0;
            entry.header = fields.encode();
        }
    }
    bundle
}

fn rejects_changes(trust: &Trust, proof: &Proof, count: usize) -> Vec<String> {
    let bytes = proof.bundle.encode();
    let original = proof.report.transfers[0].verdict.clone();
    let mut sample = Sample(0x5eed);
    let mut accepted = Vec::new();
    for _ in 0..count {
        let (at, change) = (sample.next() % bytes.len(), (sample.next() % 255 + 1) as u8);
        let mut changed = bytes.clone();
        changed[at] ^= change;
        let Ok(bundle) = ProofBundle::decode(&changed) else { continue };
        if blank_rounds(&bundle) == proof.bundle {
            continue;
        }
        let report = verify(&bundle, trust, now()).unwrap();
        let verdict = report.transfers.first().map(|transfer| &transfer.verdict);
        if let Some(Verdict::Proven { .. }) = verdict {
            accepted.push(format!(
                "byte {at} of {} ^ {change:#x}: {:?} {:?}",
                bytes.len(),
                verdict,
                original == *verdict.unwrap()
            ));
        }
    }
    accepted
}

#[test]
fn a_changed_byte_proves_nothing() {
    let replays = replays();
    let mut accepted = Vec::new();
    for (from, nonce, heights) in [("service", 0, [252, 128]), ("main", 1, [254, 130]), ("main", 12, [438, 313])] {
        let trust = trust_at(&replays, heights);
        let world = World::new(&trust, &replays, [None, None]);
        for plan in [HeaderPlan::Sparse, HeaderPlan::Jump] {
            let proof = prove_with(&world, from, nonce, plan);
            accepted.extend(
                rejects_changes(&trust, &proof, 300).into_iter().map(|a| format!("{from} {nonce} {plan:?} {a}")),
            );
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}

#[test]
fn where_code_deletes_its_votes_the_vote_transactions_prove() {
    let replays = replays();
    let mut trust = trust();
    for end in &mut trust.bridge.as_mut().unwrap().ends {
        end.codes[0].generation = Generation::B;
    }
    let world = World::new(&trust, &replays, [None, None]);
    for (from, nonce) in [("main", 0), ("main", 8), ("service", 6)] {
        let proof = prove_with(&world, from, nonce, HeaderPlan::Sparse);
        let Verdict::Proven { notes, .. } = &proof.report.transfers[0].verdict else { panic!("{from} {nonce}") };
        assert_eq!(state(&proof), "handled");
        assert!(notes.contains(&Note::VotesByTransactions));
    }
}
