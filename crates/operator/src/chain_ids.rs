//! Which chain the configured endpoints serve: those of another chain are a mistake of the
//! configuration, which trying again does not mend.
//!
//! Endpoints are not believed about it. One that tells a false number where others tell the right
//! one is named and left to the others; only where each endpoint of a chain tells another number
//! the operator stops, which those endpoints could make it do anyway by not serving.

use crate::config::{shown, Config};
use crate::link::Link;
use futures_util::future::{join_all, pending, select_all};
use spanlight::trust::TrustedChain;
use spanlight_prover::{Cancel, Node};
use std::time::Duration;

/// Until an endpoint is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(30);

/// What the endpoints of a chain say, where none says what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherChain {
    /// The chain.
    pub chain: String,
    /// Its id by the trust file.
    pub expected: u64,
    /// Each endpoint, without what may be a password, with the id that it serves.
    pub served: Vec<(String, u64)>,
}

impl std::fmt::Display for OtherChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "chains.{}.endpoints: ", self.chain)?;
        for (url, id) in &self.served {
            write!(f, "{url} serves chain id {id}, ")?;
        }
        write!(f, "and the trust file's `{}` has chain id {}", self.chain, self.expected)
    }
}

impl std::error::Error for OtherChain {}

/// Done once each endpoint of a chain has told the id of another chain.
pub(crate) async fn of_another_chain(config: Config) -> OtherChain {
    let mut chains = Vec::new();
    for (name, settings) in &config.chains {
        if let Ok(trusted) = config.trust.chain(name) {
            let timeout = Duration::from_secs(settings.timeout_s);
            chains.push(Box::pin(check(name, &settings.endpoints, trusted, timeout)));
        }
    }
    if chains.is_empty() {
        return pending().await;
    }
    select_all(chains).await.0
}

async fn check(chain: &str, urls: &[String], trusted: &TrustedChain, timeout: Duration) -> OtherChain {
    let expected = trusted.profile.chain_id;
    let ids = join_all(urls.iter().map(|url| id_of(url, trusted, timeout))).await;
    let served: Vec<(String, u64)> = urls.iter().map(|url| shown(url)).zip(ids).collect();
    if served.is_empty() || served.iter().any(|(_, id)| *id == expected) {
        for (endpoint, id) in served.iter().filter(|(_, id)| *id != expected) {
            tracing::warn!(%endpoint, chain, id, expected, "an endpoint serves another chain: take it out");
        }
        return pending().await;
    }
    OtherChain { chain: chain.to_owned(), expected, served }
}

/// The same, with each endpoint asked once: none also where one does not answer.
pub(crate) async fn asked_once(
    chain: &str,
    urls: &[String],
    trusted: &TrustedChain,
    timeout: Duration,
) -> Option<OtherChain> {
    let expected = trusted.profile.chain_id;
    let ids = join_all(urls.iter().map(|url| ask(url, trusted, timeout))).await;
    let ids: Option<Vec<u64>> = ids.into_iter().collect();
    let ids = ids.filter(|ids| !ids.is_empty() && !ids.contains(&expected))?;
    let served = urls.iter().map(|url| shown(url)).zip(ids).collect();
    Some(OtherChain { chain: chain.to_owned(), expected, served })
}

/// What an endpoint says, as soon as it says something.
async fn id_of(url: &String, trusted: &TrustedChain, timeout: Duration) -> u64 {
    loop {
        if let Some(id) = ask(url, trusted, timeout).await {
            return id;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ask(url: &String, trusted: &TrustedChain, timeout: Duration) -> Option<u64> {
    let link = Link::open(std::slice::from_ref(url), timeout, &Cancel::default())?;
    Node::new(&link.endpoints, &trusted.profile).chain_id().await.ok()
}
