//! Reading files, with a limit and with words for what goes wrong.

use crate::failure::Failure;
use std::io::Read;
use std::path::Path;

/// The file's bytes; `-` is the standard input. Longer inputs than `most` are refused without being read to the end.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    if path.as_os_str() == "-" {
        return read_limited(std::io::stdin().lock(), "standard input", most);
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|e| cannot_read(&name, &e))?;
    read_limited(file, &name, most)
}

/// The file's text.
pub(crate) fn read_text(path: &Path, most: usize) -> Result<String, Failure> {
    String::from_utf8(read(path, most)?).map_err(|_| {
        Failure::unreadable(format!("{}: not a text file", path.display()))
            .hint("expected UTF-8 text here; is it the right file?")
    })
}

/// Writes a file, or says why not.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|e| {
        Failure::unreadable(format!("{}: cannot be written: {e}", path.display()))
            .hint("choose a place that exists and is writable")
    })
}

fn read_limited(from: impl Read, name: &str, most: usize) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    from.take(limit).read_to_end(&mut bytes).map_err(|e| cannot_read(name, &e))?;
    if bytes.len() > most {
        return Err(Failure::unreadable(format!("{name}: longer than the {most} bytes that are read at most"))
            .hint("is it the right file?"));
    }
    Ok(bytes)
}

fn cannot_read(name: &str, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "check the path",
        std::io::ErrorKind::PermissionDenied => "check the file's permissions",
        _ => "is it a regular file?",
    };
    Failure::unreadable(format!("{name}: cannot be read: {error}")).hint(hint)
}
