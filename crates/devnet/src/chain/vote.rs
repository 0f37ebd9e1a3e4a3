//! Votes in headers. Source: chain.md 2.3.

use spanlight::consensus::parameters::ParameterName;
use spanlight::primitives::{decode_hex, Address, U256};
use spanlight::rlp::RlpStream;

const ADD: &str = "governance.addvalidator";
const REMOVE: &str = "governance.removevalidator";

/// A vote that waits for its proposer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    name: String,
    value: Vec<u8>,
}

impl Vote {
    /// These join the council.
    #[must_use]
    pub fn add(addresses: &[Address]) -> Self {
        Self { name: ADD.into(), value: addresses.iter().flat_map(|address| address.0).collect() }
    }

    /// These leave it.
    #[must_use]
    pub fn remove(addresses: &[Address]) -> Self {
        Self { name: REMOVE.into(), value: addresses.iter().flat_map(|address| address.0).collect() }
    }

    /// A parameter that is a number takes a value.
    #[must_use]
    pub fn number(name: ParameterName, value: u64) -> Self {
        Self { name: name.as_str().into(), value: U256::from(value).to_be_bytes_trimmed_vec() }
    }

    /// Any vote by its name and the value as `governance_vote` takes it; none where the chain has no such vote.
    #[must_use]
    pub fn from_json(name: &str, value: &serde_json::Value) -> Option<Self> {
        let addresses =
            |text: &str| text.split(',').map(|one| one.trim().parse().ok()).collect::<Option<Vec<Address>>>();
        let known = match (name, value) {
            (ADD, serde_json::Value::String(text)) => Self::add(&addresses(text)?),
            (REMOVE, serde_json::Value::String(text)) => Self::remove(&addresses(text)?),
            (other, value) => Self { name: other.into(), value: bytes(value)? },
        };
        known.is_valid().then_some(known)
    }

    fn is_valid(&self) -> bool {
        spanlight::consensus::votes::decode(&self.field(&Address::ZERO)).is_ok()
    }

    /// The bytes of the header's field.
    #[must_use]
    pub fn field(&self, voter: &Address) -> Vec<u8> {
        let mut stream = RlpStream::new_list(3);
        stream.append(&voter.as_bytes()).append(&self.name.as_str()).append(&self.value);
        stream.out().to_vec()
    }
}

fn bytes(value: &serde_json::Value) -> Option<Vec<u8>> {
    match value {
        serde_json::Value::Number(number) => Some(U256::from(number.as_u64()?).to_be_bytes_trimmed_vec()),
        serde_json::Value::Bool(switch) => Some(vec![u8::from(*switch)]),
        serde_json::Value::String(text) => Some(decode_hex(text).unwrap_or_else(|_| text.clone().into_bytes())),
        _ => None,
    }
}
