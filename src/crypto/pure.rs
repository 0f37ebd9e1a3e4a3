//! The back end in pure Rust, for places without a C compiler.

use super::{address_of_uncompressed, checked_parts, CurveError};
use crate::primitives::{Address, Hash};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use k256::PublicKey;

/// As [`super::recover_address`]. Recovery in this library does not ask for a low S.
///
/// # Errors
/// [`CurveError`] where no key belongs to the signature.
pub fn recover_address(digest: &Hash, signature: &[u8; 65]) -> Result<Address, CurveError> {
    let (scalars, recovery_id) = checked_parts(signature)?;
    let recovery_id = RecoveryId::from_byte(recovery_id).ok_or(CurveError::NoKey)?;
    let signature = Signature::from_slice(scalars).map_err(|_| CurveError::NoKey)?;
    let key = VerifyingKey::recover_from_prehash(digest.as_bytes(), &signature, recovery_id)
        .map_err(|_| CurveError::NoKey)?;
    address_of_uncompressed(key.to_sec1_point(false).as_bytes())
}

/// As [`super::address_of_compressed`].
///
/// # Errors
/// [`CurveError::NoKey`] where the bytes are no compressed key.
pub fn address_of_compressed(key: &[u8; 33]) -> Result<Address, CurveError> {
    let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| CurveError::NoKey)?;
    address_of_uncompressed(key.to_sec1_point(false).as_bytes())
}

/// Whether the bytes, 04 and two coordinates, are a public key: any point but the one at infinity is.
pub fn is_uncompressed_key(bytes: &[u8; 65]) -> bool {
    PublicKey::from_sec1_bytes(bytes).is_ok()
}
