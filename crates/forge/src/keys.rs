//! Test keys: key i is the number i, as in the recorded vectors.

use k256::ecdsa::SigningKey;
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash, U256};
use std::collections::HashMap;
use std::hash::Hash as Hashed;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What was computed before. Tests seal the same blocks again and again, and signing took most of
/// their time.
struct Known<K, V>(OnceLock<Mutex<HashMap<K, V>>>);

impl<K: Copy + Eq + Hashed, V: Clone> Known<K, V> {
    const fn nothing() -> Self {
        Self(OnceLock::new())
    }

    fn or(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let known = || self.0.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known().get(&key) {
            return value.clone();
        }
        let value = compute();
        known().insert(key, value.clone());
        value
    }
}

fn signing_key(key: u64) -> SigningKey {
    static KEYS: Known<u64, SigningKey> = Known::nothing();
    KEYS.or(key, || {
        let mut bytes = [0u8; 32];
        bytes[24..].copy_from_slice(&key.to_be_bytes());
        SigningKey::from_slice(&bytes).expect("a small number above zero is a key")
    })
}

/// The address of key `key`.
#[must_use]
pub fn address(key: u64) -> Address {
    static ADDRESSES: Known<u64, Address> = Known::nothing();
    ADDRESSES.or(key, || {
        let point = signing_key(key).verifying_key().to_sec1_point(false);
        Address::of_public_key(point.as_bytes()[1..].try_into().expect("64 bytes follow the leading 04"))
    })
}

/// The addresses of several keys.
#[must_use]
pub fn addresses(keys: &[u64]) -> Vec<Address> {
    keys.iter().map(|key| address(*key)).collect()
}

/// R, S and recovery id of `digest` under a key.
#[must_use]
pub fn sign(key: u64, digest: &Hash) -> [u8; 65] {
    static SIGNATURES: Known<(u64, Hash), [u8; 65]> = Known::nothing();
    SIGNATURES.or((key, *digest), || {
        let (signature, recovery_id) = signing_key(key).sign_prehash_recoverable(digest.as_bytes());
        let mut out = [0u8; 65];
        out[..64].copy_from_slice(&signature.to_bytes());
        out[64] = recovery_id.to_byte();
        out
    })
}

/// As [`sign`], with V of 27 or 28, as contracts want it.
#[must_use]
pub fn sign_for_contract(key: u64, digest: &Hash) -> Vec<u8> {
    let mut signature = sign(key, digest);
    signature[64] += 27;
    signature.to_vec()
}

/// Who signed for a contract; nobody's address where that is no such signature.
#[must_use]
pub fn signer(digest: &Hash, signature: &[u8]) -> Address {
    let plain = <[u8; 65]>::try_from(signature).ok().and_then(|mut plain| {
        plain[64] = plain[64].checked_sub(27)?;
        Some(plain)
    });
    plain.and_then(|plain| spanlight::crypto::recover_address(digest, &plain).ok()).unwrap_or(Address::ZERO)
}

/// What a legacy transaction says before it is signed.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The sender's count.
    pub nonce: u64,
    /// Gas limit.
    pub gas: u64,
    /// Recipient.
    pub to: Address,
    /// Coin sent.
    pub value: U256,
    /// Calldata.
    pub input: Vec<u8>,
}

/// Signs a legacy transaction for a chain (EIP-155).
#[must_use]
pub fn sign_transaction(key: u64, chain_id: u64, unsigned: &Unsigned) -> Transaction {
    let Unsigned { nonce, gas, to, value, input } = unsigned;
    let price = U256::from(50_000_000_000u64);
    let build = |v, r, s| Transaction::legacy(*nonce, price, *gas, Some(*to), *value, input.clone(), v, r, s);
    let blank = build(0, U256::ZERO, U256::ZERO);
    let signature = sign(key, &blank.sign_hash(chain_id));
    let word = |at: usize| U256::from_be_slice(&signature[at..at + 32]);
    build(chain_id * 2 + 35 + u64::from(signature[64]), word(0), word(32))
}

/// The y coordinate of the point whose x coordinate is R, as a seal hint wants it.
#[must_use]
pub fn nonce_point_y(signature: &[u8; 65]) -> [u8; 32] {
    use k256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
    let mut compressed = [2 + (signature[64] & 1); 33];
    compressed[1..].copy_from_slice(&signature[..32]);
    let encoded = k256::Sec1Point::from_bytes(compressed).expect("33 bytes are a compressed point");
    let point =
        Option::<k256::AffinePoint>::from(k256::AffinePoint::from_sec1_point(&encoded)).expect("R is on the curve");
    let bytes = point.to_sec1_point(false);
    bytes.as_bytes()[33..].try_into().expect("32 bytes of y")
}

/// X and Y of a compressed public key, if it is one.
#[must_use]
pub fn coordinates(key: &[u8; 33]) -> Option<[Hash; 2]> {
    let point = k256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?.to_sec1_point(false);
    let (x, y) = point.as_bytes().get(1..)?.split_at_checked(32)?;
    Some([Hash::from_slice(x)?, Hash::from_slice(y)?])
}

/// The compressed public key of key `key`.
#[must_use]
pub fn compressed_public_key(key: u64) -> [u8; 33] {
    signing_key(key).verifying_key().to_sec1_point(true).as_bytes().try_into().expect("33 bytes are a compressed key")
}
