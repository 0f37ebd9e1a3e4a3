//! What a long gathering tells whoever waits for it.

/// Receives how far a gathering is.
pub trait Progress {
    /// A stage begins; `total` steps, if known.
    fn start(&self, what: &str, total: Option<u64>);
    /// `done` steps of the stage are done.
    fn step(&self, done: u64);
    /// The stage is over.
    fn finish(&self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _total: Option<u64>) {}
    fn step(&self, _done: u64) {}
    fn finish(&self) {}
}
