//! Recovering the signer of a digest on secp256k1: one seam, two back ends.
//!
//! The C library ([`libsecp`], the default) and a pure Rust one ([`pure`]) give the same answer for every input, which a
//! test checks on random and edge signatures. What is accepted is decided here once, before either is called: V is 0..3,
//! R and S are in 1..n-1, an x coordinate above the group order stays below the field prime, and a high S is accepted as
//! Kaia accepts it. Source: chain.md 0 (recovery rules).

#[cfg(not(any(feature = "libsecp256k1", feature = "k256")))]
compile_error!("choose a curve back end: feature `libsecp256k1` or `k256`");

use crate::primitives::{Address, Hash, U256};

pub use nonce_point::nonce_point_has_y;

mod nonce_point;

#[cfg(feature = "libsecp256k1")]
pub mod libsecp;
#[cfg(feature = "k256")]
pub mod pure;
#[cfg(test)]
mod tests;

/// Order of the group.
const ORDER: U256 = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);
/// Field prime minus [`ORDER`]: R must stay below it where V says that the x coordinate is R + n.
const PRIME_LESS_ORDER: U256 = U256::from_limbs([0x402d_a172_2fc9_baee, 0x4551_2319_50b7_5fc4, 1, 0]);

/// Why no signer can be recovered from a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// The recovery id is not 0, 1, 2 or 3.
    #[error("recovery id must be below 4, got {got}")]
    RecoveryId {
        /// The last byte of the signature.
        got: u8,
    },
    /// R is zero or not below the group order.
    #[error("R must be from 1 to the group order less 1")]
    ScalarR,
    /// S is zero or not below the group order.
    #[error("S must be from 1 to the group order less 1")]
    ScalarS,
    /// V asks for the x coordinate R + n, which is not below the field prime.
    #[error("x coordinate beyond the field")]
    Coordinate,
    /// No curve point has that x coordinate, or the key is the point at infinity.
    #[error("no public key belongs to the signature")]
    NoKey,
}

impl CurveError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RecoveryId { .. } => "curve.recovery_id",
            Self::ScalarR => "curve.scalar_r",
            Self::ScalarS => "curve.scalar_s",
            Self::Coordinate => "curve.coordinate",
            Self::NoKey => "curve.no_key",
        }
    }
}

/// The address whose key signed `digest`; `signature` is R, S and V as 32, 32 and 1 bytes with V from 0 to 3.
///
/// # Errors
/// [`CurveError`] where no key belongs to the signature.
pub fn recover_address(digest: &Hash, signature: &[u8; 65]) -> Result<Address, CurveError> {
    #[cfg(feature = "libsecp256k1")]
    return libsecp::recover_address(digest, signature);
    #[cfg(all(feature = "k256", not(feature = "libsecp256k1")))]
    return pure::recover_address(digest, signature);
}

/// The address of a compressed public key.
///
/// # Errors
/// [`CurveError::NoKey`] where the bytes are no compressed key.
pub fn address_of_compressed(key: &[u8; 33]) -> Result<Address, CurveError> {
    #[cfg(feature = "libsecp256k1")]
    return libsecp::address_of_compressed(key);
    #[cfg(all(feature = "k256", not(feature = "libsecp256k1")))]
    return pure::address_of_compressed(key);
}

/// Whether the two big-endian numbers are below the field prime and the coordinates of a point.
fn is_on_curve(x: &[u8; 32], y: &[u8; 32]) -> bool {
    let mut key = [4u8; 65];
    for (to, from) in key.iter_mut().skip(1).zip(x.iter().chain(y)) {
        *to = *from;
    }
    #[cfg(feature = "libsecp256k1")]
    return libsecp::is_uncompressed_key(&key);
    #[cfg(all(feature = "k256", not(feature = "libsecp256k1")))]
    return pure::is_uncompressed_key(&key);
}

/// R and S as one string, and V, after the checks that hold for every back end.
fn checked_parts(signature: &[u8; 65]) -> Result<(&[u8; 64], u8), CurveError> {
    let (scalars, recovery_id) = match signature.split_first_chunk::<64>() {
        Some((scalars, [v])) => (scalars, *v),
        _ => return Err(CurveError::NoKey),
    };
    recovery_id_is_known(recovery_id)?;
    let (r, s) = scalars.split_at(32);
    let r = U256::try_from_be_slice(r).ok_or(CurveError::ScalarR)?;
    let s = U256::try_from_be_slice(s).ok_or(CurveError::ScalarS)?;
    scalar_is_in_range(r).then_some(()).ok_or(CurveError::ScalarR)?;
    scalar_is_in_range(s).then_some(()).ok_or(CurveError::ScalarS)?;
    coordinate_is_in_field(r, recovery_id)?;
    Ok((scalars, recovery_id))
}

const fn recovery_id_is_known(got: u8) -> Result<(), CurveError> {
    if got < 4 {
        Ok(())
    } else {
        Err(CurveError::RecoveryId { got })
    }
}

fn scalar_is_in_range(scalar: U256) -> bool {
    !scalar.is_zero() && scalar < ORDER
}

fn coordinate_is_in_field(r: U256, recovery_id: u8) -> Result<(), CurveError> {
    if recovery_id < 2 || r < PRIME_LESS_ORDER {
        Ok(())
    } else {
        Err(CurveError::Coordinate)
    }
}

/// The address of an uncompressed key with its leading 04.
fn address_of_uncompressed(key: &[u8]) -> Result<Address, CurveError> {
    match key.split_first() {
        Some((4, xy)) => xy.try_into().map(Address::of_public_key).map_err(|_| CurveError::NoKey),
        _ => Err(CurveError::NoKey),
    }
}
