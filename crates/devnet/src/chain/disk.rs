//! A chain on disk: blocks, trie nodes and code, each block with what it added in one transaction of the database.

use super::{Block, Item};
use crate::error::DevnetError;
use crate::execute::{Executed, Signed};
use crate::state::Store;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use spanlight::header::UntrustedHeader;
use spanlight::primitives::Address;
use spanlight::receipt::Receipt;
use spanlight::rlp::{append_optional_address, append_u256, Reader, RlpError, RlpStream};
use spanlight::transaction::Transaction;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");
const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("nodes");
const CODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("codes");
const TEXTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("texts");
const GENESIS: &str = "genesis";
const KEYS: &str = "validator keys";

/// The file of one chain.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
    path: String,
}

impl Disk {
    /// Opens the chain's file in a folder, which is made if it is not there.
    pub(super) fn open(folder: &Path, chain: &str) -> Result<Self, DevnetError> {
        let path = folder.join(format!("{chain}.redb"));
        let name = path.display().to_string();
        let fail = |reason: String| DevnetError::Disk { path: name.clone(), reason };
        std::fs::create_dir_all(folder).map_err(|e| fail(e.to_string()))?;
        let database = Database::create(&path).map_err(|e| fail(e.to_string()))?;
        let disk = Self { database, path: name.clone() };
        disk.write(|transaction| {
            transaction.open_table(BLOCKS)?;
            transaction.open_table(NODES)?;
            transaction.open_table(CODES)?;
            transaction.open_table(TEXTS)?;
            Ok(())
        })?;
        Ok(disk)
    }

    fn fail(&self, reason: impl std::fmt::Display) -> DevnetError {
        DevnetError::Disk { path: self.path.clone(), reason: reason.to_string() }
    }

    fn write(&self, fill: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>) -> Result<(), DevnetError> {
        let transaction = self.database.begin_write().map_err(|e| self.fail(e))?;
        fill(&transaction).map_err(|e| self.fail(e))?;
        transaction.commit().map_err(|e| self.fail(e))
    }

    fn read<T>(&self, read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>) -> Result<T, DevnetError> {
        let transaction = self.database.begin_read().map_err(|e| self.fail(e))?;
        read(&transaction).map_err(|e| self.fail(e))
    }

    fn text(&self, name: &str) -> Result<Option<Vec<u8>>, DevnetError> {
        self.read(|transaction| Ok(transaction.open_table(TEXTS)?.get(name)?.map(|text| text.value().to_vec())))
    }

    /// The genesis file, if the chain has begun.
    pub(super) fn genesis(&self) -> Result<Option<String>, DevnetError> {
        let text = self.text(GENESIS)?.map(String::from_utf8).transpose();
        text.map_err(|_| self.fail("the genesis file is no text"))
    }

    pub(super) fn begin(&self, genesis: &str) -> Result<(), DevnetError> {
        self.write(|transaction| {
            transaction.open_table(TEXTS)?.insert(GENESIS, genesis.as_bytes())?;
            Ok(())
        })
    }

    pub(super) fn keep_keys(&self, keys: &BTreeMap<Address, u64>) -> Result<(), DevnetError> {
        let bytes: Vec<u8> = keys.values().flat_map(|key| key.to_be_bytes()).collect();
        self.write(|transaction| {
            transaction.open_table(TEXTS)?.insert(KEYS, bytes.as_slice())?;
            Ok(())
        })
    }

    pub(super) fn load_keys(&self, keys: &mut BTreeMap<Address, u64>) -> Result<(), DevnetError> {
        for key in self.text(KEYS)?.unwrap_or_default().chunks_exact(8) {
            let key = key.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
            keys.insert(spanlight_forge::keys::address(key), key);
        }
        Ok(())
    }

    /// Keeps a block (none for block 0, which the genesis file gives) and what it added to the state.
    pub(super) fn append(&self, block: Option<&Arc<Block>>, store: &mut Store) -> Result<(), DevnetError> {
        let (nodes, codes) = (store.nodes.take_fresh(), store.take_fresh_codes());
        self.write(|transaction| {
            let mut table = transaction.open_table(NODES)?;
            for (hash, node) in &nodes {
                table.insert(hash.as_slice(), node.as_slice())?;
            }
            let mut table = transaction.open_table(CODES)?;
            for code in &codes {
                table.insert(spanlight::keccak256(code).as_bytes(), code.as_slice())?;
            }
            if let Some(block) = block {
                let mut table = transaction.open_table(BLOCKS)?;
                table.insert(block.header.number(), encode(block).as_slice())?;
            }
            Ok(())
        })
    }

    pub(super) fn load_state(&self, store: &mut Store) -> Result<(), DevnetError> {
        self.read(|transaction| {
            for entry in transaction.open_table(NODES)?.iter()? {
                store.nodes.restore(entry?.1.value().to_vec());
            }
            for entry in transaction.open_table(CODES)?.iter()? {
                store.add_code(entry?.1.value());
            }
            Ok(())
        })?;
        store.nodes.take_fresh();
        store.take_fresh_codes();
        Ok(())
    }

    /// A block that was kept.
    pub(super) fn block(
        &self,
        number: u64,
        chain_id: u64,
    ) -> Result<Option<(UntrustedHeader, Vec<Item>)>, DevnetError> {
        let bytes = self
            .read(|transaction| Ok(transaction.open_table(BLOCKS)?.get(number)?.map(|block| block.value().to_vec())))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let block = decode(&bytes, chain_id).ok_or_else(|| self.fail(format!("block {number} is damaged")))?;
        Ok(Some(block))
    }
}

fn encode(block: &Block) -> Vec<u8> {
    let mut stream = RlpStream::new_list(2);
    stream.append(&block.header.encode());
    stream.begin_list(block.items.len());
    for item in &block.items {
        stream.begin_list(4);
        stream.append(&item.signed.transaction.encode()).append(&item.executed.receipt.encode());
        append_optional_address(&mut stream, item.executed.created.as_ref());
        append_u256(&mut stream, item.executed.price);
    }
    stream.out().to_vec()
}

fn decode(bytes: &[u8], chain_id: u64) -> Option<(UntrustedHeader, Vec<Item>)> {
    let mut reader = Reader::list(bytes).ok()?;
    let header = UntrustedHeader::decode(reader.bytes().ok()?).ok()?;
    let mut list = reader.nested().ok()?;
    reader.finish().ok()?;
    let mut items = Vec::new();
    while !list.is_empty() {
        items.push(decode_item(list.nested().ok()?, chain_id)?);
    }
    Some((header, items))
}

fn decode_item(mut reader: Reader<'_>, chain_id: u64) -> Option<Item> {
    let parts = |reader: &mut Reader<'_>| {
        let (transaction, receipt) = (reader.bytes()?, reader.bytes()?);
        let (created, price) = (reader.optional_address()?, reader.u256()?);
        reader.finish()?;
        Ok::<_, RlpError>((transaction.to_vec(), receipt.to_vec(), created, price))
    };
    let (transaction, receipt, created, price) = parts(&mut reader).ok()?;
    let signed = Signed::new(Transaction::decode(&transaction).ok()?, chain_id).ok()?;
    let receipt = Receipt::decode(&receipt).ok()?;
    Some(Item { signed: Arc::new(signed), executed: Executed { receipt, created, price } })
}
