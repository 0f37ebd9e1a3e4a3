//! `operator keys new`.

use super::Password;
use crate::failure::Failure;
use crate::output::Output;
use spanlight_operator::keys::{create_key_file, read_secret};
use std::path::PathBuf;

/// What to do with keys.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a new key and write it to an encrypted key file (Web3 secret storage).
    New(NewArgs),
}

#[derive(Debug, clap::Args)]
struct NewArgs {
    /// The folder for the file, which is named after the key's address.
    #[arg(long, value_name = "FOLDER", default_value = "keys")]
    folder: PathBuf,
    #[command(flatten)]
    password: Password,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    let Command::New(args) = &args.command;
    let password = read_secret(&args.password.secret()).map_err(Failure::unreadable)?;
    let (path, address) = create_key_file(&args.folder, &password).map_err(Failure::unreadable)?;
    Ok(Output::done(format!("{address}\n{}\n", path.display())))
}
