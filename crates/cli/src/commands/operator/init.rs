//! `operator init`: a commented configuration.

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use std::path::PathBuf;

/// Where to write it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file; `-` is the standard output.
    #[arg(long, value_name = "FILE", default_value = "operator.toml")]
    out: PathBuf,
}

/// Read by a test too, so that it stays a configuration that this build takes.
const EXAMPLE: &str = include_str!("../../../../operator/operator.example.toml");

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    if args.out.as_os_str() == "-" {
        return Ok(Output::done(EXAMPLE.to_owned()));
    }
    if args.out.exists() {
        return Err(Failure::usage(format!("{} is there already", args.out.display())).hint("choose another --out"));
    }
    files::write(&args.out, EXAMPLE.as_bytes())?;
    let words = "wrote {}: fill in endpoints, keys and the trust file, then `spanlight operator run`";
    Ok(Output::done(format!("{}\n", words.replace("{}", &args.out.display().to_string()))))
}
