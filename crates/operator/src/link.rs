//! The endpoints of one chain, for a process that runs for months: what was put aside gets another chance, last in the row.

mod asking;

use crate::pause::Pause;
use crate::pulse::Pulse;
use crate::reverts;
pub(crate) use asking::Patience;
use asking::{Silent, ASKED_TOGETHER};
use serde_json::{json, Value};
use spanlight::primitives::encode_hex;
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Cancel, Endpoints, Finding, Http, HttpLimits, ProveError, RpcError, Transport};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Time after which endpoints that were put aside are tried again while another one serves.
const SECOND_CHANCE: Duration = Duration::from_secs(2);
/// The same where none is left.
const NONE_LEFT: Duration = Duration::from_millis(250);

const SEND: &str = "kaia_sendRawTransaction";
const CALL: &str = "kaia_call";
const ESTIMATE: &str = "kaia_estimateGas";
/// Transactions given in one request.
const GIVEN_TOGETHER: usize = 64;
/// One endpoint, kept open while the rows of endpoints around it come and go.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint(Arc<Http>, Pulse);

/// Calls block a thread, so each has one of its own while it lasts: others go on beside it.
impl Transport for Endpoint {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let method = method.to_owned();
        self.on_a_thread(move |http, runtime| runtime.block_on(http.call(&method, params))).await
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let method = method.to_owned();
        self.on_a_thread(move |http, runtime| runtime.block_on(http.call_all(&method, params))).await
    }

    async fn call_each(&self, method: &str, params: Vec<Value>) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let method = method.to_owned();
        self.on_a_thread(move |http, runtime| runtime.block_on(http.call_each(&method, params))).await
    }
}

impl Endpoint {
    async fn on_a_thread<R: Send + 'static>(
        &self,
        call: impl FnOnce(&Http, &Handle) -> Result<R, RpcError> + Send + 'static,
    ) -> Result<R, RpcError> {
        let (http, runtime) = (Arc::clone(&self.0), Handle::current());
        let done = tokio::task::spawn_blocking(move || call(&http, &runtime)).await;
        self.1.beat();
        // The runtime ends, or the call did by a fault of this program.
        done.unwrap_or(Err(RpcError::Cancelled))
    }
}

/// What a node says of a call that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It would go through.
    Works,
    /// It would revert.
    Reverts(String),
    /// Nobody could tell.
    Unknown(String),
}

/// What a node says a call needs that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It would go through with so much gas.
    Gas(u64),
    /// It would revert, or need more gas than it may have.
    Reverts(String),
    /// Nobody could tell.
    Unknown,
    /// No answer came in time.
    Unanswered,
}

/// What an endpoint says to a transaction that it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It says that it has it now.
    Newly,
    /// It had it already: from somebody who passed it on, or from an earlier time that it was given it.
    Before,
    /// It does not take it, in its words.
    Refused(Refusal, String),
    /// It does not answer.
    Silent(String),
}

impl Said {
    /// Whether it has it.
    pub(crate) const fn is_taken(&self) -> bool {
        matches!(self, Self::Newly | Self::Before)
    }
}

/// Why an endpoint takes no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its bytes: they will not be taken later either.
    ForGood,
    /// The account that pays holds too little.
    Funds,
    /// It pays too little, or as little as another one of its account nonce.
    Price,
    /// Something that may pass.
    Other,
}

/// A call to simulate.
#[derive(Clone, Debug)]
pub(crate) struct Call<'c> {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) value: U256,
    pub(crate) input: &'c [u8],
    pub(crate) gas: u64,
}

impl Call<'_> {
    fn at_latest(&self) -> Value {
        json!([self.to_json(), "latest"])
    }

    fn to_json(&self) -> Value {
        json!({
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "value": format!("{:#x}", self.value),
            "gas": format!("{:#x}", self.gas),
            "data": encode_hex(self.input),
        })
    }
}

/// The endpoints of one chain.
#[derive(Debug)]
pub(crate) struct Link {
    row: Vec<Endpoint>,
    pub(crate) endpoints: Endpoints<Endpoint>,
    cancel: Cancel,
    /// How long simulations are waited for.
    pub(crate) patience: Patience,
    /// Who answers none.
    silent: Silent,
    since: Instant,
    /// Findings of these endpoints that were told.
    told: Vec<Finding>,
    /// Names of endpoints that took transactions and did not pass them on: they are sent to last.
    swallowers: BTreeSet<String>,
    /// While it is on, no transaction is given to anybody, also not one that is signed already.
    pause: Pause,
}

