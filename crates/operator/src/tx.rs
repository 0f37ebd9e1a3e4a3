//! Transactions that an operator sends: votes and their cancellations (legacy, EIP-155) and anchors (type 0x48).

use crate::keys::{KeyError, Signer};
use spanlight::primitives::keccak256;
use spanlight::rlp::{append_u256, RlpStream};
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash, U256};

/// Type byte of an anchoring transaction.
const ANCHOR: u8 = 0x48;

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The chain for which it holds.
    pub chain_id: u64,
    /// The sender's count of transactions before it.
    pub account_nonce: u64,
    /// Peb for a unit of gas.
    pub gas_price: U256,
    /// Most gas.
    pub gas: u64,
    /// What it does.
    pub action: Action,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Calls a contract.
    Call {
        /// The contract.
        to: Address,
        /// The calldata.
        input: Vec<u8>,
    },
    /// Nothing: takes an account nonce that nothing else needs any more.
    Cancel,
    /// Anchors a block.
    Anchor {
        /// The payload of bridge.md 4.2.
        payload: Vec<u8>,
    },
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The bytes to send.
    pub raw: Vec<u8>,
    /// The transaction hash.
    pub hash: Hash,
}

impl Draft {
    /// Signs the transaction.
    ///
    /// # Errors
    /// Where the key cannot be used.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Signed, KeyError> {
        match &self.action {
            Action::Call { to, input } => self.sign_legacy(signer, *to, input.clone()),
            Action::Cancel => self.sign_legacy(signer, signer.address(), Vec::new()),
            Action::Anchor { payload } => self.sign_anchor(signer, payload),
        }
    }

    fn sign_legacy(&self, signer: &dyn Signer, to: Address, input: Vec<u8>) -> Result<Signed, KeyError> {
        let build = |v, r, s| {
            let (nonce, price) = (self.account_nonce, self.gas_price);
            Transaction::legacy(nonce, price, self.gas, Some(to), U256::ZERO, input.clone(), v, r, s)
        };
        let digest = build(0, U256::ZERO, U256::ZERO).sign_hash(self.chain_id);
        let (v, r, s) = self.signature(signer, &digest)?;
        let transaction = build(v, r, s);
        Ok(Signed { raw: transaction.encode(), hash: transaction.hash() })
    }

    /// Signing hash and bytes of bridge.md 4.1.
    fn sign_anchor(&self, signer: &dyn Signer, payload: &[u8]) -> Result<Signed, KeyError> {
        let from = signer.address();
        let write = |stream: &mut RlpStream| {
            stream.append(&self.account_nonce);
            append_u256(stream, self.gas_price);
            stream.append(&self.gas).append(&from.as_bytes()).append(&payload);
        };
        let mut inner = RlpStream::new();
        inner.begin_unbounded_list();
        inner.append(&ANCHOR);
        write(&mut inner);
        inner.finalize_unbounded_list();
        let mut wrapped = RlpStream::new_list(4);
        wrapped.append(&inner.out().to_vec()).append(&self.chain_id).append(&0u8).append(&0u8);
        let (v, r, s) = self.signature(signer, &keccak256(&wrapped.out()))?;
        let mut list = RlpStream::new();
        list.begin_unbounded_list();
        write(&mut list);
        list.begin_list(1).begin_list(3).append(&v);
        append_u256(&mut list, r);
        append_u256(&mut list, s);
        list.finalize_unbounded_list();
        let raw = [&[ANCHOR], list.out().as_ref()].concat();
        let hash = keccak256(&raw);
        Ok(Signed { raw, hash })
    }

    fn signature(&self, signer: &dyn Signer, digest: &Hash) -> Result<(u64, U256, U256), KeyError> {
        let bytes = signer.sign(digest)?;
        let (r, rest) = bytes.split_at(32);
        let (s, id) = rest.split_at(32);
        let number = |bytes| U256::try_from_be_slice(bytes).ok_or(KeyError::Signature);
        let id = u64::from(id.first().copied().ok_or(KeyError::Signature)?);
        let v = self.chain_id.saturating_mul(2).saturating_add(35).saturating_add(id);
        Ok((v, number(r)?, number(s)?))
    }
}

#[cfg(test)]
mod tests;
