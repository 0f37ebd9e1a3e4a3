//! Transactions that an operator sends: votes, their cancellations, and anchors.
//!
//! An operator whose account has the key of its address and that pays for itself votes by
//! Ethereum's dynamic-fee transactions (EIP-1559) where the chain has them: such a one pays the
//! base fee, whatever it would pay at most. Elsewhere it votes by legacy transactions (EIP-155),
//! which every node and tool knows. Where a fee payer is configured, all are of Kaia's
//! fee-delegated types, signed by both. Where the account has another key, or several, they are of
//! Kaia's types too, which name the sender. A cancellation is always of Kaia's type for it: a node
//! lets it take the place of a waiting one whatever it pays. Source: chain.md 3.4, 3.6; bridge.md
//! 4.1.

mod limits;

pub(crate) use limits::{check, Rules, Signing, Unsendable};

use crate::keys::{ChainKeys, KeyError, Signatory, Signer};
use spanlight::primitives::keccak256;
use spanlight::rlp::{append_u256, RlpStream};
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash, U256};
use std::sync::Arc;

/// Type bytes of what the sender pays for itself; its fee-delegated form is the next number.
const EXECUTION: u8 = 0x30;
const CANCEL: u8 = 0x38;
const ANCHOR: u8 = 0x48;
/// Type bytes of Ethereum's dynamic-fee type in a block of the chain.
const DYNAMIC_FEE: [u8; 2] = [0x78, 0x02];

/// A transaction before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The chain for which it holds.
    pub chain_id: u64,
    /// The sender's count of transactions before it.
    pub account_nonce: u64,
    /// Peb for a unit of gas; the most, where there is a tip.
    pub gas_price: U256,
    /// What is paid above the base fee by a call of the dynamic-fee type; none for the types that
    /// pay one price.
    pub tip: Option<U256>,
    /// Most gas.
    pub gas: u64,
    /// What it does.
    pub action: Action,
    /// In whose form a call is written.
    pub form: Form,
}

