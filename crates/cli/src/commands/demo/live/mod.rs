//! `spanlight demo`, live: two chains, a bridge and four operators on this machine, and what happens when they are broken.
//!
//! The chains are the devnet's, in this process; the operators are processes of this same program; whoever judges is the
//! verifier, which reads the chains over HTTP and believes none of them. What the demo itself reads from its chains only
//! says when to go on with the story.

mod chains;
mod failures;
mod keep;
mod network;
mod operators;
mod stage;
mod story;
mod thefts;

use super::finale::{Expected, Finale, Meaning, Next};
use crate::failure::Failure;
use crate::gather::{self, Gathered};
use crate::nodes::Nodes;
use crate::nonces::Nonces;
use crate::output::{self, Output};
use crate::serve::{self, Site};
use crate::show::style::{bold, Tone};
use chains::Sent;
use network::Network;
use operators::{Operators, Wanted};
use spanlight::{Address, Trust};
use spanlight_devnet::pair::{Pair, Side, Value};
use spanlight_prover::{Reach, VoteScan};
use stage::Stage;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use story::{time, Story};

/// What shells expect of a program that an interrupt has ended: nothing was shown.
pub(super) const INTERRUPTED: u8 = 130;
/// Longer than anything takes on a machine that is busy with other things.
const LONGEST: Duration = Duration::from_secs(180);

const LEGEND: &[Meaning] = &[
    ("HANDLED", Tone::Good, "executed exactly as requested, by as many operators' votes as needed"),
    ("UNREQUESTED", Tone::Open, "nobody requested it, nobody voted for it, nothing was executed"),
    ("FRAUD", Tone::Bad, "executed although nobody requested it; the culprits are those who voted for it"),
    ("ATTEMPTED", Tone::Bad, "an operator voted for a transfer that nobody requested; it was not executed"),
    ("dissent", Tone::Open, "this operator voted for something else than what was requested"),
];

const NEXT: [Next; 5] = [
    ("spanlight demo --keep", "the same, and it stays up: look at it in a browser, ask the operators"),
    ("spanlight demo --recorded", "audit two real Kaia chains from shipped recordings"),
    ("spanlight demo --files try", "write those recordings and a trust file, to try the commands on"),
    ("spanlight devnet --help", "run the chains alone, to try your own client on"),
    ("spanlight operator --help", "run an operator of your own"),
];

/// What comes after the audit.
#[derive(Debug)]
pub(super) enum After {
    End,
    /// Stay up, with the page in this folder if one is named, and a failure if it is not there and was asked for.
    Keep(Option<Option<PathBuf>>),
}

pub(super) fn run(json: bool, after: After) -> Result<Output, Failure> {
    // What is missing is told before anything is started.
    let site = match &after {
        After::Keep(Some(folder)) => Some(Site::open(folder.as_deref())?),
        After::Keep(None) => Site::open(None).ok(),
        After::End => None,
    };
    let (stage, bar) = (Arc::new(Stage::default()), story::waiting_sign());
    let story = Story::new(json, bar.clone());
    // What stays up says itself what to do with it.
    let next: &[Next] = if matches!(after, After::End) { &NEXT } else { &[] };
    let played = {
        let stage = Arc::clone(&stage);
        serve::unless_interrupted(move || play(&stage, story, next))
    };
    let ended = match (played, after) {
        (Err(failure), _) | (Ok(Some(Err(failure))), _) => Err(failure),
        (Ok(None), _) => Err(interrupted()),
        (Ok(Some(Ok((_, exit)))), After::End) => Ok(Output { text: String::new(), exit }),
        (Ok(Some(Ok((live, exit)))), After::Keep(_)) => {
            keep::run(live, site).map(|()| Output { text: String::new(), exit })
        }
    };
    story::take_down(&bar);
    match (ended, stage.close()) {
        (ended, Ok(())) => ended,
        (Ok(_), Err(left)) => Err(Failure::unreadable(left)),
        (Err(failure), Err(left)) => Err(failure.hint(left)),
    }
}

fn interrupted() -> Failure {
    Failure::verdict(INTERRUPTED, "interrupted before the audit: nothing is judged")
        .hint("the operators have ended, and their files are removed")
}

/// Everything of a demo while it is played.
pub(super) struct Live {
    story: Story,
    pair: Pair,
    trust: Trust,
    network: Network,
    operators: Operators,
    expected: Vec<Expected>,
    surprises: Vec<String>,
}

/// Plays the whole demo; gives what still runs and the exit code.
fn play(stage: &Arc<Stage>, story: Story, next: &[Next]) -> Result<(Live, u8), Failure> {
    let mut live = Live::set_up(stage, story)?;
    let played = live.cases().and_then(|()| live.audit(next));
    match played {
        Ok(exit) => Ok((live, exit)),
        Err(mut failure) => {
            for words in live.operators.last_words() {
                failure.what.push_str(&format!("\n  {words}"));
            }
            Err(failure)
        }
    }
}

impl Live {
    fn set_up(stage: &Arc<Stage>, story: Story) -> Result<Self, Failure> {
        story.tell(
            "Two chains run on this machine, `main` and `service`, each with four validators of its own. The bridge \
             between them executes what 2 of its 4 operators vote for. Each operator is a process with its own keys, \
             store and connections, and proves every request before it votes. All of it happens now, and times are \
             measured in this run. To be short, the chains make four blocks a second; as block times go by whole \
             seconds, their clocks began 20 minutes ago and are catching up.",
        );
        let pair = chains::start()?;
        let trust = pair.trust().map_err(|error| chains::failed(&error))?;
        let network = Network::new(pair.operators.len())?;
        let operators = Operators::new(stage, &pair, &trust, &network)?;
        Ok(Self { story, pair, trust, network, operators, expected: Vec::new(), surprises: Vec::new() })
    }

