//! The binary form: four magic bytes, a version byte, then one RLP list.
//!
//! RLP has exactly one encoding of each value and [`Reader`] refuses every other, so two different files never hold the
//! same bundle. Lists that are sets are strictly ascending, for the same reason. Nothing is allocated that the input's
//! own length does not pay for.

use super::{
    BlockProof, BundleError, ChainProof, Claim, HeaderEntry, ItemRef, LogRef, ProofBundle, SealHint, StateEvidence,
    TransferProof, MAX_BYTES, MAX_NAME, MAX_TRANSFERS,
};
use crate::commitment::{BlockItems, SimpleEntry};
use crate::consensus::light_client::FollowMode;
use crate::primitives::{keccak256, Hash};
use crate::rlp::{Reader, RlpStream};
use crate::state::StateProof;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// First bytes of the binary form.
pub const MAGIC: [u8; 4] = *b"SPLT";
/// The version that this build reads and writes.
pub const VERSION: u8 = 1;

type Result<T> = core::result::Result<T, BundleError>;

impl ProofBundle {
    /// The binary form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut stream = RlpStream::new_list(2);
        append_all(&mut stream, &self.chains, append_chain);
        append_claim(&mut stream, &self.claim);
        let mut out = MAGIC.to_vec();
        out.push(VERSION);
        out.extend_from_slice(&stream.out());
        out
    }

    /// Reads the binary form. Says nothing yet about whether the evidence holds.
    ///
    /// # Errors
    /// Where the bytes are no canonical bundle of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        size_is_allowed(bytes.len(), MAX_BYTES)?;
        let rest = bytes.strip_prefix(&MAGIC).ok_or(BundleError::Magic)?;
        let (version, body) = rest.split_first().ok_or(BundleError::Magic)?;
        if *version != VERSION {
            return Err(BundleError::Version { expected: VERSION, got: *version });
        }
        let mut reader = Reader::list(body)?;
        let chains = read_all(reader.nested()?, read_chain)?;
        let claim = read_claim(reader.nested()?)?;
        reader.finish()?;
        let bundle = Self { chains, claim };
        bundle.is_well_formed()?;
        Ok(bundle)
    }

    /// Every list that stands for a set is strictly ascending, so that one bundle has one encoding; and something is
    /// claimed, so that "everything claimed is proven" is never true of nothing.
    pub(crate) fn is_well_formed(&self) -> Result<()> {
        for chain in &self.chains {
            name_is_allowed(&chain.chain)?;
            ascending(chain.blocks.iter().map(|block| block.number))?;
            ascending(chain.states.iter().map(|state| state.number))?;
        }
        match &self.claim {
            Claim::Transfers { transfers, .. } if transfers.is_empty() => Err(BundleError::NoClaim),
            Claim::Transfers { transfers, .. } if transfers.len() > MAX_TRANSFERS => {
                Err(BundleError::TooManyTransfers { most: MAX_TRANSFERS, got: transfers.len() })
            }
            Claim::Transfers { transfers, .. } => transfers_ascend(transfers),
            Claim::Equivocation { .. } | Claim::Anchored { .. } => Ok(()),
        }
    }
}

/// Asked before anything is read.
pub(super) const fn size_is_allowed(got: usize, most: usize) -> Result<()> {
    if got <= most {
        Ok(())
    } else {
        Err(BundleError::TooLarge { most, got })
    }
}

/// No nonce twice, and what each transfer refers to in its one order.
pub(crate) fn transfers_ascend(transfers: &[TransferProof]) -> Result<()> {
    ascending(transfers.iter().map(|transfer| transfer.nonce))?;
    for transfer in transfers {
        ascending(transfer.votes.iter().copied())?;
        ascending(transfer.calls.iter().map(|call| keccak256(call)))?;
    }
    Ok(())
}

pub(crate) fn ascending<T: Ord>(mut values: impl Iterator<Item = T>) -> Result<()> {
    let Some(mut last) = values.next() else { return Ok(()) };
    for value in values {
        if value <= last {
            return Err(BundleError::Order);
        }
        last = value;
    }
    Ok(())
}

fn append_all<T>(stream: &mut RlpStream, items: &[T], append: fn(&mut RlpStream, &T)) {
    stream.begin_list(items.len());
    for item in items {
        append(stream, item);
    }
}

fn read_all<'a, T>(mut reader: Reader<'a>, read: fn(Reader<'a>) -> Result<T>) -> Result<Vec<T>> {
    let mut out = Vec::new();
    while !reader.is_empty() {
        out.push(read(reader.nested()?)?);
    }
    Ok(out)
}

fn append_byte_strings(stream: &mut RlpStream, items: &[Vec<u8>]) {
    append_all(stream, items, |stream, item| {
        stream.append(item);
    });
}

fn read_byte_strings(mut reader: Reader<'_>) -> Result<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    while !reader.is_empty() {
        out.push(reader.bytes()?.to_vec());
    }
    Ok(out)
}

