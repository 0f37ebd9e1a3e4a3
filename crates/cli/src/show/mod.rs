//! Verdicts for people: words first, colour second.

mod facts;
pub(crate) mod lines;
pub(crate) mod parameters;
pub(crate) mod report;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod transfer;
pub(crate) mod trust;
pub(crate) mod uncovered;
pub(crate) mod words;
