//! Files that only their owner reads, from the instant at which they exist.

use std::fs::File;
use std::io::{Error, Write};
use std::path::Path;

/// Writes a new file that only its owner can read. One that is there already stays as it is: it may
/// be somebody's only copy of a key.
///
/// # Errors
/// Where it exists, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is of no use, and would be in the way of the next try.
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Puts other bytes in the place of such a file: whoever is interrupted finds the old ones or the
/// new ones.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let next = Path::new(&name);
    write_new(next, bytes)?;
    std::fs::rename(next, path)
}

/// Makes a folder, where it is not there, that only its owner looks into.
pub(super) fn folder(path: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The mode is given when the file is made, not after: in between, others could open it and read it
/// later.
fn create(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What others can do with a file, in words; none where they can do nothing. A password may be
/// guessed by whoever has the file.
#[cfg(unix)]
pub(super) fn others_read(path: &Path) -> Result<Option<String>, Error> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    Ok((mode & 0o077 != 0).then(|| format!("mode {:o} lets others read it; chmod 600 it", mode & 0o777)))
}

#[cfg(not(unix))]
pub(super) fn others_read(_path: &Path) -> Result<Option<String>, Error> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_is_private_from_the_start_and_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("spanlight-private-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        super::folder(&folder.join("keys")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.join("keys")), 0o700);
        let path = folder.join("keys/one");
        // As the system makes it, before a byte is in it.
        drop(create(&path).unwrap());
        assert_eq!(mode(&path), 0o600);
        assert!(write_new(&path, b"two").is_err(), "the first one stays");
        replace(&path, b"three").unwrap();
        assert_eq!((std::fs::read(&path).unwrap().as_slice(), mode(&path)), (b"three".as_slice(), 0o600));
        assert_eq!(std::fs::read_dir(folder.join("keys")).unwrap().count(), 1, "nothing is left over");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
