//! Resolves one URI against another (RFC 3986, section 5.2), fragments aside.

/// What `reference` means to who reads it at `base`. Neither has a fragment.
pub fn resolve(base: &str, reference: &str) -> String {
    let (base, mut target) = (Parts::of(base), Parts::of(reference));
    if target.scheme.is_some() {
        return target.join(&without_dots(target.path));
    }
    target.scheme = base.scheme;
    if target.authority.is_some() {
        return target.join(&without_dots(target.path));
    }
    target.authority = base.authority;
    if target.path.is_empty() {
        target.query = target.query.or(base.query);
        return target.join(base.path);
    }
    if target.path.starts_with('/') {
        return target.join(&without_dots(target.path));
    }
    let merged = match base.path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{}", target.path),
        None if base.authority.is_some() => format!("/{}", target.path),
        None => target.path.to_owned(),
    };
    target.join(&without_dots(&merged))
}

/// The parts of a URI without a fragment.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Self {
        let (rest, query) = match uri.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (uri, None),
        };
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, rest),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Parts {
            scheme,
            authority,
            path,
            query,
        }
    }

    fn join(&self, path: &str) -> String {
        let mut uri = String::new();
        let mut add = |before: &str, part: Option<&str>, after: &str| {
            if let Some(part) = part {
                uri.push_str(before);
                uri.push_str(part);
                uri.push_str(after);
            }
        };
        add("", self.scheme, ":");
        add("//", self.authority, "");
        add("", Some(path), "");
        add("?", self.query, "");
        uri
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// The path without its `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            ".." => {
                // The empty one before a leading slash stays.
                if kept.len() > 1 || kept.first().is_some_and(|first| !first.is_empty()) {
                    kept.pop();
                }
            }
            "." => {}
            segment => kept.push(segment),
        }
        if is_last && matches!(segment, "." | "..") {
            kept.push("");
        }
    }
    kept.join("/")
}

/// The bytes of a fragment, `%25` and the like decoded.
pub fn decode(fragment: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = fragment.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match digits {
            Some(digits) if *byte == b'%' => {
                decoded.push(digits);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{decode, resolve};

    /// Of RFC 3986, section 5.4.
    #[test]
    fn the_examples_of_the_rfc() {
        let cases = [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("./../g", "http://a/b/g"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
        ];
        for (reference, expected) in cases {
            assert_eq!(resolve("http://a/b/c/d;p?q", reference), expected, "{reference}");
        }
    }

    #[test]
    fn bases_that_are_no_paths() {
        assert_eq!(resolve("", "item"), "item");
        assert_eq!(resolve("", ""), "");
        assert_eq!(resolve("urn:uuid:1-2", ""), "urn:uuid:1-2");
        assert_eq!(resolve("http://a", "b"), "http://a/b");
        assert_eq!(resolve("http://a/b/", "c/d"), "http://a/b/c/d");
        assert_eq!(resolve("http://a/b", "urn:x:y?=z"), "urn:x:y?=z");
    }

    #[test]
    fn percents_are_decoded() {
        assert_eq!(decode("/$defs/percent%25field/%22%"), "/$defs/percent%field/\"%");
    }
}
