//! What every node refuses of a transaction, whatever its state: found here before anything is
//! written down, since an account nonce that is given to such a one stops all that come after it.

use super::Form;
use spanlight::profile::{Fork, ForkSchedule};
use std::fmt;

/// Most bytes that a node's pool takes, signatures included.
const MOST_BYTES: usize = 131_072;
/// Most gas that a node's pool takes. A block has no limit of its own.
const MOST_GAS: u64 = 500_000_000;
/// Gas of every transaction that an operator sends.
const BASE: u64 = 21_000;
/// Gas of a fee payer's signature.
const FEE_PAYER: u64 = 10_000;
/// Gas of each signature beyond an account's first one.
const FURTHER_SIGNATURE: u64 = 15_000;

/// How a transaction is signed, as far as it costs gas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signing {
    /// In the form that a call has.
    pub(crate) form: Form,
    /// A fee payer signs too.
    pub(crate) fee_payer: bool,
    /// Signatures beyond the first one of each account.
    pub(crate) further: usize,
}

/// The rules of the next block, as far as they say what a transaction costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    istanbul: bool,
    prague: bool,
    /// Ethereum's dynamic-fee transactions, with a base fee.
    pub(crate) dynamic_fee: bool,
    /// Types without a tip pay all that they name, not the base fee.
    pub(crate) whole_price: bool,
}

impl Rules {
    /// Those of a block.
    pub(crate) fn at(forks: &ForkSchedule, number: u64) -> Self {
        let active = |fork| forks.is_active(fork, number);
        Self {
            istanbul: active(Fork::Istanbul),
            prague: active(Fork::Prague),
            dynamic_fee: active(Fork::EthTxType) && active(Fork::Magma),
            whole_price: active(Fork::Kaia),
        }
    }

    /// Gas without which a node takes no transaction with this data. Of the chain's own types the
    /// data always cost a flat price until Prague; from there on there is a floor too (EIP-7623),
    /// also under what the transaction does.
    pub(crate) fn intrinsic_gas(self, data: &[u8], signing: Signing) -> u64 {
        const FLAT: u64 = 100;
        let zeros = length(data.iter().filter(|byte| **byte == 0).count());
        let others = length(data.len()).saturating_sub(zeros);
        let by_byte = |zero: u64, other: u64| zeros.saturating_mul(zero).saturating_add(others.saturating_mul(other));
        let data = match (self.prague, self.istanbul) {
            // A token is a zero byte or a quarter of another; ten gas for each is the floor, and
            // never less than the price.
            (true, _) => by_byte(10, 40),
            (false, true) => by_byte(FLAT, FLAT),
            (false, false) if signing.fee_payer || signing.form == Form::Kaia => by_byte(FLAT, FLAT),
            (false, false) => by_byte(4, 68),
        };
        let payer = if signing.fee_payer { FEE_PAYER } else { 0 };
        let further = length(signing.further).saturating_mul(FURTHER_SIGNATURE);
        [payer, further, data].into_iter().fold(BASE, u64::saturating_add)
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Why no node takes a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// Too many bytes.
    Bytes { got: usize },
    /// Its data alone cost more gas than it is given.
    Data { needed: u64, gas: u64 },
    /// It asks for more gas than any transaction may.
    Gas { gas: u64 },
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes { got } => {
                write!(f, "the vote would have {got} bytes, and nodes take at most {MOST_BYTES}: its request carries too much data")
            }
            Self::Data { needed, gas } => {
                write!(f, "the vote's data alone cost {needed} gas, and it may have {gas}: raise vote_gas if it is worth that")
            }
            Self::Gas { gas } => {
                write!(f, "the vote asks for {gas} gas, and nodes take at most {MOST_GAS}: lower vote_gas")
            }
        }
    }
}

/// Whether nodes take a transaction of so many bytes, with this data and gas.
pub(crate) fn check(bytes: usize, data: &[u8], gas: u64, signing: Signing, rules: Rules) -> Result<(), Unsendable> {
    if bytes > MOST_BYTES {
        return Err(Unsendable::Bytes { got: bytes });
    }
    if gas > MOST_GAS {
        return Err(Unsendable::Gas { gas });
    }
    let needed = rules.intrinsic_gas(data, signing);
    if needed > gas {
        return Err(Unsendable::Data { needed, gas });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Signing = Signing { form: Form::Ethereum, fee_payer: false, further: 0 };
    const PAID: Signing = Signing { form: Form::Kaia, fee_payer: true, further: 0 };

    fn rules(istanbul: bool, prague: bool) -> Rules {
        Rules { istanbul, prague, ..Rules::default() }
    }

    #[test]
    fn data_cost_what_each_fork_says() {
        let data = [0, 0, 1, 2, 3];
        let named = Signing { form: Form::Kaia, further: 2, ..ALONE };
        assert_eq!(rules(false, false).intrinsic_gas(&data, ALONE), 21_000 + 2 * 4 + 3 * 68);
        assert_eq!(rules(false, false).intrinsic_gas(&data, PAID), 31_000 + 500);
        assert_eq!(rules(false, false).intrinsic_gas(&data, named), 21_000 + 500 + 2 * 15_000);
        assert_eq!(rules(true, false).intrinsic_gas(&data, ALONE), 21_000 + 500);
        assert_eq!(rules(true, true).intrinsic_gas(&data, ALONE), 21_000 + 2 * 10 + 3 * 40);
    }

    #[test]
    fn each_limit_is_found_and_what_is_just_within_passes() {
        let prague = rules(true, true);
        assert_eq!(check(131_072, &[], 21_000, ALONE, prague), Ok(()));
        assert_eq!(check(131_073, &[], 21_000, ALONE, prague), Err(Unsendable::Bytes { got: 131_073 }));
        assert_eq!(check(200, &[1; 10], 21_399, ALONE, prague), Err(Unsendable::Data { needed: 21_400, gas: 21_399 }));
        assert_eq!(check(200, &[1; 10], 21_400, ALONE, prague), Ok(()));
        assert_eq!(check(200, &[], 30_999, PAID, prague), Err(Unsendable::Data { needed: 31_000, gas: 30_999 }));
        assert_eq!(check(200, &[], 500_000_001, ALONE, prague), Err(Unsendable::Gas { gas: 500_000_001 }));
    }
}
