//! `spanlight serve`: the page, and nodes behind a proxy for it.

use crate::failure::Failure;
use crate::output::{self, Output};
use crate::serve::{self, Guard, Limits, Link, Place, Proxied, Proxy, Site};
use crate::trust_file;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve the verification page, and pass its calls on to nodes that refuse browsers.
///
/// The page proves and verifies in the browser: this server is believed in nothing but the page's own code. Ends on an
/// interrupt. Strangers should reach it through a server that brings TLS.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port to listen at; port 0 picks a free one, which is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Serve the page in this folder instead of the one that came with the program.
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
    /// Answer to this host name too, besides addresses and localhost. May be given more than once.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Print a link that brings this trust file into the page, and the endpoints of --proxy for chains of their names.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Pass calls to /rpc/NAME on to this node. May be given more than once.
    #[arg(long, help_heading = "Proxy", value_name = "NAME=URL")]
    proxy: Vec<Proxied>,
    #[command(flatten)]
    limits: Limits,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let trust = args.trust.as_deref().map(trust_file::read).transpose()?;
    let site = Site::open(args.page.as_deref())?;
    let proxy = Proxy::new(&args.proxy, &args.limits)?;
    let place = Place::listen(args.listen)?;
    let url = place.url();
    let mut text = format!("the page is at {url}/\n");
    for Proxied { name, shown, .. } in &args.proxy {
        let _ = writeln!(text, "calls to {url}/rpc/{name} go to {shown}");
    }
    if let Some(trust) = &trust {
        let is_chain = |proxied: &&Proxied| trust.chain(&proxied.name).is_ok();
        let endpoint = |proxied: &Proxied| (proxied.name.clone(), format!("{url}/rpc/{}", proxied.name));
        let endpoints: Vec<_> = args.proxy.iter().filter(is_chain).map(endpoint).collect();
        let link = Link { trust: Some(trust), endpoints: &endpoints, now: None }.of(&format!("{url}/"))?;
        let _ = writeln!(text, "with your trust file it is at\n{link}");
    }
    if !place.address.ip().is_loopback() {
        let whom = if args.proxy.is_empty() { "can open the page" } else { "can open the page and use the proxy" };
        let _ = writeln!(text, "{} is not this machine alone: whoever reaches it {whom}", place.address);
    }
    output::print(&Output::done(text));
    let app = Guard::new(&args.host).around(proxy.router().merge(site.router()));
    serve::until_interrupted(vec![(place, app)])?;
    Ok(Output::default())
}
