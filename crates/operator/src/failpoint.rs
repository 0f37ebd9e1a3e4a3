//! Places at which a test can kill the process, as `kill -9` would, or one worker: every database
//! write and every send has one before and one after it. Built in debug builds only.

use std::time::Duration;

/// Does here what `SPANLIGHT_FAILPOINT` says: `NAME:N` ends the process when NAME is reached for
/// the N-th time, `panic:NAME:N` makes the worker panic, and `hang:NAME:N` lets it sleep for ever.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::OnceLock;
    static ARMED: OnceLock<Option<(String, String, u64)>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let armed = ARMED.get_or_init(|| {
        let text = std::env::var("SPANLIGHT_FAILPOINT").ok()?;
        let (place, times) = text.rsplit_once(':')?;
        let (deed, name) = place.split_once(':').unwrap_or(("abort", place));
        Some((deed.to_owned(), name.to_owned(), times.parse().ok()?))
    });
    let Some((deed, _, times)) = armed.as_ref().filter(|(_, armed, _)| armed == name) else { return };
    if REACHED.fetch_add(1, Ordering::SeqCst).saturating_add(1) != *times {
        return;
    }
    match deed.as_str() {
        "hang" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        #[allow(clippy::panic)] // That is what the test asks for.
        "panic" => panic!("the test asked for it"),
        _ => std::process::abort(),
    }
}

/// Nothing, in release builds.
#[cfg(not(debug_assertions))]
pub(crate) const fn point(_name: &str) {}

/// How long something may take: the milliseconds that a variable of the environment says instead of
/// the default, in debug builds.
#[cfg(debug_assertions)]
pub(crate) fn told(variable: &str, default: Duration) -> Duration {
    let told = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    told.map_or(default, Duration::from_millis)
}

/// The default, in release builds.
#[cfg(not(debug_assertions))]
pub(crate) const fn told(_variable: &str, default: Duration) -> Duration {
    default
}