fn append_hash(stream: &mut RlpStream, hash: &Hash) {
    stream.append(&hash.as_bytes());
}

fn read_hashes(mut reader: Reader<'_>) -> Result<Vec<Hash>> {
    let mut out = Vec::new();
    while !reader.is_empty() {
        out.push(reader.hash()?);
    }
    Ok(out)
}

fn read_u32(reader: &mut Reader<'_>) -> Result<u32> {
    u32::try_from(reader.u64()?).map_err(|_| BundleError::Schema)
}

fn append_chain(stream: &mut RlpStream, chain: &ChainProof) {
    stream.begin_list(6);
    stream.append(&chain.chain);
    stream.append(&match chain.mode {
        FollowMode::Full => 0u8,
        FollowMode::Sparse => 1u8,
    });
    append_all(stream, &chain.headers, append_header);
    append_all(stream, &chain.jumps, |stream, run| append_all(stream, run, append_header));
    append_all(stream, &chain.blocks, append_block);
    append_all(stream, &chain.states, append_state);
}

fn read_chain(mut reader: Reader<'_>) -> Result<ChainProof> {
    let chain = ChainProof {
        chain: read_name(reader.bytes()?)?,
        mode: match reader.u8()? {
            0 => FollowMode::Full,
            1 => FollowMode::Sparse,
            _ => return Err(BundleError::Schema),
        },
        headers: read_all(reader.nested()?, read_header)?,
        jumps: read_all(reader.nested()?, |run| read_all(run, read_header))?,
        blocks: read_all(reader.nested()?, read_block)?,
        states: read_all(reader.nested()?, read_state)?,
    };
    reader.finish()?;
    Ok(chain)
}

fn read_name(bytes: &[u8]) -> Result<String> {
    core::str::from_utf8(bytes).map(ToString::to_string).map_err(|_| BundleError::Schema)
}

const fn name_is_allowed(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > MAX_NAME {
        Err(BundleError::Schema)
    } else {
        Ok(())
    }
}

fn append_header(stream: &mut RlpStream, entry: &HeaderEntry) {
    stream.begin_list(2);
    stream.append(&entry.header);
    append_all(stream, &entry.hints, |stream, hint: &SealHint| {
        stream.begin_list(2);
        stream.append(&hint.signer);
        stream.append(&hint.y.as_slice());
    });
}

fn read_header(mut reader: Reader<'_>) -> Result<HeaderEntry> {
    let header = reader.bytes()?.to_vec();
    let hints = read_all(reader.nested()?, |mut hint| {
        let signer = u16::try_from(hint.u64()?).map_err(|_| BundleError::Schema)?;
        let y = hint.fixed()?;
        hint.finish()?;
        Ok(SealHint { signer, y })
    })?;
    reader.finish()?;
    Ok(HeaderEntry { header, hints })
}

fn append_block(stream: &mut RlpStream, block: &BlockProof) {
    stream.begin_list(2);
    stream.append(&block.number);
    match &block.items {
        BlockItems::Trie { indices, transaction_nodes, receipt_nodes } => {
            stream.begin_list(4);
            stream.append(&0u8);
            append_all(stream, indices, |stream, index| {
                stream.append(index);
            });
            append_byte_strings(stream, transaction_nodes);
            append_byte_strings(stream, receipt_nodes);
        }
        BlockItems::Simple { count, entries } => {
            stream.begin_list(3);
            stream.append(&1u8);
            stream.append(count);
            append_all(stream, entries, |stream, entry: &SimpleEntry| {
                stream.begin_list(5);
                stream.append(&entry.index);
                stream.append(&entry.transaction);
                append_all(stream, &entry.transaction_path, append_hash);
                stream.append(&entry.receipt);
                append_all(stream, &entry.receipt_path, append_hash);
            });
        }
        BlockItems::Concat { transactions, receipts } => {
            stream.begin_list(3);
            stream.append(&2u8);
            append_byte_strings(stream, transactions);
            append_byte_strings(stream, receipts);
        }
    }
}

fn read_block(mut reader: Reader<'_>) -> Result<BlockProof> {
    let number = reader.u64()?;
    let mut items = reader.nested()?;
    reader.finish()?;
    let parsed = match items.u8()? {
        0 => {
            let mut index_reader = items.nested()?;
            let mut indices = Vec::new();
            while !index_reader.is_empty() {
                indices.push(read_u32(&mut index_reader)?);
            }
            BlockItems::Trie {
                indices,
                transaction_nodes: read_byte_strings(items.nested()?)?,
                receipt_nodes: read_byte_strings(items.nested()?)?,
            }
        }
        1 => BlockItems::Simple {
            count: read_u32(&mut items)?,
            entries: read_all(items.nested()?, |mut entry| {
                let parsed = SimpleEntry {
                    index: read_u32(&mut entry)?,
                    transaction: entry.bytes()?.to_vec(),
                    transaction_path: read_hashes(entry.nested()?)?,
                    receipt: entry.bytes()?.to_vec(),
                    receipt_path: read_hashes(entry.nested()?)?,
                };
                entry.finish()?;
                Ok(parsed)
            })?,
        },
        2 => BlockItems::Concat {
            transactions: read_byte_strings(items.nested()?)?,
            receipts: read_byte_strings(items.nested()?)?,
        },
        _ => return Err(BundleError::Schema),
    };
    items.finish()?;
    Ok(BlockProof { number, items: parsed })
}