    fn cases(&mut self) -> Result<(), Failure> {
        for case in [Self::transfers, Self::network_failure, Self::node_failure, Self::stolen_key, Self::collusion] {
            let case = case(self)?;
            self.surprises.extend(self.story.end(case)?);
        }
        Ok(())
    }

    /// Starts these operators and waits until they work.
    fn start(&mut self, operators: &[usize]) -> Result<Duration, Failure> {
        for operator in operators {
            self.operators.start(*operator)?;
        }
        let mut waiting = operators.to_vec();
        let crew = &mut self.operators;
        self.story.wait("operators prove both chains from their checkpoints", LONGEST, || {
            if let Some(operator) = waiting.last() {
                if crew.is_ready(*operator)? {
                    waiting.pop();
                }
            }
            Ok(waiting.is_empty())
        })
    }

    /// A user's request, which honest operators should let execute.
    fn request(&mut self, from: Side, value: Value, users: [usize; 2]) -> Result<Sent, Failure> {
        let sent = Sent::request(&self.pair, from, value, users)?;
        self.expect(from, sent.nonce(), "handled");
        Ok(sent)
    }

    /// What the audit should say of a transfer; details are the caller's.
    fn expect(&mut self, from: Side, nonce: u64, state: &str) {
        self.expected.push(Expected {
            from: chains::name(from).to_owned(),
            to: chains::name(from.other()).to_owned(),
            nonce,
            expected: state.to_owned(),
            reason: None,
            culprits: Vec::new(),
            dissenters: Some(Vec::new()),
        });
    }

    /// Waits until all are executed and tells of each; gives the longest time from a request's block until it was seen.
    fn wait_executed(&self, sent: &[Sent]) -> Result<Duration, Failure> {
        let mut open: Vec<&Sent> = sent.iter().collect();
        let mut longest = Duration::ZERO;
        while let Some(first) = open.first() {
            let what = first.words();
            let mut place = None;
            self.story.wait(&what, LONGEST, || {
                for (index, sent) in open.iter().enumerate() {
                    if sent.is_executed(&self.pair)? {
                        place = Some(index);
                    }
                }
                Ok(place.is_some())
            })?;
            let executed = open.remove(place.unwrap_or_default());
            let took = executed.at.elapsed();
            longest = longest.max(took);
            self.story.now(&format!("{}. Executed {} after its block.", executed.words(), time(took)));
        }
        Ok(longest)
    }

    /// Waits until each of these operators has raised an alarm; gives how long it took since `since`.
    fn wait_alarm(
        &mut self,
        operators: &[usize],
        wanted: Wanted<'_>,
        since: Instant,
    ) -> Result<Vec<Duration>, Failure> {
        let mut took = Vec::new();
        for operator in operators {
            let crew = &mut self.operators;
            let what = format!("the alarm `{}` of operator {}", wanted.code, operator.saturating_add(1));
            self.story.wait(&what, LONGEST, || Ok(crew.has_alarmed(*operator, &wanted)))?;
            took.push(since.elapsed());
        }
        Ok(took)
    }

    /// The nodes of both chains, as a stranger reads them.
    fn nodes(&self) -> Result<[Nodes; 2], Failure> {
        Ok([Nodes::of_url(&self.pair.main.url())?, Nodes::of_url(&self.pair.service.url())?])
    }

    /// Judges a range of transfers from one side.
    fn judge(&self, from: Side, nonces: Nonces, reach: Reach) -> Result<Gathered, Failure> {
        let [main, service] = self.nodes()?;
        let nodes = if from == Side::Main { [&main, &service] } else { [&service, &main] };
        let names = [chains::name(from), chains::name(from.other())];
        let pair = gather::Pair { trust: &self.trust, names, nodes, now: None };
        gather::audit(&pair, nonces, VoteScan::Full, reach, &self.story.progress())
    }

    /// Audits both directions, from the first request on.
    fn audit(&self, next: &[Next]) -> Result<u8, Failure> {
        if !self.story.is_json() {
            output::print(&Output::done(format!("\n{}\n", bold("The audit"))));
        }
        self.story.tell(
            "Now a stranger judges every transfer: it asks both nodes over HTTP, believes neither them nor the operators, \
             checks every header and its seals from block 0 on, and reads every block for votes.",
        );
        let began = Instant::now();
        let forth = self.judge(Side::Main, self.all_from(Side::Main), Reach::Found)?;
        let back = self.judge(Side::Service, self.all_from(Side::Service), Reach::Found)?;
        self.story.now(&format!("Both directions are judged, in {}.", time(began.elapsed())));
        let audits = [&forth, &back];
        let finale = Finale { audits, expected: &self.expected, before: &self.surprises, legend: LEGEND, next };
        let output = finale.output(self.story.is_json(), "\n")?;
        output::print(&output);
        Ok(output.exit)
    }

    /// From the first nonce to the highest that something is expected of in a row.
    fn all_from(&self, from: Side) -> Nonces {
        let mut nonces: Vec<u64> =
            self.expected.iter().filter(|e| e.from == chains::name(from)).map(|expected| expected.nonce).collect();
        nonces.sort_unstable();
        let last = nonces.iter().zip(0..).take_while(|(nonce, place)| **nonce == *place).last();
        Nonces { first: 0, last: last.map_or(0, |(nonce, _)| *nonce) }
    }

    /// The operator accounts on a side.
    fn account(&self, operator: usize, side: Side) -> Result<Address, Failure> {
        let operator = self.operators.get(operator)?;
        Ok(if side == Side::Main { operator.on_main } else { operator.on_service })
    }
}
