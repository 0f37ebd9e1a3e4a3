//! What the followed destination says of the next block: its price of gas, its rules, and what the
//! account that pays holds.
//!
//! All of it is verified, so no endpoint is asked for a price.

use super::SendError;
use crate::alarm::Alarm;
use crate::keys::{ChainKeys, Signatory};
use crate::tx::{Form, Rules};
use crate::view::AccountView;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::{Address, U256};

/// What the verified head says of the price of gas in the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pricing {
    /// One price for everybody: no other is taken, so nothing is sent again at a higher one.
    Fixed(U256),
    /// The base fee: nothing below it is taken.
    BaseFee(U256),
}

/// What is offered for a unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// All that is paid, or the most where there is a tip.
    pub(crate) price: U256,
    /// Above the base fee, for transactions of the dynamic-fee type.
    pub(crate) tip: Option<U256>,
}

/// The next block, as far as it matters to a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) pricing: Pricing,
    pub(crate) rules: Rules,
    /// The account that pays: the operator's, or its fee payer's.
    pub(crate) payer: Address,
    /// What it holds.
    pub(crate) balance: U256,
    /// In whose form the operator's account can send calls.
    pub(crate) form: Form,
    /// An account whose key on the chain is another one than those that sign for it here.
    pub(crate) replaced: Option<Address>,
}

impl Conditions {
    /// Takes up the accounts' proven keys. Of an account that does not exist yet nothing is said:
    /// what it lacks first is coin, or somebody who sends it some.
    pub(crate) fn see_keys(&mut self, keys: &ChainKeys, operator: &AccountView, payer: Option<&AccountView>) {
        let is_plain = operator.key == AccountKey::Legacy && keys.operator.is_own() && keys.fee_payer.is_none();
        self.form = if is_plain { Form::Ethereum } else { Form::Kaia };
        let fits = |signatory: &Signatory, view: &AccountView, role| !view.exists || signatory.fits(&view.key, role);
        let payer = keys.fee_payer.as_ref().zip(payer);
        self.replaced = match payer {
            _ if !fits(&keys.operator, operator, KeyRole::Transaction) => Some(keys.operator.account()),
            Some((payer, view)) if !fits(payer, view, KeyRole::FeePayer) => Some(payer.account()),
            _ => None,
        };
    }

    /// What nodes refuse of an account whose key is another one.
    pub(crate) fn keys_fit(&self) -> Result<(), Alarm> {
        const WHY: &str = "its key on the chain is another one than the configured keys: nothing is sent; configure the keys that it has now";
        self.replaced.map_or(Ok(()), |account| Err(Alarm::AccountKey { account, why: WHY }))
    }

    /// The least that the next block takes.
    pub(crate) const fn least(&self) -> U256 {
        match self.pricing {
            Pricing::Fixed(price) | Pricing::BaseFee(price) => price,
        }
    }

    /// Whether the next block can take a transaction at this price.
    pub(crate) fn takes(&self, price: U256) -> bool {
        match self.pricing {
            Pricing::Fixed(fixed) => price == fixed,
            Pricing::BaseFee(least) => price >= least,
        }
    }

    /// What to offer, up to `cap`. The base fee rises by a twentieth with each full block: what is
    /// paid whatever is named may be twice as much, and what is paid whole has room for four full
    /// blocks.
    pub(crate) fn offer(&self, dynamic: bool, cap: U256) -> Result<Offer, SendError> {
        let least = self.least();
        if least > cap {
            return Err(SendError::Waits(Alarm::GasPrice { asked: least.to_string() }));
        }
        let price = match self.pricing {
            Pricing::Fixed(price) => price,
            Pricing::BaseFee(fee) if dynamic || !self.rules.whole_price => fee.saturating_mul(U256::from(2u8)).min(cap),
            Pricing::BaseFee(fee) => fee.saturating_add(fee.wrapping_shr(2)).min(cap),
        };
        Ok(Offer { price, tip: dynamic.then_some(U256::ZERO) })
    }

    /// A higher offer for what no block takes though its price is enough: others pay more. None at
    /// the cap, or where one price holds for everybody.
    pub(crate) fn raise(&self, old: Offer, cap: U256) -> Option<Offer> {
        let Pricing::BaseFee(fee) = self.pricing else { return None };
        let more = old.price.saturating_add(old.price.wrapping_shr(3)).saturating_add(U256::ONE);
        let price = more.max(fee).min(cap);
        if price <= old.price {
            return None;
        }
        let room = price.saturating_sub(fee);
        let tenth = fee.checked_div(U256::from(10u8)).unwrap_or_default();
        let tip = old.tip.map(|tip| tip.saturating_mul(U256::from(2u8)).max(tenth).min(room));
        Some(Offer { price, tip })
    }

