//! A light client whose whole state is text: no memory to free, nothing lost with an instance, storable as it is.

use crate::convert::{read_json, read_trust, to_js};
use crate::fault::Fault;
use crate::json;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use js_sys::Uint8Array;
use serde::Serialize;
use spanlight::consensus::{FollowMode, LightClient};
use spanlight::header::UntrustedHeader;
use spanlight::object;
use spanlight::primitives::{decode_hex, encode_hex};
use spanlight::trust::TrustedChain;
use spanlight::verdict::HeaderRef;
use spanlight::Address;
use wasm_bindgen::prelude::*;

/// The stored form. Whoever can write it decides what is trusted, as with a trust file.
#[derive(Serialize)]
struct State {
    version: u32,
    /// Its checkpoint is the head.
    chain: TrustedChain,
    /// RLP of the head, as 0x text.
    header: String,
}

object!(State { version, chain, header });

/// States of version 1 do not say which votes were followed that no governing node cast.
const VERSION: u32 = 2;

/// What JavaScript is told of a client.
#[derive(Serialize)]
struct Told<'a> {
    state: String,
    chain: &'a str,
    head: HeaderRef,
    council: &'a [Address],
}

/// A client at the checkpoint of a chain of the trust. `header` is the RLP of the checkpoint's header, from anybody.
///
/// # Errors
/// Where it is another header, or the checkpoint is older than the trusting period.
#[wasm_bindgen]
pub fn light_client_start(trust: &str, chain: &str, header: &[u8], now: u64) -> Result<JsValue, JsValue> {
    let trust = read_trust(trust)?;
    let trusted = trust.chain(chain).map_err(Fault::from)?.clone();
    let client = open(&trusted, header, now)?;
    told(trusted, &client)
}

/// A client from its stored state.
///
/// # Errors
/// Where the state is none of this version, or its head is older than the trusting period.
#[wasm_bindgen]
pub fn light_client_restore(state: &str, now: u64) -> Result<JsValue, JsValue> {
    let (trusted, client) = restore(state, now)?;
    told(trusted, &client)
}

/// Follows headers, given as RLP, that begin right after the head. On an error the caller's state is still good.
///
/// # Errors
/// The first rule that one of the headers breaks.
#[wasm_bindgen]
pub fn light_client_advance(state: &str, headers: Vec<Uint8Array>, mode: &str, now: u64) -> Result<JsValue, JsValue> {
    let (trusted, mut client) = restore(state, now)?;
    let mode = match mode {
        "full" => FollowMode::Full,
        "sparse" => FollowMode::Sparse,
        _ => return Err(Fault::new("options.json", "mode is `full` or `sparse`").into()),
    };
    let headers = headers.iter().map(|bytes| UntrustedHeader::decode(&bytes.to_vec())).collect::<Result<_, _>>();
    client.advance(headers.map_err(Fault::from)?, mode, Some(trusted.clock(now))).map_err(Fault::from)?;
    told(trusted, &client)
}

fn restore(state: &str, now: u64) -> Result<(TrustedChain, LightClient), Fault> {
    let state: State = read_json(state, "state.json", "light client state")?;
    if state.version != VERSION {
        return Err(Fault::new("state.version", "a light client state of another version"));
    }
    let header = decode_hex(&state.header).map_err(|_| Fault::new("state.json", "the header is no 0x text"))?;
    let client = open(&state.chain, &header, now)?;
    Ok((state.chain, client))
}

fn open(trusted: &TrustedChain, header: &[u8], now: u64) -> Result<LightClient, Fault> {
    // Seals at the checkpoint prove nothing that its hash does not; without them every node's header is the same.
    let header = UntrustedHeader::decode(header)?.without_seals();
    Ok(trusted.light_client(header, now)?)
}

fn told(trusted: TrustedChain, client: &LightClient) -> Result<JsValue, JsValue> {
    let head = client.head();
    let header = UntrustedHeader::new(head.fields().clone()).without_seals();
    let chain = TrustedChain { checkpoint: client.checkpoint(), ..trusted };
    let state = State { version: VERSION, chain, header: encode_hex(&header.encode()) };
    let text = json::plain(&state).map_err(|e| Fault::new("state.json", e.to_string()))?;
    to_js(&Told {
        state: text,
        chain: &state.chain.profile.name,
        head: HeaderRef { number: head.number(), hash: head.hash(), time: head.time() },
        council: client.council().members(),
    })
}
