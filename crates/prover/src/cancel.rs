//! A flag by which whoever waits for a gathering can end it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

/// Shared by its clones. It is looked at before each request and while an answer arrives; an answer that is cut off by it
/// is dropped.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the gathering at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the gathering is to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