impl Link {
    /// Opens the endpoints; none where an address is none.
    pub(crate) fn open(urls: &[String], timeout: Duration, cancel: &Cancel) -> Option<Self> {
        Self::open_for(urls, timeout, cancel, &Pulse::new())
    }

    /// The same for a worker, of which each answer is a sign of life.
    pub(crate) fn open_for(urls: &[String], timeout: Duration, cancel: &Cancel, pulse: &Pulse) -> Option<Self> {
        // A call is tried at the next endpoint, not again at this one: the next round comes soon enough.
        let limits = HttpLimits { timeout, connect: timeout, tries: 1, ..HttpLimits::default() };
        let open =
            |url: &String| Http::new(url, limits, cancel.clone()).map(|http| Endpoint(Arc::new(http), pulse.clone()));
        let row = urls.iter().map(open).collect::<Option<Vec<_>>>()?;
        let endpoints = line_up(&row, cancel);
        Some(Self {
            row,
            endpoints,
            cancel: cancel.clone(),
            patience: Patience::within(timeout),
            silent: Silent::default(),
            since: Instant::now(),
            told: Vec::new(),
            swallowers: BTreeSet::new(),
            pause: Pause::default(),
        })
    }

    /// From now on it gives no transaction to anybody while a person has paused the operator.
    pub(crate) fn obey(&mut self, pause: &Pause) {
        self.pause = pause.clone();
    }

    /// Whether a person has paused the operator.
    pub(crate) fn is_paused(&self) -> bool {
        self.pause.is_on()
    }

    /// How many endpoints there are, also those put aside.
    pub(crate) fn len(&self) -> usize {
        self.row.len()
    }

    /// What was found of the endpoints since the last call.
    pub(crate) fn findings(&mut self) -> Vec<String> {
        let findings = self.endpoints.findings();
        let fresh = findings.iter().filter(|finding| is_a_fault(finding) && !self.told.contains(finding));
        let fresh = fresh.map(ToString::to_string).collect();
        self.told = findings;
        fresh
    }

    /// Lines all endpoints up anew, those that were put aside last, once some time has passed since the last time.
    pub(crate) fn give_second_chance(&mut self) {
        let used = self.endpoints.in_use().count();
        let pause = if used == 0 { NONE_LEFT } else { SECOND_CHANCE };
        if used < self.row.len() && self.since.elapsed() >= pause {
            let in_use: Vec<String> = self.endpoints.in_use().map(str::to_owned).collect();
            self.row.sort_by_key(|endpoint| !in_use.iter().any(|name| name == endpoint.0.name()));
            self.line_up();
        }
    }

    /// Forgets what was found of the endpoints: it was this process that stood still. Who is at
    /// fault all the same is found again.
    pub(crate) fn forgive(&mut self) {
        if !self.endpoints.findings().is_empty() {
            self.line_up();
        }
    }

    /// Asks the next endpoint first, and lines up those that were put aside with it: this one keeps whoever asks it back.
    pub(crate) fn rotate(&mut self) {
        if !self.row.is_empty() {
            self.row.rotate_left(1);
        }
        self.line_up();
    }

    /// The name of the endpoint that is asked first.
    pub(crate) fn first(&self) -> &str {
        let first = self.endpoints.order("kaia_getHeaderByNumber").first().and_then(|place| self.row.get(*place));
        first.map_or("no endpoint", |endpoint| endpoint.0.name())
    }

    fn line_up(&mut self) {
        self.endpoints = line_up(&self.row, &self.cancel);
        self.since = Instant::now();
        self.told.clear();
    }

