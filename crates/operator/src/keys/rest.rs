//! A key that failed is not asked again at once: each of hundreds of open transfers would wait for a service that is down, and
//! nothing else would be done meanwhile.

use super::{KeyError, Signer};
use spanlight::{Address, Hash};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long it is left alone.
const REST: Duration = Duration::from_secs(5);

pub(super) struct Resting {
    key: Box<dyn Signer>,
    failed: Mutex<Option<Instant>>,
    rest: Duration,
}

impl Resting {
    pub(super) const fn new(key: Box<dyn Signer>) -> Self {
        Self { key, failed: Mutex::new(None), rest: REST }
    }

    #[cfg(test)]
    pub(super) const fn resting_for(key: Box<dyn Signer>, rest: Duration) -> Self {
        Self { key, failed: Mutex::new(None), rest }
    }

    fn rests(&self) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|failed| failed.elapsed() < self.rest)
    }
}

impl Signer for Resting {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        if self.rests() {
            return Err(KeyError::Rests);
        }
        let signed = self.key.sign(digest);
        if let Err(error) = &signed {
            tracing::warn!(account = %self.key.address(), %error, "a key does not sign");
        }
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = signed.is_err().then(Instant::now);
        signed
    }
}
