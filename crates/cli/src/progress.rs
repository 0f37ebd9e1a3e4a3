//! How far a long command is, on the standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanlight_prover::Progress;

/// What a template ends with whose line is to be cleared when an interrupt is typed: it fills the line and goes back to its
/// beginning. Otherwise the cursor stands at the line's end, and the `^C` that the terminal shows begins another, which is
/// then cleared in its place.
pub(crate) const CLEARABLE: &str = "{wide_msg}\x1b[1G";

/// One bar, used for one stage after the other.
pub(crate) struct Bar {
    bar: ProgressBar,
    end: &'static str,
}

impl Bar {
    pub(crate) fn new() -> Self {
        // Draws nothing where standard error is no terminal.
        Self { bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()), end: "" }
    }
}

impl From<ProgressBar> for Bar {
    /// Drawn on a bar that somebody else may take away.
    fn from(bar: ProgressBar) -> Self {
        Self { bar, end: CLEARABLE }
    }
}

impl Progress for Bar {
    fn start(&self, what: &str, total: Option<u64>) {
        let template = if total.is_some() { "{prefix:>10} [{bar:30}] {pos} of {len}" } else { "{prefix:>10} {pos}" };
        self.bar.set_length(total.unwrap_or(0));
        self.bar.set_prefix(what.to_string());
        if let Ok(style) = ProgressStyle::with_template(&format!("{template}{}", self.end)) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.reset();
    }

    fn step(&self, done: u64) {
        self.bar.set_position(done);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
