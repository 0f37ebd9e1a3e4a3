//! A node that lies: it asks an honest one and falsifies what it says.

use serde_json::{json, Value};
use spanlight_prover::{Cancel, Http, HttpLimits, RpcError, Transport};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// In which way is lied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Not at all.
    Honest,
    /// One text somewhere in the answer is another one, a different one in each answer.
    Changed,
    /// One member is not there.
    Missing,
    /// The answer is null.
    Null,
    /// The answer has another type.
    OfAnotherType,
    /// The answer is what was said the last time, to another question.
    OfAnotherQuestion,
    /// The answer is a mebibyte of text.
    Huge,
    /// The answer is an error.
    Error,
    /// The answer is that a call reverts.
    Reverts,
}

pub(crate) const LIES: [Lie; 7] =
    [Lie::Changed, Lie::Missing, Lie::Null, Lie::OfAnotherType, Lie::OfAnotherQuestion, Lie::Huge, Lie::Error];

#[derive(Debug)]
struct Mood {
    method: String,
    lie: Lie,
    told: u64,
    last: Value,
    /// Slots of each `kaia_getProof` that was asked.
    slots: Vec<usize>,
}

/// What the node lacks, as an honest one may too.
#[derive(Debug, Default)]
struct Lacks {
    /// Whoever asks for this block's receipts gets no answer at all; by its hash.
    receipts_of: Option<String>,
    /// States of blocks up to this one.
    states_up_to: Option<u64>,
    /// Transactions that it is given go nowhere, and it says that it has them.
    swallows: bool,
    /// It gives a receipt of success for whatever is in no block.
    vouches: bool,
    /// From then on it tells of one new block a second, beginning with this one.
    drips: Option<(Instant, u64)>,
    /// It tells of no block after this one.
    stands: Option<u64>,
    /// It tells of blocks that nobody has, and leaves it to others to show them.
    boasts: bool,
}

/// What is asked of it, and when.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How long each answer takes, longer than the honest node's.
    late: Duration,
    now: usize,
    /// Most requests that waited for their answers at one time.
    pub(crate) most: usize,
    /// Calls of each method.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Requests of each method, whatever number of calls they hold.
    pub(crate) requests: BTreeMap<String, usize>,
}

/// Between operators and an honest node.
pub(crate) struct Liar {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    lacks: Arc<Mutex<Lacks>>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Liar {
    pub(crate) fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let slots = Vec::new();
        let mood = Mood { method: String::new(), lie: Lie::Honest, told: 0, last: Value::Null, slots };
        let mood = Arc::new(Mutex::new(mood));
        let lacks = Arc::new(Mutex::new(Lacks::default()));
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let (shared, url, lacking) = (Arc::clone(&mood), url.to_owned(), Arc::clone(&lacks));
        let counted = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (mood, url, lacks) = (Arc::clone(&shared), url.clone(), Arc::clone(&lacking));
                let traffic = Arc::clone(&counted);
                std::thread::spawn(move || {
                    let node = Http::new(&url, HttpLimits::default(), Cancel::default()).unwrap();
                    serve(&client, &node, (&mood, &lacks, &traffic));
                });
            }
        });
        Self { address, mood, lacks, traffic }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers so late from now on, and counts anew.
    pub(crate) fn count(&self, late: Duration) {
        let mut traffic = self.traffic.lock().unwrap();
        *traffic = Traffic { late, now: traffic.now, ..Traffic::default() };
    }

    /// What was asked since.
    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap()
    }

    /// Has thrown away the states of blocks up to this one; none for an archive.
    pub(crate) fn prune(&self, states_up_to: Option<u64>) {
        self.lacks.lock().unwrap().states_up_to = states_up_to;
    }

    /// Gives no answer to whoever asks for the receipts of this block; to everybody for none.
    pub(crate) fn withhold_receipts(&self, block: Option<u64>) {
        let hash = block.map(|number| {
            let node = Http::new(&self.url(), HttpLimits::default(), Cancel::default()).unwrap();
            let params = json!([format!("{number:#x}"), false]);
            let block = pollster::block_on(node.call("kaia_getBlockByNumber", params)).unwrap();
            block["hash"].as_str().unwrap().to_owned()
        });
        self.lacks.lock().unwrap().receipts_of = hash;
    }

    /// Passes no transaction on, or does so again.
    pub(crate) fn swallow(&self, swallows: bool) {
        self.lacks.lock().unwrap().swallows = swallows;
    }

    /// Passes no transaction on, and says that each of them is in a block and succeeded.
    pub(crate) fn swallow_and_vouch(&self) {
        let mut lacks = self.lacks.lock().unwrap();
        (lacks.swallows, lacks.vouches) = (true, true);
    }

    /// Reports a head that no node has, and answers every request for a block with an error.
    pub(crate) fn boast(&self) {
        self.lacks.lock().unwrap().boasts = true;
    }

    /// Tells of one new block a second from now on.
    pub(crate) fn drip(&self, from: u64) {
        self.lacks.lock().unwrap().drips = Some((Instant::now(), from));
    }

    /// Tells of no block after this one from now on.
    pub(crate) fn stand(&self, at: u64) {
        self.lacks.lock().unwrap().stands = Some(at);
    }

    /// Lies about one method from now on; tells how often it lied since the last call.
    pub(crate) fn lie(&self, method: &str, lie: Lie) -> u64 {
        let mut mood = self.mood.lock().unwrap();
        let told = mood.told;
        let slots = std::mem::take(&mut mood.slots);
        *mood = Mood { method: method.to_owned(), lie, told: 0, last: Value::Null, slots };
        told
    }

    /// Slots of each state proof that was asked since the last call.
    pub(crate) fn slots(&self) -> Vec<usize> {
        std::mem::take(&mut self.mood.lock().unwrap().slots)
    }
}

