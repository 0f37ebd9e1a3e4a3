//! Asks an endpoint whether a transfer could be delivered, before anybody pays for a vote that reverts.
//!
//! A vote that does not decide goes through whatever its transfer would do. So the delivery itself is simulated too, as the
//! call that the bridge would make. What an endpoint says here is not proven: it can delay a vote, or cost the gas of one.

use crate::decide::Delivery;
use crate::link::{Call, Link, Need, Outcome};
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::trust::BridgeEnd;
use spanlight::{Address, U256};

/// mint(address,uint256)
const MINT: [u8; 4] = [0x40, 0xc1, 0x0f, 0x19];
/// transfer(address,uint256)
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
/// mintWithTokenURI(address,uint256,string)
const MINT_WITH_URI: [u8; 4] = [0x50, 0xbb, 0x4e, 0x7f];
/// transferFrom(address,address,uint256)
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];

/// What a failed delivery does to the vote that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deliveries {
    /// It reverts the vote.
    MustWork,
    /// The bridge keeps the value for its recipient.
    MayFail,
}

/// How much gas a vote may be given, and what it may have to do beside what is seen of it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gas {
    /// The most that it may be given.
    pub(crate) most: u64,
    /// Nonces that the bridge may pass over once this one is handled.
    pub(crate) overtaken: u64,
    /// The bridge wants a rest of gas for the delivery, whatever that takes.
    pub(crate) keeps_a_rest: bool,
    /// An earlier vote for the transfer reverted: estimates are not believed again.
    pub(crate) all: bool,
}

