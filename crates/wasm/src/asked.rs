//! What `prove`, `audit` and `sync` are asked, in JSON.

use crate::endpoint::{open, Endpoint, Node};
use alloc::string::String;
use alloc::vec::Vec;
use spanlight::consensus::FollowMode;
use spanlight::object;
use spanlight::tree::{variant, FromJson, Json, Malformed};
use spanlight_prover::endpoints::MAX_LAG;
use spanlight_prover::jsonrpc::Limits;
use spanlight_prover::{Endpoints, HeaderPlan, ProveOptions, Subject, Time};

/// What `prove` and `audit` are asked.
pub(crate) struct Ask {
    pub(crate) from: String,
    pub(crate) subject: AskSubject,
    now: Option<u64>,
    pub(crate) mode: FollowMode,
    headers: AskHeaders,
    scan: Option<u64>,
    window: Option<u64>,
    pub(crate) limits: AskLimits,
    pub(crate) beyond: bool,
}

object!(Ask {
    from,
    subject,
    now = None,
    mode = FollowMode::Full,
    headers = AskHeaders(HeaderPlan::Sparse),
    scan = None,
    window = None,
    limits = AskLimits::default(),
    beyond = false,
});

impl Ask {
    pub(crate) fn options(&self, now: u64) -> ProveOptions {
        let usual = ProveOptions::at(now);
        ProveOptions { window: self.window.unwrap_or(usual.window), scan: self.scan, headers: self.headers.0, ..usual }
    }
}

impl Ask {
    pub(crate) fn time(&self) -> Time {
        time(self.now)
    }
}

impl AskSync {
    pub(crate) fn time(&self) -> Time {
        time(self.now)
    }
}

/// The time that was given, or else the machine's clock, read again whenever headers arrive.
fn time(given: Option<u64>) -> Time {
    given.map_or(Time::Runs(clock), Time::Fixed)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time before 1970 counts as 0")]
fn clock() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

/// What asking endpoints may cost.
#[derive(Default)]
pub(crate) struct AskLimits {
    tries: Option<u32>,
    batch: Option<u32>,
    max_lag: Option<u64>,
}

object!(AskLimits { tries = None, batch = None, max_lag = None });

impl AskLimits {
    pub(crate) fn open(&self, list: Vec<Endpoint>) -> Endpoints<Node> {
        let usual = Limits::default();
        let batch = self.batch.and_then(|batch| usize::try_from(batch).ok()).unwrap_or(usual.batch);
        let limits = Limits { tries: self.tries.unwrap_or(usual.tries), batch, ..usual };
        open(list, limits, self.max_lag.unwrap_or(MAX_LAG))
    }
}

pub(crate) struct AskSubject(pub(crate) Subject);

impl FromJson for AskSubject {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        let unknown = || Malformed::new("one of nonce, transaction and range is expected");
        let Json::Object(members) = json else { return Err(unknown()) };
        let [(name, value)] = members.as_slice() else { return Err(unknown()) };
        Ok(Self(match name.as_str() {
            "nonce" => Subject::Nonce(u64::from_json(value)?),
            "transaction" => Subject::Transaction(FromJson::from_json(value)?),
            "range" => {
                let [first, last] = <[u64; 2]>::from_json(value)?;
                Subject::Range(first, last)
            }
            _ => return Err(unknown()),
        }))
    }
}

struct AskHeaders(HeaderPlan);

impl FromJson for AskHeaders {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("sparse", None) => Ok(Self(HeaderPlan::Sparse)),
            ("full", None) => Ok(Self(HeaderPlan::Full)),
            ("jump", None) => Ok(Self(HeaderPlan::Jump)),
            _ => Err(Malformed::new("`sparse`, `full` or `jump` is expected")),
        }
    }
}

/// What `sync` is asked.
pub(crate) struct AskSync {
    pub(crate) chain: String,
    now: Option<u64>,
    pub(crate) to: Option<u64>,
    pub(crate) mode: FollowMode,
    pub(crate) deep: bool,
    pub(crate) limits: AskLimits,
}

object!(AskSync {
    chain,
    now = None,
    to = None,
    mode = FollowMode::Full,
    deep = false,
    limits = AskLimits::default(),
});
