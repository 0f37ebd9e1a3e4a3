//! Who may sign for an account: a key type and a body, spliced into the list around them. Source: chain.md 4.3.
//!
//! Whose signatures satisfy a key is told in `signed`.

use super::StateError;
use crate::rlp::{Reader, RlpStream};
use alloc::vec::Vec;

/// Most keys of one weighted key. Source: chain.md 6.3.
pub const MAX_KEYS: usize = 10;
/// Roles: transaction, account update, fee payer.
pub const MAX_ROLES: usize = 3;

/// One key of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedKey {
    /// What the key's signature counts.
    pub weight: u64,
    /// Compressed public key.
    pub key: [u8; 33],
}

/// The key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKey {
    /// Leaves a role's key as it is. Only in role lists.
    Nil,
    /// The key of the address itself.
    Legacy,
    /// Another key, compressed.
    Public([u8; 33]),
    /// Nobody may sign: every contract.
    Fail,
    /// Several keys, whose weights must reach a threshold.
    WeightedMultiSig {
        /// Weight needed.
        threshold: u64,
        /// The keys.
        keys: Vec<WeightedKey>,
    },
    /// A key for each role: transaction, account update, fee payer.
    RoleBased(Vec<AccountKey>),
}

impl AccountKey {
    /// Reads the two items of an account's key.
    ///
    /// # Errors
    /// Where the type is unknown or the nil key, or the body has another form or too many keys.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, StateError> {
        match reader.u8()? {
            5 => decode_roles(reader.nested()?).map(Self::RoleBased),
            got => Self::decode_single(got, reader),
        }
    }

    /// A key that is not role-based. Role-based keys inside one another are refused, so nothing recurses.
    fn decode_single(key_type: u8, reader: &mut Reader<'_>) -> Result<Self, StateError> {
        match key_type {
            1 => reader.nested()?.finish().map(|()| Self::Legacy).map_err(Into::into),
            2 => Ok(Self::Public(reader.fixed()?)),
            3 => reader.nested()?.finish().map(|()| Self::Fail).map_err(Into::into),
            4 => decode_weighted(reader.nested()?),
            got => Err(StateError::KeyType { got }),
        }
    }

    /// Type and body one behind the other: what is spliced into an account, and what a role list holds as strings.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut stream = RlpStream::new();
        stream.append(&self.type_number());
        match self {
            Self::Nil => {}
            Self::Legacy | Self::Fail => {
                stream.begin_list(0);
            }
            Self::Public(key) => {
                stream.append(&key.as_slice());
            }
            Self::WeightedMultiSig { threshold, keys } => {
                stream.begin_list(2).append(threshold).begin_list(keys.len());
                for WeightedKey { weight, key } in keys {
                    stream.begin_list(2).append(weight).append(&key.as_slice());
                }
            }
            Self::RoleBased(roles) => {
                stream.begin_list(roles.len());
                for role in roles {
                    stream.append(&role.encode());
                }
            }
        }
        stream.out().to_vec()
    }

    /// The number that stands for the type of this key.
    #[must_use]
    pub const fn type_number(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Legacy => 1,
            Self::Public(_) => 2,
            Self::Fail => 3,
            Self::WeightedMultiSig { .. } => 4,
            Self::RoleBased(_) => 5,
        }
    }
}

fn decode_weighted(mut reader: Reader<'_>) -> Result<AccountKey, StateError> {
    let threshold = reader.u64()?;
    let mut list = reader.nested()?;
    reader.finish()?;
    let mut keys = Vec::new();
    while !list.is_empty() {
        let mut item = list.nested()?;
        keys.push(WeightedKey { weight: item.u64()?, key: item.fixed()? });
        item.finish()?;
        keys_are_few(MAX_KEYS, keys.len())?;
    }
    keys_are_few(MAX_KEYS, keys.len())?;
    Ok(AccountKey::WeightedMultiSig { threshold, keys })
}

fn decode_roles(mut list: Reader<'_>) -> Result<Vec<AccountKey>, StateError> {
    let mut roles = Vec::new();
    while !list.is_empty() {
        let mut role = Reader::items(list.bytes()?);
        roles.push(match role.u8()? {
            0 => AccountKey::Nil,
            key_type => AccountKey::decode_single(key_type, &mut role)?,
        });
        role.finish()?;
        keys_are_few(MAX_ROLES, roles.len())?;
    }
    keys_are_few(MAX_ROLES, roles.len())?;
    Ok(roles)
}

fn keys_are_few(limit: usize, got: usize) -> Result<(), StateError> {
    if (1..=limit).contains(&got) {
        Ok(())
    } else {
        Err(StateError::KeyCount { limit, got })
    }
}
