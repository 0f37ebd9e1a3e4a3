//! Places at which a test can kill the process, as `kill -9` would: every database write and every send has one before and one
//! after it. Built in debug builds only.

/// Ends the process here if `SPANLIGHT_FAILPOINT` says so: `NAME:N` is the N-th time that NAME is reached.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::OnceLock;
    static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let armed = ARMED.get_or_init(|| {
        let text = std::env::var("SPANLIGHT_FAILPOINT").ok()?;
        let (name, times) = text.split_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    if let Some((_, times)) = armed.as_ref().filter(|(armed, _)| armed == name) {
        if REACHED.fetch_add(1, Ordering::SeqCst).saturating_add(1) == *times {
            std::process::abort();
        }
    }
}

/// Nothing, in release builds.
#[cfg(not(debug_assertions))]
pub(crate) const fn point(_name: &str) {}
