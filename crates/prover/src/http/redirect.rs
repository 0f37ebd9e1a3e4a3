//! Where an endpoint that moved sends its callers.
//!
//! A redirect is followed where it stays on the same host and is not from `https:` to `http:`.
//! Another host is named and not asked: the caller chose whom to ask, and the address may hold a
//! key.

/// Redirects that are followed one after the other.
pub(super) const MOST: usize = 3;

/// Whether an answer of this status names another address.
pub(super) const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Whether the address is to be used from now on.
pub(super) const fn is_permanent(status: u16) -> bool {
    matches!(status, 301 | 308)
}

/// The parts of an address: scheme, user and password with their `@`, host and port, and the rest.
struct Parts<'u> {
    scheme: &'u str,
    user: &'u str,
    host: &'u str,
    rest: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let start = authority.rfind('@').map_or(0, |at| at.saturating_add(1));
        let (user, host) = authority.split_at_checked(start)?;
        Some(Self { scheme, user, host, rest })
    }

    /// The host without its port.
    fn name(&self) -> &'u str {
        match self.host.rsplit_once(':') {
            // The last colon of a bare IPv6 address is inside its brackets.
            Some((name, port)) if !port.ends_with(']') => name,
            _ => self.host,
        }
    }
}

/// The address that `location` means, as seen from `url`; none where it is not to be followed.
pub(super) fn target(url: &str, location: &str) -> Option<String> {
    let from = Parts::of(url)?;
    let absolute = absolute(url, location)?;
    let to = Parts::of(&absolute)?;
    let is_same_host = from.name().eq_ignore_ascii_case(to.name());
    let hides_as_much = to.scheme == "https" || (to.scheme == "http" && from.scheme == "http");
    if !is_same_host || !hides_as_much {
        return None;
    }
    let user = if to.user.is_empty() { from.user } else { to.user };
    Some(format!("{}://{user}{}{}", to.scheme, to.host, to.rest))
}

/// `location` with all that it leaves out, its scheme in small letters.
pub(super) fn absolute(url: &str, location: &str) -> Option<String> {
    let Parts { scheme, host, rest, .. } = Parts::of(url)?;
    if let Some((scheme, rest)) = location.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        return Some(format!("{}://{rest}", scheme.to_ascii_lowercase()));
    }
    if let Some(other) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{host}{location}"));
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{host}{folder}/{location}"))
}

/// Whether it may stand before `://`. An address in a query is no scheme.
fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_to_the_same_host_and_never_out_of_the_encryption() {
        let cases = [
            ("http://node.example", "/rpc", Some("http://node.example/rpc")),
            ("http://node.example:8551/v1/key", "v2", Some("http://node.example:8551/v1/v2")),
            ("http://a:b@node.example/", "https://Node.Example/rpc", Some("https://a:b@Node.Example/rpc")),
            ("https://node.example", "HTTPS://node.example/rpc", Some("https://node.example/rpc")),
            ("http://node.example", "/rpc?next=http://a.b/", Some("http://node.example/rpc?next=http://a.b/")),
            ("http://[::1]:8551", "http://[::1]:8552/x", Some("http://[::1]:8552/x")),
            ("https://node.example", "//node.example/y?z", Some("https://node.example/y?z")),
            ("https://node.example", "http://node.example/", None),
            ("https://node.example", "https://other.example/", None),
            ("https://node.example", "https://node.example@other.example/", None),
            ("https://node.example", "//other.example", None),
            ("https://node.example", "ftp://node.example", None),
            ("https://node.example", "javascript://node.example", None),
        ];
        for (url, location, expected) in cases {
            assert_eq!(target(url, location).as_deref(), expected, "{url} {location}");
        }
    }
}