/// In whose form calls are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Ethereum's, whose sender is who signed. It needs an account with the key of its address.
    #[default]
    Ethereum,
    /// Kaia's own, which names the sender: any account can send it.
    Kaia,
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
    /// Where a key cannot be used.
    pub fn sign(&self, keys: &ChainKeys) -> Result<Signed, KeyError> {
        self.sign_with(&keys.operator, keys.fee_payer.as_ref())
    }

    /// Bytes that the signed transaction has at most: as if each signature were of full length. No
    /// key is used.
    ///
    /// # Errors
    /// None that depends on the keys.
    pub fn most_bytes(&self, keys: &ChainKeys) -> Result<usize, KeyError> {
        let unsigned = |signatory: &Signatory| signatory.with_keys(|key| Arc::new(Unsigned(key.address())));
        let payer = keys.fee_payer.as_ref().map(unsigned);
        let signed = self.sign_with(&unsigned(&keys.operator), payer.as_ref())?;
        Ok(signed.raw.len())
    }

    fn sign_with(&self, operator: &Signatory, payer: Option<&Signatory>) -> Result<Signed, KeyError> {
        let from = operator.account();
        match (&self.action, payer) {
            (Action::Call { to, input }, None) if self.form == Form::Ethereum => match self.tip {
                Some(tip) => self.sign_dynamic(operator, *to, input, tip),
                None => self.sign_legacy(operator, *to, input.clone()),
            },
            (Action::Call { to, input }, payer) => self.sign_typed(operator, payer, EXECUTION, |list| {
                list.append(&to.as_bytes()).append(&0u8).append(&from.as_bytes()).append(input);
            }),
            (Action::Cancel, payer) => self.sign_typed(operator, payer, CANCEL, |list| {
                list.append(&from.as_bytes());
            }),
            (Action::Anchor { payload }, payer) => self.sign_typed(operator, payer, ANCHOR, |list| {
                list.append(&from.as_bytes()).append(payload);
            }),
        }
    }

    fn sign_legacy(&self, signer: &Signatory, to: Address, input: Vec<u8>) -> Result<Signed, KeyError> {
        let build = |v, r, s| {
            let (nonce, price) = (self.account_nonce, self.gas_price);
            Transaction::legacy(nonce, price, self.gas, Some(to), U256::ZERO, input.clone(), v, r, s)
        };
        let digest = build(0, U256::ZERO, U256::ZERO).sign_hash(self.chain_id);
        let (v, r, s) = self.protected(&signer.sign_alone(&digest)?)?;
        let transaction = build(v, r, s);
        Ok(Signed { raw: transaction.encode(), hash: transaction.hash() })
    }

    /// Ethereum's type 2, in the form of the chain's blocks: a byte of the chain's own stands
    /// before Ethereum's type byte.
    fn sign_dynamic(&self, signer: &Signatory, to: Address, input: &[u8], tip: U256) -> Result<Signed, KeyError> {
        let build = |parity: u64, r, s| {
            let mut list = RlpStream::new();
            list.begin_unbounded_list();
            list.append(&self.chain_id).append(&self.account_nonce);
            append_u256(&mut list, tip);
            append_u256(&mut list, self.gas_price);
            list.append(&self.gas).append(&to.as_bytes()).append(&0u8).append(&input).begin_list(0).append(&parity);
            append_u256(&mut list, r);
            append_u256(&mut list, s);
            list.finalize_unbounded_list();
            Transaction::decode(&[&DYNAMIC_FEE, list.out().as_ref()].concat()).map_err(|_| KeyError::Signature)
        };
        let digest = build(0, U256::ZERO, U256::ZERO)?.sign_hash(self.chain_id);
        let (parity, r, s) = scalars(&signer.sign_alone(&digest)?)?;
        let transaction = build(parity, r, s)?;
        Ok(Signed { raw: transaction.encode(), hash: transaction.hash() })
    }

    /// A Kaia type: `write` appends the fields between gas and signatures. Sender and fee payer sign the same fields, the fee
    /// payer with its own address behind them, so neither signature can stand for the other.
    fn sign_typed(
        &self,
        operator: &Signatory,
        payer: Option<&Signatory>,
        kind: u8,
        write: impl Fn(&mut RlpStream),
    ) -> Result<Signed, KeyError> {
        let kind = kind | u8::from(payer.is_some());
        let write_fields = |list: &mut RlpStream| {
            list.append(&self.account_nonce);
            append_u256(list, self.gas_price);
            list.append(&self.gas);
            write(list);
        };
        let mut signed = RlpStream::new();
        signed.begin_unbounded_list();
        signed.append(&kind);
        write_fields(&mut signed);
        signed.finalize_unbounded_list();
        let signed = signed.out().to_vec();
        let mut list = RlpStream::new();
        list.begin_unbounded_list();
        write_fields(&mut list);
        self.append_signatures(&mut list, &operator.sign(&self.digest(&signed, None))?)?;
        if let Some(payer) = payer {
            let account = payer.account();
            list.append(&account.as_bytes());
            self.append_signatures(&mut list, &payer.sign(&self.digest(&signed, Some(account)))?)?;
        }
        list.finalize_unbounded_list();
        let raw = [&[kind], list.out().as_ref()].concat();
        let hash = keccak256(&raw);
        Ok(Signed { raw, hash })
    }

    fn digest(&self, signed: &Vec<u8>, payer: Option<Address>) -> Hash {
        let mut wrapped = RlpStream::new();
        wrapped.begin_unbounded_list();
        wrapped.append(signed);
        if let Some(payer) = payer {
            wrapped.append(&payer.as_bytes());
        }
        wrapped.append(&self.chain_id).append(&0u8).append(&0u8);
        wrapped.finalize_unbounded_list();
        keccak256(&wrapped.out())
    }

    /// A signature that names its chain: V, R and S.
    fn protected(&self, signature: &[u8; 65]) -> Result<(u64, U256, U256), KeyError> {
        let (id, r, s) = scalars(signature)?;
        Ok((self.chain_id.saturating_mul(2).saturating_add(35).saturating_add(id), r, s))
    }

    /// The list of an account's signatures, one for each key.
    fn append_signatures(&self, list: &mut RlpStream, signatures: &[[u8; 65]]) -> Result<(), KeyError> {
        list.begin_list(signatures.len());
        for signature in signatures {
            let (v, r, s) = self.protected(signature)?;
            list.begin_list(3).append(&v);
            append_u256(list, r);
            append_u256(list, s);
        }
        Ok(())
    }
}

/// The recovery id, R and S.
fn scalars(signature: &[u8; 65]) -> Result<(u64, U256, U256), KeyError> {
    let (r, rest) = signature.split_at(32);
    let (s, id) = rest.split_at(32);
    let number = |bytes| U256::try_from_be_slice(bytes).ok_or(KeyError::Signature);
    let id = u64::from(id.first().copied().ok_or(KeyError::Signature)?);
    Ok((id, number(r)?, number(s)?))
}

/// Stands where a key would sign, to see how long a transaction gets.
struct Unsigned(Address);

impl Signer for Unsigned {
    fn address(&self) -> Address {
        self.0
    }

    fn sign(&self, _: &Hash) -> Result<[u8; 65], KeyError> {
        let mut longest = [u8::MAX; 65];
        if let Some(id) = longest.last_mut() {
            *id = 1;
        }
        Ok(longest)
    }
}

#[cfg(test)]
mod tests;
