use super::*;
use crate::config::Peer;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spanlight-exchange-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = create_certificate(name).unwrap();
        let paths = (self.0.join(format!("{name}.crt")), self.0.join(format!("{name}.key")));
        std::fs::write(&paths.0, certificate).unwrap();
        std::fs::write(&paths.1, key).unwrap();
        paths
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn config(own: &(PathBuf, PathBuf), listen: SocketAddr, peer: &Path, address: SocketAddr) -> config::Exchange {
    config::Exchange {
        listen,
        certificate: own.0.clone(),
        private_key: own.1.clone(),
        peers: vec![Peer { name: "peer".to_owned(), address: vec![address.to_string()], certificate: peer.to_owned() }],
    }
}

fn given(nonce: u64) -> Given {
    Given { nonce, digest: Hash([1; 32]), signature: vec![7; 65] }
}

async fn wait_for(exchange: &Exchange, wanted: &[u64], longest: Duration) -> Vec<u64> {
    let start = Instant::now();
    let mut got = BTreeSet::new();
    while got.len() < wanted.len() && start.elapsed() < longest {
        exchange.want("a->b", 1, wanted.iter().copied().collect(), |_| true);
        got.extend(exchange.collect("a->b").into_iter().map(|received| received.given.nonce));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    got.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_with_pinned_certificates_get_what_they_want_and_nobody_else_does() {
    let folder = Folder::new("pinned");
    let [one, two, stranger] = ["one", "two", "stranger"].map(|name| folder.certificate(name));
    let [at_one, at_two, at_stranger] = [free(), free(), free()];
    let cancel = Cancel::default();
    let first = Exchange::start(&config(&one, at_one, &two.0, at_two), &cancel, &Board::default()).await.unwrap();
    let second = Exchange::start(&config(&two, at_two, &one.0, at_one), &cancel, &Board::default()).await.unwrap();
    // A stranger knows the first one's certificate, which is no secret, but the first does not know the stranger's.
    let third =
        Exchange::start(&config(&stranger, at_stranger, &one.0, at_one), &cancel, &Board::default()).await.unwrap();
    for nonce in [3, 4] {
        first.give("a->b", given(nonce));
    }
    assert_eq!(wait_for(&second, &[3, 4], Duration::from_secs(5)).await, [3, 4]);
    assert_eq!(wait_for(&third, &[3], Duration::from_secs(1)).await, [] as [u64; 0]);
    // Whoever answers in the peer's place with another certificate is not asked.
    let fourth = Exchange::start(&config(&two, free(), &stranger.0, at_one), &cancel, &Board::default()).await.unwrap();
    assert_eq!(wait_for(&fourth, &[3], Duration::from_secs(1)).await, [] as [u64; 0]);
    cancel.cancel();
}

fn nonces(received: Vec<Received>) -> Vec<u64> {
    received.into_iter().map(|received| received.given.nonce).collect()
}

#[test]
fn what_nobody_asked_for_is_dropped() {
    let exchange = Exchange::default();
    exchange.want("a->b", 1, BTreeSet::from([3]), |_| true);
    exchange.receive("a->b", "peer", vec![given(3), given(9)]);
    assert_eq!(nonces(exchange.collect("a->b")), [3]);
}

#[test]
fn a_peer_is_heard_once_at_a_head_and_not_asked_again() {
    let exchange = Exchange::default();
    exchange.want("a->b", 1, BTreeSet::from([3, 4]), |_| true);
    let asked =
        |peer: &str| exchange.questions(peer).into_iter().flat_map(|question| question.nonces).collect::<Vec<_>>();
    for _ in 0..1000 {
        exchange.receive("a->b", "endless", vec![given(3); 300]);
    }
    assert_eq!((asked("endless"), asked("other")), (vec![4], vec![3, 4]));
    exchange.receive("a->b", "other", vec![given(3)]);
    assert_eq!(nonces(exchange.collect("a->b")), [3, 3], "one word of each");
    exchange.want("a->b", 1, BTreeSet::from([3]), |_| true);
    assert!(asked("endless").is_empty(), "also if the same is wanted again at this head");
    exchange.want("a->b", 2, BTreeSet::from([3]), |_| true);
    assert_eq!(asked("endless"), [3], "whoever was wrong about the operators may be right at the next head");
}

#[test]
fn what_is_open_is_never_forgotten_and_what_is_done_is() {
    let exchange = Exchange::default();
    for nonce in 0..10_000 {
        exchange.give("a->b", given(nonce));
    }
    let gives = |nonce| exchange.gives("a->b", nonce, &Hash([1; 32]));
    exchange.want("a->b", 1, BTreeSet::new(), |nonce| nonce % 2 == 0);
    assert!((0..10_000).all(|nonce| gives(nonce) == (nonce % 2 == 0)));
    exchange.want("a->b", 1, BTreeSet::new(), |_| false);
    assert!(exchange.with("a->b", |shelf| shelf.own.is_empty()));
}

#[test]
fn only_own_signatures_are_given_out_and_no_more_than_asked() {
    let exchange = Exchange::default();
    exchange.give("a->b", given(3));
    let question =
        |direction: &str, nonces: &[u64]| Question { direction: direction.to_owned(), nonces: nonces.to_vec() };
    assert_eq!(exchange.answer(&question("a->b", &[3, 4])), [given(3)]);
    assert!(exchange.answer(&question("b->a", &[3])).is_empty());
    assert!(exchange.gives("a->b", 3, &Hash([1; 32])) && !exchange.gives("a->b", 3, &Hash([2; 32])));
}

#[test]
fn nothing_is_given_out_while_a_person_has_paused_the_operator() {
    let exchange = Exchange::default();
    exchange.give("a->b", given(3));
    let answer = || exchange.answer(&Question { direction: "a->b".to_owned(), nonces: vec![3] });
    exchange.pause(true);
    assert!(answer().is_empty());
    exchange.pause(false);
    assert_eq!(answer(), [given(3)]);
}

#[test]
fn a_missing_certificate_is_named() {
    let folder = Folder::new("missing");
    let own = folder.certificate("one");
    let error = tls::server(&config(&own, free(), &folder.0.join("none.crt"), free())).unwrap_err();
    assert!(error.to_string().contains("none.crt"), "{error}");
}

type Stream = tokio_rustls::client::TlsStream<tokio::net::TcpStream>;

async fn connect(config: &config::Exchange) -> Stream {
    let connector = tokio_rustls::TlsConnector::from(tls::client(config, &config.peers[0]).unwrap());
    let stream = tokio::net::TcpStream::connect(&config.peers[0].address[0]).await.unwrap();
    connector.connect("peer".try_into().unwrap(), stream).await.unwrap()
}

/// What comes back within so long; nothing where the connection was closed.
async fn heard(stream: &mut Stream, longest: Duration) -> String {
    use tokio::io::AsyncReadExt;
    let mut buffer = [0; 1024];
    let read = tokio::time::timeout(longest, stream.read(&mut buffer)).await.expect("neither an answer nor the end");
    String::from_utf8_lossy(&buffer[..read.unwrap_or(0)]).into_owned()
}

async fn say(stream: &mut Stream, body: &str, length: usize) {
    use tokio::io::AsyncWriteExt;
    let head = "POST /signatures HTTP/1.1\r\nhost: peer\r\ncontent-type: application/json\r\ncontent-length:";
    let _ = stream.write_all(format!("{head} {length}\r\n\r\n{body}").as_bytes()).await;
}

const QUESTION: &str = "{\"direction\":\"a->b\",\"nonces\":[3]}";

#[tokio::test(flavor = "multi_thread")]
async fn no_peer_takes_the_places_of_another() {
    let folder = Folder::new("places");
    let [server, greedy, modest] = ["server", "greedy", "modest"].map(|name| folder.certificate(name));
    let at = free();
    let mut own = config(&server, at, &greedy.0, free());
    own.peers.extend(config(&server, at, &modest.0, free()).peers);
    let cancel = Cancel::default();
    let exchange = Exchange::start(&own, &cancel, &Board::default()).await.unwrap();
    exchange.give("a->b", given(3));
    let (mut streams, mut answered) = (Vec::new(), 0);
    for _ in 0..8 {
        let mut stream = connect(&config(&greedy, free(), &server.0, at)).await;
        say(&mut stream, QUESTION, QUESTION.len()).await;
        answered += usize::from(heard(&mut stream, Duration::from_secs(3)).await.contains("200 OK"));
        streams.push(stream);
    }
    assert_eq!(answered, 8, "a newer one is let in, in the place of its own oldest");
    for stream in &mut streams[..4] {
        assert_eq!(heard(stream, Duration::from_secs(3)).await, "", "closed");
    }
    let mut stream = connect(&config(&modest, free(), &server.0, at)).await;
    say(&mut stream, QUESTION, QUESTION.len()).await;
    assert!(heard(&mut stream, Duration::from_secs(3)).await.contains("200 OK"));
    // What is closed makes place again.
    drop(streams);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut stream = connect(&config(&greedy, free(), &server.0, at)).await;
    say(&mut stream, QUESTION, QUESTION.len()).await;
    assert!(heard(&mut stream, Duration::from_secs(3)).await.contains("200 OK"));
    cancel.cancel();
}

/// Strangers from one address hold a thousand connections open, and more come. A peer from
/// elsewhere is answered as if they were not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_keeps_no_peer_waiting() {
    let folder = Folder::new("flood");
    let [server, peer] = ["server", "peer"].map(|name| folder.certificate(name));
    let (at, cancel, board) = (free(), Cancel::default(), Board::default());
    let exchange = Exchange::start(&config(&server, at, &peer.0, free()), &cancel, &board).await.unwrap();
    exchange.give("a->b", given(3));
    crate::ops::tests::allow_many_sockets();
    let mut strangers = Vec::new();
    for _ in 0..1100 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        strangers.push(socket.connect(at).await.unwrap());
    }
    let start = Instant::now();
    let mut stream = connect(&config(&peer, free(), &server.0, at)).await;
    say(&mut stream, QUESTION, QUESTION.len()).await;
    // Before this, 32 handshakes of two seconds each were waited for at a time: more than a minute.
    assert!(heard(&mut stream, Duration::from_secs(30)).await.contains("200 OK"), "{:?}", start.elapsed());
    let turned_away = || board.status().turned_away.get("exchange").copied().unwrap_or_default();
    while turned_away() < 1000 {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", turned_away());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cancel.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_never_ends_is_not_waited_for() {
    let folder = Folder::new("slow");
    let [server, slow] = ["server", "slow"].map(|name| folder.certificate(name));
    let at = free();
    let cancel = Cancel::default();
    Exchange::start(&config(&server, at, &slow.0, free()), &cancel, &Board::default()).await.unwrap();
    let mut stream = connect(&config(&slow, free(), &server.0, at)).await;
    say(&mut stream, "{", QUESTION.len()).await;
    assert!(heard(&mut stream, Duration::from_secs(9)).await.contains("408"));
    cancel.cancel();
}
