//! `spanlight replay`: a recording as a node.

use crate::failure::Failure;
use crate::gather;
use crate::output::{self, Output};
use crate::serve::{self, Place};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Serve a recording as JSON-RPC over HTTP, as the recorded node would.
///
/// For trying out and testing whatever reads nodes, browsers included. Ends on an interrupt.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The recording (*.jsonl or *.jsonl.gz).
    file: PathBuf,
    /// Address and port to listen at; port 0 picks a free one, which is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8551")]
    listen: SocketAddr,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let replay = gather::open(&args.file)?;
    let place = Place::listen(args.listen)?;
    output::print(&Output::done(format!("serving {} at {}\n", args.file.display(), place.url())));
    serve::until_interrupted(vec![(place, serve::recording(replay))])?;
    Ok(Output::default())
}
