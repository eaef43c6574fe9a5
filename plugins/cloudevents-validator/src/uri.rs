//! URIs and references to them (RFC 3986): `https://a.test/b`, `../b#c`.

/// Whether a text is a URI, or one relative to another; not the empty one.
pub fn is_reference(text: &str) -> bool {
    let (rest, fragment) = split(text, '#');
    let (hierarchy, query) = split(rest, '?');
    let is_open = |part: Option<&str>| part.is_none_or(|part| is_made_of(part, "/?:@"));
    !text.is_empty() && is_open(fragment) && is_open(query) && is_hierarchy(hierarchy)
}

/// Whether a text is a URI of its own. One with a fragment is let through: schemas are often named so.
pub fn is_absolute(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) && is_reference(text)
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// A scheme, an authority and a path, each of which may be missing.
fn is_hierarchy(text: &str) -> bool {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest),
        _ => (None, text),
    };
    if scheme.is_some_and(|scheme| !is_scheme(scheme)) {
        return false;
    }
    match rest.strip_prefix("//") {
        None => is_made_of(rest, "/:@"),
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(authority) && is_made_of(path, "/:@")
        }
    }
}

fn is_scheme(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(legal)
}

/// A user, a host and a port; a host may be an address in brackets.
fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, behind) = match host.strip_prefix('[') {
        None => host.split_at(host.find(':').unwrap_or(host.len())),
        Some(address) => match address.split_once(']') {
            Some((address, behind)) if !address.is_empty() && is_made_of(address, ":") => ("", behind),
            _ => return false,
        },
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    is_made_of(user, ":")
        && is_made_of(host, "")
        && (behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port))
}

/// Of unreserved characters, sub-delimiters, these others, and bytes as `%` and two digits.
fn is_made_of(text: &str, others: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let legal = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => {
                byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || others.as_bytes().contains(&byte)
            }
        };
        if !legal {
            return false;
        }
    }
    true
}
