//! The core behind a few plain WebAssembly exports, so that `tests/wasm/run.mjs` can try in Node what browsers get.
//!
//! A call: ask [`input`] for room, write the bytes there, call a function, and read as many bytes as it returned from
//! [`output`]. Zero bytes mean that the input was refused.

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::Message;
use spanlight::{keccak256, Address};
use std::cell::RefCell;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for `len` bytes of input, all zero. Valid until the next call of this function.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|bytes| {
        *bytes = vec![0; len];
        bytes.as_mut_ptr()
    })
}

/// Where the last function put its answer. Valid until the next function is called.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|bytes| bytes.as_ptr())
}

/// The keccak-256 of the input.
#[unsafe(no_mangle)]
pub extern "C" fn keccak() -> usize {
    answer(|input| Some(keccak256(input).0.to_vec()))
}

/// The address that signed. Input: digest (32 bytes), r and s (32 each), recovery id (1).
#[unsafe(no_mangle)]
pub extern "C" fn recover() -> usize {
    answer(|input| {
        let (digest, signature) = input.split_first_chunk::<32>()?;
        let (compact, id) = signature.split_first_chunk::<64>()?;
        let [id] = *id else { return None };
        let id = RecoveryId::try_from(i32::from(id)).ok()?;
        let key = RecoverableSignature::from_compact(compact, id).ok()?.recover(Message::from_digest(*digest)).ok()?;
        let uncompressed = key.serialize_uncompressed();
        let xy = uncompressed.last_chunk::<64>()?;
        Some(Address::of_public_key(xy).0.to_vec())
    })
}

fn answer(compute: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> usize {
    let bytes = INPUT.with_borrow(|input| compute(input)).unwrap_or_default();
    OUTPUT.with_borrow_mut(|output| {
        *output = bytes;
        output.len()
    })
}
