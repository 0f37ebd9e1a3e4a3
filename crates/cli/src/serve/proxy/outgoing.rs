//! An answer on its way to a client, with the slot that it takes.
//!
//! It is given out in pieces, so that what is in memory for a client that reads slowly is in here; and where that takes too long
//! it is let go, whether the client reads or not.

use super::slots::Slot;
use axum::body::{Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::AbortHandle;

/// Bytes that are handed to the connection at a time.
const PIECE: usize = 64 << 10;

/// The client took too long; its connection is closed, since it was promised more.
#[derive(Debug)]
pub(super) struct TooSlow;

impl std::fmt::Display for TooSlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client reads too slowly")
    }
}

impl std::error::Error for TooSlow {}

/// What is held for the client.
struct Held {
    json: Vec<u8>,
    _slot: Slot,
}

/// The body of an answer.
pub(super) struct Outgoing {
    held: Arc<Mutex<Option<Held>>>,
    length: usize,
    given: usize,
    timer: AbortHandle,
}

impl Outgoing {
    /// Holds the answer and the slot until they are through, but no longer than `patience`.
    pub(super) fn new(json: Vec<u8>, slot: Slot, patience: Duration) -> Self {
        let length = json.len();
        let held = Arc::new(Mutex::new(Some(Held { json, _slot: slot })));
        let late = Arc::clone(&held);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(patience).await;
            lock(&late).take();
        });
        Self { held, length, given: 0, timer: timer.abort_handle() }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.timer.abort();
        lock(&self.held).take();
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = TooSlow;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let end = self.length.min(self.given.saturating_add(PIECE));
        // A copy: a part of the whole would keep the whole in memory.
        let piece =
            lock(&self.held).as_ref().and_then(|held| held.json.get(self.given..end)).map(Bytes::copy_from_slice);
        self.given = end;
        Poll::Ready(Some(piece.map(Frame::data).ok_or(TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.given == self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.length.saturating_sub(self.given)).unwrap_or(u64::MAX))
    }
}

fn lock(held: &Mutex<Option<Held>>) -> MutexGuard<'_, Option<Held>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::super::slots::Slots;
    use super::*;
    use std::net::IpAddr;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// The slots that a client can take now.
    fn free(slots: &Slots) -> usize {
        let held: Vec<Slot> = std::iter::from_fn(|| slots.take(CLIENT)).collect();
        held.len()
    }

    /// In a runtime with a clock.
    fn within(test: impl std::future::Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
    }

    async fn next(body: &mut Outgoing) -> Option<Result<Bytes, TooSlow>> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()))
    }

    #[test]
    fn it_is_whole_and_keeps_its_slot_until_it_is_dropped() {
        within(async {
            let slots = Slots::default();
            let all = free(&slots);
            let json: Vec<u8> = (0..=255u8).cycle().take(PIECE * 2 + 5).collect();
            let mut body = Outgoing::new(json.clone(), slots.take(CLIENT).unwrap(), Duration::from_secs(60));
            assert_eq!(body.size_hint().exact(), Some(json.len() as u64));
            let mut read = Vec::new();
            while let Some(piece) = next(&mut body).await {
                read.extend(piece.unwrap());
            }
            assert_eq!(read, json);
            assert_eq!(free(&slots), all - 1);
            drop(body);
            assert_eq!(free(&slots), all);
        });
    }

    #[test]
    fn a_client_that_does_not_read_loses_the_rest_and_its_slot() {
        within(async {
            let slots = Slots::default();
            let all = free(&slots);
            let mut body = Outgoing::new(vec![0; PIECE * 2], slots.take(CLIENT).unwrap(), Duration::from_millis(20));
            assert!(next(&mut body).await.unwrap().is_ok());
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(free(&slots), all);
            assert!(next(&mut body).await.unwrap().is_err());
        });
    }
}
