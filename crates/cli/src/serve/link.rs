//! Links to the page that bring its settings along, in the part of an address that browsers send to nobody: what
//! www/page/README.md calls links. The page shows what a link brings and uses it after a click.

use crate::failure::Failure;
use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use spanlight::Trust;
use std::io::Read;

/// The settings in a link.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link<'a> {
    pub(crate) trust: Option<&'a Trust>,
    /// Chain and address.
    pub(crate) endpoints: &'a [(String, String)],
    /// The time to judge by, where that is not the clock's.
    pub(crate) now: Option<u64>,
}

impl Link<'_> {
    /// The address of the page at `url`, which ends in a slash, with these settings.
    pub(crate) fn of(&self, url: &str) -> Result<String, Failure> {
        let mut fields = Vec::new();
        if let Some(trust) = self.trust {
            fields.push(format!("trust={}", packed(trust)?));
        }
        fields.extend(self.endpoints.iter().map(|(chain, url)| format!("rpc.{}={}", encoded(chain), encoded(url))));
        fields.extend(self.now.map(|now| format!("now={now}")));
        Ok(if fields.is_empty() { url.to_owned() } else { format!("{url}#{}", fields.join("&")) })
    }
}

/// JSON, deflated, in the alphabet of addresses: a fifth of the length.
fn packed(trust: &Trust) -> Result<String, Failure> {
    let cannot = |e: &dyn std::fmt::Display| Failure::unreadable(format!("the trust cannot be put into a link: {e}"));
    let json = serde_json::to_vec(trust).map_err(|e| cannot(&e))?;
    let mut bytes = Vec::new();
    let mut packing = flate2::read::DeflateEncoder::new(json.as_slice(), flate2::Compression::best());
    packing.read_to_end(&mut bytes).map_err(|e| cannot(&e))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Percent-encoded as far as a field of a link needs it.
fn encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(byte);
    text.bytes()
        .map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_break_out_of_their_place() {
        let endpoints = [("main".to_owned(), "http://a/?b=c&now=1#ü".to_owned())];
        let link = Link { endpoints: &endpoints, now: Some(7), trust: None }.of("http://x/");
        assert_eq!(link.ok().as_deref(), Some("http://x/#rpc.main=http://a/%3Fb%3Dc%26now%3D1%23%C3%BC&now=7"));
        assert_eq!(Link::default().of("http://x/").ok().as_deref(), Some("http://x/"));
    }
}
