//! A transaction rebuilt from what a node's `kaia` namespace answers.
//!
//! The field table says which members of the object a type has. Whether they were read as the node meant them is not
//! left to trust in a form: the rebuilt transaction must have the hash that the object claims, so a node that spells a
//! field otherwise, or lies about one, is refused here. The hash itself is a claim until the encoding is proven.
//! Source: chain.md 5.3.

use super::kind::Field;
use super::{AccessEntry, Authorization, Signature, Transaction, TransactionError, TransactionKind, MAX_SIGNATURES};
use crate::header::text::hex_number;
use crate::json::member;
use crate::primitives::{decode_hex, Address, Hash, U256};
use alloc::vec::Vec;
use core::str::FromStr;
use serde_json::Value;

impl Transaction {
    /// Rebuilds a transaction from an item of `transactions` of `kaia_getBlockByNumber` with full transactions.
    ///
    /// # Errors
    /// [`TransactionError::Json`] where a needed member is absent or malformed, or `hash` is not that of the rest.
    pub fn from_rpc_json(object: &Value) -> Result<Self, TransactionError> {
        let object = Object(object);
        let type_number = object.read("typeInt", |value| u16::try_from(value.as_u64()?).ok())?;
        let (kind, delegation) =
            TransactionKind::of_number(type_number).ok_or(TransactionError::UnsupportedType { type_number })?;
        let mut transaction = Self::blank(kind, delegation);
        for field in kind.fields(delegation) {
            transaction.read_json(field, object)?;
        }
        hash_is_the_claimed_one(transaction.hash(), object.text("hash")?)?;
        Ok(transaction)
    }

    fn read_json(&mut self, field: Field, object: Object<'_>) -> Result<(), TransactionError> {
        match field {
            Field::ChainId => self.chain_id = object.number("chainId")?,
            Field::Nonce => self.nonce = object.number("nonce")?,
            Field::GasPrice => self.gas_price = object.price("gasPrice")?,
            // What stands under gasPrice is then the price paid in the end.
            Field::FeeCap => self.gas_price = object.price("maxFeePerGas")?,
            Field::Tip => self.tip = object.price("maxPriorityFeePerGas")?,
            Field::Gas => self.gas = object.number("gas")?,
            Field::To => self.to = Some(object.text("to")?),
            Field::ToOrCreate => self.to = object.read("to", none_or_address)?,
            Field::Value => self.value = object.number("value")?,
            Field::From => self.from = Some(object.text("from")?),
            Field::Input => self.input = object.bytes("input")?,
            Field::Key => self.key = object.bytes("key")?,
            Field::HumanReadable => self.human_readable = object.read("humanReadable", Value::as_bool)?,
            Field::CodeFormat => self.code_format = object.number("codeFormat")?,
            Field::FeeRatio => self.fee_ratio = object.number("feeRatio")?,
            Field::AccessList => self.access_list = object.list_or_null("accessList", access_entry)?,
            Field::BlobFeeCap => self.blob_fee_cap = object.number("maxFeePerBlobGas")?,
            Field::BlobHashes => self.blob_hashes = object.list("blobVersionedHashes", parsed)?,
            Field::Authorizations => self.authorizations = object.list("authorizationList", authorization)?,
            Field::FlatSignature => self.signatures = one_signature(object.signatures("signatures")?)?,
            Field::Signatures => self.signatures = object.signatures("signatures")?,
            Field::FeePayer => self.fee_payer = Some(object.text("feePayer")?),
            Field::FeePayerSignatures => self.fee_payer_signatures = object.signatures("feePayerSignatures")?,
        }
        Ok(())
    }
}

fn hash_is_the_claimed_one(rebuilt: Hash, claimed: Hash) -> Result<(), TransactionError> {
    if rebuilt == claimed {
        Ok(())
    } else {
        Err(TransactionError::Json { field: "hash" })
    }
}

fn one_signature(signatures: Vec<Signature>) -> Result<Vec<Signature>, TransactionError> {
    if signatures.len() == 1 {
        Ok(signatures)
    } else {
        Err(TransactionError::Json { field: "signatures" })
    }
}

/// The members of a JSON object, each read under the name that its error then bears.
#[derive(Clone, Copy)]
struct Object<'a>(&'a Value);

impl Object<'_> {
    fn read<T>(self, field: &'static str, parse: impl FnOnce(&Value) -> Option<T>) -> Result<T, TransactionError> {
        member(self.0, field).and_then(parse).ok_or(TransactionError::Json { field })
    }

    fn number<T: TryFrom<U256>>(self, field: &'static str) -> Result<T, TransactionError> {
        self.read(field, number)
    }

    fn price(self, field: &'static str) -> Result<U256, TransactionError> {
        let digits = |value: &Value| Some(value.as_str()?.strip_prefix("0x")?.trim_start_matches('0').len());
        match member(self.0, field).and_then(digits) {
            Some(65..) => Err(TransactionError::Price),
            _ => self.number(field),
        }
    }

    fn text<T: FromStr>(self, field: &'static str) -> Result<T, TransactionError> {
        self.read(field, parsed)
    }

    fn bytes(self, field: &'static str) -> Result<Vec<u8>, TransactionError> {
        self.read(field, |value| decode_hex(value.as_str()?).ok())
    }

    fn list<T>(self, field: &'static str, parse: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, TransactionError> {
        self.read(field, |value| value.as_array()?.iter().map(parse).collect())
    }

    /// Nodes write an empty list also as null.
    fn list_or_null<T>(
        self,
        field: &'static str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, TransactionError> {
        self.read(field, |value| match value {
            Value::Null => Some(Vec::new()),
            list => list.as_array()?.iter().map(parse).collect(),
        })
    }

    fn signatures(self, field: &'static str) -> Result<Vec<Signature>, TransactionError> {
        let signatures = self.list(field, signature)?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(TransactionError::TooManySignatures { max: MAX_SIGNATURES });
        }
        Ok(signatures)
    }
}

/// Digits after 0x, if the number fits.
fn number<T: TryFrom<U256>>(value: &Value) -> Option<T> {
    T::try_from(hex_number(value.as_str()?)?).ok()
}

fn parsed<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn none_or_address(value: &Value) -> Option<Option<Address>> {
    if value.is_null() {
        Some(None)
    } else {
        parsed(value).map(Some)
    }
}

fn signature(value: &Value) -> Option<Signature> {
    Some(Signature {
        v: number(member(value, "V")?)?,
        r: number(member(value, "R")?)?,
        s: number(member(value, "S")?)?,
    })
}

fn access_entry(value: &Value) -> Option<AccessEntry> {
    let slots = match member(value, "storageKeys")? {
        Value::Null => Vec::new(),
        slots => slots.as_array()?.iter().map(parsed).collect::<Option<_>>()?,
    };
    Some(AccessEntry { address: parsed(member(value, "address")?)?, slots })
}

fn authorization(value: &Value) -> Option<Authorization> {
    Some(Authorization {
        chain_id: number(member(value, "chainId")?)?,
        address: parsed(member(value, "address")?)?,
        nonce: number(member(value, "nonce")?)?,
        y_parity: number(member(value, "yParity")?)?,
        r: number(member(value, "r")?)?,
        s: number(member(value, "s")?)?,
    })
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
