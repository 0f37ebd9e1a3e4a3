//! Calldata of the bridge's functions, written by their signatures.

use spanlight::keccak256;
use spanlight::U256;

const WORD: usize = 32;

/// The first four bytes of a call.
pub(super) fn selector(signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = keccak256(signature.as_bytes()).0;
    [a, b, c, d]
}

/// A call whose arguments are all single words.
pub(super) fn call(signature: &str, words: &[U256]) -> Vec<u8> {
    let mut out = selector(signature).to_vec();
    out.extend(words.iter().flat_map(U256::to_be_bytes::<WORD>));
    out
}

/// The arguments (bytes, then these words), as `abi.encode` writes them.
pub(super) fn bytes_and_words(bytes: &[u8], words: &[U256]) -> Vec<u8> {
    let head = words.len().saturating_add(1).saturating_mul(WORD);
    let mut out = U256::from(head).to_be_bytes::<WORD>().to_vec();
    out.extend(words.iter().flat_map(U256::to_be_bytes::<WORD>));
    out.extend(U256::from(bytes.len()).to_be_bytes::<WORD>());
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(WORD), 0);
    out
}

/// A call with one byte string and these words behind it.
pub(super) fn call_with_bytes(signature: &str, bytes: &[u8], words: &[U256]) -> Vec<u8> {
    [selector(signature).as_slice(), &bytes_and_words(bytes, words)].concat()
}

/// A call with one list of words.
pub(super) fn call_with_list(signature: &str, list: &[U256]) -> Vec<u8> {
    let mut out = selector(signature).to_vec();
    out.extend(U256::from(WORD).to_be_bytes::<WORD>());
    out.extend(U256::from(list.len()).to_be_bytes::<WORD>());
    out.extend(list.iter().flat_map(U256::to_be_bytes::<WORD>));
    out
}

/// Words of calldata behind the selector; none where the rest is no whole number of words.
pub(super) fn words_of(call: &[u8]) -> Option<Vec<U256>> {
    let rest = call.get(4..)?;
    let words = rest.chunks_exact(WORD);
    words.remainder().is_empty().then(|| words.map(U256::from_be_slice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::primitives::encode_hex;

    /// Made with Foundry's `cast calldata`.
    #[test]
    fn calls_are_written_as_other_tools_write_them() {
        let one = U256::ONE;
        let word = |digits: &str| format!("{digits:0>64}");
        assert_eq!(
            encode_hex(&call("setOperatorThreshold(uint8,uint8)", &[U256::ZERO, U256::from(3)])),
            format!("0xee2aec65{}{}", word("0"), word("3"))
        );
        let inner = [0xaa; 33];
        assert_eq!(
            encode_hex(&call_with_bytes("voteConfiguration(bytes,uint64)", &inner, &[one])),
            format!("0xd5af2713{}{}{}{}{}", word("40"), word("1"), word("21"), "aa".repeat(33), "00".repeat(31))
        );
        assert_eq!(
            encode_hex(&call_with_bytes("scheduleChange(bytes)", &[1], &[])),
            format!("0x2f891917{}{}01{}", word("20"), word("1"), "00".repeat(31))
        );
        assert_eq!(
            encode_hex(&call_with_list("cancelChanges(uint64[])", &[one, U256::from(2)])),
            format!("0x10ea2cb2{}{}{}{}", word("20"), word("2"), word("1"), word("2"))
        );
    }

    #[test]
    fn words_are_read_back_and_a_torn_one_is_none() {
        let words = [U256::ONE, U256::MAX];
        let written = call("bindSource(uint256,address)", &words);
        assert_eq!(words_of(&written), Some(words.to_vec()));
        assert_eq!(words_of(&written[..written.len() - 1]), None);
        assert_eq!(words_of(&written[..3]), None);
    }
}
