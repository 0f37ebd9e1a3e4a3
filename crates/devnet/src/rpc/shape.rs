//! Blocks, transactions, receipts and logs as nodes write them: in full under `kaia`, by Ethereum's names under `eth`.
//! Source: chain.md 5.

use super::Space;
use crate::chain::{Block, Item};
use crate::execute::Signed;
use serde_json::{json, Map, Value};
use spanlight::bridge::Anchoring;
use spanlight::header::UntrustedHeader;
use spanlight::primitives::{encode_hex, Hash, U256};
use spanlight::profile::{Fork, ForkSchedule};
use spanlight::receipt::Log;
use spanlight::transaction::{FeeDelegation, Signature, TransactionKind};

pub(super) fn number(number: u64) -> Value {
    format!("{number:#x}").into()
}

pub(super) fn big(number: U256) -> Value {
    format!("{number:#x}").into()
}

pub(super) fn bytes(bytes: &[u8]) -> Value {
    encode_hex(bytes).into()
}

/// A header; `whole_block` follows the spelling of block methods, which differs from that of header methods.
pub(super) fn header(
    header: &UntrustedHeader,
    forks: &ForkSchedule,
    space: Space,
    whole_block: bool,
) -> Map<String, Value> {
    match space {
        Space::Kaia => kaia_header(header, forks, whole_block),
        Space::Eth => eth_header(header, forks),
    }
}

fn kaia_header(header: &UntrustedHeader, forks: &ForkSchedule, whole_block: bool) -> Map<String, Value> {
    let fields = header.fields();
    let mut out = object(json!({
        "parentHash": fields.parent_hash,
        "reward": fields.rewardbase,
        "stateRoot": fields.state_root,
        "transactionsRoot": fields.transactions_root,
        "receiptsRoot": fields.receipts_root,
        "logsBloom": encode_hex(fields.bloom.as_slice()),
        "blockScore": big(fields.block_score),
        "number": number(fields.number),
        "gasUsed": number(fields.gas_used),
        "timestamp": number(fields.time),
        "timestampFoS": number(fields.time_fos.into()),
        "extraData": encode_hex(&fields.extra.encode()),
        "governanceData": encode_hex(&fields.governance),
        "voteData": encode_hex(&fields.vote),
        "hash": header.hash(),
    }));
    let shows_fee = if whole_block { Fork::Magma } else { Fork::EthTxType };
    if forks.is_active(shows_fee, fields.number) {
        out.insert("baseFeePerGas".into(), big(fields.base_fee.unwrap_or_default()));
    }
    if let Some(reveal) = &fields.random_reveal {
        out.insert("randomReveal".into(), bytes(reveal.as_slice()));
        let mix = if whole_block { "mixHash" } else { "mixhash" };
        out.insert(mix.into(), json!(fields.mix_hash));
    }
    if let (Some(used), Some(excess)) = (fields.blob_gas_used, fields.excess_blob_gas) {
        out.insert("blobGasUsed".into(), number(used));
        out.insert("excessBlobGas".into(), number(excess));
    }
    out
}

fn eth_header(header: &UntrustedHeader, forks: &ForkSchedule) -> Map<String, Value> {
    const NO_UNCLES: &str = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
    let fields = header.fields();
    let proposer = spanlight::consensus::seals::proposer_of(header).unwrap_or(fields.rewardbase);
    let mut out = object(json!({
        "number": number(fields.number),
        "hash": header.hash(),
        "parentHash": fields.parent_hash,
        "nonce": "0x0000000000000000",
        "mixHash": fields.mix_hash.unwrap_or(Hash::ZERO),
        "sha3Uncles": NO_UNCLES,
        "logsBloom": encode_hex(fields.bloom.as_slice()),
        "transactionsRoot": fields.transactions_root,
        "stateRoot": fields.state_root,
        "receiptsRoot": fields.receipts_root,
        "miner": proposer,
        "difficulty": "0x1",
        "extraData": "0x",
        "gasLimit": number(super::BLOCK_GAS_LIMIT),
        "gasUsed": number(fields.gas_used),
        "timestamp": number(fields.time),
    }));
    if forks.is_active(Fork::EthTxType, fields.number) {
        out.insert("baseFeePerGas".into(), big(fields.base_fee.unwrap_or_default()));
    }
    if forks.is_active(Fork::Osaka, fields.number) {
        out.insert("blobGasUsed".into(), number(fields.blob_gas_used.unwrap_or(0)));
        out.insert("excessBlobGas".into(), number(fields.excess_blob_gas.unwrap_or(0)));
    }
    out
}

