//! The story as it is told: words for people with the time of each thing, or one JSON object for each case.

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::progress::{Bar, CLEARABLE};
use crate::show::lines::{named, paragraph};
use crate::show::style::{bad, bold};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Time between two looks at what is waited for: what is measured is no finer.
const LOOK: Duration = Duration::from_millis(10);
const TICK: Duration = Duration::from_millis(120);

/// Tells to the terminal.
#[derive(Debug)]
pub(super) struct Story {
    json: bool,
    began: Instant,
    bar: ProgressBar,
}

/// What is told of one case, for machines.
#[derive(Debug, Serialize)]
pub(super) struct Case {
    case: &'static str,
    as_expected: bool,
    /// What went otherwise than expected.
    surprises: Vec<String>,
    seconds: f64,
    figures: BTreeMap<&'static str, Value>,
    #[serde(skip)]
    began: Instant,
}

impl Case {
    pub(super) fn figure(&mut self, name: &'static str, value: impl Into<Value>) {
        self.figures.insert(name, value.into());
    }

    pub(super) fn time(&mut self, name: &'static str, time: Duration) {
        self.figure(name, seconds(time));
    }

    /// What is to be told: the claim where it holds; else what is instead, which is noted too.
    pub(super) fn claim(&mut self, holds: bool, claim: &str, otherwise: impl FnOnce() -> String) -> String {
        if holds {
            return claim.to_owned();
        }
        let otherwise = otherwise();
        self.unless(false, || otherwise.clone());
        format!("{}  {otherwise}.", bad("NOT AS EXPECTED"))
    }

    /// Notes what should not be.
    pub(super) fn unless(&mut self, fine: bool, otherwise: impl FnOnce() -> String) {
        if !fine {
            self.surprises.push(format!("{}: {}", self.case, otherwise()));
        }
    }
}

/// Seconds with three digits: more would claim what was not measured.
pub(super) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// A time for people.
pub(super) fn time(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The sign on the standard error that something is waited for; nothing where that is no terminal.
pub(super) fn waiting_sign() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

/// Takes the sign away for good, whatever the thread does that told the story.
pub(super) fn take_down(bar: &ProgressBar) {
    bar.disable_steady_tick();
    bar.finish_and_clear();
    bar.set_draw_target(ProgressDrawTarget::hidden());
}

impl Story {
    pub(super) fn new(json: bool, bar: ProgressBar) -> Self {
        Self { json, began: Instant::now(), bar }
    }

    fn print(&self, text: String) {
        output::print(&Output::done(text));
    }

    /// Begins a case.
    pub(super) fn case(&self, name: &'static str, title: &str) -> Case {
        if !self.json {
            self.print(format!("\n{}\n", bold(title)));
        }
        let (surprises, figures) = (Vec::new(), BTreeMap::new());
        Case { case: name, as_expected: true, surprises, seconds: 0.0, figures, began: Instant::now() }
    }

    /// Ends a case; gives what was not as expected.
    pub(super) fn end(&self, mut case: Case) -> Result<Vec<String>, Failure> {
        case.seconds = seconds(case.began.elapsed());
        case.as_expected = case.surprises.is_empty();
        self.machine(&case)?;
        Ok(case.surprises)
    }

    /// Explains.
    pub(super) fn tell(&self, words: &str) {
        if !self.json {
            let mut text = String::new();
            paragraph(&mut text, words);
            self.print(text);
        }
    }

    /// Says what has happened just now.
    pub(super) fn now(&self, words: &str) {
        if !self.json {
            let mut text = String::new();
            named(&mut text, &format!("{:>7}", time(self.began.elapsed())), words);
            self.print(text);
        }
    }

    /// Says that operators have raised an alarm.
    pub(super) fn alarm(&self, words: &str) {
        self.now(&format!("{}  {words}", bad("ALARM")));
    }

    /// One line for machines.
    pub(super) fn machine(&self, value: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            output::print(&Output::json(value, 0)?);
        }
        Ok(())
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Shows how far long work is, in the place of what is waited for.
    pub(super) fn progress(&self) -> Bar {
        Bar::from(self.bar.clone())
    }

    /// Waits until `done`, showing for what; gives how long it took.
    pub(super) fn wait(
        &self,
        what: &str,
        longest: Duration,
        mut done: impl FnMut() -> Result<bool, Failure>,
    ) -> Result<Duration, Failure> {
        let start = Instant::now();
        if let Ok(style) = ProgressStyle::with_template(&format!("  {{spinner}} {{prefix}} ({{elapsed}}){CLEARABLE}")) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(what.to_owned());
        self.bar.reset();
        self.bar.enable_steady_tick(TICK);
        let waited = loop {
            match done() {
                Ok(false) if start.elapsed() > longest => {
                    break Err(Failure::verdict(1, format!("waited {} in vain: {what}", time(longest))));
                }
                Ok(false) => std::thread::sleep(LOOK),
                Ok(true) => break Ok(start.elapsed()),
                Err(failure) => break Err(failure),
            }
        };
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_told_only_where_it_holds_and_noted_where_not() {
        let mut case = Story::new(true, ProgressBar::hidden()).case("some_case", "");
        assert_eq!(case.claim(true, "Nothing is gone.", || unreachable!()), "Nothing is gone.");
        assert_eq!(case.surprises, Vec::<String>::new());
        let told = case.claim(false, "Nothing is gone.", || "2 coins are gone".to_owned());
        assert!(told.contains("NOT AS EXPECTED") && told.ends_with("2 coins are gone."), "{told}");
        assert!(!told.contains("Nothing"), "{told}");
        assert_eq!(case.surprises, ["some_case: 2 coins are gone"]);
    }
}
