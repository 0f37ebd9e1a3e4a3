//! `--rpc [NAME=]replay:FILE`: where a chain's data come from. Never part of trust.

use crate::failure::Failure;
use std::path::PathBuf;
use std::str::FromStr;

/// One `--rpc` argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The chain, where it is named.
    chain: Option<String>,
    /// The recording.
    recording: PathBuf,
}

const FORM: &str = "write [NAME=]replay:FILE, where FILE is a recording (*.jsonl or *.jsonl.gz)";

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
        match place.strip_prefix("replay:") {
            Some(file) if !file.is_empty() => Ok(Self { chain, recording: PathBuf::from(file) }),
            Some(_) => Err(format!("no file after `replay:`; {FORM}")),
            None if place.contains("://") => Err(format!("`{place}`: this command reads recordings only; {FORM}")),
            None => Err(format!("`{text}` is no endpoint; {FORM}")),
        }
    }
}

/// The recording of `chain`: the endpoint that names it, or the only one there is if it names none.
pub(crate) fn recording_of<'e>(endpoints: &'e [Endpoint], chain: &str) -> Result<&'e PathBuf, Failure> {
    let mut named = endpoints.iter().filter(|endpoint| endpoint.chain.as_deref() == Some(chain));
    if let Some(endpoint) = named.next() {
        return match named.next() {
            None => Ok(&endpoint.recording),
            Some(_) => Err(Failure::usage(format!("two --rpc for chain `{chain}`")).hint("give one for each chain")),
        };
    }
    match endpoints {
        [Endpoint { chain: None, recording }] => Ok(recording),
        _ => {
            Err(Failure::usage(format!("no --rpc for chain `{chain}`")).hint(format!("add --rpc {chain}=replay:FILE")))
        }
    }
}

/// Every endpoint must belong to one of `chains`: a misspelt name would otherwise be ignored in silence.
pub(crate) fn all_are_of(endpoints: &[Endpoint], chains: &[&str]) -> Result<(), Failure> {
    let stranger = endpoints.iter().filter_map(|e| e.chain.as_deref()).find(|name| !chains.contains(name));
    match stranger {
        None => Ok(()),
        Some(name) => Err(Failure::usage(format!("--rpc names chain `{name}`, which this command does not read"))
            .hint(format!("it reads: {}", chains.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Result<(Option<String>, PathBuf), String> {
        text.parse().map(|e: Endpoint| (e.chain, e.recording))
    }

    #[test]
    fn reads_a_name_and_a_recording() {
        assert_eq!(endpoint("main=replay:a.gz"), Ok((Some("main".into()), "a.gz".into())));
        assert_eq!(endpoint("replay:a=b.gz"), Ok((None, "a=b.gz".into())));
        assert_eq!(endpoint("main=replay:/a=b.gz"), Ok((Some("main".into()), "/a=b.gz".into())));
    }

    #[test]
    fn refuses_what_is_no_recording() {
        for text in ["", "main", "main=", "=replay:a", "main=replay:", "replay:", "main=http://localhost:8551", "a.gz"]
        {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn picks_the_endpoint_of_a_chain() {
        let parse = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect::<Vec<Endpoint>>();
        let both = parse(&["main=replay:m", "service=replay:s"]);
        assert_eq!(recording_of(&both, "service").ok(), Some(&"s".into()));
        assert!(recording_of(&both, "other").is_err());
        assert!(recording_of(&parse(&["main=replay:m", "main=replay:n"]), "main").is_err());
        assert_eq!(recording_of(&parse(&["replay:m"]), "any").ok(), Some(&"m".into()));
        assert!(all_are_of(&both, &["main"]).is_err());
        assert!(all_are_of(&both, &["main", "service"]).is_ok());
    }
}