/// Counts a request and waits as long as its answer takes.
fn begin(request: &Value, traffic: &Mutex<Traffic>) {
    let late = {
        let mut traffic = traffic.lock().unwrap();
        traffic.now += 1;
        traffic.most = traffic.most.max(traffic.now);
        let calls = request.as_array().map_or(std::slice::from_ref(request), Vec::as_slice);
        *traffic.requests.entry(calls[0]["method"].as_str().unwrap().to_owned()).or_default() += 1;
        for call in calls {
            *traffic.calls.entry(call["method"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        traffic.late
    };
    std::thread::sleep(late);
}

fn serve(client: &TcpStream, node: &Http, (mood, lacks, traffic): (&Mutex<Mood>, &Mutex<Lacks>, &Mutex<Traffic>)) {
    let mut reader = BufReader::new(client);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let request: Value = serde_json::from_slice(&body).unwrap();
        begin(&request, traffic);
        let status = if is_withheld(&request, &lacks.lock().unwrap()) { "502 Bad Gateway" } else { "200 OK" };
        let answer = match &request {
            Value::Array(calls) => calls.iter().map(|call| answer(call, node, mood, lacks)).collect(),
            call => answer(call, node, mood, lacks),
        };
        traffic.lock().unwrap().now -= 1;
        let text = answer.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", text.len());
        let mut writer = client;
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(text.as_bytes())).is_err() {
            return;
        }
    }
}

/// Whether it asks for the receipts that nobody gets.
fn is_withheld(request: &Value, lacks: &Lacks) -> bool {
    let calls = request.as_array().map_or(std::slice::from_ref(request), Vec::as_slice);
    let is_of = |call: &Value, hash: &String| {
        call["method"] == "kaia_getBlockReceipts" && call["params"][0].as_str() == Some(hash.as_str())
    };
    lacks.receipts_of.as_ref().is_some_and(|hash| calls.iter().any(|call| is_of(call, hash)))
}

fn answer(call: &Value, node: &Http, mood: &Mutex<Mood>, lacks: &Mutex<Lacks>) -> Value {
    let (method, id) = (call["method"].as_str().unwrap(), call["id"].clone());
    let result = match lacking(method, &call["params"], node, &lacks.lock().unwrap()) {
        Some(result) => result,
        None => pollster::block_on(node.call(method, call["params"].clone())),
    };
    let mut mood = mood.lock().unwrap();
    if method == "kaia_getProof" {
        mood.slots.push(call["params"][1].as_array().map_or(0, Vec::len));
    }
    let mut result = match result {
        Ok(result) => result,
        Err(RpcError::Node { code, message }) => {
            return json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        }
        Err(error) => {
            return json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -1, "message": error.to_string() } })
        }
    };
    if mood.method == method && mood.lie != Lie::Honest {
        mood.told += 1;
        if mood.lie == Lie::Error {
            return json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": "no" } });
        }
        if mood.lie == Lie::Reverts {
            return json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32000, "message": "execution reverted" } });
        }
        let honest = result.clone();
        falsify(&mut result, &mood);
        mood.last = honest;
    }
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// What it answers where it lacks something.
fn lacking(method: &str, params: &Value, node: &Http, lacks: &Lacks) -> Option<Result<Value, RpcError>> {
    let number = |value: &Value| u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok();
    let head = || number(&pollster::block_on(node.call("kaia_blockNumber", json!([]))).ok()?);
    match method {
        "kaia_getProof" => {
            let pruned = number(&params[2])? <= lacks.states_up_to?;
            let message = "missing trie node 00 (path )".to_owned();
            pruned.then_some(Err(RpcError::Node { code: -32000, message }))
        }
        "kaia_sendRawTransaction" if lacks.swallows => Some(Ok(json!(format!("0x{}", "00".repeat(32))))),
        "kaia_getTransactionReceipt" if lacks.vouches => Some(Ok(json!({ "status": "0x1", "blockNumber": "0x1" }))),
        "kaia_blockNumber" if lacks.boasts => Some(Ok(json!(format!("{:#x}", head()? + 1_000)))),
        "kaia_getHeaderByNumber" | "kaia_getBlockByNumber" if lacks.boasts => {
            Some(Err(RpcError::Node { code: -32000, message: "no".to_owned() }))
        }
        "kaia_blockNumber" if lacks.stands.is_some() => Some(Ok(json!(format!("{:#x}", lacks.stands?.min(head()?))))),
        "kaia_blockNumber" => {
            let (since, from) = lacks.drips?;
            Some(Ok(json!(format!("{:#x}", (from + since.elapsed().as_secs()).min(head()?)))))
        }
        _ => None,
    }
}

