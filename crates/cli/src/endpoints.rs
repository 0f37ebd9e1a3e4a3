//! `--rpc [NAME=]URL` and `--rpc [NAME=]replay:FILE`: where a chain's data come from. Never part of trust.

use crate::failure::Failure;
use spanlight_operator::config::shown;
use spanlight_prover::Roots;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// One `--rpc` argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The chain, where it is named.
    chain: Option<String>,
    place: Place,
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A recording.
    Recording(PathBuf),
    /// An address of `http:` or `https:`.
    Url(String),
}

const FORM: &str = "write [NAME=]URL of a node, or [NAME=]replay:FILE of a recording (*.jsonl or *.jsonl.gz)";

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A name holds neither colon nor slash, so an equals sign inside a path does not make one.
        let (chain, place) = match text.split_once('=') {
            Some((name, place)) if !name.contains([':', '/']) => (Some(name.to_string()), place),
            _ => (None, text),
        };
        if chain.as_deref() == Some("") {
            return Err(format!("no name before `=`; {FORM}"));
        }
        let place = match (place.strip_prefix("replay:"), place.split_once("://")) {
            (Some(""), _) => return Err(format!("no file after `replay:`; {FORM}")),
            (Some(file), _) => Place::Recording(PathBuf::from(file)),
            (None, Some(("http" | "https", host))) if !host.is_empty() => Place::Url(place.to_string()),
            (None, Some(_)) => return Err(format!("{}: only http and https are spoken; {FORM}", shown(place))),
            (None, None) => return Err(format!("this is not the URL of a node; {FORM}")),
        };
        Ok(Self { chain, place })
    }
}

/// Where the help of the commands lists these.
const HEADING: &str = "Endpoints over HTTP";

/// What reading from endpoints over HTTP may cost.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Limits {
    /// Wait so long for one answer.
    #[arg(long, help_heading = HEADING, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// Read no more of one answer.
    #[arg(long, help_heading = HEADING, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    max_answer: u64,
    /// Try a call so often where no answer comes, with growing pauses.
    #[arg(long, help_heading = HEADING, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=20))]
    tries: u32,
    /// Send so many calls in one request; 1 for endpoints that refuse batches.
    #[arg(long, help_heading = HEADING, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Prefer another endpoint to one that is so many blocks behind it.
    #[arg(long, help_heading = HEADING, value_name = "BLOCKS", default_value_t = spanlight_prover::endpoints::MAX_LAG)]
    pub(crate) max_lag: u64,
    /// Believe also the certificate authorities in this file (PEM), as those of a private network;
    /// SSL_CERT_FILE is heeded too.
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Limits {
    /// Whom to believe about names; read only where an endpoint of `places` is reached under
    /// encryption.
    pub(crate) fn roots(&self, places: &[&Place]) -> Result<Option<Roots>, Failure> {
        let encrypted = places.iter().any(|place| matches!(place, Place::Url(url) if url.starts_with("https:")));
        (encrypted || self.ca.is_some()).then(|| roots(self.ca.as_deref())).transpose()
    }

    pub(crate) fn http(&self) -> spanlight_prover::HttpLimits {
        spanlight_prover::HttpLimits {
            timeout: Duration::from_secs(self.timeout),
            answer: self.max_answer.saturating_mul(1 << 20),
            tries: self.tries,
            batch: usize::from(self.batch),
            ..spanlight_prover::HttpLimits::default()
        }
    }
}

/// The authorities that may vouch for the names of `https:` endpoints: this machine's, and those of
/// `file`.
fn roots(file: Option<&Path>) -> Result<Roots, Failure> {
    let own = Roots::of_this_machine();
    let hint = "name a file of certificates in PEM form, or none to believe this machine's own store";
    let all = own.and_then(|own| file.map_or(Ok(own.clone()), |file| own.and_of_file(file)));
    all.map_err(|error| Failure::unreadable(error.to_string()).code(error.code()).hint(hint))
}

/// The endpoints of `chain` in the order given: those that name it, or all where none names any.
pub(crate) fn of_chain<'e>(endpoints: &'e [Endpoint], chain: &str) -> Result<Vec<&'e Place>, Failure> {
    let unnamed = endpoints.iter().all(|endpoint| endpoint.chain.is_none());
    let fits = |endpoint: &&Endpoint| unnamed || endpoint.chain.as_deref() == Some(chain);
    let places: Vec<&Place> = endpoints.iter().filter(fits).map(|endpoint| &endpoint.place).collect();
    if places.is_empty() {
        return Err(Failure::usage(format!("no --rpc for chain `{chain}`")).hint(format!("add --rpc {chain}=URL")));
    }
    Ok(places)
}

/// Every endpoint must belong to one of `chains`: a misspelt name would otherwise be ignored in silence. Where there are
/// several, each must say to which.
pub(crate) fn all_are_of(endpoints: &[Endpoint], chains: &[&str]) -> Result<(), Failure> {
    let stranger = endpoints.iter().filter_map(|e| e.chain.as_deref()).find(|name| !chains.contains(name));
    match stranger {
        None if chains.len() > 1 && endpoints.iter().any(|e| e.chain.is_none()) => {
            Err(Failure::usage("an --rpc does not say of which chain it is").hint("write --rpc NAME=URL"))
        }
        None => Ok(()),
        Some(name) => Err(Failure::usage(format!("--rpc names chain `{name}`, which this command does not read"))
            .hint(format!("it reads: {}", chains.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Result<(Option<String>, Place), String> {
        text.parse().map(|e: Endpoint| (e.chain, e.place))
    }

    fn file(name: &str) -> Place {
        Place::Recording(name.into())
    }

    #[test]
    fn reads_a_name_and_a_recording_or_an_address() {
        assert_eq!(endpoint("main=replay:a.gz"), Ok((Some("main".into()), file("a.gz"))));
        assert_eq!(endpoint("replay:a=b.gz"), Ok((None, file("a=b.gz"))));
        assert_eq!(endpoint("main=replay:/a=b.gz"), Ok((Some("main".into()), file("/a=b.gz"))));
        let url = "https://node.example/v1?key=a";
        assert_eq!(endpoint(&format!("main={url}")), Ok((Some("main".into()), Place::Url(url.into()))));
        assert_eq!(endpoint(url), Ok((None, Place::Url(url.into()))));
    }

    #[test]
    fn refuses_what_is_no_endpoint() {
        for text in
            ["", "main", "main=", "=replay:a", "main=replay:", "replay:", "main=ws://localhost", "http://", "a.gz"]
        {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn picks_the_endpoints_of_a_chain() {
        let parse = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect::<Vec<Endpoint>>();
        let both = parse(&["main=replay:m", "service=replay:s", "main=http://n"]);
        assert_eq!(of_chain(&both, "service").ok(), Some(vec![&file("s")]));
        assert_eq!(of_chain(&both, "main").ok(), Some(vec![&file("m"), &Place::Url("http://n".into())]));
        assert!(of_chain(&both, "other").is_err());
        let unnamed = parse(&["replay:m", "replay:n"]);
        assert_eq!(of_chain(&unnamed, "any").ok(), Some(vec![&file("m"), &file("n")]));
        assert!(all_are_of(&both, &["main"]).is_err());
        assert!(all_are_of(&both, &["main", "service"]).is_ok());
        assert!(all_are_of(&unnamed, &["main"]).is_ok());
        assert!(all_are_of(&unnamed, &["main", "service"]).is_err());
    }
}
