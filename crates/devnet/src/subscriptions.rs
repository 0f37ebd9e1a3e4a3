//! A WebSocket: calls as over HTTP, and what is new as it happens.

use crate::rpc::{Event, Filter, Node, RpcError, Space};
use crate::server::{answer_text, wait_as_asked};
use axum::extract::ws::{Message, WebSocket};
use serde_json::{json, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use tokio::sync::broadcast::error::RecvError;

/// Most subscriptions of one socket.
const MOST: usize = 64;

/// What a socket has asked for.
#[derive(Debug, Default)]
struct Subscriptions {
    last: u64,
    by_id: BTreeMap<String, (Space, Topic)>,
}

#[derive(Debug)]
enum Topic {
    Heads,
    Logs(Filter),
    Pending,
}

/// Serves a socket until it closes, or lags so far behind that it would miss something.
pub(crate) async fn serve_socket(mut socket: WebSocket, node: &Node) {
    let subscriptions = RefCell::new(Subscriptions::default());
    let mut events = node.listen();
    loop {
        let out: Vec<Value> = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    wait_as_asked(node).await;
                    answer(text.as_bytes(), node, &subscriptions).into_iter().collect()
                }
                Some(Ok(Message::Binary(bytes))) => answer(&bytes, node, &subscriptions).into_iter().collect(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            event = events.recv() => match event {
                Ok(event) => notices(&event, node, &subscriptions.borrow()),
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            },
        };
        for message in out {
            if socket.send(Message::Text(message.to_string().into())).await.is_err() {
                return;
            }
        }
    }
}

fn answer(body: &[u8], node: &Node, subscriptions: &RefCell<Subscriptions>) -> Option<Value> {
    answer_text(body, &|method, params| match method.split_once('_') {
        Some((space @ ("eth" | "kaia" | "klay"), "subscribe")) => {
            let space = if space == "eth" { Space::Eth } else { Space::Kaia };
            subscriptions.borrow_mut().add(node, space, params)
        }
        Some(("eth" | "kaia" | "klay", "unsubscribe")) => {
            let id = params.first().and_then(Value::as_str).unwrap_or_default();
            Ok(subscriptions.borrow_mut().by_id.remove(id).is_some().into())
        }
        _ => node.call(method, params),
    })
}

impl Subscriptions {
    fn add(&mut self, node: &Node, space: Space, params: &[Value]) -> Result<Value, RpcError> {
        if self.by_id.len() >= MOST {
            return Err(RpcError::new(RpcError::LIMIT, format!("at most {MOST} subscriptions")));
        }
        let topic = match params.first().and_then(Value::as_str) {
            Some("newHeads") => Topic::Heads,
            Some("logs") => Topic::Logs(Filter::read(&node.chain(), params.get(1))?),
            Some("newPendingTransactions") => Topic::Pending,
            _ => return Err(RpcError::new(RpcError::NO_METHOD, "no such subscription")),
        };
        self.last = self.last.saturating_add(1);
        let id = format!("{:#x}", self.last);
        self.by_id.insert(id.clone(), (space, topic));
        Ok(id.into())
    }
}

fn notices(event: &Event, node: &Node, subscriptions: &Subscriptions) -> Vec<Value> {
    let mut out = Vec::new();
    for (id, (space, topic)) in &subscriptions.by_id {
        let found = match (event, topic) {
            (Event::Block(block), Topic::Heads) => vec![node.header_for_listeners(block, *space)],
            (Event::Block(block), Topic::Logs(filter)) => Node::logs_for_listeners(filter, block),
            (Event::Pending(hash), Topic::Pending) => vec![json!(hash)],
            _ => Vec::new(),
        };
        let method = if *space == Space::Eth { "eth_subscription" } else { "kaia_subscription" };
        out.extend(found.into_iter().map(
            |result| json!({ "jsonrpc": "2.0", "method": method, "params": { "subscription": id, "result": result } }),
        ));
    }
    out
}
