//! What an endpoint calls its methods.
//!
//! Nodes of Klaytn 1.12 and before know the `kaia_` methods by `klay_` only, and answer them the
//! same. Which names an endpoint knows is learnt from its answers; what it says under either is
//! checked alike.

use crate::rpc::RpcError;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicU8, Ordering};

/// JSON-RPC code of a method that is not there.
const METHOD_NOT_FOUND: i64 = -32_601;

const UNTOLD: u8 = 0;
const NEW: u8 = 1;
const OLD: u8 = 2;

/// Which names an endpoint has shown to know.
#[derive(Debug, Default)]
pub(super) struct Names(AtomicU8);

impl Names {
    /// The method's name at this endpoint.
    pub(super) fn spelled<'m>(&self, method: &'m str) -> Cow<'m, str> {
        match old_name(method) {
            Some(old) if self.0.load(Ordering::Relaxed) == OLD => Cow::Owned(old),
            _ => Cow::Borrowed(method),
        }
    }

    /// The old name of a method that the endpoint does not know, where it may know that one. An
    /// endpoint that has answered to a new name knows no old ones.
    pub(super) fn old_name_to_try<R>(&self, method: &str, answer: &Result<R, RpcError>) -> Option<String> {
        let old = old_name(method).filter(|_| self.0.load(Ordering::Relaxed) == UNTOLD)?;
        match answer {
            Err(error) if is_unknown_method(error) => Some(old),
            Ok(_) => {
                self.0.store(NEW, Ordering::Relaxed);
                None
            }
            Err(_) => None,
        }
    }

    /// The endpoint has answered to an old name.
    pub(super) fn are_old(&self) {
        self.0.store(OLD, Ordering::Relaxed);
    }
}

fn old_name(method: &str) -> Option<String> {
    method.strip_prefix("kaia_").map(|name| format!("klay_{name}"))
}

/// Whether the endpoint says that it has no such method.
pub(super) fn is_unknown_method(error: &RpcError) -> bool {
    match error {
        RpcError::Node { code, message } => {
            *code == METHOD_NOT_FOUND || message.contains("does not exist/is not available")
        }
        _ => false,
    }
}
