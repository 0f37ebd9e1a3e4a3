//! Asks an endpoint whether a transfer could be delivered, before anybody pays for a vote that reverts.
//!
//! A vote that does not decide goes through whatever its transfer would do. So the delivery itself is simulated too, as the
//! call that the bridge would make. What an endpoint says here is not proven: it can delay a vote, or cost the gas of one.

use crate::decide::Delivery;
use crate::link::{Call, Link, Outcome};
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

/// Simulates the vote with the gas that it will be given, and the delivery that it may cause.
pub(crate) async fn simulate(
    link: &Link,
    bridge: &BridgeEnd,
    me: Address,
    call: &HandleCall,
    gas: u64,
    deliveries: Deliveries,
) -> Delivery {
    let input = call.encode();
    let vote = Call { from: me, to: bridge.address, value: U256::ZERO, input: &input, gas };
    let outcome = match deliveries {
        Deliveries::MayFail => link.simulate(&vote).await,
        Deliveries::MustWork => match tokio::join!(link.simulate(&vote), deliver(link, bridge, call, gas)) {
            (Outcome::Works, delivered) => delivered,
            (other, _) => other,
        },
    };
    match outcome {
        Outcome::Works => Delivery::Works { gas },
        Outcome::Reverts(reason) => Delivery::Fails { reason },
        Outcome::Unknown(_) => Delivery::Unknown,
    }
}

/// The call that the bridge makes once the votes are there.
async fn deliver(link: &Link, bridge: &BridgeEnd, call: &HandleCall, gas: u64) -> Outcome {
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
    link.simulate(&Call { from: bridge.address, to, value, input: &input, gas }).await
}
