//! Runs the tests with one change after another switched on.

use crate::changes::Change;
use crate::compile::Built;
use crate::results::{Outcome, Results};
use crate::suite::{command, Test};
use crate::Result;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The longest that some tests may take: many times what they take without a change.
const LIMIT: Duration = Duration::from_secs(120);

/// Tests that run first, in a process of their own: a change is often noticed by the first few.
const FIRST: usize = 24;

/// Processes beside one another.
const WORKERS: usize = 4;

/// Runs what is not known yet, and notes each result.
pub(crate) fn each(changes: &[Change], built: &[Built], suites: &[Vec<Test>], results: &mut Results) -> Result {
    let mut open: Vec<&Change> = changes.iter().filter(|change| results.known(change).is_none()).collect();
    open.sort_by_key(|change| !change.switches_off());
    println!("{} changes to run", open.len());
    let (next, noted) = (AtomicUsize::new(0), Mutex::new(results));
    let work = || -> Result {
        while let Some(change) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (outcome, by) = outcome(change, built, suites)?;
            let mut results = noted.lock().map_err(|_| "another worker failed")?;
            results.note(change, outcome, &by)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker failed")?)
    })
}

/// Runs the tests that reach a change until one notices it.
fn outcome(change: &Change, built: &[Built], suites: &[Vec<Test>]) -> Result<(Outcome, String)> {
    let mut outcome = Outcome::Unreached;
    for (program, tests) in built.iter().zip(suites) {
        let reaching = tests.iter().filter(|test| test.reached.contains(&change.number));
        let names: Vec<&str> = reaching.map(|test| test.name.as_str()).collect();
        let (first, others) = names.split_at(names.len().min(FIRST));
        for some in [first, others].into_iter().filter(|some| !some.is_empty()) {
            outcome = Outcome::Missed;
            if let Some((outcome, by)) = noticed(change, program, some)? {
                return Ok((outcome, format!("{} {by}", program.name)));
            }
        }
    }
    Ok((outcome, String::new()))
}

/// Whether some tests notice a change, and which was the first.
fn noticed(change: &Change, program: &Built, tests: &[&str]) -> Result<Option<(Outcome, String)>> {
    let mut command = command(program, tests);
    command.env("SPANLIGHT_CHANGE", change.number.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.name))?;
    let lines = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
    let (child, late) = (Mutex::new(child), AtomicBool::new(false));
    let over = AtomicBool::new(false);
    let failed = std::thread::scope(|scope| {
        scope.spawn(|| stop_late(&child, &over, &late));
        let mut lines = lines.into_iter().flatten().map_while(std::io::Result::ok);
        let failed = lines.find_map(|line| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned()));
        over.store(true, Ordering::Relaxed);
        failed
    });
    let mut child = child.into_inner().map_err(|_| "a worker failed")?;
    if failed.is_some() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|e| format!("{}: {e}", program.name))?;
    Ok(match failed {
        _ if late.into_inner() => Some((Outcome::OutOfTime, String::new())),
        Some(test) => Some((Outcome::Noticed, test)),
        None if status.success() => None,
        // Out of memory, or a stack that is too deep: the process ended before it named a test.
        None => Some((Outcome::Noticed, status.to_string())),
    })
}

/// Ends a process that takes too long.
fn stop_late(child: &Mutex<Child>, over: &AtomicBool, late: &AtomicBool) {
    let start = Instant::now();
    while !over.load(Ordering::Relaxed) {
        if start.elapsed() > LIMIT {
            late.store(true, Ordering::Relaxed);
            if let Ok(mut child) = child.lock() {
                let _ = child.kill();
            }
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
