//! `operator keys`: key files, and certificates for the exchange.

use super::Password;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use spanlight::{Address, Hash};
use spanlight_operator::config::Secret;
use spanlight_operator::exchange::create_certificate;
use spanlight_operator::keys::{create_key_file, import_key, read_secret, KeyError};
use std::path::{Path, PathBuf};

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
    /// Write a key that you have already to an encrypted key file.
    Import(ImportArgs),
    /// Make a certificate and its key for the exchange of signatures.
    Exchange(ExchangeArgs),
}

#[derive(Debug, clap::Args)]
struct NewArgs {
    /// The folder for the file, which is named after the key's address.
    #[arg(long, value_name = "FOLDER", default_value = "keys")]
    folder: PathBuf,
    #[command(flatten)]
    password: Password,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// Read the key, 0x and 64 hex digits, from this open file descriptor.
    #[arg(long, value_name = "NUMBER")]
    key_fd: i32,
    #[command(flatten)]
    new: NewArgs,
}

#[derive(Debug, clap::Args)]
struct ExchangeArgs {
    /// Write FILE.crt, which the other operators pin, and FILE.key.
    #[arg(long, value_name = "FILE", default_value = "exchange")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Output, Failure> {
    match &args.command {
        Command::New(args) => {
            let password = read_secret(&args.password.secret()?).map_err(Failure::unreadable)?;
            written(create_key_file(&args.folder, &password))
        }
        Command::Import(args) => {
            let key = read_secret(&Secret::Fd(args.key_fd)).map_err(Failure::unreadable)?;
            let key: Hash = key.trim().parse().map_err(|error| Failure::unreadable(format!("the key: {error}")))?;
            let password = read_secret(&args.new.password.secret()?).map_err(Failure::unreadable)?;
            written(import_key(&args.new.folder, &password, &key.0))
        }
        Command::Exchange(args) => exchange(&args.out),
    }
}

fn written(file: Result<(PathBuf, Address), KeyError>) -> Result<Output, Failure> {
    let (path, address) = file.map_err(Failure::unreadable)?;
    Ok(Output::done(format!("{address}\n{}\n", path.display())))
}

fn exchange(out: &Path) -> Result<Output, Failure> {
    let (certificate, key) = create_certificate("spanlight operator").map_err(Failure::unreadable)?;
    let (certificate_file, key_file) = (out.with_extension("crt"), out.with_extension("key"));
    files::write(&certificate_file, certificate.as_bytes())?;
    files::write(&key_file, key.as_bytes())?;
    only_owner(&key_file)?;
    Ok(Output::done(format!("{}\n{}\n", certificate_file.display(), key_file.display())))
}

#[cfg(unix)]
fn only_owner(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| Failure::unreadable(format!("{}: {error}", path.display())))
}

#[cfg(not(unix))]
fn only_owner(_path: &Path) -> Result<(), Failure> {
    Ok(())
}