    /// Asks what calls would do, with the gas that they will be given: one endpoint, and where it
    /// says anything but that one works, the others too. Unproven: a false answer delays where
    /// there is no other endpoint, or costs a failed transaction.
    pub(crate) async fn simulate_all(&self, calls: &[Call<'_>]) -> Vec<Outcome> {
        self.simulate_by(calls, ASKED_TOGETHER).await
    }

    /// The same, each call in a request of its own: what takes long keeps no other back.
    pub(crate) async fn simulate_alone(&self, calls: &[Call<'_>]) -> Vec<Outcome> {
        self.simulate_by(calls, 1).await
    }

    async fn simulate_by(&self, calls: &[Call<'_>], together: usize) -> Vec<Outcome> {
        let unknown = Outcome::Unknown("no endpoint is left".to_owned());
        let is_settled = |outcome: &Outcome| matches!(outcome, Outcome::Works);
        let said = self.ask_each(CALL, (calls, together), |call| call.at_latest(), outcome_of, is_settled);
        let merge = |said: Vec<Outcome>| {
            said.into_iter().fold(unknown.clone(), |outcome, other| match (&outcome, &other) {
                (Outcome::Works, _) => outcome,
                (Outcome::Reverts(_), Outcome::Reverts(_) | Outcome::Unknown(_)) => outcome,
                _ => other,
            })
        };
        said.await.into_iter().map(merge).collect()
    }

    /// [`Self::simulate_all`] of one call.
    pub(crate) async fn simulate(&self, call: &Call<'_>) -> Outcome {
        let said = self.simulate_all(std::slice::from_ref(call)).await.into_iter().next();
        said.unwrap_or_else(|| Outcome::Unknown("no endpoint is left".to_owned()))
    }

    /// [`Self::estimate_all`] of one call.
    pub(crate) async fn estimate(&self, call: &Call<'_>) -> Need {
        self.estimate_all(std::slice::from_ref(call)).await.into_iter().next().unwrap_or(Need::Unknown)
    }

    /// Asks whether calls work with so much gas, the first endpoint that answers; none where no
    /// endpoint does in time.
    pub(crate) async fn try_once(&self, calls: &[Call<'_>]) -> Vec<Option<bool>> {
        let asked = (calls, ASKED_TOGETHER);
        let said = self.ask_each(CALL, asked, |call| call.at_latest(), works, Option::is_some);
        said.await.into_iter().map(|said| said.into_iter().flatten().next()).collect()
    }

    /// Asks how much gas calls need, at most what each is given, in the same way: what one endpoint
    /// says will not work, the others are asked. Unproven as well.
    pub(crate) async fn estimate_all(&self, calls: &[Call<'_>]) -> Vec<Need> {
        let is_settled = |need: &Need| matches!(need, Need::Gas(_));
        let asked = (calls, ASKED_TOGETHER);
        let said = self.ask_each(ESTIMATE, asked, |call| json!([call.to_json()]), need_of, is_settled);
        // Silence takes no answer back.
        let merge = |said: Vec<Need>| {
            let merged = said.into_iter().reduce(|need, other| match (&need, &other) {
                (Need::Gas(_), _) | (_, Need::Unanswered) => need,
                (Need::Reverts(_), Need::Reverts(_) | Need::Unknown) => need,
                _ => other,
            });
            merged.unwrap_or(Need::Unknown)
        };
        said.await.into_iter().map(merge).collect()
    }

    /// Sends a signed transaction to one endpoint, the first that takes it.
    pub(crate) async fn send(&self, raw: &[u8]) -> Result<(), RpcError> {
        let mut refusal = None;
        for place in self.takers() {
            match self.endpoints.call_at(place, SEND, json!([encode_hex(raw)])).await {
                Err(RpcError::Node { message, .. }) if is_known(&message) => return Ok(()),
                Ok(_) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or(RpcError::NoneLeft { reasons: "all were put aside".to_owned() }))
    }

    /// Gives signed transactions to every endpoint in use, or each only until one has taken it, and
    /// gives for each the names of endpoints and what they said, in the order asked. Endpoints get
    /// them in the order given, as many as one request may hold together. Each answer may take
    /// long, so a pause is looked for before each.
    pub(crate) async fn give(&self, raws: &[&[u8]], to_all: bool) -> Vec<Vec<(String, Said)>> {
        let mut all: Vec<Vec<(String, Said)>> = vec![Vec::new(); raws.len()];
        for place in self.takers() {
            let is_due = |said: &Vec<(String, Said)>| to_all || !said.iter().any(|(_, said)| said.is_taken());
            let due: Vec<usize> = (0..).zip(&all).filter(|(_, said)| is_due(said)).map(|(index, _)| index).collect();
            for part in parts(&due, GIVEN_TOGETHER, |index| raws.get(*index).map_or(0, |raw| raw.len())) {
                if self.is_paused() {
                    return all;
                }
                let given = part.iter().filter_map(|index| raws.get(*index));
                let params = given.map(|raw| json!([encode_hex(raw)])).collect();
                let said = match self.endpoints.call_each_at(place, SEND, params).await {
                    Ok(answers) => answers.into_iter().map(said_by).collect(),
                    // It may have taken some: a later time shows.
                    Err(error) => vec![Said::Silent(error.to_string()); part.len()],
                };
                for (index, said) in part.iter().zip(said) {
                    if let Said::Refused(_, words) | Said::Silent(words) = &said {
                        tracing::warn!(endpoint = %self.name_of(place), %words, "an endpoint did not take a transaction");
                    }
                    if let Some(all) = all.get_mut(*index) {
                        all.push((self.name_of(place), said));
                    }
                }
            }
        }
        all
    }

    /// Whether another transaction has taken the account nonce of this one, which is used up: no
    /// endpoint shows this one in a block, and one at least says that no block has it. Unproven.
    pub(crate) async fn is_displaced(&self, hash: &Hash) -> bool {
        const METHOD: &str = "kaia_getTransactionReceipt";
        let mut answers = Vec::new();
        for place in self.endpoints.order(METHOD) {
            answers.push(self.endpoints.call_at(place, METHOD, json!([hash.to_string()])).await);
        }
        is_in_no_block(&answers)
    }

    /// Sends to this endpoint last from now on.
    pub(crate) fn distrust(&mut self, name: &str) {
        self.swallowers.insert(name.to_owned());
    }

    /// Endpoints in use, those that swallow last.
    fn takers(&self) -> Vec<usize> {
        let mut takers = self.endpoints.order(SEND);
        takers.sort_by_key(|place| self.swallowers.contains(&self.name_of(*place)));
        takers
    }

    fn name_of(&self, place: usize) -> String {
        self.row.get(place).map_or_else(String::new, |endpoint| endpoint.0.name().to_owned())
    }

    /// Puts aside whoever gave a false answer.
    pub(crate) fn blame(links: &[&Self], error: &ProveError) {
        let endpoints: Vec<_> = links.iter().map(|link| &link.endpoints).collect();
        Endpoints::dismiss_latest(&endpoints, error);
    }
}

/// Cuts a row where one request would hold too many calls, or get longer than nodes read: half a
/// mebibyte of text, in which each byte of a call is two.
fn parts<T>(row: &[T], most: usize, bytes: impl Fn(&T) -> usize) -> Vec<&[T]> {
    const MOST_BYTES: usize = 200_000;
    let (mut parts, mut rest) = (Vec::new(), row);
    while !rest.is_empty() {
        let mut sum = 0usize;
        let fits = |one: &&T| {
            sum = sum.saturating_add(bytes(one));
            sum <= MOST_BYTES
        };
        let count = rest.iter().take(most).take_while(fits).count().max(1);
        let (part, later) = rest.split_at(count);
        parts.push(part);
        rest = later;
    }
    parts
}

/// A full node has thrown old states away and proves no account that is absent: so do all of them.
/// One that lacks a block repairs itself, or is behind: another one is asked first. The clock and a
/// chain that stands still have alarms of their own.
fn is_a_fault(finding: &Finding) -> bool {
    match finding {
        Finding::PassedOver { .. } | Finding::ClockBehind { .. } | Finding::StandsStill { .. } => false,
        Finding::Refused { error, .. } => !error.is_pruned() && !error.is_no_account(),
        _ => true,
    }
}

/// A node that has it already has it.
fn said_by(answer: Result<Value, RpcError>) -> Said {
    match answer {
        Ok(_) => Said::Newly,
        Err(RpcError::Node { message, .. }) if is_known(&message) => Said::Before,
        Err(RpcError::Node { message, .. }) => Said::Refused(refusal_in(&message), message),
        Err(error) => Said::Silent(error.to_string()),
    }
}

/// There are no codes for it; these are the words of Klaytn, Kaia and Ethereum nodes.
fn refusal_in(message: &str) -> Refusal {
    const FOR_GOOD: [&str; 12] = [
        "oversized data",
        "intrinsic gas too low",
        "floor data gas",
        "exceeds the upper limit",
        "exceeds block gas limit",
        "invalid sender",
        "invalid signature",
        "invalid fee payer",
        "invalid chain id",
        "not supported",
        "program account",
        "anchoring chaindata tx is not allowed",
    ];
    const PRICE: [&str; 4] = ["underpriced", "same nonce", "basefee", "gas price below"];
    let message = message.to_ascii_lowercase();
    match () {
        () if message.contains("insufficient funds") => Refusal::Funds,
        () if PRICE.iter().any(|words| message.contains(words)) => Refusal::Price,
        () if FOR_GOOD.iter().any(|words| message.contains(words)) => Refusal::ForGood,
        () => Refusal::Other,
    }
}

fn need_of(answer: Result<Value, RpcError>) -> Need {
    match answer {
        Ok(Value::String(gas)) => {
            let gas = gas.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            gas.map_or(Need::Unknown, Need::Gas)
        }
        Err(RpcError::Node { message, .. }) if is_revert(&message) => Need::Reverts(reverts::in_words(&message)),
        Ok(_) | Err(RpcError::Node { .. }) => Need::Unknown,
        Err(_) => Need::Unanswered,
    }
}

fn outcome_of(answer: Result<Value, RpcError>) -> Outcome {
    match answer {
        Ok(Value::String(_)) => Outcome::Works,
        Ok(_) => Outcome::Unknown("the answer is no bytes".to_owned()),
        Err(RpcError::Node { message, .. }) if is_revert(&message) => Outcome::Reverts(reverts::in_words(&message)),
        Err(error) => Outcome::Unknown(error.to_string()),
    }
}

/// Whether these answers to the question for one receipt say that there is none. Silence says
/// nothing.
fn is_in_no_block(answers: &[Result<Value, RpcError>]) -> bool {
    let mut told = answers.iter().flatten().peekable();
    told.peek().is_some() && told.all(Value::is_null)
}

/// None where nothing was answered.
fn works(answer: Result<Value, RpcError>) -> Option<bool> {
    match answer {
        Ok(_) | Err(RpcError::Node { .. }) => Some(outcome_of(answer) == Outcome::Works),
        Err(_) => None,
    }
}

fn line_up(row: &[Endpoint], cancel: &Cancel) -> Endpoints<Endpoint> {
    Endpoints::new(row.iter().map(|endpoint| (endpoint.0.name().to_owned(), endpoint.clone())), cancel.clone())
}

/// There is no code for it; these are the words of Klaytn, Kaia and Ethereum nodes.
fn is_revert(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    const WORDS: [&str; 5] = ["revert", "insufficient", "out of gas", "invalid opcode", "exceeds allowance"];
    WORDS.iter().any(|words| message.contains(words))
}

fn is_known(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["known transaction", "already known", "already exist"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use spanlight::primitives::keccak256;

    /// Serves a node of a test for as long as the tests run, and gives its address.
    pub(crate) fn serve(router: axum::Router) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        url
    }

    #[test]
    fn a_transaction_is_displaced_only_where_endpoints_say_that_no_block_has_it() {
        let silent = || Err(RpcError::Cancelled);
        let receipt = || Ok(json!({ "status": "0x0" }));
        assert!(is_in_no_block(&[Ok(Value::Null)]));
        assert!(is_in_no_block(&[silent(), Ok(Value::Null)]));
        assert!(!is_in_no_block(&[Ok(Value::Null), receipt()]), "it executed, if without effect");
        assert!(!is_in_no_block(&[receipt()]));
        assert!(!is_in_no_block(&[silent()]), "nobody says so");
        assert!(!is_in_no_block(&[]));
    }

    /// Whatever the operator asks a node about a call, what the contract says is told by its name:
    /// a vote that would revert because of a pause is not parked.
    #[test]
    fn a_custom_error_has_its_name_whatever_was_asked() {
        let answer = || {
            let selector = encode_hex(&keccak256(b"HandlesArePaused()").0[..4]);
            let message = format!("evm: execution reverted ({selector})");
            Err(RpcError::Node { code: 3, message })
        };
        let Outcome::Reverts(simulated) = outcome_of(answer()) else { panic!("a revert") };
        let Need::Reverts(estimated) = need_of(answer()) else { panic!("a revert") };
        assert!(reverts::is_pause(&simulated), "{simulated}");
        assert_eq!(estimated, simulated);
    }

    #[test]
    fn no_request_holds_more_than_nodes_read_and_one_call_always_has_its_own() {
        let cut =
            |row: &[usize], most| parts(row, most, |bytes| *bytes).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(cut(&[1; 150], 64), [64, 64, 22]);
        assert_eq!(cut(&[131_072; 3], 64), [1, 1, 1]);
        assert_eq!(cut(&[90_000, 90_000, 90_000, 5], 64), [2, 2]);
        assert_eq!(cut(&[300_000, 5], 64), [1, 1]);
        assert!(cut(&[], 64).is_empty());
    }
}