fn falsify(result: &mut Value, mood: &Mood) {
    match mood.lie {
        Lie::Changed => {
            let texts = count_texts(result);
            let mut place = mood.told % texts.max(1);
            change(result, &mut place);
        }
        Lie::Missing => {
            let first = if result.is_array() { result.get_mut(0) } else { Some(&mut *result) };
            let object = first.and_then(Value::as_object_mut).filter(|object| !object.is_empty());
            match object {
                Some(object) => {
                    let keys: Vec<String> = object.keys().cloned().collect();
                    object.remove(&keys[mood.told as usize % keys.len()]);
                }
                None => *result = Value::Null,
            }
        }
        Lie::Null => *result = Value::Null,
        Lie::OfAnotherType => *result = if result.is_string() { json!({ "a": [1] }) } else { json!("0x7") },
        Lie::OfAnotherQuestion if !mood.last.is_null() => *result = mood.last.clone(),
        Lie::Huge => *result = json!("0x".to_owned() + &"5a".repeat(1 << 19)),
        Lie::OfAnotherQuestion | Lie::Honest | Lie::Error | Lie::Reverts => {}
    }
}

fn count_texts(value: &Value) -> u64 {
    match value {
        Value::String(_) => 1,
        Value::Array(list) => list.iter().map(count_texts).sum(),
        Value::Object(object) => object.values().map(count_texts).sum(),
        _ => 0,
    }
}

/// Changes one digit of the text at a place.
fn change(value: &mut Value, place: &mut u64) {
    match value {
        Value::String(text) => {
            if *place == 0 {
                let last = text.pop().unwrap_or('0');
                text.push(if last == '7' { '8' } else { '7' });
            }
            *place = place.wrapping_sub(1);
        }
        Value::Array(list) => list.iter_mut().for_each(|item| change(item, place)),
        Value::Object(object) => object.values_mut().for_each(|item| change(item, place)),
        _ => {}
    }
}
