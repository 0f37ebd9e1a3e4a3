//! The endpoints of one chain, opened: recordings and addresses alike.

use crate::endpoints::{Limits, Place};
use crate::failure::Failure;
use crate::gather;
use serde_json::Value;
use spanlight_operator::config::shown;
use spanlight_prover::{Cancel, Endpoints, Http, HttpLimits, Replay, RpcError, Transport};

/// One endpoint.
#[derive(Debug)]
pub(crate) enum Source {
    Http(Box<Http>),
    Replay(Box<Replay>),
}

impl Transport for Source {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match self {
            Self::Http(http) => http.call(method, params).await,
            Self::Replay(replay) => replay.call(method, params).await,
        }
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        match self {
            Self::Http(http) => http.call_all(method, params).await,
            Self::Replay(replay) => replay.call_all(method, params).await,
        }
    }
}

/// All endpoints of one chain.
#[derive(Debug)]
pub(crate) struct Nodes {
    pub(crate) endpoints: Endpoints<Source>,
    /// Whether one of them goes on with time, so that the time to judge by is this machine's.
    pub(crate) live: bool,
}

impl Nodes {
    /// One recording.
    pub(crate) fn recorded(replay: Replay, name: &str) -> Self {
        let source = Source::Replay(Box::new(replay));
        Self { endpoints: Endpoints::new([(name.to_owned(), source)], Cancel::default()), live: false }
    }

    /// One node, read with the usual limits. It is not yet called.
    pub(crate) fn of_url(url: &str) -> Result<Self, Failure> {
        let http = Http::new(url, HttpLimits::default(), Cancel::default());
        let http = http.ok_or_else(|| Failure::usage(format!("{} is not the URL of a node", shown(url))))?;
        let list = [(http.name().to_owned(), Source::Http(Box::new(http)))];
        Ok(Self { endpoints: Endpoints::new(list, Cancel::default()), live: true })
    }

    /// Opens endpoints. An address is not yet called.
    pub(crate) fn open(places: &[&Place], limits: &Limits) -> Result<Self, Failure> {
        let roots = limits.roots(places)?;
        let open = |url: &str| match &roots {
            Some(roots) => Http::with_roots(url, limits.http(), roots.clone(), Cancel::default()),
            None => Http::new(url, limits.http(), Cancel::default()),
        };
        let mut list = Vec::new();
        for place in places {
            list.push(match place {
                Place::Recording(path) => {
                    (format!("replay:{}", path.display()), Source::Replay(Box::new(gather::open(path)?)))
                }
                Place::Url(url) => {
                    let http =
                        open(url).ok_or_else(|| Failure::usage(format!("{} is not the URL of a node", shown(url))))?;
                    (http.name().to_owned(), Source::Http(Box::new(http)))
                }
            });
        }
        let live = places.iter().any(|place| matches!(place, Place::Url(_)));
        Ok(Self { endpoints: Endpoints::new(list, Cancel::default()).with_max_lag(limits.max_lag), live })
    }
}
