//! Bundle files: the binary form, or the JSON form, told apart by their first byte.

use crate::failure::Failure;
use crate::files;
use spanlight::bundle::MAX_BYTES;
use spanlight::ProofBundle;
use std::path::Path;

/// A bundle that could be read. Nothing of it is verified.
pub(crate) struct BundleFile {
    pub(crate) bundle: ProofBundle,
    pub(crate) form: &'static str,
    /// Bytes of the file.
    pub(crate) size: usize,
}

/// Reads a bundle; `-` is the standard input.
pub(crate) fn read(path: &Path) -> Result<BundleFile, Failure> {
    // The JSON form writes a byte as two digits.
    let bytes = files::read(path, MAX_BYTES.saturating_mul(2))?;
    let name = if path.as_os_str() == "-" { "standard input".to_string() } else { path.display().to_string() };
    let size = bytes.len();
    let refuse = |e| Failure::bundle(&name, &e);
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let text = String::from_utf8(bytes).map_err(|_| Failure::unreadable(format!("{name}: not UTF-8 text")))?;
        let bundle = ProofBundle::from_json(&text).map_err(refuse)?;
        return Ok(BundleFile { bundle, form: "JSON", size });
    }
    let bundle = ProofBundle::decode(&bytes).map_err(refuse)?;
    Ok(BundleFile { bundle, form: "binary", size })
}
