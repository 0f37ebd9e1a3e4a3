//! `spanlight replay`: a recording as a node.

use crate::failure::Failure;
use crate::output::Output;
use crate::{gather, serve};
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
    serve::until_interrupted(replay, &args.file.display().to_string(), args.listen)?;
    Ok(Output::default())
}
