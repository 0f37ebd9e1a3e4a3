//! What the command serves over HTTP: recordings, the page, and nodes behind a proxy.
//!
//! Everything runs on one thread, until the process is interrupted or terminated or its terminal is closed; what is being
//! answered then is finished, but not waited for long.

mod guard;
mod link;
mod proxy;
mod recording;
mod site;

pub(crate) use guard::Guard;
pub(crate) use link::Link;
pub(crate) use proxy::{Limits, Proxied, Proxy};
pub(crate) use recording::router as recording;
pub(crate) use site::Site;

use crate::failure::Failure;
use axum::Router;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

/// How long answers that have begun may take once the process was asked to end.
const GRACE: Duration = Duration::from_secs(3);

/// An address that is listened at.
pub(crate) struct Place {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Place {
    /// Listens at `address`; port 0 picks a free one.
    pub(crate) fn listen(address: SocketAddr) -> Result<Self, Failure> {
        let listen = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        listen().map_err(|e: std::io::Error| {
            Failure::endpoint(format!("cannot listen at {address}: {e}"))
                .hint("choose another --listen, or port 0 for any")
        })
    }

    /// Where a browser on this machine finds it.
    pub(crate) fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }
}

/// Serves each at its place until the process is asked to end.
pub(crate) fn until_interrupted(services: Vec<(Place, Router)>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::endpoint(format!("cannot serve: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let served = runtime.block_on(async {
        let mut servers = tokio::task::JoinSet::new();
        for (place, app) in services {
            let listener = tokio::net::TcpListener::from_std(place.listener)?;
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            servers.spawn(async { axum::serve(listener, app).with_graceful_shutdown(interrupted()).await });
        }
        tokio::select! {
            ended = servers.join_all() => ended.into_iter().collect::<std::io::Result<()>>(),
            () = async { interrupted().await; tokio::time::sleep(GRACE).await } => Ok(()),
        }
    });
    // An endpoint that a proxy still waits for is not waited for any more.
    runtime.shutdown_background();
    served.map_err(failed)
}

/// Waits until the process is asked to end, for what serves in threads of its own.
pub(crate) fn wait_for_interrupt() -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::endpoint(format!("cannot wait for an interrupt: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(interrupted());
    Ok(())
}

/// Does long work on a thread of its own; gives none if the process is asked to end before it is done. The thread is then
/// left as it is: whoever ends the process tidies up first.
pub(crate) fn unless_interrupted<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Failure> {
    let failed = |e: std::io::Error| Failure::endpoint(format!("cannot wait for an interrupt: {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let worked = async {
            let (done, is_done) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || done.send(work()));
            is_done.await
        };
        tokio::select! {
            // First, so that the work begins when an interrupt is already listened for.
            biased;
            () = interrupted() => Ok(None),
            worked = worked => worked.map(Some).map_err(|_| Failure::verdict(1, "it broke off: that is a mistake in spanlight")),
        }
    })
}

/// Done when the process is asked to end, also by its terminal being closed.
#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{signal, SignalKind};
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if ends_with_its_terminal() {
        kinds.push(SignalKind::hangup());
    }
    let Ok(mut signals) = kinds.into_iter().map(signal).collect::<std::io::Result<Vec<_>>>() else {
        return std::future::pending().await;
    };
    std::future::poll_fn(|context| {
        if signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// Whether a hang-up is meant for this process: `nohup` has it ignored, and listening for it would undo that. Where the
/// system does not show what is ignored, it goes by the terminal, which `nohup` takes the output away from.
#[cfg(unix)]
fn ends_with_its_terminal() -> bool {
    use std::io::IsTerminal;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        // SIGHUP is signal 1, the lowest bit.
        Some(ignored) => ignored & 1 == 0,
        None => std::io::stdout().is_terminal() || std::io::stderr().is_terminal(),
    }
}

/// Done when the process is asked to end.
#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
