//! Calls of contracts, written by their signatures.

use spanlight::primitives::{keccak256, Address, Hash, U256};

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A number, an address, a flag: whatever fits a word.
    Word(Hash),
    /// `bytes` or `string`.
    Bytes(Vec<u8>),
}

impl From<Address> for Arg {
    fn from(address: Address) -> Self {
        Self::Word(address.to_word())
    }
}

impl From<U256> for Arg {
    fn from(number: U256) -> Self {
        Self::Word(Hash::from_u256(number))
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        U256::from(number).into()
    }
}

impl From<bool> for Arg {
    fn from(flag: bool) -> Self {
        u64::from(flag).into()
    }
}

impl From<&[u8]> for Arg {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// Calldata of the function with this signature.
#[must_use]
pub fn call(signature: &str, arguments: &[Arg]) -> Vec<u8> {
    let mut out = keccak256(signature.as_bytes()).0.iter().take(4).copied().collect::<Vec<u8>>();
    out.extend(encode(arguments));
    out
}

/// The arguments alone, as they follow creation code.
#[must_use]
pub fn encode(arguments: &[Arg]) -> Vec<u8> {
    const WORD: usize = 32;
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let head_length = arguments.len().saturating_mul(WORD);
    for argument in arguments {
        match argument {
            Arg::Word(word) => head.extend(word.0),
            Arg::Bytes(bytes) => {
                let offset = head_length.saturating_add(tail.len());
                head.extend(Hash::from_u256(U256::from(offset)).0);
                tail.extend(Hash::from_u256(U256::from(bytes.len())).0);
                tail.extend(bytes);
                tail.resize(tail.len().next_multiple_of(WORD), 0);
            }
        }
    }
    head.extend(tail);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::primitives::encode_hex;

    #[test]
    fn writes_words_in_the_head_and_bytes_in_the_tail() {
        let data = call("f(uint256,bytes,bool)", &[7u64.into(), b"abc".as_slice().into(), true.into()]);
        let words: Vec<String> =
            data[4..].chunks(32).map(|word| encode_hex(word)[2..].trim_start_matches('0').into()).collect();
        assert_eq!(words[..4], ["7", "60", "1", "3"].map(String::from));
        assert_eq!(&data[4 + 4 * 32..4 + 4 * 32 + 4], b"abc\0");
        assert_eq!(data.len(), 4 + 5 * 32);
    }

    #[test]
    fn selectors_are_those_of_the_bridge() {
        assert_eq!(call("requestKLAYTransfer(address,uint256,bytes)", &[])[..4], [0x75, 0xeb, 0xdc, 0x09]);
        assert_eq!(call("registerToken(address,address)", &[])[..4], [0x47, 0x39, 0xf7, 0xe5]);
    }
}