impl Gas {
    /// What a vote is given that was seen to need so much, and whose delivery needs so much. It may
    /// decide although it was seen before the others' votes: then it also keeps accounts, and
    /// passes over what is handled. What it does not use is not paid.
    fn of(self, vote: u64, delivery: u64, bytes: usize) -> u64 {
        const LEAST_VOTE: u64 = 100_000;
        const EXECUTION: u64 = 300_000;
        /// An event carries the data, which are copied and hashed.
        const BYTE: u64 = 20;
        const STEP: u64 = 16_000;
        const MOST_STEPS: u64 = 201;
        const REST: u64 = 1_200_000;
        if self.all {
            return self.most;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(BYTE);
        let steps = self.overtaken.min(MOST_STEPS).saturating_mul(STEP);
        let rest = if self.keeps_a_rest { REST } else { 0 };
        let parts = [vote.max(LEAST_VOTE), delivery, EXECUTION, bytes, steps, rest];
        let needed = parts.into_iter().fold(0u64, u64::saturating_add);
        needed.saturating_add(needed.wrapping_shr(2)).min(self.most)
    }
}

/// Whether the bridge refuses a vote because the transfer is handled: other operators' votes were
/// there a block earlier. That is no failure, and the next proven head shows it.
fn is_handled_meanwhile(reason: &str) -> bool {
    ["closed vote", "removed vote"].iter().any(|words| reason.contains(words))
}

fn failed(reason: String) -> Delivery {
    if is_handled_meanwhile(&reason) {
        Delivery::Meanwhile
    } else {
        Delivery::Fails { reason }
    }
}

/// What a call needs, with so much gas at most: the least is asked for, and where nobody tells,
/// whether the most is enough.
async fn need(link: &Link, call: &Call<'_>) -> Result<u64, Delivery> {
    match link.estimate(call).await {
        Need::Gas(gas) => Ok(gas),
        Need::Reverts(reason) => Err(failed(reason)),
        Need::Unknown => match link.simulate(call).await {
            Outcome::Works => Ok(call.gas),
            Outcome::Reverts(reason) => Err(failed(reason)),
            Outcome::Unknown(_) => Err(Delivery::Unknown),
        },
    }
}

/// Simulates a call of the bridge that votes, and gives the gas for it.
pub(crate) async fn simulate_call(link: &Link, bridge: &BridgeEnd, me: Address, input: &[u8], gas: Gas) -> Delivery {
    let call = Call { from: me, to: bridge.address, value: U256::ZERO, input, gas: gas.most };
    match need(link, &call).await {
        Ok(vote) => Delivery::Works { gas: gas.of(vote, 0, input.len()) },
        Err(delivery) => delivery,
    }
}

/// Simulates the vote, and the delivery that it may cause.
pub(crate) async fn simulate(
    link: &Link,
    bridge: &BridgeEnd,
    me: Address,
    call: &HandleCall,
    gas: Gas,
    deliveries: Deliveries,
) -> Delivery {
    let input = call.encode();
    let vote = Call { from: me, to: bridge.address, value: U256::ZERO, input: &input, gas: gas.most };
    if deliveries == Deliveries::MayFail {
        return simulate_call(link, bridge, me, &input, gas).await;
    }
    let (voted, delivered) = tokio::join!(need(link, &vote), deliver(link, bridge, call, gas.most));
    match (voted, delivered) {
        (Err(delivery), _) => delivery,
        (Ok(voted), Ok(delivered)) => Delivery::Works { gas: gas.of(voted, delivered, input.len()) },
        // It may have been delivered a moment ago, and then it fails the second time.
        (_, Err(Delivery::Fails { reason })) => match need(link, &vote).await {
            Err(Delivery::Meanwhile) => Delivery::Meanwhile,
            _ => Delivery::Fails { reason },
        },
        (_, Err(delivery)) => delivery,
    }
}

/// The call that the bridge makes once the votes are there.
async fn deliver(link: &Link, bridge: &BridgeEnd, call: &HandleCall, gas: u64) -> Result<u64, Delivery> {
    let (to, value) = (call.to.to_word().0, call.value.to_be_bytes::<32>());
    let input = match (call.token_type, bridge.mint_burn) {
        (TokenType::Coin, _) => Vec::new(),
        (TokenType::Erc20, true) => [MINT.as_slice(), &to, &value].concat(),
        (TokenType::Erc20, false) => [TRANSFER.as_slice(), &to, &value].concat(),
        (TokenType::Erc721, true) => {
            let uri = call.token_uri.as_deref().unwrap_or_default();
            let length = U256::from(uri.len()).to_be_bytes::<32>();
            let offset = U256::from(96u8).to_be_bytes::<32>();
            let mut input = [MINT_WITH_URI.as_slice(), &to, &value, &offset, &length, uri].concat();
            let whole = uri.len().next_multiple_of(32).saturating_sub(uri.len());
            input.extend(std::iter::repeat_n(0, whole));
            input
        }
        (TokenType::Erc721, false) => [TRANSFER_FROM.as_slice(), &bridge.address.to_word().0, &to, &value].concat(),
    };
    let (to, value) = match call.token_type {
        TokenType::Coin => (call.to, call.value),
        TokenType::Erc20 | TokenType::Erc721 => (call.token.unwrap_or(Address::ZERO), U256::ZERO),
    };
    need(link, &Call { from: bridge.address, to, value, input: &input, gas }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAS: Gas = Gas { most: 10_000_000, overtaken: 0, keeps_a_rest: false, all: false };

    #[test]
    fn gas_is_what_was_seen_with_what_may_come_and_never_more_than_the_most() {
        assert_eq!(GAS.of(170_000, 30_000, 0), 625_000);
        assert_eq!(GAS.of(0, 0, 0), 500_000, "one that says too little costs no vote");
        assert_eq!(Gas { keeps_a_rest: true, ..GAS }.of(170_000, 30_000, 0), 2_125_000);
        let overtaken = |overtaken| Gas { overtaken, ..GAS }.of(170_000, 30_000, 0);
        assert_eq!((overtaken(110), overtaken(201)), (2_825_000, 4_645_000));
        assert_eq!(overtaken(u64::MAX), overtaken(201), "the bridge passes over no more at a time");
        assert_eq!(GAS.of(u64::MAX, 1, 5), GAS.most);
        assert_eq!(Gas { all: true, ..GAS }.of(1, 1, 1), GAS.most);
    }

    #[test]
    fn what_others_handled_a_block_earlier_is_no_failure() {
        for words in ["execution reverted: closed vote", "evm: execution reverted: removed vote"] {
            assert_eq!(failed(words.to_owned()), Delivery::Meanwhile);
        }
        let reason = "execution reverted: ERC20: mint to the zero address".to_owned();
        assert_eq!(failed(reason.clone()), Delivery::Fails { reason });
    }
}