fn append_state(stream: &mut RlpStream, state: &StateEvidence) {
    stream.begin_list(4);
    stream.append(&state.number);
    append_byte_strings(stream, &state.proof.account_nodes);
    append_all(stream, &state.proof.slots, append_hash);
    append_byte_strings(stream, &state.proof.storage_nodes);
}

fn read_state(mut reader: Reader<'_>) -> Result<StateEvidence> {
    let state = StateEvidence {
        number: reader.u64()?,
        proof: StateProof {
            account_nodes: read_byte_strings(reader.nested()?)?,
            slots: read_hashes(reader.nested()?)?,
            storage_nodes: read_byte_strings(reader.nested()?)?,
        },
    };
    reader.finish()?;
    Ok(state)
}

fn append_claim(stream: &mut RlpStream, claim: &Claim) {
    match claim {
        Claim::Transfers { transfers, complete } => {
            stream.begin_list(3);
            stream.append(&0u8);
            append_all(stream, transfers, append_transfer);
            match complete {
                Some((first, last)) => {
                    stream.begin_list(2);
                    stream.append(first);
                    stream.append(last);
                }
                None => {
                    stream.begin_list(0);
                }
            }
        }
        Claim::Equivocation { first, second } => {
            stream.begin_list(3);
            stream.append(&1u8);
            append_header(stream, first);
            append_header(stream, second);
        }
        Claim::Anchored { child_number, anchor } => {
            stream.begin_list(3);
            stream.append(&2u8);
            stream.append(child_number);
            append_item_ref(stream, anchor);
        }
    }
}

fn read_claim(mut reader: Reader<'_>) -> Result<Claim> {
    let claim = match reader.u8()? {
        0 => {
            let transfers = read_all(reader.nested()?, read_transfer)?;
            let mut range = reader.nested()?;
            let complete = if range.is_empty() { None } else { Some((range.u64()?, range.u64()?)) };
            range.finish()?;
            Claim::Transfers { transfers, complete }
        }
        1 => Claim::Equivocation { first: read_header(reader.nested()?)?, second: read_header(reader.nested()?)? },
        2 => Claim::Anchored { child_number: reader.u64()?, anchor: read_item_ref(reader.nested()?)? },
        _ => return Err(BundleError::Schema),
    };
    reader.finish()?;
    Ok(claim)
}

fn append_item_ref(stream: &mut RlpStream, item: &ItemRef) {
    stream.begin_list(2);
    stream.append(&item.block);
    stream.append(&item.index);
}

fn read_item_ref(mut reader: Reader<'_>) -> Result<ItemRef> {
    let item = ItemRef { block: reader.u64()?, index: read_u32(&mut reader)? };
    reader.finish()?;
    Ok(item)
}

fn append_log_ref(stream: &mut RlpStream, log: Option<&LogRef>) {
    match log {
        Some(LogRef { item, log }) => {
            stream.begin_list(3);
            stream.append(&item.block);
            stream.append(&item.index);
            stream.append(log);
        }
        None => {
            stream.begin_list(0);
        }
    }
}

fn read_log_ref(mut reader: Reader<'_>) -> Result<Option<LogRef>> {
    if reader.is_empty() {
        return Ok(None);
    }
    let item = ItemRef { block: reader.u64()?, index: read_u32(&mut reader)? };
    let log = read_u32(&mut reader)?;
    reader.finish()?;
    Ok(Some(LogRef { item, log }))
}

fn append_transfer(stream: &mut RlpStream, transfer: &TransferProof) {
    stream.begin_list(6);
    stream.append(&transfer.nonce);
    append_log_ref(stream, transfer.request.as_ref());
    append_log_ref(stream, transfer.handle.as_ref());
    append_all(stream, &transfer.votes, append_item_ref);
    match &transfer.failed {
        Some(item) => append_item_ref(stream, item),
        None => {
            stream.begin_list(0);
        }
    }
    append_byte_strings(stream, &transfer.calls);
}

fn read_transfer(mut reader: Reader<'_>) -> Result<TransferProof> {
    let nonce = reader.u64()?;
    let request = read_log_ref(reader.nested()?)?;
    let handle = read_log_ref(reader.nested()?)?;
    let votes = read_all(reader.nested()?, read_item_ref)?;
    let failed_reader = reader.nested()?;
    let failed = if failed_reader.is_empty() { None } else { Some(read_item_ref(failed_reader)?) };
    let calls = read_byte_strings(reader.nested()?)?;
    reader.finish()?;
    Ok(TransferProof { nonce, request, handle, votes, failed, calls })
}
