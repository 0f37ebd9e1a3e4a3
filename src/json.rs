//! The one way in which members of a node's JSON are read.
//!
//! Whatever is read of an untrusted answer passes here, so that tests can list it (feature `trace-reads`) and let a node lie
//! in each of it.

use serde_json::Value;

/// The member `name` of an object, if there is one.
#[must_use]
pub fn member<'v>(object: &'v Value, name: &'static str) -> Option<&'v Value> {
    #[cfg(feature = "trace-reads")]
    trace::note(name);
    object.get(name)
}

/// The names that were read, for tests.
#[cfg(feature = "trace-reads")]
pub mod trace {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    std::thread_local! {
        static READ: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(super) fn note(name: &'static str) {
        READ.with_borrow_mut(|read| read.insert(name));
    }

    /// The names that this thread has read since it last asked.
    #[must_use]
    pub fn take() -> BTreeSet<&'static str> {
        READ.take()
    }
}