/// A block under the header that is served for it.
pub(super) fn block(shown: &UntrustedHeader, block: &Block, forks: &ForkSchedule, space: Space, full: bool) -> Value {
    let mut out = header(shown, forks, space, true);
    let one = |(index, item): (usize, &Item)| {
        if full {
            transaction(&item.signed, Some((block, index)), space)
        } else {
            json!(item.signed.hash)
        }
    };
    let transactions: Vec<Value> = block.items.iter().enumerate().map(one).collect();
    out.insert("transactions".into(), transactions.into());
    let sizes = block.items.iter().map(|item| item.signed.transaction.encode().len());
    let size = sizes.fold(shown.encode().len(), usize::saturating_add);
    out.insert("size".into(), format!("{size:#x}").into());
    if space == Space::Eth {
        out.insert("uncles".into(), json!([]));
        out.insert("totalDifficulty".into(), number(shown.number().saturating_add(1)));
    }
    out.into()
}

/// A transaction, with its place if it has one.
pub(super) fn transaction(signed: &Signed, place: Option<(&Block, usize)>, space: Space) -> Value {
    let mut out = match space {
        Space::Kaia => kaia_fields(signed),
        Space::Eth => eth_fields(signed),
    };
    let price = place.and_then(|(block, index)| block.items.get(index)).map(|item| item.executed.price);
    let has_cap = is_dynamic(signed.transaction.kind());
    let shown = if has_cap { price.unwrap_or(signed.transaction.gas_price()) } else { signed.transaction.gas_price() };
    out.insert("gasPrice".into(), big(shown));
    out.insert("hash".into(), json!(signed.hash));
    insert_place(&mut out, place);
    out.into()
}

fn insert_place(out: &mut Map<String, Value>, place: Option<(&Block, usize)>) {
    out.insert("blockHash".into(), place.map_or(Value::Null, |(block, _)| json!(block.header.hash())));
    out.insert("blockNumber".into(), place.map_or(Value::Null, |(block, _)| number(block.header.number())));
    out.insert("transactionIndex".into(), place.map_or(Value::Null, |(_, index)| format!("{index:#x}").into()));
}

const fn is_dynamic(kind: TransactionKind) -> bool {
    matches!(
        kind,
        TransactionKind::EthereumDynamicFee | TransactionKind::EthereumBlob | TransactionKind::EthereumSetCode
    )
}

const fn has_recipient(kind: TransactionKind) -> bool {
    !matches!(kind, TransactionKind::AccountUpdate | TransactionKind::Cancel | TransactionKind::ChainDataAnchoring)
}

const fn has_input(kind: TransactionKind) -> bool {
    !matches!(kind, TransactionKind::ValueTransfer | TransactionKind::AccountUpdate | TransactionKind::Cancel)
}

fn kaia_fields(signed: &Signed) -> Map<String, Value> {
    let transaction = &signed.transaction;
    let kind = transaction.kind();
    let mut out = object(json!({
        "from": signed.sender,
        "gas": number(transaction.gas()),
        "nonce": number(transaction.nonce()),
        "senderTxHash": signed.sender_tx_hash,
        "signatures": transaction.signatures().iter().map(signature).collect::<Vec<_>>(),
        "type": type_name(kind, transaction.delegation()),
        "typeInt": transaction.type_number(),
    }));
    if has_recipient(kind) {
        out.insert("to".into(), json!(transaction.to()));
        out.insert("value".into(), big(transaction.value()));
    }
    if has_input(kind) {
        out.insert("input".into(), bytes(transaction.input()));
    }
    match kind {
        TransactionKind::AccountUpdate => {
            out.insert("key".into(), bytes(transaction.account_key()));
        }
        TransactionKind::ChainDataAnchoring => {
            out.insert("inputJSON".into(), anchored(transaction.input()));
        }
        TransactionKind::SmartContractDeploy => {
            out.insert("humanReadable".into(), transaction.human_readable().into());
            out.insert("codeFormat".into(), number(transaction.code_format().into()));
        }
        _ => {}
    }
    if let Some(payer) = transaction.fee_payer() {
        out.insert("feePayer".into(), json!(payer));
        let signatures: Vec<Value> = transaction.fee_payer_signatures().iter().map(signature).collect();
        out.insert("feePayerSignatures".into(), signatures.into());
    }
    if transaction.delegation() == FeeDelegation::Ratio {
        out.insert("feeRatio".into(), number(transaction.fee_ratio().into()));
    }
    insert_ethereum_fields(&mut out, signed);
    out
}

