//! What stays up after the audit: everything, the page, and a transfer every few seconds.

use super::chains::{self, coin, Sent};
use super::story::seconds;
use super::Live;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::serve::{self, Guard, Link, Place, Site};
use crate::show::style::bold;
use serde_json::json;
use spanlight_devnet::pair::{Side, Value};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// From one transfer to the next.
const EVERY: Duration = Duration::from_secs(5);
/// So many users take turns.
const USERS: usize = 4;

/// Serves the page and goes on with transfers until the process is interrupted.
pub(super) fn run(mut live: Live, site: Option<Site>) -> Result<(), Failure> {
    let mut services = Vec::new();
    let mut link = None;
    if let Some(site) = site {
        let place = Place::listen(ANY_PORT)?;
        let endpoints =
            [Side::Main, Side::Service].map(|side| (chains::name(side).to_owned(), live.pair.chain(side).url()));
        let to = Link { trust: Some(&live.trust), endpoints: &endpoints, now: None };
        link = Some(to.of(&format!("{}/", place.url()))?);
        services.push((place, Guard::new(&[]).around(site.router())));
    }
    live.describe(link.as_deref())?;
    // The thread ends with the process: nothing that it does has to be finished.
    std::thread::spawn(move || live.go_on());
    if services.is_empty() {
        return serve::wait_for_interrupt();
    }
    serve::until_interrupted(services)
}

impl Live {
    /// Where everything is.
    fn describe(&mut self, link: Option<&str>) -> Result<(), Failure> {
        let running = (0..self.operators.all.len()).filter_map(|index| {
            let url = self.operators.status_url(index)?;
            Some((index.saturating_add(1), url))
        });
        let running: Vec<(usize, String)> = running.collect();
        let folder = self.operators.folder.display().to_string();
        let [main, service] = [&self.pair.main, &self.pair.service].map(|chain| chain.url());
        if self.story.is_json() {
            let operators: Vec<_> =
                running.iter().map(|(number, status)| json!({ "operator": number, "status": status })).collect();
            let kept =
                json!({ "main": main, "service": service, "operators": operators, "folder": folder, "page": link });
            return self.story.machine(&json!({ "keep": kept }));
        }
        let mut text = format!("\n{}\n", bold("It stays up until you interrupt it"));
        let _ = writeln!(text, "  main chain     {main}\n  service chain  {service}");
        for (number, status) in running {
            let _ = writeln!(text, "  operator {number}     {status}");
        }
        let _ = writeln!(text, "  files          {folder}");
        match link {
            Some(link) => {
                let _ = writeln!(text, "Open this link, and take the settings that it brings:\n{link}");
            }
            None => text.push_str(
                "This program was built without the page: `spanlight serve --help` says where it comes from.\n",
            ),
        }
        let last = self.all_from(Side::Main).last;
        let _ = writeln!(text, "Or audit it yourself:");
        let _ =
            writeln!(text, "  spanlight audit --trust {folder}/trust.json --from main --nonces 0..{last} --beyond \\");
        let _ = writeln!(text, "    --rpc main={main} --rpc service={service}");
        let _ = writeln!(
            text,
            "Every {} s a user sends coin or tokens from main to service. The other way stands still: the number that the\n\
             thieves executed comes after the next, and whoever requested it would not be paid.",
            EVERY.as_secs()
        );
        output::print(&Output::done(text));
        Ok(())
    }

    /// Makes transfers until the process ends.
    fn go_on(&self) {
        for number in 0usize.. {
            let value = if number % 2 == 0 { Value::Coin(coin(1)) } else { Value::Erc20(spanlight::U256::from(10u64)) };
            let users = [number % USERS, number.saturating_add(1) % USERS];
            if let Err(failure) = self.transfer(value, users) {
                self.story.now(&format!("A transfer failed: {}", failure.what));
                let _ = self.story.machine(&json!({ "transfer": { "error": failure.what } }));
            }
            std::thread::sleep(EVERY);
        }
    }

    /// One transfer, until it is executed.
    fn transfer(&self, value: Value, users: [usize; 2]) -> Result<(), Failure> {
        let sent = [Sent::request(&self.pair, Side::Main, value, users)?];
        let took = self.wait_executed(&sent)?;
        let [sent] = sent;
        self.story.machine(&json!({ "transfer": {
            "from": chains::name(Side::Main),
            "to": chains::name(Side::Service),
            "nonce": sent.nonce(),
            "executed_s": seconds(took),
        } }))
    }
}
