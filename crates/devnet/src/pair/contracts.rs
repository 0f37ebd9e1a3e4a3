//! Creation code of the bridges and tokens, old and new.

use crate::error::DevnetError;
use spanlight::bridge::Generation;
use spanlight::primitives::{decode_hex, Hash};

/// Which bridge is deployed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BridgeKind {
    /// The deployed one of 2024 and later, generation C, with the tokens of the recordings.
    C,
    /// The bridge of `contracts/`, version 2, with its tokens.
    #[default]
    V2,
}

/// Creation code without constructor arguments.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) kind: BridgeKind,
    pub(super) bridge: Vec<u8>,
    pub(super) erc20: Vec<u8>,
    pub(super) erc721: Vec<u8>,
}

const BRIDGE_C: &str = include_str!("../../artifacts/bridge_c.hex");
const ERC20_C: &str = include_str!("../../artifacts/erc20.hex");
const ERC721_C: &str = include_str!("../../artifacts/erc721.hex");
const BRIDGE_2: &str = include_str!("../../../../contracts/artifacts/Bridge.json");
const ERC20_2: &str = include_str!("../../../../contracts/artifacts/ServiceChainToken.json");
const ERC721_2: &str = include_str!("../../../../contracts/artifacts/ServiceChainNFT.json");

impl BridgeKind {
    pub(super) fn code(self) -> Result<Code, DevnetError> {
        let read = match self {
            Self::C => hex,
            Self::V2 => artifact,
        };
        let [bridge, erc20, erc721] = match self {
            Self::C => [BRIDGE_C, ERC20_C, ERC721_C],
            Self::V2 => [BRIDGE_2, ERC20_2, ERC721_2],
        };
        let code = |text| read(text).ok_or_else(|| DevnetError::Config("shipped creation code is damaged".into()));
        Ok(Code { kind: self, bridge: code(bridge)?, erc20: code(erc20)?, erc721: code(erc721)? })
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    decode_hex(text.trim()).ok()
}

fn artifact(text: &str) -> Option<Vec<u8>> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let code = json.get("bytecode")?;
    hex(code.as_str().or_else(|| code.get("object")?.as_str())?)
}

/// The generation of a bridge by its code: a reference build's, or that of the shipped artifact.
pub(super) fn generation(code_hash: &Hash) -> Option<Generation> {
    let artifact: serde_json::Value = serde_json::from_str(BRIDGE_2).ok()?;
    let shipped: Option<Hash> = artifact.get("codeHash").and_then(|hash| hash.as_str()?.parse().ok());
    let of_artifact = || (shipped.as_ref() == Some(code_hash)).then_some(Generation::V2);
    Generation::of_code_hash(code_hash).or_else(of_artifact)
}
