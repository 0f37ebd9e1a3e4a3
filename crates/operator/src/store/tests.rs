use super::*;
use spanlight::consensus::light_client::Checkpoint;
use spanlight::consensus::parameters::Parameters;
use spanlight::{Hash, U256};
use std::path::PathBuf;

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spanlight-store-{}-{name}.db", std::process::id()));
        let file = Self(path);
        file.remove();
        file
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }

    fn remove(&self) {
        for ending in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

fn send(nonce: u64, account_nonce: u64) -> NewSend {
    NewSend {
        purpose: Purpose::Vote,
        nonce,
        account_nonce,
        gas: 5,
        gas_price: U256::from(u64::MAX).saturating_mul(U256::from(4u8)),
        raw: vec![1, 2, 3],
        hash: Hash([9; 32]),
        block: 7,
    }
}

fn resume(number: u64, requests: u64) -> Resume {
    let checkpoint = Checkpoint {
        number,
        hash: Hash([1; 32]),
        council: vec![],
        parameters: Parameters::default(),
        pending: vec![],
        epoch_votes: None,
        header_governance: None,
        warned_votes: vec![],
        trusted_since: None,
    };
    Resume { checkpoint, requests }
}

#[tokio::test]
async fn what_is_written_is_there_after_a_restart() {
    let file = File::new("restart");
    {
        let store = Store::open(&file.url()).await.unwrap();
        let lease = store.acquire("a->b").await.unwrap().unwrap();
        store.intend(&lease, &send(3, 0)).await.unwrap();
        store.set_control("paused", "yes").await.unwrap();
        store.note_alarm(5, "a->b", Some(3), ("code", "words")).await.unwrap();
    }
    let store = Store::open(&file.url()).await.unwrap();
    let live = store.live("a->b").await.unwrap();
    assert_eq!(live.iter().map(|live| live.send.clone()).collect::<Vec<_>>(), [send(3, 0)]);
    assert_eq!(store.control("paused").await.unwrap().as_deref(), Some("yes"));
    let alarms = store.alarms(10).await.unwrap();
    assert_eq!((alarms[0].at, alarms[0].nonce, alarms[0].code.as_str()), (5, Some(3), "code"));
}

#[tokio::test]
async fn one_live_vote_for_a_transfer_and_one_for_an_account_nonce() {
    let file = File::new("unique");
    let store = Store::open(&file.url()).await.unwrap();
    let lease = store.acquire("a->b").await.unwrap().unwrap();
    let id = store.intend(&lease, &send(3, 0)).await.unwrap();
    assert!(matches!(store.intend(&lease, &send(3, 1)).await, Err(StoreError::Conflict)));
    assert!(matches!(store.intend(&lease, &send(4, 0)).await, Err(StoreError::Conflict)));
    // Another direction has other accounts and other transfers.
    let other = store.acquire("b->a").await.unwrap().unwrap();
    store.intend(&other, &send(3, 0)).await.unwrap();
    // Once the chain has taken the account nonce, the transfer may be voted on again.
    store.settle(&lease, 0).await.unwrap();
    assert_eq!(store.live("a->b").await.unwrap().len(), 1);
    store.settle(&lease, 1).await.unwrap();
    assert!(store.live("a->b").await.unwrap().is_empty());
    store.intend(&lease, &send(3, 1)).await.unwrap();
    let history = store.sends_for("a->b", 3).await.unwrap();
    assert_eq!(history.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["settled", "live"]);
    assert_eq!(history[0].0.id, id);
}

#[tokio::test]
async fn several_transactions_are_written_together_or_not_at_all() {
    let file = File::new("together");
    let store = Store::open(&file.url()).await.unwrap();
    let lease = store.acquire("a->b").await.unwrap().unwrap();
    let several: Vec<NewSend> = (0..300).map(|place| send(5 + place, place)).collect();
    let ids = store.intend_all(&lease, &several).await.unwrap();
    let live = store.live("a->b").await.unwrap();
    assert_eq!(live.iter().map(|live| live.id).collect::<Vec<_>>(), ids);
    assert_eq!(live.into_iter().map(|live| live.send).collect::<Vec<_>>(), several);
    // One of these is there already.
    let refused = store.intend_all(&lease, &[send(1000, 300), send(7, 301)]).await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
    assert_eq!(store.live("a->b").await.unwrap().len(), 300);
    let _other = store.acquire("a->b").await.unwrap().unwrap();
    let overtaken = store.intend_all(&lease, &[send(1000, 300), send(1001, 301)]).await;
    assert!(matches!(overtaken, Err(StoreError::LostLease)));
}

#[tokio::test]
async fn a_replacement_keeps_the_row_and_settled_ones_stay() {
    let file = File::new("replace");
    let store = Store::open(&file.url()).await.unwrap();
    let lease = store.acquire("a->b").await.unwrap().unwrap();
    let id = store.intend(&lease, &send(3, 0)).await.unwrap();
    let dearer = NewSend { purpose: Purpose::Cancel, gas: 21_000, raw: vec![4], ..send(3, 0) };
    store.replace(&lease, id, &dearer).await.unwrap();
    assert_eq!(store.live("a->b").await.unwrap()[0].send, dearer);
    // Of two transactions for one transfer only one can become the one that does nothing.
    let second = store.intend(&lease, &send(3, 1)).await.unwrap();
    let also = NewSend { account_nonce: 1, ..dearer.clone() };
    assert!(matches!(store.replace(&lease, second, &also).await, Err(StoreError::Conflict)));
    assert_eq!(store.live("a->b").await.unwrap()[1].send, send(3, 1));
    store.settle(&lease, 1).await.unwrap();
    store.replace(&lease, second, &also).await.unwrap();
    assert!(matches!(store.replace(&lease, id, &dearer).await, Err(StoreError::LostLease)));
}

#[tokio::test]
async fn whoever_was_overtaken_can_write_nothing() {
    let file = File::new("fence");
    let store = Store::open(&file.url()).await.unwrap();
    let old = store.acquire("a->b").await.unwrap().unwrap();
    let id = store.intend(&old, &send(1, 0)).await.unwrap();
    let new = store.acquire("a->b").await.unwrap().unwrap();
    assert!(matches!(store.intend(&old, &send(2, 1)).await, Err(StoreError::LostLease)));
    assert!(matches!(store.replace(&old, id, &send(1, 0)).await, Err(StoreError::LostLease)));
    store.intend(&new, &send(2, 1)).await.unwrap();
    store.replace(&new, id, &send(1, 0)).await.unwrap();
}

#[tokio::test]
async fn a_file_has_one_user_at_a_time_and_one_owner_for_ever() {
    let file = File::new("owner");
    let store = Store::open(&file.url()).await.unwrap();
    assert!(matches!(Store::open(&file.url()).await, Err(StoreError::InUse(_))));
    // Commands look in beside a running operator.
    Store::open_beside(&file.url()).await.unwrap().control("paused").await.unwrap();
    let own = [("operator".to_owned(), "0x1".to_owned())];
    store.bind(&own).await.unwrap();
    store.bind(&own).await.unwrap();
    let foreign = store.bind(&[("operator".to_owned(), "0x2".to_owned())]).await.unwrap_err();
    assert_eq!(foreign.to_string(), "store: it belongs to another operator: 0x1, this is 0x2");
}

#[tokio::test]
async fn a_start_leaves_no_open_request_out() {
    let file = File::new("resume");
    let store = Store::open(&file.url()).await.unwrap();
    assert_eq!(store.resume("d", "a", 9).await.unwrap(), None);
    for (number, requests) in [(64, 0), (128, 4), (192, 4), (256, 9)] {
        store.keep_checkpoint("d", "a", &resume(number, requests)).await.unwrap();
    }
    let from = async |requests| store.resume("d", "a", requests).await.unwrap().map(|found| found.checkpoint.number);
    assert_eq!(
        [from(0).await, from(3).await, from(4).await, from(8).await],
        [Some(64), Some(64), Some(192), Some(192)]
    );
    assert_eq!([from(9).await, from(u64::MAX).await], [Some(256), Some(256)]);
    store.drop_checkpoints("d", "a", 4).await.unwrap();
    assert_eq!([from(3).await, from(4).await, from(9).await], [None, Some(192), Some(256)]);
    assert_eq!(store.resume("d", "b", 9).await.unwrap(), None);
}

fn stored(nonce: u64) -> StoredRequest {
    let call = spanlight::bridge::HandleCall {
        token_type: spanlight::bridge::TokenType::Erc721,
        request_tx_hash: Hash([1; 32]),
        from: spanlight::Address([2; 20]),
        to: spanlight::Address([3; 20]),
        token: Some(spanlight::Address([4; 20])),
        value: U256::from(5u8),
        nonce,
        request_block: 50,
        token_uri: Some(b"uri".to_vec()),
        extra: vec![7; 100],
    };
    StoredRequest { nonce, block: 50, time: 60, vote: Ok(call) }
}

#[tokio::test]
async fn requests_are_kept_as_they_were_proven_until_they_are_done() {
    let file = File::new("requests");
    let store = Store::open(&file.url()).await.unwrap();
    assert_eq!(store.known("d").await.unwrap(), None);
    let uncovered = StoredRequest { vote: Err("not covered".to_owned()), ..stored(4) };
    let all = [stored(3), uncovered.clone(), stored(6)];
    store.keep_requests("d", &all, 5).await.unwrap();
    store.keep_requests("d", &[stored(6)], 2).await.unwrap();
    assert_eq!(store.requests("d").await.unwrap(), all);
    assert_eq!(store.known("d").await.unwrap(), Some(5), "it never goes back");
    assert!(store.requests("e").await.unwrap().is_empty());
    store.drop_requests("d", 5, 6).await.unwrap();
    store.drop_requests("d", 0, 3).await.unwrap();
    assert_eq!(store.requests("d").await.unwrap(), [uncovered]);
    // A row that says something else than it is filed under is no request.
    store.keep_requests("d", &[StoredRequest { nonce: 9, ..stored(8) }], 5).await.unwrap();
    assert!(matches!(store.requests("d").await, Err(StoreError::Damaged("request"))));
}

#[tokio::test]
async fn notices_are_kept_and_dropped_many_at_once() {
    let file = File::new("notices");
    let store = Store::open(&file.url()).await.unwrap();
    let rows: Vec<_> = (0..200).map(|number| ("claim", number, Some(format!("{number}")))).collect();
    store.keep_notices("d", &rows).await.unwrap();
    store.keep_notices("e", &rows[..1]).await.unwrap();
    let next = (0..199).map(|number| ("claim", number, None)).chain([("told", 0, Some("7".to_owned()))]);
    store.keep_notices("d", &next.collect::<Vec<_>>()).await.unwrap();
    store.keep_notices("d", &[("told", 0, Some("8".to_owned()))]).await.unwrap();
    let found = store.notices("d").await.unwrap();
    let found: Vec<_> = found.iter().map(|row| (row.kind.as_str(), row.number, row.body.as_str())).collect();
    assert_eq!(found, [("claim", 199, "199"), ("told", 0, "8")]);
    assert_eq!(store.notices("e").await.unwrap().len(), 1, "another direction's stay");
}

#[tokio::test]
async fn what_is_long_past_goes_but_for_what_accuses_somebody() {
    let file = File::new("prune");
    let store = Store::open(&file.url()).await.unwrap();
    let lease = store.acquire("d").await.unwrap().unwrap();
    store.intend(&lease, &send(1, 0)).await.unwrap();
    store.note_alarm(1, "d", None, ("endpoint", "old")).await.unwrap();
    store.note_alarm(1, "d", Some(1), ("fraud", "old")).await.unwrap();
    let many = requests::KEPT_ROWS + 5;
    let fill = "WITH RECURSIVE row(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM row WHERE x < $1) ";
    let alarms = "INSERT INTO alarms (at, direction, code, words) SELECT x, 'd', 'endpoint', '' FROM row";
    let sends =
        "INSERT INTO sends (direction, purpose, nonce, account_nonce, gas, gas_price, raw, hash, state, block) \
        SELECT 'd', 'vote', x + 1, x, 1, '1', '', '', 'settled', 1 FROM row";
    for sql in [alarms, sends] {
        run!(store, sqlx::AssertSqlSafe(format!("{fill}{sql}")), [many], execute).unwrap();
    }
    store.prune("d").await.unwrap();
    let left = async |sql: &str| {
        let found: Vec<(i64,)> = rows!(store, (i64,), sqlx::AssertSqlSafe(sql.to_owned()), []).unwrap();
        found[0].0
    };
    assert_eq!(left("SELECT COUNT(*) FROM alarms").await, requests::KEPT_ROWS + 2);
    assert_eq!(left("SELECT COUNT(*) FROM alarms WHERE words = 'old'").await, 1, "the accusation");
    assert_eq!(left("SELECT COUNT(*) FROM sends").await, requests::KEPT_ROWS + 2);
    assert_eq!(store.live("d").await.unwrap().len(), 1, "what is on its way stays");
}

/// Checkpoints of before clients looked at who votes would drop the warnings of their chain.
#[tokio::test]
async fn no_session_starts_from_a_checkpoint_that_does_not_say_which_votes_are_warned_of() {
    let file = File::new("unsaid");
    let store = Store::open(&file.url()).await.unwrap();
    store.keep_checkpoint("d", "a", &resume(64, 0)).await.unwrap();
    store.keep_checkpoint("d", "a", &resume(128, 0)).await.unwrap();
    let sql = "UPDATE checkpoints SET body = REPLACE(body, ',\"warned_votes\":[]', '') WHERE number = 128";
    assert_eq!(run!(store, sql, [], execute).unwrap(), 1);
    assert_eq!(store.resume("d", "a", 9).await.unwrap().map(|found| found.checkpoint.number), Some(64));
}
