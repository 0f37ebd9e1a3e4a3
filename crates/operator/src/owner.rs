//! What the owner of a bridge does to it: register and deregister operators, set the threshold. The owner's key is given to the
//! one command that needs it, and is no key of an operator's configuration.

use crate::config::{ChainConfig, Config, KeyConfig};
use crate::keys::{self, ChainKeys, KeyError, Signer};
use crate::link::{Call, Link, Outcome};
use crate::tx::{Action, Draft};
use serde_json::{json, Value};
use spanlight::trust::BridgeEnd;
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Cancel, RpcError, Transport};
use std::sync::Arc;
use std::time::Duration;

/// registerOperator(address)
const REGISTER: [u8; 4] = [0x36, 0x82, 0xa4, 0x50];
/// deregisterOperator(address)
const DEREGISTER: [u8; 4] = [0xd8, 0xcf, 0x98, 0xca];
/// setOperatorThreshold(uint8,uint8)
const SET_THRESHOLD: [u8; 4] = [0xee, 0x2a, 0xec, 0x65];
/// Votes on transfers, not on the bridge's configuration.
const TRANSFER_VOTE: u8 = 0;
/// Gas for any of these; what is not used is not paid.
const GAS: u64 = 1_000_000;
/// Waits for a receipt so often, half a second each.
const LOOKS: u32 = 120;

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new operator.
    Register(Address),
    /// One operator less.
    Deregister(Address),
    /// So many equal votes execute a transfer.
    Threshold(u8),
}

impl Change {
    fn input(self) -> Vec<u8> {
        let number = |value: u8| U256::from(value).to_be_bytes::<32>();
        match self {
            Self::Register(operator) => [REGISTER.as_slice(), &operator.to_word().0].concat(),
            Self::Deregister(operator) => [DEREGISTER.as_slice(), &operator.to_word().0].concat(),
            Self::Threshold(votes) => [SET_THRESHOLD.as_slice(), &number(TRANSFER_VOTE), &number(votes)].concat(),
        }
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The configuration has no such chain.
    #[error("the configuration has no chain `{0}`")]
    Chain(String),
    /// The owner's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The endpoints.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The bridge would refuse it.
    #[error("the bridge refuses: {0}")]
    Refused(String),
    /// The transaction failed, or is in no block after a minute.
    #[error("transaction {0} did not succeed: {1}")]
    Failed(Hash, &'static str),
}

/// Sends the change and waits for its receipt. Endpoints are believed here: what the bridge then is, the operator proves.
///
/// # Errors
/// Where the bridge refuses it or the transaction fails.
pub async fn change(config: &Config, chain: &str, key: &KeyConfig, change: Change) -> Result<Hash, OwnerError> {
    let unknown = || OwnerError::Chain(chain.to_owned());
    let ends = config.trust.bridge.iter().flat_map(|pair| &pair.ends);
    let end: &BridgeEnd = ends.clone().find(|end| end.chain == chain).ok_or_else(unknown)?;
    let settings: &ChainConfig = config.chains.get(chain).ok_or_else(unknown)?;
    let chain_id = config.trust.chain(chain).map_err(|_| unknown())?.profile.chain_id;
    let timeout = Duration::from_secs(settings.timeout_s);
    let link = Link::open(&settings.endpoints, timeout, &Cancel::default()).ok_or_else(unknown)?;
    let signer: Arc<dyn Signer> = Arc::from(keys::open(key).await?);
    let input = change.input();
    let call = Call { from: signer.address(), to: end.address, value: U256::ZERO, input: &input, gas: GAS };
    match link.simulate(&call).await {
        Outcome::Works => {}
        Outcome::Reverts(reason) => return Err(OwnerError::Refused(reason)),
        Outcome::Unknown(reason) => return Err(RpcError::Transport { reason }.into()),
    }
    let count = json!([signer.address().to_string(), "latest"]);
    let account_nonce = number(&link.endpoints.call("kaia_getTransactionCount", count).await?)
        .ok_or(RpcError::Answer { method: "kaia_getTransactionCount", field: "number" })?;
    let draft = Draft {
        chain_id,
        account_nonce,
        gas_price: link.gas_price().await?,
        gas: GAS,
        action: Action::Call { to: end.address, input },
    };
    let signed = draft.sign(&ChainKeys::alone(Arc::clone(&signer)))?;
    link.send(&signed.raw).await?;
    for _ in 0..LOOKS {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let receipt = link.endpoints.call("kaia_getTransactionReceipt", json!([signed.hash.to_string()])).await?;
        match receipt.get("status").and_then(Value::as_str) {
            Some("0x1") => return Ok(signed.hash),
            Some(_) => return Err(OwnerError::Failed(signed.hash, "it reverted")),
            None => {}
        }
    }
    Err(OwnerError::Failed(signed.hash, "it is in no block after a minute"))
}

fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}
