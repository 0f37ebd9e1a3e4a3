//! The record of what was checked, in order, for every surface to show alike.

use super::stop::Stop;
use crate::verdict::{Check, Outcome};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt::Display;

/// A rule's id, words and source: written once, beside the function that is the rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) words: &'static str,
    pub(super) source: &'static str,
}

/// The checks of one claim so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    /// Records how `rule` ended on `inputs` and passes the result on.
    pub(super) fn record<T, E>(
        &mut self,
        rule: Rule,
        inputs: &[(&'static str, &dyn Display)],
        result: Result<T, E>,
    ) -> Result<T, E> {
        self.push(rule, inputs, if result.is_ok() { Outcome::Passed } else { Outcome::Failed });
        result
    }

    fn push(&mut self, rule: Rule, inputs: &[(&'static str, &dyn Display)], outcome: Outcome) {
        let inputs = inputs.iter().map(|(name, value)| (*name, value.to_string())).collect();
        self.0.push(Check { id: rule.id, rule: rule.words, source: rule.source, inputs, outcome });
    }

    /// Records a rule that was checked before the judging began: evidence exists only where it held.
    pub(super) fn passed(&mut self, rule: Rule, inputs: &[(&'static str, &dyn Display)]) {
        self.push(rule, inputs, Outcome::Passed);
    }

    /// As [`Checks::record`], and a failure stops the judging.
    pub(super) fn require<T, E: Into<Stop>>(
        &mut self,
        rule: Rule,
        inputs: &[(&'static str, &dyn Display)],
        result: Result<T, E>,
    ) -> Result<T, Stop> {
        self.record(rule, inputs, result).map_err(Into::into)
    }

    pub(super) fn into_vec(self) -> Vec<Check> {
        self.0
    }
}
