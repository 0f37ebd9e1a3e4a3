//! Named cases, each with the verdict that claims.md asks for: the same list serves the tests of verdicts, of the binary
//! and JSON forms, and of single changed bytes.

pub mod busy;
pub mod chains;
pub mod claims;
pub mod fraud;
pub mod handled;
pub mod open;
pub mod stuck;
pub mod version2;

use crate::scenario::Scenario;
use spanlight::commitment::CommitmentForm;
use spanlight::primitives::Address;
use spanlight::verdict::State;

/// A scenario and what is true of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What is believed and supplied.
    pub scenario: Scenario,
    /// The state that is to be proven.
    pub state: State,
    /// Operators who voted for something else.
    pub dissenters: Vec<Address>,
    /// Codes of the notes, without those on how the chains were followed.
    pub notes: Vec<&'static str>,
}

impl Case {
    fn new(name: &str, scenario: Scenario, state: State) -> Self {
        Self { name: name.into(), scenario, state, dissenters: Vec::new(), notes: Vec::new() }
    }

    fn note(mut self, code: &'static str) -> Self {
        self.notes.push(code);
        self
    }

    fn dissent(mut self, keys: &[u64]) -> Self {
        self.dissenters = sorted(keys);
        self
    }
}

/// Addresses of keys, ascending.
#[must_use]
pub fn sorted(keys: &[u64]) -> Vec<Address> {
    let mut addresses = crate::keys::addresses(keys);
    addresses.sort_unstable();
    addresses
}

/// Every case, with both chains in one commitment form.
#[must_use]
pub fn all(form: CommitmentForm) -> Vec<Case> {
    [open::all(form), handled::all(form), stuck::all(form), fraud::all(form), version2::all(form)].concat()
}
