//! Transaction hashes, the messages that were signed, and the sender.
//!
//! The sender of a Kaia type is its explicit field: consensus checked it against the account's key, which may have
//! nothing to do with the address. The sender of every other type is recovered from its one signature.
//! Source: chain.md 3.5, 3.6.

use super::kind::Field;
use super::{FeeDelegation, Signature, Transaction, TransactionError, TransactionKind};
use crate::primitives::{keccak256, keccak256_concat, Address, Hash, U256};
use crate::rlp::RlpStream;

/// Half the order of the curve: the largest S of the low form.
const HALF_ORDER: U256 =
    U256::from_limbs([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// What V of an EIP-155 signature is above twice the chain id.
const PROTECTED: u64 = 35;

impl Transaction {
    /// The transaction hash. The 0x78 of Ethereum types is part of the list item, not of what is hashed.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let raw = self.encode();
        let skipped = usize::from(self.kind.is_ethereum());
        keccak256(raw.get(skipped..).unwrap_or_default())
    }

    /// The hash before the fee payer signed; none where nobody pays for the sender.
    #[must_use]
    pub fn sender_tx_hash(&self) -> Option<Hash> {
        if self.delegation == FeeDelegation::None {
            return None;
        }
        Some(keccak256_concat(&[&[self.type_byte()], &self.list_of(|field| !field.is_fee_payers())]))
    }

    /// The hash that the sender signs on the chain `chain_id`.
    #[must_use]
    pub fn sign_hash(&self, chain_id: u64) -> Hash {
        if self.kind.is_ethereum() {
            // A zero chain id stands for the network's own.
            let mut filled = self.clone();
            filled.chain_id = if self.chain_id == 0 { chain_id } else { self.chain_id };
            return keccak256_concat(&[&[self.type_byte()], &filled.list_of(is_signed)]);
        }
        if self.kind == TransactionKind::Legacy {
            return self.legacy_sign_hash(chain_id);
        }
        self.wrapped_sign_hash(None, chain_id)
    }

    /// The hash that the fee payer signs on the chain `chain_id`; none where there is no fee payer.
    #[must_use]
    pub fn fee_payer_sign_hash(&self, chain_id: u64) -> Option<Hash> {
        self.fee_payer.map(|payer| self.wrapped_sign_hash(Some(payer), chain_id))
    }

    /// The chain that the transaction was signed for; none where it holds on every chain (V of 27 or 28, chain id 0).
    #[must_use]
    pub fn chain_id(&self) -> Option<u64> {
        if self.kind.is_ethereum() {
            return (self.chain_id != 0).then_some(self.chain_id);
        }
        let above = self.signatures.first()?.v.checked_sub(PROTECTED)?;
        Some(above >> 1)
    }

    /// The sender. `recover` gives the address for a hash and R, S and recovery id (0 or 1) in 65 bytes.
    ///
    /// # Errors
    /// Where the transaction was signed for another chain, or the one signature of a legacy or Ethereum type is not a
    /// low-S signature from which an address recovers.
    pub fn sender(
        &self,
        chain_id: u64,
        recover: &dyn Fn(&Hash, &[u8; 65]) -> Option<Address>,
    ) -> Result<Address, TransactionError> {
        self.chain_is_the_one_meant(chain_id)?;
        if let Some(from) = self.from {
            return Ok(from);
        }
        let signature = self.signatures.first().ok_or(TransactionError::NoSender)?;
        let recovery_id = self.recovery_id(signature)?;
        signature_is_low_s(signature)?;
        recover(&self.sign_hash(chain_id), &signature.to_bytes(recovery_id)).ok_or(TransactionError::NoSender)
    }

    /// A transaction of another chain replayed here is refused, if it names its chain at all.
    fn chain_is_the_one_meant(&self, expected: u64) -> Result<(), TransactionError> {
        match self.chain_id() {
            Some(got) if got != expected => Err(TransactionError::ChainId { expected, got }),
            _ => Ok(()),
        }
    }

    /// The recovery id in a signature's V.
    ///
    /// # Errors
    /// [`TransactionError::V`] where V is none that the type allows.
    pub fn recovery_id(&self, signature: &Signature) -> Result<u8, TransactionError> {
        let v = signature.v;
        match (self.kind.is_ethereum(), v) {
            (true, 0) | (false, 27) => Ok(0),
            (true, 1) | (false, 28) => Ok(1),
            (false, PROTECTED..) => Ok(u8::from(v & 1 == 0)),
            _ => Err(TransactionError::V { got: v }),
        }
    }

    /// Before EIP-155 (V of 27 or 28) the chain id was not signed.
    fn legacy_sign_hash(&self, chain_id: u64) -> Hash {
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        self.write_fields(&mut stream, is_signed);
        if !matches!(self.signatures.first(), Some(Signature { v: 27 | 28, .. })) {
            append_chain(&mut stream, chain_id);
        }
        stream.finalize_unbounded_list();
        keccak256(&stream.out())
    }

    /// Kaia types wrap the signed fields as a byte string, so that no other list can be taken for them.
    fn wrapped_sign_hash(&self, fee_payer: Option<Address>, chain_id: u64) -> Hash {
        let mut inner = RlpStream::new();
        inner.begin_unbounded_list();
        inner.append(&self.type_byte());
        self.write_fields(&mut inner, is_signed);
        inner.finalize_unbounded_list();
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        stream.append(&inner.out().to_vec());
        if let Some(payer) = fee_payer {
            stream.append(&payer.as_bytes());
        }
        append_chain(&mut stream, chain_id);
        stream.finalize_unbounded_list();
        keccak256(&stream.out())
    }

    /// The low byte of the type number, which is what hashes and messages contain.
    const fn type_byte(&self) -> u8 {
        let [_, low] = self.type_number().to_be_bytes();
        low
    }
}

impl Signature {
    /// R, S and recovery id in 65 bytes.
    #[must_use]
    pub fn to_bytes(self, recovery_id: u8) -> [u8; 65] {
        let mut out = [recovery_id; 65];
        let r: [u8; 32] = self.r.to_be_bytes();
        let s: [u8; 32] = self.s.to_be_bytes();
        for (to, from) in out.iter_mut().zip(r.iter().chain(s.iter())) {
            *to = *from;
        }
        out
    }
}

/// Whether the sender's message contains the field.
const fn is_signed(field: Field) -> bool {
    !field.follows_sender_message()
}

/// With both forms of S allowed, anybody could turn a signature into a second one of the same sender.
fn signature_is_low_s(signature: &Signature) -> Result<(), TransactionError> {
    is_low_s(&signature.s).then_some(()).ok_or(TransactionError::HighS)
}

/// Whether S is in the lower half.
pub(crate) fn is_low_s(s: &U256) -> bool {
    *s <= HALF_ORDER
}

fn append_chain(stream: &mut RlpStream, chain_id: u64) {
    stream.append(&chain_id);
    stream.append(&0u8);
    stream.append(&0u8);
}
