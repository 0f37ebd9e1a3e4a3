//! The core behind a few plain WebAssembly exports, so that `tests/wasm/run.mjs` can try in Node what browsers get.
//!
//! A call: ask [`input`] for room, write the bytes there, call a function, and read as many bytes as it returned from
//! [`output`]. Zero bytes mean that the input was refused.

use spanlight::crypto::recover_address;
use spanlight::{keccak256, Hash, ProofBundle, Trust};
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
        let signer = recover_address(&Hash(*digest), signature.try_into().ok()?).ok()?;
        Some(signer.0.to_vec())
    })
}

/// The verdicts on a bundle, as a JSON list. Input: length of the trust (4 bytes, big-endian), the trust as JSON, the time
/// (8 bytes, big-endian), the bundle. A refused input gives its code as a JSON string.
#[unsafe(no_mangle)]
pub extern "C" fn verify() -> usize {
    answer(|input| {
        let (length, rest) = input.split_first_chunk::<4>()?;
        let (trust, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let (now, bundle) = rest.split_first_chunk::<8>()?;
        let trust: Trust = serde_json::from_slice(trust).ok()?;
        let report = ProofBundle::decode(bundle)
            .map_err(spanlight::Error::from)
            .and_then(|bundle| spanlight::verify(&bundle, &trust, u64::from_be_bytes(*now)));
        match report {
            Ok(report) => serde_json::to_vec(&report.transfers).ok(),
            Err(error) => serde_json::to_vec(error.code()).ok(),
        }
    })
}

fn answer(compute: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> usize {
    let bytes = INPUT.with_borrow(|input| compute(input)).unwrap_or_default();
    OUTPUT.with_borrow_mut(|output| {
        *output = bytes;
        output.len()
    })
}
