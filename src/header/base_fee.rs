//! The base fee that follows from the parent (KIP-71, from Magma). Source: chain.md 1.5.

use super::{HeaderError, HeaderFields};
use crate::consensus::parameters::Parameters;
use crate::primitives::{quotient, U256};

/// The base fee of the child of `parent`, with the parameters that hold at the child.
///
/// Every result is even: the fee is halved between burning and reward. All arithmetic is in 256 bits, where products of
/// two 64-bit numbers cannot overflow, so no choice of parameters can make it wrap or panic.
///
/// A fee at its bound stays there whatever the gas target is; so a target of zero, which a vote may
/// set, is no error there.
///
/// # Errors
/// [`HeaderError::BaseFeeUndefined`] where the gas target is zero, gas was used and the fee is below its upper bound: the
/// rule would divide by zero, and the node fails.
pub fn base_fee(parent: &HeaderFields, params: &Parameters) -> Result<U256, HeaderError> {
    let lower = round_up(U256::from(params.lower_bound_base_fee));
    let upper = round_down(U256::from(params.upper_bound_base_fee));
    let next = match parent.base_fee {
        Some(fee) if parent.number > 0 => {
            // The order matters if governance ever sets the bounds crosswise.
            let fee = if fee >= upper { upper } else { fee.max(lower) };
            moved(fee, lower, upper, parent.gas_used, params)?
        }
        _ => lower,
    };
    Ok(round_down(next))
}

fn moved(fee: U256, lower: U256, upper: U256, gas_used: u64, params: &Parameters) -> Result<U256, HeaderError> {
    let target = params.gas_target;
    let gas = gas_used.min(params.max_block_gas_used_for_base_fee);
    if gas == target {
        return Ok(fee);
    }
    let bound = if gas > target { upper } else { lower };
    if fee == bound {
        return Ok(bound);
    }
    let step = step(fee, gas.abs_diff(target), params).ok_or(HeaderError::BaseFeeUndefined)?;
    Ok(if gas > target {
        fee.saturating_add(step.max(U256::ONE)).min(upper)
    } else {
        fee.saturating_sub(step).max(lower)
    })
}

/// `fee * distance / target / denominator`, each division truncated in this order.
fn step(fee: U256, distance: u64, params: &Parameters) -> Option<U256> {
    const DEFAULT_DENOMINATOR: u64 = 64;
    let denominator = match params.base_fee_denominator {
        0 => DEFAULT_DENOMINATOR,
        set => set,
    };
    quotient(quotient(fee.saturating_mul(U256::from(distance)), params.gas_target)?, denominator)
}

fn round_up(value: U256) -> U256 {
    if value.bit(0) {
        value.saturating_add(U256::ONE)
    } else {
        value
    }
}

fn round_down(value: U256) -> U256 {
    if value.bit(0) {
        value.saturating_sub(U256::ONE)
    } else {
        value
    }
}
