//! How far a long command is, on the standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanlight_prover::Progress;

/// One bar, used for one stage after the other.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new() -> Self {
        // Draws nothing where standard error is no terminal.
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()))
    }
}

impl From<ProgressBar> for Bar {
    /// Drawn on a bar that somebody else may take away.
    fn from(bar: ProgressBar) -> Self {
        Self(bar)
    }
}

impl Progress for Bar {
    fn start(&self, what: &str, total: Option<u64>) {
        let template = if total.is_some() { "{msg:>10} [{bar:30}] {pos} of {len}" } else { "{msg:>10} {pos}" };
        self.0.set_length(total.unwrap_or(0));
        self.0.set_message(what.to_string());
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("=> "));
        }
        self.0.reset();
    }

    fn step(&self, done: u64) {
        self.0.set_position(done);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}
