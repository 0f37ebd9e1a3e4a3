//! What may be a password is not shown: not in errors, not in logs, not in the configuration as
//! programmers print it.

/// An address without what may hold a password or a key: a user's name and password, the path and
/// the query. Where it is no address at all nothing of it is shown.
#[must_use]
pub fn shown(address: &str) -> String {
    const HIDDEN: &str = "(not shown: it may hold a password)";
    let Some((scheme, rest)) = address.split_once("://") else { return HIDDEN.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path = rest.strip_prefix(authority).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A slash in a password would end the authority early, and what looks like a host is the rest
    // of the password.
    if !is_scheme || !is_host(host) || path.contains('@') {
        return HIDDEN.to_owned();
    }
    let hidden = authority != host || path.len() > 1;
    format!("{scheme}://{host}{}", if hidden { "/..." } else { "" })
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, "0"),
    };
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    is_name && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a database's address has a parameter that the driver does not know.
pub(super) fn unknown_parameter(url: &str) -> bool {
    const KNOWN: [&str; 17] = [
        "application_name",
        "dbname",
        "host",
        "hostaddr",
        "options",
        "password",
        "port",
        "ssl-ca",
        "ssl-cert",
        "ssl-key",
        "ssl-mode",
        "ssl-root-cert",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "user",
    ];
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').filter(|part| !part.is_empty()).map(|part| part.split('=').next().unwrap_or_default());
    names.into_iter().any(|name| !KNOWN.contains(&name) && name != "statement-cache-capacity")
}

/// A message of the library that reads files, without the values that it repeats: what stands in a
/// wrong place may be an address with a password.
pub(super) fn without_values(message: &str) -> String {
    const KINDS: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];
    let Some(kind) = KINDS.into_iter().find(|kind| message.starts_with(kind)) else {
        return without_odd_names(message);
    };
    let value = message.strip_prefix(kind).unwrap_or_default();
    // The last one: a value may hold these words itself.
    let Some((value, expected)) = value.rsplit_once(", expected ") else {
        return kind.trim_end_matches([':', ' ']).to_owned();
    };
    // `string "..."`, `integer `5``: the first word says what it is.
    let what: String = value.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == ' ').collect();
    format!("{kind}{}, expected {expected}", what.trim_end())
}

/// Names of keys and choices are shown, since that is what helps; what is no name is not.
fn without_odd_names(message: &str) -> String {
    let is_name = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    // Between backquotes is every second part.
    let parts = message.split('`').enumerate();
    let shown = parts.map(|(place, part)| if place % 2 == 1 && !is_name(part) { "..." } else { part });
    shown.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_keys_in_addresses_are_not_shown() {
        for (address, expected) in [
            ("http://127.0.0.1:8551", "http://127.0.0.1:8551"),
            ("http://127.0.0.1:8551/", "http://127.0.0.1:8551"),
            ("https://me:secret@node.example/v3/secret", "https://node.example/..."),
            ("postgres://operator:secret@db.example/operator?password=secret", "postgres://db.example/..."),
            ("wss://node.example?key=secret", "wss://node.example/..."),
            ("ftp://[::1]:5", "ftp://[::1]:5"),
        ] {
            assert_eq!(shown(address), expected);
        }
        for odd in [
            "me:secret@host",
            "secret",
            "a secret://host",
            "http://sec ret",
            "http://me:sec/ret@host/x",
            "http://me:1/ret@host",
        ] {
            assert!(!shown(odd).contains("sec") && !shown(odd).contains("ret"), "{odd}: {}", shown(odd));
        }
    }

    #[test]
    fn a_message_keeps_what_was_expected_and_drops_what_was_there() {
        let cases = [
            (
                "invalid type: string \"http://me:secret@host\", expected a sequence",
                "invalid type: string, expected a sequence",
            ),
            ("invalid type: string \"a, expected secret\", expected u64", "invalid type: string, expected u64"),
            ("invalid value: integer `-1`, expected u64", "invalid value: integer, expected u64"),
            ("unknown variant `http://me:secret@host`, expected `a`", "unknown variant `...`, expected `a`"),
            ("unknown field `stroe`, expected one of `name`", "unknown field `stroe`, expected one of `name`"),
        ];
        for (message, expected) in cases {
            assert_eq!(without_values(message), expected);
        }
    }
}
