//! The workers, one for each direction, and who looks after them: one that panicked, ended or hangs
//! is told, and another one is started in its place.
//!
//! A thread that hangs cannot be ended. It is cut off instead: its calls are cancelled, its lease
//! is not renewed, and whatever it would still write is refused by the fence of the next one. So
//! many may be left behind; then the process ends, to be started anew by whoever watches it.

use crate::alarm::Alarm;
use crate::backoff::Backoff;
use crate::direction::{Direction, Shared};
use crate::failpoint::told;
use crate::pulse::Pulse;
use crate::raised::Raised;
use spanlight::trust::BridgeEnd;
use spanlight_prover::Cancel;
use std::any::Any;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Between two looks at the workers.
const LOOK: Duration = Duration::from_millis(250);
/// A worker without any sign of life for so long hangs, unless its endpoints may take longer for
/// one answer.
const HANGS: Duration = Duration::from_secs(30);
/// Before a worker is started again, the first time; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// A worker that lived for so long begins with the first pause again.
const LIVED: Duration = Duration::from_secs(600);
/// Threads left behind, after which the process ends.
const MOST_LEFT: usize = 3;

/// One direction's worker.
struct Worker {
    ends: [BridgeEnd; 2],
    name: String,
    thread: JoinHandle<()>,
    pulse: Pulse,
    cancel: Cancel,
    started: Instant,
    backoff: Backoff,
    raised: Raised,
    /// When the next one is started, where this one has failed.
    due: Option<Instant>,
}

/// Starts the workers and looks after them until the process stops.
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    runtime: Handle,
    workers: Vec<Worker>,
    /// Threads that hung when others took their place.
    left: Vec<JoinHandle<()>>,
    hangs: Duration,
}

impl Supervisor {
    pub(crate) fn start(shared: &Arc<Shared>, runtime: Handle) -> io::Result<Self> {
        let slowest = shared.config.chains.values().map(|chain| chain.timeout_s).max().unwrap_or(0);
        let hangs = told("SPANLIGHT_HANGS_MS", HANGS.max(Duration::from_secs(slowest.saturating_mul(3))));
        let mut workers = Vec::new();
        for (from, to) in shared.config.directions() {
            workers.push(spawn(shared, &runtime, [from.clone(), to.clone()], Backoff::default())?);
        }
        Ok(Self { shared: Arc::clone(shared), runtime, workers, left: Vec::new(), hangs })
    }

    /// Until the process stops, or too many threads hang.
    pub(crate) fn work(mut self) -> Vec<JoinHandle<()>> {
        let _entered = self.runtime.clone().enter();
        let mut looked = Instant::now();
        while !self.shared.cancel.is_cancelled() && self.left.len() < MOST_LEFT {
            self.shared.slumber.beat();
            // Where this thread stood still, the whole process did: that is no worker's fault.
            if looked.elapsed() > self.hangs {
                self.workers.iter().for_each(|worker| worker.pulse.beat());
            }
            looked = Instant::now();
            self.left.retain(|thread| !thread.is_finished());
            for place in 0..self.workers.len() {
                self.look_at(place);
            }
            std::thread::sleep(LOOK);
        }
        for worker in &self.workers {
            worker.cancel.cancel();
        }
        self.workers.into_iter().map(|worker| worker.thread).collect()
    }

    fn look_at(&mut self, place: usize) {
        let Some(worker) = self.workers.get_mut(place) else { return };
        match worker.due {
            None => {
                let Some(what) = trouble_of(worker, self.hangs) else { return };
                // Whatever it still does is over.
                worker.cancel.cancel();
                if worker.started.elapsed() >= LIVED {
                    worker.backoff = Backoff::default();
                }
                worker.due = Instant::now().checked_add(worker.backoff.fail_for(FIRST_PAUSE, LONGEST_PAUSE));
                tell(&self.shared, worker, what);
            }
            Some(due) if Instant::now() >= due => self.start_again(place),
            Some(_) => {}
        }
    }

    fn start_again(&mut self, place: usize) {
        let Some(worker) = self.workers.get_mut(place) else { return };
        match spawn(&self.shared, &self.runtime, worker.ends.clone(), worker.backoff) {
            Ok(next) => {
                tracing::warn!(direction = %worker.name, "the worker is started again");
                let old = std::mem::replace(worker, next);
                worker.raised = old.raised;
                self.left.push(old.thread);
            }
            Err(error) => {
                tracing::error!(direction = %worker.name, %error, "the worker cannot be started again yet");
                worker.due = Instant::now().checked_add(FIRST_PAUSE);
            }
        }
    }
}

/// It is not ready from now on.
fn tell(shared: &Arc<Shared>, worker: &mut Worker, what: String) {
    shared.board.update(&worker.name, |board| {
        "failing".clone_into(&mut board.phase);
        board.trouble = Some(what.clone());
    });
    shared.raise(&mut worker.raised, &worker.name, None, &Alarm::Worker { what });
}

fn spawn(shared: &Arc<Shared>, runtime: &Handle, ends: [BridgeEnd; 2], backoff: Backoff) -> io::Result<Worker> {
    let (pulse, cancel) = (Pulse::new(), Cancel::default());
    let [from, to] = &ends;
    let direction = Direction::new(shared, from, to, pulse.clone(), cancel.clone());
    let (name, runtime) = (direction.name.clone(), runtime.clone());
    // Reading from endpoints blocks, so each worker has a thread.
    let builder = std::thread::Builder::new().name(name.clone());
    let thread = builder.spawn(move || runtime.block_on(direction.work()))?;
    Ok(Worker {
        ends,
        name,
        thread,
        pulse,
        cancel,
        started: Instant::now(),
        backoff,
        raised: Raised::default(),
        due: None,
    })
}

/// What is wrong with a worker. One whose thread has ended gives up what it said last by being
/// joined.
fn trouble_of(worker: &mut Worker, hangs: Duration) -> Option<String> {
    if worker.thread.is_finished() {
        let ended = std::mem::replace(&mut worker.thread, std::thread::spawn(|| {})).join();
        return Some(match ended {
            Ok(()) => "the worker has ended".to_owned(),
            Err(reason) => format!("the worker has panicked: {}", words_of(reason.as_ref())),
        });
    }
    let silence = worker.pulse.silence();
    (silence > hangs).then(|| format!("the worker has not moved for {} s: a call hangs", silence.as_secs()))
}

fn words_of(reason: &(dyn Any + Send)) -> &str {
    let text = reason.downcast_ref::<&str>().copied();
    text.or_else(|| reason.downcast_ref::<String>().map(String::as_str)).unwrap_or("it said nothing")
}
