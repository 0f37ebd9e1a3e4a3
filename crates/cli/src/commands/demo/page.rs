//! `spanlight demo --page`: the recordings as two nodes, and the page, on free ports of this machine.

use super::recorded::{MAIN, SERVICE, TRUST};
use crate::failure::Failure;
use crate::gather;
use crate::nodes::Nodes;
use crate::output::{self, Output};
use crate::serve::{self, Guard, Link, Place, Site};
use crate::trust_file::{self, Form};
use spanlight::Trust;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

const RECORDINGS: [(&str, &[u8]); 2] = [("main", MAIN), ("service", SERVICE)];
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(super) fn run(page: Option<&Path>) -> Result<Output, Failure> {
    let trust = trust_file::parse(TRUST, Form::Toml, "trust.toml")?;
    let site = Site::open(page)?;
    let now = Some(time(&trust)?);
    let (mut services, mut endpoints) = (Vec::new(), Vec::new());
    for (chain, recording) in RECORDINGS {
        let place = Place::listen(ANY_PORT)?;
        endpoints.push((chain.to_owned(), place.url()));
        services.push((place, serve::recording(gather::replay(recording, chain)?)));
    }
    let place = Place::listen(ANY_PORT)?;
    let link = Link { trust: Some(&trust), endpoints: &endpoints, now }.of(&format!("{}/", place.url()))?;
    services.push((place, Guard::new(&[]).around(site.router())));
    let nodes: String = endpoints.iter().map(|(chain, url)| format!("{chain} is replayed at {url}\n")).collect();
    output::print(&Output::done(format!("{nodes}Open this link, and take the settings that it brings:\n{link}\n")));
    serve::until_interrupted(services)?;
    Ok(Output::default())
}

/// The recorded chains have stopped; the page judges them by the time of their last block.
fn time(trust: &Trust) -> Result<u64, Failure> {
    let [main, service] = RECORDINGS.map(|(chain, recording)| {
        Ok::<_, Failure>((Nodes::recorded(gather::replay(recording, chain)?, chain), trust_file::chain(trust, chain)?))
    });
    let ((main, on_main), (service, on_service)) = (main?, service?);
    gather::time_of_recordings(&[(&main, on_main), (&service, on_service)])
}
