//! `operator keys`: key files, and certificates for the exchange.

use super::Password;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use spanlight::{Address, Hash};
use spanlight_operator::config::Secret;
use spanlight_operator::exchange::create_certificate;
use spanlight_operator::keys::{
    create_key_file, import_key, read_secret, stands_guessing, strengthen_key_file, write_private_file, KeyError,
    Strength,
};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

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
    /// Encrypt a key file anew, at the strength of new ones and under another password.
    Strengthen(StrengthenArgs),
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
    #[command(flatten)]
    weak: Weak,
}

/// Whether a password that is guessed soon is taken all the same.
#[derive(Debug, clap::Args)]
struct Weak {
    /// Take a password that is guessed soon: for keys that protect nothing.
    #[arg(long)]
    allow_weak_password: bool,
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
struct StrengthenArgs {
    /// The key file. It is replaced once the new one is whole.
    file: PathBuf,
    #[command(flatten)]
    password: Password,
    /// Read the new password from this file; the terminal is asked where nothing says it.
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    weak: Weak,
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
            let password = new_password(&args.password.secret()?, &args.weak)?;
            written(create_key_file(&args.folder, &password, Strength::Standard))
        }
        Command::Import(args) => {
            let key = read_secret(&Secret::Fd(args.key_fd)).map_err(Failure::unreadable)?;
            let key: Hash = key.trim().parse().map_err(|error| Failure::unreadable(format!("the key: {error}")))?;
            let password = new_password(&args.new.password.secret()?, &args.new.weak)?;
            written(import_key(&args.new.folder, &password, Strength::Standard, &key.0))
        }
        Command::Strengthen(args) => strengthen(args),
        Command::Exchange(args) => exchange(&args.out),
    }
}

/// A password that is not used yet: a person types it twice, and it must stand guessing.
fn new_password(from: &Secret, weak: &Weak) -> Result<Zeroizing<String>, Failure> {
    let password = read_secret(from).map_err(Failure::unreadable)?;
    if let Secret::Prompt(words) = from {
        let again = read_secret(&Secret::Prompt(format!("{words}, again"))).map_err(Failure::unreadable)?;
        if again != password {
            return Err(Failure::usage("the two passwords differ"));
        }
    }
    match stands_guessing(&password) {
        Err(error) if !weak.allow_weak_password => {
            Err(Failure::unreadable(error)
                .hint("take several words at random, or --allow-weak-password for a test key"))
        }
        _ => Ok(password),
    }
}

fn strengthen(args: &StrengthenArgs) -> Result<Output, Failure> {
    let old = read_secret(&args.password.secret()?).map_err(Failure::unreadable)?;
    let from = match &args.new_password_file {
        Some(path) => Secret::File(path.clone()),
        None => Secret::Prompt("new password".to_owned()),
    };
    let new = new_password(&from, &args.weak)?;
    let address = strengthen_key_file(&args.file, &old, &new).map_err(Failure::unreadable)?;
    Ok(Output::done(format!("{address}\n{}\n", args.file.display())))
}

fn written(file: Result<(PathBuf, Address), KeyError>) -> Result<Output, Failure> {
    let (path, address) = file.map_err(|error| match &error {
        KeyError::Exists(_) => {
            Failure::unreadable(&error).hint("use that file, or move it away, or give another folder by --folder")
        }
        _ => Failure::unreadable(&error).hint("docs/operator.md, Keys"),
    })?;
    Ok(Output::done(format!("{address}\n{}\n", path.display())))
}

fn exchange(out: &Path) -> Result<Output, Failure> {
    let (certificate, key) = create_certificate("spanlight operator").map_err(Failure::unreadable)?;
    let (certificate_file, key_file) = (out.with_extension("crt"), out.with_extension("key"));
    // The key first: where there is one already, the certificate beside it stays too.
    write_private_file(&key_file, key.as_bytes()).map_err(|error| {
        Failure::unreadable(format!("{}: {error}", key_file.display()))
            .hint("an old key is not written over; choose --out")
    })?;
    files::write(&certificate_file, certificate.as_bytes())?;
    Ok(Output::done(format!("{}\n{}\n", certificate_file.display(), key_file.display())))
}
