//! What `prove`, `audit` and `sync` are asked, in JSON.

use alloc::string::String;
use spanlight::consensus::FollowMode;
use spanlight::object;
use spanlight::tree::{variant, FromJson, Json, Malformed};
use spanlight_prover::{HeaderPlan, ProveOptions, Subject};

/// What `prove` and `audit` are asked.
pub(crate) struct Ask {
    pub(crate) from: String,
    pub(crate) subject: AskSubject,
    pub(crate) now: u64,
    pub(crate) mode: FollowMode,
    headers: AskHeaders,
    scan: Option<u64>,
    window: Option<u64>,
    tries: Option<u32>,
    pub(crate) beyond: bool,
}

object!(Ask {
    from,
    subject,
    now,
    mode = FollowMode::Full,
    headers = AskHeaders(HeaderPlan::Sparse),
    scan = None,
    window = None,
    tries = None,
    beyond = false,
});

impl Ask {
    pub(crate) fn options(&self) -> ProveOptions {
        let usual = ProveOptions::at(self.now);
        ProveOptions {
            window: self.window.unwrap_or(usual.window),
            scan: self.scan,
            tries: self.tries.and_then(|tries| usize::try_from(tries).ok()).unwrap_or(usual.tries),
            headers: self.headers.0,
            ..usual
        }
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
    pub(crate) now: u64,
    pub(crate) to: Option<u64>,
    pub(crate) mode: FollowMode,
    pub(crate) deep: bool,
}

object!(AskSync { chain, now, to = None, mode = FollowMode::Full, deep = false });
