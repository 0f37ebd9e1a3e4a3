//! The back end on Bitcoin's C library.

use super::{address_of_uncompressed, checked_parts, CurveError};
use crate::primitives::{Address, Hash};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey};

/// As [`super::recover_address`]. Recovery in this library does not ask for a low S.
///
/// # Errors
/// [`CurveError`] where no key belongs to the signature.
pub fn recover_address(digest: &Hash, signature: &[u8; 65]) -> Result<Address, CurveError> {
    let (scalars, recovery_id) = checked_parts(signature)?;
    let recovery_id = RecoveryId::from_u8_masked(recovery_id);
    let signature = RecoverableSignature::from_compact(scalars, recovery_id).map_err(|_| CurveError::NoKey)?;
    let key = signature.recover_ecdsa(Message::from_digest(digest.0)).map_err(|_| CurveError::NoKey)?;
    address_of_uncompressed(&key.serialize_uncompressed())
}

/// As [`super::address_of_compressed`].
///
/// # Errors
/// [`CurveError::NoKey`] where the bytes are no compressed key.
pub fn address_of_compressed(key: &[u8; 33]) -> Result<Address, CurveError> {
    let key = PublicKey::from_byte_array_compressed(*key).map_err(|_| CurveError::NoKey)?;
    address_of_uncompressed(&key.serialize_uncompressed())
}

/// Whether the bytes, 04 and two coordinates, are a public key: any point but the one at infinity is.
pub fn is_uncompressed_key(bytes: &[u8; 65]) -> bool {
    PublicKey::from_byte_array_uncompressed(*bytes).is_ok()
}
