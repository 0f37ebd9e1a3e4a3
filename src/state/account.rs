//! The account value in the state trie: a type byte and one list, or an Ethereum account. Source: chain.md 4.3.

use super::{AccountKey, StateError};
use crate::primitives::{Hash, U256};
use crate::rlp::{append_u256, Reader, RlpStream};
use crate::trie::EMPTY_ROOT;
use alloc::vec::Vec;

/// Hash of no code: keccak of nothing. Source: chain.md 0.
pub const EMPTY_CODE_HASH: Hash = Hash([
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6,
    0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
]);

const EXTERNALLY_OWNED: u8 = 1;
const CONTRACT: u8 = 2;
/// First byte of the shortest RLP list, with which a value without a type byte begins.
const LIST: u8 = 0xc0;

/// The form in which an account stands in the trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Ethereum's four items. No Klaytn or Kaia network makes these, but the node reads them.
    Legacy,
    /// Externally owned, without code and storage.
    Eoa,
    /// Externally owned, with delegated code or storage (possible from Prague).
    EoaFull,
    /// Smart contract.
    Contract,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions sent.
    pub nonce: u64,
    /// Coins, in peb.
    pub balance: U256,
    /// Reserved for named accounts.
    pub human_readable: bool,
    /// Who may sign for the account.
    pub key: AccountKey,
    /// Form of the value.
    pub kind: AccountKind,
    /// Root of the storage trie; the zero hash and the empty root both mean no storage.
    pub storage_root: Hash,
    /// Hash of the code.
    pub code_hash: Hash,
    /// Machine version in the high half, code format in the low half.
    pub code_info: u8,
}

/// The part that every typed account has.
struct Common {
    nonce: u64,
    balance: U256,
    human_readable: bool,
    key: AccountKey,
}

impl Account {
    /// Reads a value of the state trie.
    ///
    /// # Errors
    /// Where the type is unknown, the nesting or a length is another (39-byte storage roots of a node's database
    /// included), or the value has a longer form than it needs.
    pub fn decode(value: &[u8]) -> Result<Self, StateError> {
        match value {
            [EXTERNALLY_OWNED, list @ ..] => Self::decode_externally_owned(list),
            [CONTRACT, list @ ..] => Self::decode_full(list, AccountKind::Contract),
            [first, ..] if *first >= LIST => Self::decode_legacy(value),
            _ => Err(StateError::AccountType { got: value.first().copied().unwrap_or_default() }),
        }
    }

    fn decode_externally_owned(list: &[u8]) -> Result<Self, StateError> {
        let reader = Reader::list(list)?;
        if !reader.next_is_list() {
            return Ok(Self::without_code(Common::decode(reader)?, AccountKind::Eoa));
        }
        let account = Self::decode_full(list, AccountKind::EoaFull)?;
        full_form_is_needed(&account)?;
        Ok(account)
    }

    fn without_code(common: Common, kind: AccountKind) -> Self {
        let Common { nonce, balance, human_readable, key } = common;
        Self {
            nonce,
            balance,
            human_readable,
            key,
            kind,
            storage_root: EMPTY_ROOT,
            code_hash: EMPTY_CODE_HASH,
            code_info: 0,
        }
    }

    fn decode_full(list: &[u8], kind: AccountKind) -> Result<Self, StateError> {
        let mut reader = Reader::list(list)?;
        let common = Common::decode(reader.nested()?)?;
        let storage_root = reader.hash()?;
        let code_hash = reader.hash()?;
        let code_info = reader.u8()?;
        reader.finish()?;
        Ok(Self { storage_root, code_hash, code_info, ..Self::without_code(common, kind) })
    }

    fn decode_legacy(list: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader::list(list)?;
        let (nonce, balance) = (reader.u64()?, reader.u256()?);
        let storage_root = reader.hash()?;
        let code_hash = reader.hash()?;
        reader.finish()?;
        let common = Common { nonce, balance, human_readable: false, key: AccountKey::Legacy };
        Ok(Self { storage_root, code_hash, ..Self::without_code(common, AccountKind::Legacy) })
    }

    /// The value in the state trie. Reading what this wrote gives the same account back.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut stream = RlpStream::new();
        let type_byte = match self.kind {
            AccountKind::Legacy => {
                stream.begin_list(4).append(&self.nonce);
                append_u256(&mut stream, self.balance);
                stream.append(&self.storage_root.0.as_slice()).append(&self.code_hash.0.as_slice());
                return stream.out().to_vec();
            }
            AccountKind::Eoa => {
                self.append_common(&mut stream);
                EXTERNALLY_OWNED
            }
            AccountKind::EoaFull => {
                self.append_full(&mut stream);
                EXTERNALLY_OWNED
            }
            AccountKind::Contract => {
                self.append_full(&mut stream);
                CONTRACT
            }
        };
        let mut out = Vec::from([type_byte]);
        out.extend_from_slice(&stream.out());
        out
    }

    fn append_common(&self, stream: &mut RlpStream) {
        stream.begin_list(5).append(&self.nonce);
        append_u256(stream, self.balance);
        stream.append(&u8::from(self.human_readable));
        stream.append_raw(&self.key.encode(), 2);
    }

    fn append_full(&self, stream: &mut RlpStream) {
        stream.begin_list(4);
        self.append_common(stream);
        stream.append(&self.storage_root.0.as_slice()).append(&self.code_hash.0.as_slice()).append(&self.code_info);
    }

    /// Whether the storage is empty, in either of the two ways of saying so.
    #[must_use]
    pub fn has_no_storage(&self) -> bool {
        self.storage_root.is_zero() || self.storage_root == EMPTY_ROOT
    }
}

impl Common {
    /// Reads a list that is nothing but the common part.
    fn decode(mut reader: Reader<'_>) -> Result<Self, StateError> {
        let nonce = reader.u64()?;
        let balance = reader.u256()?;
        let human_readable = reader.bool()?;
        let key = AccountKey::decode(&mut reader)?;
        reader.finish()?;
        Ok(Self { nonce, balance, human_readable, key })
    }
}

/// The node writes the full form only where the compact one would lose something: one account, one encoding.
fn full_form_is_needed(account: &Account) -> Result<(), StateError> {
    if account.has_no_storage() && account.code_hash == EMPTY_CODE_HASH && account.code_info == 0 {
        return Err(StateError::FullFormNotNeeded);
    }
    Ok(())
}
