//! Deploys and connects: the same transactions in every run, so that the addresses are known beforehand.

use super::accounts::{OperatorKeys, DEPLOYER, USERS};
use super::contracts::{BridgeKind, Code};
use super::{End, PairConfig, COIN};
use crate::abi::{self, Arg};
use crate::chain::Chain;
use crate::error::DevnetError;
use crate::wallet::{self, Sending};
use spanlight::primitives::{Address, U256};
use spanlight_forge::keys;

/// Tokens that the first user holds on the main chain: ids from one.
const FIRST_TOKENS: u64 = 8;

/// Where the contracts of a chain will be.
pub(super) fn addresses() -> End {
    let deployer = keys::address(DEPLOYER);
    End {
        bridge: wallet::created(&deployer, 0),
        erc20: wallet::created(&deployer, 1),
        erc721: wallet::created(&deployer, 2),
    }
}

/// Sets both chains up.
pub(super) fn run(
    config: &PairConfig,
    main: &mut Chain,
    service: &mut Chain,
    (main_end, service_end): &(End, End),
    operators: &[OperatorKeys],
) -> Result<(), DevnetError> {
    let code = config.bridge.code()?;
    let on_main: Vec<Address> = operators.iter().map(|keys| keys::address(keys.main)).collect();
    let on_service: Vec<Address> = operators.iter().map(|keys| keys::address(keys.service)).collect();
    let main_id = main.config().chain_id;
    let service_id = service.config().chain_id;
    deploy(main, &code, main_end, false)?;
    deploy(service, &code, service_end, true)?;
    connect(main, config, main_end, (service_end, service_id), &on_main)?;
    connect(service, config, service_end, (main_end, main_id), &on_service)?;
    let minter = |token| (token, abi::call("addMinter(address)", &[service_end.bridge.into()]));
    send_all(service, "minter", &[minter(service_end.erc20), minter(service_end.erc721)])?;
    hand_out(main, main_end)?;
    if config.owner_delay > 0 && config.bridge == BridgeKind::V2 {
        for (chain, end) in [(main, main_end), (service, service_end)] {
            let delay = abi::call("setOwnerDelay(uint64)", &[config.owner_delay.into()]);
            send_all(chain, "owner's delay", &[(end.bridge, delay)])?;
        }
    }
    Ok(())
}

fn deploy(chain: &mut Chain, code: &Code, end: &End, mint_burn: bool) -> Result<(), DevnetError> {
    let mut bridge_arguments = vec![Arg::from(mint_burn)];
    if code.kind == BridgeKind::V2 {
        bridge_arguments.push(chain.config().account_keys.into());
    }
    let created = [
        (end.bridge, &code.bridge, bridge_arguments),
        (end.erc20, &code.erc20, vec![end.bridge.into()]),
        (end.erc721, &code.erc721, vec![end.bridge.into()]),
    ];
    for (address, code, arguments) in created {
        let input = [code.as_slice(), &abi::encode(&arguments)].concat();
        send(chain, "deployment", &Sending { input, ..Sending::default() })?;
        if chain.state().account(&address)?.is_none_or(|account| !crate::state::has_code(&account)) {
            return Err(DevnetError::SetUp { what: "deployment", reason: format!("nothing at {address}") });
        }
    }
    Ok(())
}

fn connect(
    chain: &mut Chain,
    config: &PairConfig,
    end: &End,
    (other, other_id): (&End, u64),
    operators: &[Address],
) -> Result<(), DevnetError> {
    const VOTE_TYPES: [u64; 2] = [0, 1];
    let own = |input| (end.bridge, input);
    let mut calls: Vec<(Address, Vec<u8>)> =
        operators.iter().map(|operator| own(abi::call("registerOperator(address)", &[(*operator).into()]))).collect();
    // The deployer became an operator by deploying. It leaves before the thresholds are set, which count who is left.
    calls.push(own(abi::call("deregisterOperator(address)", &[keys::address(DEPLOYER).into()])));
    for vote_type in VOTE_TYPES {
        let threshold = [vote_type.into(), config.threshold.into()];
        calls.push(own(abi::call("setOperatorThreshold(uint8,uint8)", &threshold)));
    }
    for (token, counterpart) in [(end.erc20, other.erc20), (end.erc721, other.erc721)] {
        calls.push(own(abi::call("registerToken(address,address)", &[token.into(), counterpart.into()])));
    }
    if config.bridge == BridgeKind::V2 {
        calls.push(own(abi::call("bindSource(uint256,address)", &[other_id.into(), other.bridge.into()])));
    }
    send_all(chain, "connection", &calls)?;
    let charge = Sending {
        to: Some(end.bridge),
        value: config.liquidity,
        input: abi::call("chargeWithoutEvent()", &[]),
        gas: None,
    };
    send(chain, "liquidity", &charge)
}

/// The first users get tokens on the main chain; on the service chain tokens come by the bridge alone.
fn hand_out(chain: &mut Chain, end: &End) -> Result<(), DevnetError> {
    let thousand = COIN.saturating_mul(U256::from(1_000u64));
    let mut calls: Vec<(Address, Vec<u8>)> = USERS
        .iter()
        .map(|user| {
            let arguments = [keys::address(*user).into(), thousand.into()];
            (end.erc20, abi::call("transfer(address,uint256)", &arguments))
        })
        .collect();
    let owner = keys::address(*USERS.first().unwrap_or(&DEPLOYER));
    for id in 1..=FIRST_TOKENS {
        let uri = format!("https://tokens.example/{id}");
        let arguments = [owner.into(), id.into(), uri.as_bytes().into()];
        calls.push((end.erc721, abi::call("mintWithTokenURI(address,uint256,string)", &arguments)));
    }
    send_all(chain, "tokens", &calls)
}

/// All of them in one block.
fn send_all(chain: &mut Chain, what: &'static str, calls: &[(Address, Vec<u8>)]) -> Result<(), DevnetError> {
    let sendings: Vec<Sending> = calls.iter().map(|(to, input)| Sending::call(*to, input.clone())).collect();
    in_one_block(chain, what, &sendings)
}

fn send(chain: &mut Chain, what: &'static str, sending: &Sending) -> Result<(), DevnetError> {
    in_one_block(chain, what, std::slice::from_ref(sending))
}

fn in_one_block(chain: &mut Chain, what: &'static str, sendings: &[Sending]) -> Result<(), DevnetError> {
    let failed = |reason: String| DevnetError::SetUp { what, reason };
    for sending in sendings {
        let raw = wallet::sign(chain, DEPLOYER, sending);
        chain.send(&raw).map_err(|e| failed(e.to_string()))?;
    }
    // A chain that goes by the clock has its block 0 far enough in the past.
    let block = chain.mine_next_second()?;
    if block.items.len() != sendings.len() {
        return Err(failed(format!("{} of {} transactions", block.items.len(), sendings.len())));
    }
    match block.items.iter().position(|item| !item.executed.receipt.is_success()) {
        None => Ok(()),
        Some(index) => {
            let status = block.items.get(index).and_then(|item| item.executed.receipt.status_name());
            Err(failed(format!("transaction {index} failed: {}", status.unwrap_or("unknown"))))
        }
    }
}
