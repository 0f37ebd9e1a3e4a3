//! A node that lies in any one member that is read of its answers gets nothing proven that is not true.
//!
//! The members are not listed here: they are recorded where they are read, while both recordings are followed, audited and
//! proven from. A member that is read and never lied about fails the test.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::arithmetic_side_effects
)]

mod common;
#[path = "common/liar.rs"]
mod liar;

use common::{block_on, now, replays, transfers, trust, trust_at, World};
use liar::{Liar, Lie, Reads, Recorder, LIES, WHOLE};
use spanlight::consensus::FollowMode;
use spanlight::verdict::Verdict;
use spanlight::verify::Report;
use spanlight::{Address, Hash, Trust};
use spanlight_prover::{
    audit, prove, sync, Cancel, Endpoints, Ends, Node, ProveError, ProveOptions, Reach, Replay, Silent, Subject,
    SyncOptions, Synced, Time, Transport,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// State, reason and culprits: what may not differ.
type Said = (String, Option<String>, Vec<Address>);

/// A checkpoint after which headers are few and each chain still has a transfer of its own.
const NEAR: [u64; 2] = [612, 488];

/// One nonce for each kind of evidence, and how many blocks are read for votes, which only open transfers need.
const AUDITS: [(&str, u64, Option<u64>); 3] = [("main", 9, Some(250)), ("main", 20, None), ("service", 12, None)];

fn options(scan: Option<u64>) -> ProveOptions {
    ProveOptions { scan, ..ProveOptions::at(now()) }
}

fn sync_options() -> SyncOptions {
    SyncOptions { to: None, mode: FollowMode::Full, deep: false, time: Time::Fixed(now()) }
}

fn proven(report: &Report) -> BTreeMap<u64, Said> {
    let states = report.transfers.iter().filter_map(|transfer| {
        let Verdict::Proven { state, .. } = &transfer.verdict else { return None };
        let reason = (state.name() == "stuck").then(|| state.reason().unwrap_or_default().to_owned());
        Some((transfer.nonce, (state.name().to_owned(), reason, state.culprits().to_vec())))
    });
    states.collect()
}

/// Ends with other nodes than those that the chains were followed with.
fn ends<'s, 't, T: Transport>(
    trust: &'t Trust,
    nodes: &'s [Node<'t, T>; 2],
    synced: &'s [Synced<'t>; 2],
    from: &str,
) -> Ends<'s, 't, T> {
    let [main, service] = [0, 1].map(|index| (&nodes[index], &synced[index]));
    let (source, destination) = if from == "main" { (main, service) } else { (service, main) };
    Ends { trust, source, destination }
}

fn hash_of_request(index: usize) -> Hash {
    transfers()["transfers"][index]["handle"][0]["tx"].as_str().unwrap().parse().unwrap()
}

/// Everything that is read of each method's answers, when both recordings are used for all that the prover does.
fn reads() -> Reads {
    let (trust, replays) = (trust(), replays());
    let (reads, last) = (RefCell::new(Reads::new()), RefCell::new(String::new()));
    let recorders = [0, 1].map(|index| Recorder::new(&replays[index], &reads, &last));
    for (index, name) in ["main", "service"].iter().enumerate() {
        let endpoints =
            Endpoints::new([("one".to_owned(), Recorder::new(&replays[index], &reads, &last))], Cancel::default());
        block_on(endpoints.check(trust.chain(name).unwrap())).unwrap();
    }
    let nodes = ["main", "service"].map(|name| &trust.chain(name).unwrap().profile);
    let nodes = [Node::new(&recorders[0], nodes[0]), Node::new(&recorders[1], nodes[1])];
    let follow = |index: usize, name: &str| {
        let options = SyncOptions { deep: true, ..sync_options() };
        block_on(sync(&nodes[index], trust.chain(name).unwrap(), options, &Silent)).unwrap()
    };
    let synced = [follow(0, "main"), follow(1, "service")];
    for (from, last) in [("main", 20), ("service", 13)] {
        block_on(audit(
            &ends(&trust, &nodes, &synced, from),
            (0, last),
            Reach::Found,
            options(Some(u64::MAX)),
            &Silent,
        ))
        .unwrap();
    }
    let subject = Subject::Transaction(hash_of_request(0));
    block_on(prove(&ends(&trust, &nodes, &synced, "main"), subject, options(None), &Silent)).unwrap();
    recorders[0].settle("");
    reads.take()
}

