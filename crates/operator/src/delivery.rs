//! Asks an endpoint whether a transfer could be delivered, before anybody pays for a vote that reverts.
//!
//! A vote that does not decide goes through whatever its transfer would do. So the delivery itself is simulated too, as the
//! call that the bridge would make. What an endpoint says here is not proven: it can delay a vote, or cost the gas of one.

use crate::decide::Delivery;
use crate::link::{Estimate, Link};
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

/// Beyond both estimates: the vote that decides writes more than the one simulated.
const MARGIN: u64 = 150_000;
/// Gas that every vote is given, if the configuration allows so much: what is not used is not paid, and an endpoint that names
/// too little cannot make a vote fail. The bridge of version 2 wants a million left for the delivery.
const FLOOR: u64 = 2_000_000;

/// Simulates the vote, and the delivery that it may cause.
pub(crate) async fn simulate(link: &Link, bridge: &BridgeEnd, me: Address, call: &HandleCall, most: u64) -> Delivery {
    let vote = match link.estimate(me, bridge.address, U256::ZERO, &call.encode()).await {
        Estimate::Gas(gas) => gas,
        Estimate::Reverts(reason) => return Delivery::Fails { reason },
        Estimate::Unknown(_) => return Delivery::Unknown,
    };
    let delivery = match deliver(link, bridge, call).await {
        Estimate::Gas(gas) => gas,
        Estimate::Reverts(reason) => return Delivery::Fails { reason },
        Estimate::Unknown(_) => return Delivery::Unknown,
    };
    let gas = vote.saturating_add(delivery).saturating_add(MARGIN);
    if gas > most {
        return Delivery::Fails { reason: format!("it takes {gas} gas, more than max_gas allows") };
    }
    Delivery::Works { gas: gas.max(FLOOR.min(most)) }
}

/// The call that the bridge makes once the votes are there.
async fn deliver(link: &Link, bridge: &BridgeEnd, call: &HandleCall) -> Estimate {
    let token = call.token.unwrap_or(Address::ZERO);
    let (to, value) = (call.to.to_word().0, call.value.to_be_bytes::<32>());
    let input = match (call.token_type, bridge.mint_burn) {
        (TokenType::Coin, _) => return link.estimate(bridge.address, call.to, call.value, &[]).await,
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
    link.estimate(bridge.address, token, U256::ZERO, &input).await
}
