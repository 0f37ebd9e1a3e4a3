//! The ways from operators to nodes: one TCP relay for each operator and chain, which can be cut.

use crate::failure::Failure;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// All relays, on a thread of their own. They end with this.
#[derive(Debug)]
pub(super) struct Network {
    runtime: tokio::runtime::Runtime,
    /// Whether an operator is cut off, by its number.
    cuts: Vec<watch::Sender<bool>>,
}

impl Network {
    /// Ways for so many operators, not cut.
    pub(super) fn new(operators: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|e| failed(&e))?;
        Ok(Self { runtime, cuts: (0..operators).map(|_| watch::Sender::new(false)).collect() })
    }

    /// A new way for an operator to the node at `url`; gives the address that the operator is told.
    pub(super) fn relay(&self, operator: usize, url: &str) -> Result<String, Failure> {
        let refuse = || Failure::endpoint(format!("`{url}` is no address of a chain on this machine"));
        let node: SocketAddr = url.strip_prefix("http://").and_then(|a| a.parse().ok()).ok_or_else(refuse)?;
        let cut = self.cuts.get(operator).ok_or_else(refuse)?.subscribe();
        let listener = self.runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).map_err(|e| failed(&e))?;
        let address = listener.local_addr().map_err(|e| failed(&e))?;
        self.runtime.spawn(serve(listener, node, cut));
        Ok(format!("http://{address}"))
    }

    /// Cuts the ways of these operators: what is open breaks, and nothing new gets through.
    pub(super) fn cut(&self, operators: &[usize]) {
        self.set(operators, true);
    }

    /// Makes the ways of these operators whole.
    pub(super) fn heal(&self, operators: &[usize]) {
        self.set(operators, false);
    }

    fn set(&self, operators: &[usize], cut: bool) {
        for way in operators.iter().filter_map(|operator| self.cuts.get(*operator)) {
            way.send_replace(cut);
        }
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::endpoint(format!("the operators' network cannot be made: {error}"))
}

async fn serve(listener: TcpListener, node: SocketAddr, cut: watch::Receiver<bool>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Of one connection, as a rule; where it is of all, as without file descriptors, asking at once helps nobody.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        tokio::spawn(pass(client, node, cut.clone()));
    }
}

async fn pass(mut client: TcpStream, node: SocketAddr, mut cut: watch::Receiver<bool>) {
    if *cut.borrow() {
        return;
    }
    let Ok(mut node) = TcpStream::connect(node).await else { return };
    let _ = (client.set_nodelay(true), node.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut node) => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}