    /// Whether the account that pays holds as much as nodes want to see: all the gas at the price
    /// named.
    pub(crate) fn pays(&self, gas: u64, price: U256) -> Result<(), SendError> {
        let needed = U256::from(gas).saturating_mul(price);
        if self.balance >= needed {
            return Ok(());
        }
        let (needed, held) = (needed.to_string(), self.balance.to_string());
        Err(SendError::Waits(Alarm::NoCoin { account: self.payer, needed, held }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::profile::ForkSchedule;

    fn ston(amount: u64) -> U256 {
        U256::from(amount.saturating_mul(1_000_000_000))
    }

    fn magma() -> ForkSchedule {
        let from = Some(0);
        ForkSchedule { istanbul: from, london: from, eth_tx_type: from, magma: from, ..ForkSchedule::default() }
    }

    fn conditions(pricing: Pricing, forks: &ForkSchedule) -> Conditions {
        let balance = U256::from(1_000u64);
        Conditions {
            pricing,
            rules: Rules::at(forks, 5),
            payer: Address([1; 20]),
            balance,
            form: Form::Ethereum,
            replaced: None,
        }
    }

    #[test]
    fn between_half_the_cap_and_the_cap_the_price_is_offered_and_above_it_nothing() {
        let kaia = ForkSchedule { kaia: Some(0), ..magma() };
        for (fee, dynamic, expected) in [
            (25, true, Some(50)),
            (400, true, Some(750)),
            (750, true, Some(750)),
            (751, true, None),
            (400, false, Some(500)),
            (700, false, Some(750)),
            (751, false, None),
        ] {
            let offer = conditions(Pricing::BaseFee(ston(fee)), &kaia).offer(dynamic, ston(750));
            assert_eq!(offer.ok().map(|offer| offer.price), expected.map(ston), "{fee} {dynamic}");
        }
    }

    #[test]
    fn what_is_paid_whole_is_named_with_less_room_than_what_is_not() {
        let [before, after] = [magma(), ForkSchedule { kaia: Some(0), ..magma() }];
        let offer = |forks, dynamic| conditions(Pricing::BaseFee(ston(100)), forks).offer(dynamic, ston(750)).unwrap();
        assert_eq!(offer(&before, false), Offer { price: ston(200), tip: None });
        assert_eq!(offer(&after, false), Offer { price: ston(125), tip: None });
        assert_eq!(offer(&after, true), Offer { price: ston(200), tip: Some(U256::ZERO) });
        let fixed = conditions(Pricing::Fixed(ston(25)), &before);
        assert_eq!(fixed.offer(false, ston(750)).unwrap(), Offer { price: ston(25), tip: None });
        assert!(fixed.offer(false, ston(24)).is_err());
        let free = conditions(Pricing::BaseFee(U256::ZERO), &after).offer(true, ston(750)).unwrap();
        assert_eq!(free, Offer { price: U256::ZERO, tip: Some(U256::ZERO) });
    }

    #[test]
    fn a_price_is_raised_up_to_the_cap_and_no_further() {
        let conditions = |pricing| conditions(pricing, &ForkSchedule { kaia: Some(0), ..magma() });
        let dynamic = conditions(Pricing::BaseFee(ston(100)));
        let mut offer = dynamic.offer(true, ston(750)).unwrap();
        let mut rounds = 0;
        while let Some(raised) = dynamic.raise(offer, ston(750)) {
            assert!(raised.price > offer.price && raised.tip > offer.tip, "{raised:?}");
            assert!(raised.tip <= Some(raised.price.saturating_sub(ston(100))));
            (offer, rounds) = (raised, rounds + 1);
        }
        assert_eq!((offer.price, rounds), (ston(750), 12));
        assert_eq!(conditions(Pricing::Fixed(ston(25))).raise(Offer { price: ston(25), tip: None }, ston(750)), None);
    }

    #[test]
    fn an_account_must_hold_all_that_the_gas_may_cost() {
        let conditions = conditions(Pricing::Fixed(U256::ONE), &magma());
        assert!(conditions.pays(1_000, U256::ONE).is_ok());
        let refused = conditions.pays(1_001, U256::ONE).unwrap_err();
        assert!(matches!(refused, SendError::Waits(Alarm::NoCoin { .. })), "{refused:?}");
    }
}
