//! The point R behind a signature's r and v, checked against a y coordinate that somebody supplied.
//!
//! Lifting x to the curve costs a square root; checking a given y costs three products. A prover may supply y so that many
//! seals can be checked at once. Given x and the parity in v there is exactly one right y, so a hint can only be true or
//! refused.

use super::{checked_parts, is_on_curve, CurveError, ORDER};
use crate::primitives::U256;

/// Whether `y` is the big-endian y coordinate of the signature's point R.
///
/// # Errors
/// [`CurveError`] where r, s or v are out of range, or y is another number.
pub fn nonce_point_has_y(signature: &[u8; 65], y: &[u8; 32]) -> Result<(), CurveError> {
    let (scalars, recovery_id) = checked_parts(signature)?;
    let (r, _) = scalars.split_at(32);
    let r = U256::try_from_be_slice(r).ok_or(CurveError::ScalarR)?;
    let x = if recovery_id < 2 { Some(r) } else { r.checked_add(ORDER) }.ok_or(CurveError::Coordinate)?;
    let [.., low] = y;
    if low & 1 == recovery_id & 1 && is_on_curve(&x.to_be_bytes(), y) {
        Ok(())
    } else {
        Err(CurveError::NoKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::elliptic_curve::sec1::ToSec1Point;
    use k256::{PublicKey, SecretKey};

    /// R = 5G stands for any nonce point: r is its x coordinate, s is not looked at.
    fn signature_with_y() -> ([u8; 65], [u8; 32]) {
        let mut five = [0u8; 32];
        five[31] = 5;
        let point = PublicKey::from_secret_scalar(&SecretKey::from_slice(&five).unwrap().to_nonzero_scalar());
        let bytes = point.to_sec1_point(false);
        let bytes = bytes.as_bytes();
        let mut signature = [1u8; 65];
        signature[..32].copy_from_slice(&bytes[1..33]);
        signature[64] = bytes[64] & 1;
        (signature, bytes[33..].try_into().unwrap())
    }

    #[test]
    fn accepts_the_true_y_and_refuses_its_negative_and_every_flipped_byte() {
        let (mut signature, y) = signature_with_y();
        assert_eq!(nonce_point_has_y(&signature, &y), Ok(()));
        for index in 0..32 {
            let mut wrong = y;
            wrong[index] ^= 1;
            assert_eq!(nonce_point_has_y(&signature, &wrong), Err(CurveError::NoKey), "byte {index}");
        }
        signature[64] ^= 1;
        assert_eq!(nonce_point_has_y(&signature, &y), Err(CurveError::NoKey));
    }
}
