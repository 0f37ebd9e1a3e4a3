//! A long line to a server: what goes through it arrives as it was, and late.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Where the line begins.
pub(crate) struct Line {
    address: SocketAddr,
}

impl Line {
    /// A line to the server at `url` on which an answer comes `late` after it would have come, half
    /// of that on each way.
    pub(crate) fn to(url: &str, late: Duration) -> Self {
        let server: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else { return };
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || carry(client, server, late / 2));
                std::thread::spawn(move || carry(back.0, back.1, late / 2));
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Carries bytes one way until a side closes. As on a real line, much of it can be under way at one
/// time.
fn carry(mut from: TcpStream, mut to: TcpStream, late: Duration) {
    let (enter, leave) = mpsc::channel::<(Instant, Vec<u8>)>();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0u8; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if enter.send((Instant::now() + late, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    for (due, bytes) in leave {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = reader.join();
}