/// What was told of each member, by kind of lie.
#[derive(Default)]
struct Told {
    lies: BTreeMap<(String, &'static str), BTreeSet<String>>,
    named: usize,
    harmless: usize,
    wrong: Vec<String>,
}

impl Told {
    fn add(&mut self, (method, member): (&str, &'static str), lie: Lie, told: usize, ended: Result<(), String>) {
        if told == 0 {
            return;
        }
        self.lies.entry((method.to_owned(), member)).or_default().insert(format!("{lie:?}"));
        match ended {
            Ok(()) => self.harmless += 1,
            Err(code) if code.starts_with("WRONG") => self.wrong.push(format!("{method} {member} {lie:?}: {code}")),
            Err(code) => {
                assert!(code.contains('.'), "{method} {member} {lie:?}: {code}");
                self.named += 1;
            }
        }
    }
}

/// Every lie from the first answer on; those that keep to the form also from a later one on, after the truth was told.
fn told_from(later: usize) -> impl Iterator<Item = (Lie, usize)> {
    let first = LIES.into_iter().map(|lie| (lie, 0));
    first.chain([(Lie::Changed, later), (Lie::OfAnotherAnswer, later)])
}

/// Follows from a near checkpoint: refused by name, or the very chain that an honest node shows.
fn lie_about_headers(told: &mut Told, trust: &Trust, replays: &[Replay; 2], (method, member): (&str, &'static str)) {
    for (index, name) in ["main", "service"].iter().enumerate() {
        let chain = trust.chain(name).unwrap();
        for (lie, from) in told_from(6) {
            let lying = Liar::new(&replays[index], method, member, lie, from);
            let endpoints = Endpoints::new([("liar".to_owned(), lying)], Cancel::default());
            let ended = match block_on(endpoints.check(chain)) {
                Err(error) => Err(error.code().to_owned()),
                Ok(()) => follow_the_liar(&endpoints, chain, &replays[index]),
            };
            let count = endpoints.transports().map(|liar| liar.told.get()).sum();
            told.add((method, member), lie, count, ended);
        }
    }
}

fn follow_the_liar(
    endpoints: &Endpoints<Liar<'_>>,
    chain: &spanlight::trust::TrustedChain,
    honest: &Replay,
) -> Result<(), String> {
    let node = Node::new(endpoints, &chain.profile);
    let synced = block_on(sync(&node, chain, sync_options(), &Silent)).map_err(|error| error.code().to_owned())?;
    let true_header = block_on(Node::new(honest, &chain.profile).header(synced.head())).unwrap();
    // An earlier head is a true one; how old it may be is a matter of `max_age`.
    match synced.chain().head().hash == true_header.hash() {
        true => Ok(()),
        false => Err(format!("WRONG head {}", synced.head())),
    }
}

/// What honest nodes give for each audit.
struct Honest {
    audits: Vec<BTreeMap<u64, Said>>,
}

fn audited<T: Transport>(ends: &Ends<'_, '_, T>, nonce: u64, scan: Option<u64>) -> Result<Report, ProveError> {
    block_on(audit(ends, (nonce, nonce), Reach::Found, options(scan), &Silent)).map(|audit| audit.report)
}

/// Audits some nonces, one for each kind of state: each proven verdict is that of an honest node.
fn lie_about_evidence(
    told: &mut Told,
    world: &World<'_>,
    replays: &[Replay; 2],
    honest: &Honest,
    read: (&str, &'static str),
) {
    let (method, member) = read;
    let profiles = ["main", "service"].map(|name| &world.trust.chain(name).unwrap().profile);
    for ((from, nonce, scan), expected) in AUDITS.iter().zip(&honest.audits) {
        // Where many blocks are read each lie is told once: most runs end at the first.
        let lies = told_from(3).filter(|(_, first)| *first == 0 || scan.is_none());
        for (lie, first) in lies {
            let liars = [0, 1].map(|index| Liar::new(&replays[index], method, member, lie, first));
            let nodes = [0, 1].map(|index| Node::new(&liars[index], profiles[index]));
            let ended = match audited(&ends(world.trust, &nodes, &world.synced, from), *nonce, *scan) {
                Err(error) => Err(error.code().to_owned()),
                Ok(report) => judge(&report, expected),
            };
            told.add(read, lie, liars.iter().map(|liar| liar.told.get()).sum(), ended);
        }
    }
}

fn judge(report: &Report, expected: &BTreeMap<u64, Said>) -> Result<(), String> {
    let got = proven(report);
    if let Some((nonce, said)) = got.iter().find(|(nonce, said)| expected.get(nonce) != Some(said)) {
        return Err(format!("WRONG {nonce}: {said:?}, honest {:?}", expected.get(nonce)));
    }
    if got.len() == expected.len() {
        return Ok(());
    }
    let unproven = report.transfers.iter().find(|transfer| !matches!(transfer.verdict, Verdict::Proven { .. }));
    let complete =
        report.complete.as_ref().is_some_and(|claim| claim.as_ref().is_ok_and(|claim| claim.complete_in_range));
    match unproven {
        Some(transfer) => Err(transfer.verdict.code().unwrap_or("WRONG: no code").to_owned()),
        None if complete => Err("WRONG: something is left out and the rest is called complete".to_owned()),
        None => Err("complete.left_out".to_owned()),
    }
}

/// Finds a transfer by its transaction, from a near checkpoint.
fn lie_about_a_transaction(told: &mut Told, world: &World<'_>, replays: &[Replay; 2], read: (&str, &'static str)) {
    let (method, member) = read;
    let profiles = ["main", "service"].map(|name| &world.trust.chain(name).unwrap().profile);
    let subject = Subject::Transaction(hash_of_request(34));
    for lie in LIES {
        let liars = [0, 1].map(|index| Liar::new(&replays[index], method, member, lie, 0));
        let nodes = [0, 1].map(|index| Node::new(&liars[index], profiles[index]));
        let found = block_on(world_nonces(&ends(world.trust, &nodes, &world.synced, "service"), subject));
        told.add(read, lie, liars.iter().map(|liar| liar.told.get()).sum(), found);
    }
}

/// The transaction executes nonce 12: no other nonce may be judged in its place.
async fn world_nonces<T: Transport>(ends: &Ends<'_, '_, T>, subject: Subject) -> Result<(), String> {
    let proof = prove(ends, subject, options(None), &Silent).await.map_err(|error| error.code().to_owned())?;
    let recorded = transfers();
    let is_true = |nonce: &u64, said: &Said| {
        let transfers = recorded["transfers"].as_array().unwrap().iter();
        let mut of_nonce = transfers.filter(|t| t["from"] == "service" && t["nonce"] == *nonce);
        *nonce == 12 && of_nonce.next().is_some_and(|transfer| transfer["expected"] == said.0.as_str())
    };
    match proven(&proof.report).iter().find(|(nonce, said)| !is_true(nonce, said)) {
        Some(wrong) => Err(format!("WRONG {wrong:?}")),
        None => Ok(()),
    }
}

#[test]
fn every_member_that_is_read_is_lied_about_and_no_lie_gives_a_false_yes() {
    let reads = reads();
    let pairs: Vec<(&str, &'static str)> =
        reads.iter().flat_map(|(method, members)| members.iter().map(|member| (method.as_str(), *member))).collect();
    eprintln!("{} members of {} methods: {reads:?}", pairs.len(), reads.len());
    assert!(pairs.len() > 60 && reads.len() >= 8, "so little is read only if reads go unrecorded");
    let halves: Vec<Told> = std::thread::scope(|scope| {
        let workers = (0..2usize).map(|half| {
            let pairs = &pairs;
            scope.spawn(move || tell(pairs.iter().copied().skip(half).step_by(2)))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut lies = BTreeMap::new();
    for half in &halves {
        lies.extend(half.lies.clone());
    }
    let untold: Vec<_> =
        pairs.iter().filter(|(method, member)| !lies.contains_key(&((*method).to_owned(), *member))).collect();
    let (named, harmless) = halves.iter().fold((0, 0), |(a, b), half| (a + half.named, b + half.harmless));
    let wrong: Vec<String> = halves.into_iter().flat_map(|half| half.wrong).collect();
    eprintln!("{named} runs with a lie ended in a named error or verdict, {harmless} were not harmed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(untold.is_empty(), "read, and no lie is told of it: {untold:?}");
    for ((method, member), kinds) in &lies {
        assert!(kinds.len() >= 4, "{method} {member}: only {kinds:?}");
    }
}

fn tell<'p>(pairs: impl Iterator<Item = (&'p str, &'static str)>) -> Told {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let audits =
        AUDITS.iter().map(|(from, nonce, scan)| proven(&audited(&world.ends(from), *nonce, *scan).unwrap())).collect();
    let honest = Honest { audits };
    let near = trust_at(&replays, [440, 320]);
    let nearest = trust_at(&replays, NEAR);
    let near_world = World::new(&near, &replays, [None, None]);
    let mut told = Told::default();
    for (method, member) in pairs {
        let begun = std::time::Instant::now();
        match method {
            "kaia_getHeaderByNumber" | "kaia_blockNumber" | "kaia_chainID" => {
                lie_about_headers(&mut told, &nearest, &replays, (method, member));
            }
            "kaia_getTransactionReceipt" => {
                lie_about_a_transaction(&mut told, &near_world, &replays, (method, member));
            }
            _ => lie_about_evidence(&mut told, &world, &replays, &honest, (method, member)),
        }
        eprintln!("{method} {member}: {:?}", begun.elapsed());
    }
    told
}

/// Whatever is read of an answer passes the one accessor that records it.
#[test]
fn the_reading_code_reads_members_in_one_way_only() {
    let sources = [
        include_str!("../src/node.rs"),
        include_str!("../../../src/header/rpc.rs"),
        include_str!("../../../src/transaction/rpc.rs"),
        include_str!("../../../src/receipt.rs"),
    ];
    for source in sources {
        let code = source.rsplit_once("\n#[cfg(test)]\nmod tests {").map_or(source, |(code, _)| code);
        assert!(code.contains("member("));
        for way_around in [".get(\"", ".get(field", ".get(name", ".pointer(", "[\"", ".as_object(", "from_value("] {
            assert!(!code.contains(way_around), "{way_around}");
        }
    }
    assert_eq!(WHOLE, "(answer)");
}
