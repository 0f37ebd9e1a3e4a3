//! One of several endpoints, asked alone.
//!
//! A chain is followed with one endpoint at a time. Otherwise one could tell a head, or show a
//! false header, and leave the next question to another: what is wrong would come to light after
//! the other one's answer, and be held against it.

use super::{Endpoint, Endpoints, Finding, Reason, ANSWERS};
use crate::error::ProveError;
use crate::rpc::{RpcError, Transport};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use serde_json::Value;

/// The endpoint at one place.
#[derive(Debug)]
pub(super) struct One<'e, T> {
    all: &'e Endpoints<T>,
    place: usize,
}

impl<T: Transport> Endpoints<T> {
    /// The one whose turn it is to show headers.
    pub(super) fn first_for_headers(&self) -> Result<One<'_, T>, RpcError> {
        let place = self.order("kaia_getHeaderByNumber").first().copied().ok_or_else(|| self.nobody_left())?;
        Ok(One { all: self, place })
    }

    /// Whether another endpoint is to be asked after this error of [`One`]: one that does not
    /// answer or shows what is false is put aside, and one that answers with an error comes last.
    pub(super) fn has_another_for(&self, error: &ProveError) -> bool {
        match error {
            ProveError::Rpc(RpcError::Transport { .. }) => self.live().next().is_some(),
            ProveError::Rpc(refusal) if refusal.is_refusal() => self.pass_over_the_last(),
            _ => self.dismiss(error),
        }
    }
}

impl<T: Transport> One<'_, T> {
    async fn ask<R>(&self, method: &str, ask: impl AsyncFn(&T) -> Result<R, RpcError>) -> Result<R, RpcError> {
        let endpoint = self.endpoint()?;
        if self.all.cancel.is_cancelled() {
            return Err(RpcError::Cancelled);
        }
        self.all.last.set((ANSWERS.fetch_add(1, Ordering::Relaxed), self.place));
        let answer = ask(&endpoint.transport).await;
        match &answer {
            Ok(_) | Err(RpcError::Cancelled) => {}
            Err(error @ RpcError::Transport { .. }) => {
                self.all.put_aside(endpoint, Reason::Unanswered(error.clone()));
                // Where nobody is left, each one's reason is told.
                if self.all.live().next().is_none() {
                    return Err(self.all.nobody_left());
                }
            }
            Err(error) => {
                let (endpoint, method) = (endpoint.name.clone(), method.to_owned());
                self.all.note(Finding::Refused { endpoint, method, error: error.clone() });
            }
        }
        answer
    }

    fn endpoint(&self) -> Result<&Endpoint<T>, RpcError> {
        let found = self.all.list.get(self.place).filter(|endpoint| !endpoint.aside.get());
        found.ok_or_else(|| self.all.nobody_left())
    }
}

impl<T: Transport> Transport for One<'_, T> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.ask(method, async |transport: &T| transport.call(method, params.clone()).await).await
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        self.ask(method, async |transport: &T| transport.call_all(method, params.clone()).await).await
    }
}
