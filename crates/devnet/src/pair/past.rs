//! What lies behind a pair that begins old: transfers that are done, and a block for every second
//! since.
//!
//! A test of a long chain need not wait for it: these blocks are made at once, each dated one
//! second after its parent, up to the machine's clock. From there on the chains go on as they are
//! set up to.

use super::accounts::{OperatorKeys, USERS};
use super::{End, PairConfig, COIN};
use crate::abi;
use crate::chain::{Block, Chain};
use crate::error::DevnetError;
use crate::wallet::{self, Sending};
use spanlight::bridge::{expected_call, RequestEvent};
use spanlight::primitives::Address;
use spanlight_forge::keys;

/// Makes the configured transfers from main to service, and then the blocks that are missing up to
/// now.
pub(super) fn run(
    config: &PairConfig,
    main: &mut Chain,
    service: &mut Chain,
    ends: (&End, &End),
    operators: &[OperatorKeys],
) -> Result<(), DevnetError> {
    for _ in 0..config.transfers {
        transfer(config, main, service, ends, operators)?;
    }
    if config.age > 0 {
        main.catch_up()?;
        service.catch_up()?;
    }
    Ok(())
}

/// One coin, asked for by the first user and executed by as many operators as decide.
fn transfer(
    config: &PairConfig,
    main: &mut Chain,
    service: &mut Chain,
    (main_end, service_end): (&End, &End),
    operators: &[OperatorKeys],
) -> Result<(), DevnetError> {
    let failed = |reason: &str| DevnetError::SetUp { what: "transfer", reason: reason.into() };
    let [user, recipient, ..] = USERS;
    let recipient = keys::address(recipient);
    send(main, user, &request_of_coin(main_end, recipient))?;
    let block = main.mine_next_second()?;
    let (event, hash) = request_in(&block, &main_end.bridge).ok_or_else(|| failed("the request is in no block"))?;
    let call = expected_call(&event, hash, block.header.number(), Address::ZERO).encode();
    let deciding = usize::try_from(config.threshold).unwrap_or(usize::MAX);
    for keys in operators.iter().take(deciding) {
        send(service, keys.service, &Sending::call(service_end.bridge, call.clone()))?;
    }
    let votes = service.mine_next_second()?;
    if votes.items.is_empty() || votes.items.iter().any(|item| !item.executed.receipt.is_success()) {
        return Err(failed("a vote is in no block, or failed"));
    }
    Ok(())
}

fn request_of_coin(end: &End, recipient: Address) -> Sending {
    let none: &[u8] = &[];
    let arguments = [recipient.into(), COIN.into(), none.into()];
    let input = abi::call("requestKLAYTransfer(address,uint256,bytes)", &arguments);
    Sending { to: Some(end.bridge), value: COIN, input, gas: None }
}

fn request_in(block: &Block, bridge: &Address) -> Option<(RequestEvent, spanlight::Hash)> {
    block.items.iter().find_map(|item| {
        let mut logs = item.executed.receipt.logs.iter().filter(|log| log.address == *bridge);
        logs.find_map(|log| RequestEvent::decode(log).ok()).map(|event| (event, item.signed.hash))
    })
}

fn send(chain: &mut Chain, key: u64, sending: &Sending) -> Result<(), DevnetError> {
    let raw = wallet::sign(chain, key, sending);
    let sent = chain.send(&raw).map_err(|e| DevnetError::SetUp { what: "transfer", reason: e.to_string() })?;
    tracing::debug!(hash = %sent, "sent");
    Ok(())
}
