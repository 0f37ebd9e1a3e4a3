//! A TCP relay that does to connections what networks do.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// Nothing wrong.
    Passes,
    /// Connections are closed, and new ones too.
    Cut,
    /// Everything comes late.
    Delays(Duration),
    /// Connections stand and nothing passes either way.
    HalfOpen,
    /// Every answer breaks off after so many bytes.
    BreaksOff(usize),
    /// What is asked arrives, what is answered does not.
    LosesAnswers,
}

/// Between clients and one server.
pub(crate) struct Relay {
    address: SocketAddr,
    network: Arc<Mutex<Network>>,
}

impl Relay {
    pub(crate) fn to(url: &str) -> Self {
        Self::at("127.0.0.1", url)
    }

    /// The same, to be reached at another address of this machine.
    pub(crate) fn at(host: &str, url: &str) -> Self {
        let server: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(Mutex::new(Network::Passes));
        let shared = Arc::clone(&network);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), network) = (client, Arc::clone(&shared)) else { return };
                std::thread::spawn(move || serve(client, server, &network));
            }
        });
        Self { address, network }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, network: Network) {
        *self.network.lock().unwrap() = network;
    }
}

fn serve(client: TcpStream, server: SocketAddr, network: &Arc<Mutex<Network>>) {
    if *network.lock().unwrap() == Network::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server) else { return };
    let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let shared = Arc::clone(network);
    let asked = std::thread::spawn(move || pump(client, to_server, &shared, false));
    pump(server, to_client, network, true);
    let _ = asked.join();
}

/// Passes bytes on one way until a side closes or the network does.
fn pump(mut from: TcpStream, mut to: TcpStream, network: &Mutex<Network>, answers: bool) {
    from.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut buffer = [0u8; 16 << 10];
    loop {
        let now = *network.lock().unwrap();
        if now == Network::Cut {
            break;
        }
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                continue
            }
            Err(_) => break,
        };
        match *network.lock().unwrap() {
            Network::Delays(time) => std::thread::sleep(time),
            Network::HalfOpen => continue,
            Network::LosesAnswers if answers => continue,
            Network::BreaksOff(most) if answers => {
                let _ = to.write_all(&buffer[..count.min(most)]);
                break;
            }
            _ => {}
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