/// An anchoring payload as nodes show it beside its bytes.
fn anchored(payload: &[u8]) -> Value {
    match Anchoring::decode(payload) {
        Ok(Anchoring::Block(block)) => json!({
            "blockHash": block.block_hash,
            "transactionsRoot": block.transactions_root,
            "parentHash": block.parent_hash,
            "receiptsRoot": block.receipts_root,
            "stateRoot": block.state_root,
            "blockNumber": block.number,
            "blockCount": block.block_count,
            "txCount": block.tx_count,
        }),
        Ok(Anchoring::Json(text)) => serde_json::from_slice(&text).unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// What Ethereum's types have beyond a legacy transaction; the same in both namespaces.
fn insert_ethereum_fields(out: &mut Map<String, Value>, signed: &Signed) {
    let transaction = &signed.transaction;
    if !transaction.kind().is_ethereum() {
        return;
    }
    out.insert("chainId".into(), number(transaction.chain_id().unwrap_or(0)));
    let entry =
        |entry: &spanlight::transaction::AccessEntry| json!({ "address": entry.address, "storageKeys": entry.slots });
    out.insert("accessList".into(), transaction.access_list().iter().map(entry).collect::<Vec<_>>().into());
    if is_dynamic(transaction.kind()) {
        out.insert("maxFeePerGas".into(), big(transaction.gas_price()));
        out.insert("maxPriorityFeePerGas".into(), big(transaction.tip()));
    }
    if transaction.kind() == TransactionKind::EthereumBlob {
        out.insert("maxFeePerBlobGas".into(), big(transaction.blob_fee_cap()));
        out.insert("blobVersionedHashes".into(), json!(transaction.blob_hashes()));
    }
    if transaction.kind() == TransactionKind::EthereumSetCode {
        let one = |consent: &spanlight::transaction::Authorization| {
            json!({
                "chainId": big(consent.chain_id),
                "address": consent.address,
                "nonce": number(consent.nonce),
                "yParity": number(consent.y_parity.into()),
                "r": big(consent.r),
                "s": big(consent.s),
            })
        };
        out.insert("authorizationList".into(), transaction.authorizations().iter().map(one).collect::<Vec<_>>().into());
    }
}

fn eth_fields(signed: &Signed) -> Map<String, Value> {
    let transaction = &signed.transaction;
    let first = transaction.signatures().first().copied().unwrap_or_default();
    let mut out = object(json!({
        "from": signed.sender,
        "gas": number(transaction.gas()),
        "nonce": number(transaction.nonce()),
        "to": transaction.to(),
        "value": big(transaction.value()),
        "input": encode_hex(transaction.input()),
        "type": number(eth_type(signed)),
        "v": number(first.v),
        "r": big(first.r),
        "s": big(first.s),
    }));
    if transaction.kind().is_ethereum() {
        out.insert("yParity".into(), number(first.v));
    } else if let Some(chain_id) = transaction.chain_id() {
        out.insert("chainId".into(), number(chain_id));
    }
    insert_ethereum_fields(&mut out, signed);
    out
}

/// Ethereum's number of the type; the chain's own types pass for legacy ones.
fn eth_type(signed: &Signed) -> u64 {
    let [high, low] = signed.transaction.type_number().to_be_bytes();
    if high == 0 {
        0
    } else {
        low.into()
    }
}

fn signature(signature: &Signature) -> Value {
    json!({ "V": number(signature.v), "R": big(signature.r), "S": big(signature.s) })
}

fn type_name(kind: TransactionKind, delegation: FeeDelegation) -> String {
    let base = match kind {
        TransactionKind::Legacy => "LegacyTransaction",
        TransactionKind::ValueTransfer => "ValueTransfer",
        TransactionKind::ValueTransferMemo => "ValueTransferMemo",
        TransactionKind::AccountUpdate => "AccountUpdate",
        TransactionKind::SmartContractDeploy => "SmartContractDeploy",
        TransactionKind::SmartContractExecution => "SmartContractExecution",
        TransactionKind::Cancel => "Cancel",
        TransactionKind::ChainDataAnchoring => "ChainDataAnchoring",
        TransactionKind::EthereumAccessList => "EthereumAccessList",
        TransactionKind::EthereumDynamicFee => "EthereumDynamicFee",
        TransactionKind::EthereumBlob => "EthereumBlob",
        TransactionKind::EthereumSetCode => "EthereumSetCode",
    };
    match delegation {
        FeeDelegation::None => format!("TxType{base}"),
        FeeDelegation::Full => format!("TxTypeFeeDelegated{base}"),
        FeeDelegation::Ratio => format!("TxTypeFeeDelegated{base}WithRatio"),
    }
}

/// The receipt of the transaction at `index`.
pub(super) fn receipt(block: &Block, index: usize, space: Space) -> Option<Value> {
    let item = block.items.get(index)?;
    let receipt = &item.executed.receipt;
    let mut out = match space {
        Space::Kaia => kaia_fields(&item.signed),
        Space::Eth => object(json!({
            "from": item.signed.sender,
            "to": item.signed.transaction.to(),
            "type": number(eth_type(&item.signed)),
            "cumulativeGasUsed": number(gas_up_to(block, index)),
        })),
    };
    if space == Space::Kaia {
        out.insert("gasPrice".into(), big(item.signed.transaction.gas_price()));
    }
    insert_place(&mut out, Some((block, index)));
    out.insert("transactionHash".into(), json!(item.signed.hash));
    out.insert("contractAddress".into(), json!(item.executed.created));
    out.insert("effectiveGasPrice".into(), big(item.executed.price));
    out.insert("gasUsed".into(), number(receipt.gas_used));
    out.insert("logsBloom".into(), bytes(receipt.bloom.as_slice()));
    out.insert("status".into(), number(u64::from(receipt.is_success())));
    if space == Space::Kaia && !receipt.is_success() {
        out.insert("txError".into(), number(receipt.status));
    }
    let logs: Vec<Value> = logs_of(block)
        .filter(|(at, ..)| *at == index)
        .map(|(at, position, found)| log(block, at, position, found))
        .collect();
    out.insert("logs".into(), logs.into());
    Some(out.into())
}

fn gas_up_to(block: &Block, index: usize) -> u64 {
    block
        .items
        .iter()
        .take(index.saturating_add(1))
        .fold(0, |sum, item| sum.saturating_add(item.executed.receipt.gas_used))
}

/// Every log of a block: its transaction's index, its place in the block, and the log.
pub(super) fn logs_of(block: &Block) -> impl Iterator<Item = (usize, u64, &Log)> {
    let all = block
        .items
        .iter()
        .enumerate()
        .flat_map(|(index, item)| item.executed.receipt.logs.iter().map(move |log| (index, log)));
    (0u64..).zip(all).map(|(position, (index, log))| (index, position, log))
}

/// A log with its place.
pub(super) fn log(block: &Block, index: usize, position: u64, log: &Log) -> Value {
    json!({
        "address": log.address,
        "topics": log.topics,
        "data": encode_hex(&log.data),
        "blockNumber": number(block.header.number()),
        "transactionHash": block.items.get(index).map(|item| item.signed.hash),
        "transactionIndex": format!("{index:#x}"),
        "blockHash": block.header.hash(),
        "logIndex": number(position),
        "removed": false,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::transaction::Transaction;

    #[test]
    fn every_encoding_is_rebuilt_by_the_core_from_its_json() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/chain_vectors.json");
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let list = vectors["txs"]["list"].as_object().unwrap();
        let mut seen = 0;
        for (name, vector) in list {
            let raw = spanlight::primitives::decode_hex(vector["raw"].as_str().unwrap()).unwrap();
            let decoded = Transaction::decode(&raw).unwrap();
            let signed = Signed::new(decoded.clone(), 8217).unwrap();
            let json = transaction(&signed, None, Space::Kaia);
            assert_eq!(Transaction::from_rpc_json(&json).unwrap(), decoded, "{name}");
            seen += 1;
        }
        assert_eq!(seen, 26);
    }
}
