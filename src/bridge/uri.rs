//! How operators get an ERC-721 token's URI out of a request event.
//!
//! The URI is part of what they vote on, so their rule is copied bit for bit, oddities included: the length word of the
//! inner string is ignored, and a URI that begins or ends with NUL bytes loses them. Source: bridge.md 2.4.

use super::abi::AbiReader;
use alloc::vec::Vec;

/// The one version of encoded data that operators know.
pub const ENCODING_VERSION: u8 = 2;

/// What stands before the URI in the token's answer: an offset word and a length word.
const ANSWER_HEAD: usize = 64;

/// The URI for the encoded data of a request: empty where the version is unknown, the data does not decode, or the
/// token's answer is too short to hold a URI.
#[must_use]
pub fn token_uri(encoding_version: u8, encoded: &[u8]) -> Vec<u8> {
    if encoding_version != ENCODING_VERSION {
        return Vec::new();
    }
    // The data is one string: what the token answered, whatever that is.
    let answer = AbiReader::new(encoded, 1).and_then(|mut reader| reader.bytes()).unwrap_or_default();
    let mut uri = answer.get(ANSWER_HEAD..).unwrap_or_default();
    while let [0, rest @ ..] | [rest @ .., 0] = uri {
        uri = rest;
    }
    uri.to_vec()
}
