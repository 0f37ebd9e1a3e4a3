use super::*;
use serde_json::Value;
use spanlight::consensus::FollowMode;
use spanlight::receipt::Log;
use spanlight::U256;
use spanlight_forge::{coin, erc20, recording, NewBlock, Stage, StageSetup, OUTSIDER, SOURCE_TOKEN};
use spanlight_prover::{sync, Replay, Silent, SyncOptions, Time};
use std::cell::Cell;

#[test]
fn the_filter_finds_what_was_put_in_and_nothing_else() {
    // Bits of keccak("abc") = 4e03 6577 a9.. : 0x603, 0x577 & 2047, ...
    let mut bloom = [0u8; 256];
    let hash = keccak256(b"abc");
    for pair in hash.0.chunks_exact(2).take(3) {
        let bit = usize::from(u16::from_be_bytes([pair[0], pair[1]]) & 2047);
        bloom[255 - bit / 8] |= 1 << (bit % 8);
    }
    assert!(in_bloom(&bloom, b"abc"));
    assert!(!in_bloom(&bloom, b"abd"));
    assert!(!in_bloom(&[0; 256], b"abc"));
    assert!(in_bloom(&[255; 256], b"abd"));
}

/// A full node that counts the blocks whose receipts it was asked for.
struct FullNode {
    replay: Replay,
    head: u64,
    receipts: Cell<usize>,
}

impl Transport for FullNode {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.receipts.set(self.receipts.get() + usize::from(method == "kaia_getBlockReceipts"));
        let height = params.get(2).and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
        let height = height.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match height.filter(|_| method == "kaia_getProof") {
            Some(height) if height + 128 <= self.head && height % 128 != 0 => {
                Err(RpcError::Node { code: -32000, message: "missing trie node".to_owned() })
            }
            _ => self.replay.call(method, params).await,
        }
    }
}

/// A stranger's log beside one of the bridge's: a filter tells no difference from a change of the
/// registry.
fn looks_like_a_change(block: &mut NewBlock<'_>) {
    block.request(coin(5));
    let stranger = Address([0x99; 20]);
    let topics = vec![topic::TOKEN_REGISTERED, SOURCE_TOKEN.to_word()];
    let log = Log { address: stranger, topics, data: Vec::new() };
    block.transaction(OUTSIDER, stranger, U256::ZERO, Vec::new(), 1, vec![log]);
}

/// What an operator reads of a token's request of long ago behind which so many blocks look like a
/// change: read by itself, how many blocks that took, and read beside others.
async fn read_behind(decoys: usize) -> (Found, usize, Result<Vec<(u64, Found)>, ProveError>) {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.idle(128 - stage.source.height() % 128);
    let number = stage.request(erc20(77)).at.item.block;
    (0..decoys).for_each(|_| stage.source.block(looks_like_a_change));
    assert_eq!(number / 128, stage.source.height() / 128, "no state that is kept lies between");
    stage.source.idle(260);
    let replay = Replay::read(recording::record(&stage.source).as_bytes()).unwrap();
    let full = FullNode { replay, head: stage.source.height(), receipts: Cell::default() };
    let (main, bridge) = (stage.trust.chain("main").unwrap(), stage.trust.ends_from("main").unwrap().0);
    let node = Node::new(&full, &main.profile);
    let time = Time::Fixed(stage.source.time() + 1);
    let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time };
    let synced = sync(&node, main, options, &Silent).await.unwrap();
    let beside = in_blocks(&node, &synced, &stage.trust, bridge, vec![(number, None)]).await;
    full.receipts.set(0);
    let alone = in_block(&node, &synced, &stage.trust, bridge, number, None).await.unwrap();
    (alone, full.receipts.get(), beside)
}

/// Whole blocks are held in memory, so those of one request at a time, and of few blocks: a
/// stranger writes into as many filters as he likes.
#[tokio::test]
async fn few_whole_blocks_are_fetched_for_a_request_and_only_where_it_is_read_by_itself() {
    let (alone, fetched, beside) = read_behind(16).await;
    assert_eq!((alone.proven.len(), alone.unread.is_none(), fetched), (1, true, 17));
    assert!(matches!(beside, Err(ProveError::Rpc(RpcError::Pruned { .. }))), "{beside:?}");

    let (alone, fetched, beside) = read_behind(17).await;
    assert_eq!((alone.proven.len(), fetched), (0, 1), "the request waits, and no other block is fetched");
    let unread = alone.unread.unwrap();
    assert!(matches!(unread.error, ProveError::Rpc(RpcError::Pruned { .. })));
    assert_eq!(unread.nonces, [0]);
    assert!(beside.is_ok());
}
