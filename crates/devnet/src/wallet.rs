//! Transactions signed with test keys, for setting up and for tests.

use crate::chain::Chain;
use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::rlp::RlpStream;
use spanlight::transaction::Transaction;
use spanlight_forge::keys;

/// Gas for anything that tests do: enough for the largest contract, and for a bridge that wants a rest.
pub const GAS: u64 = 20_000_000;

/// What to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// To whom; none to create a contract.
    pub to: Option<Address>,
    /// Coin.
    pub value: U256,
    /// Calldata or init code.
    pub input: Vec<u8>,
    /// Most gas; [`GAS`] if none.
    pub gas: Option<u64>,
}

impl Sending {
    /// A call without coin.
    #[must_use]
    pub fn call(to: Address, input: Vec<u8>) -> Self {
        Self { to: Some(to), input, ..Self::default() }
    }
}

/// Signs for the next nonce of a key, at a price that the next blocks take.
#[must_use]
pub fn sign(chain: &Chain, key: u64, sending: &Sending) -> Vec<u8> {
    let rules = chain.rules_of_next();
    let price = rules.base_fee.map_or(U256::from(rules.unit_price), |fee| fee.saturating_add(fee));
    sign_with(chain.config().chain_id, key, chain.pending_nonce(&keys::address(key)), price, sending)
}

/// Signs a legacy transaction.
#[must_use]
pub fn sign_with(chain_id: u64, key: u64, nonce: u64, price: U256, sending: &Sending) -> Vec<u8> {
    const PROTECTED: u64 = 35;
    let gas = sending.gas.unwrap_or(GAS);
    let build =
        |v, r, s| Transaction::legacy(nonce, price, gas, sending.to, sending.value, sending.input.clone(), v, r, s);
    let signature = keys::sign(key, &build(0, U256::ZERO, U256::ZERO).sign_hash(chain_id));
    let [scalars @ .., id] = &signature;
    let (r, s) = scalars.split_at(32);
    let v = chain_id.saturating_mul(2).saturating_add(PROTECTED).saturating_add(u64::from(*id));
    build(v, U256::from_be_slice(r), U256::from_be_slice(s)).encode()
}

/// The address of the contract that an account makes with a nonce.
#[must_use]
pub fn created(creator: &Address, nonce: u64) -> Address {
    let mut stream = RlpStream::new_list(2);
    stream.append(&creator.as_bytes()).append(&nonce);
    Address::low_bytes(&keccak256(&stream.out()))
}

/// The private key with this number, as wallets take it.
#[must_use]
pub fn private_key(key: u64) -> Hash {
    Hash::from_u256(U256::from(key))
}
