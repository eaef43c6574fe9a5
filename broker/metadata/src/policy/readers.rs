//! For whom a view is: patterns over what is known of a reader.

/// The principal of those who were not asked who they are.
pub const ANONYMOUS: &str = "User:ANONYMOUS";

/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 255;
/// The most patterns of one list.
const PATTERNS_MAX: usize = 64;

/// Who sees a topic through a view: who is in every list that has something in it. Without a list, everybody.
///
/// A pattern is a text in which `*` stands for any characters, or for none. One that begins with `!` takes out; a list of
/// such alone has everybody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readers {
    /// Client ids.
    pub clients: Vec<String>,
    /// Principals.
    pub principals: Vec<String>,
    /// Consumer groups. Not known of any reader, so nothing may be said here yet.
    pub groups: Vec<String>,
}

/// What is known of one who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    /// Who it is; [`ANONYMOUS`] where nobody asks.
    pub principal: &'a str,
    /// What the client calls itself; empty if it says nothing.
    pub client: &'a str,
}

/// Patterns that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadersError {
    /// A Fetch names no group.
    #[error(
        "the group of a reader is not known, since no fetch of Kafka's protocol names it; use clients (a Java consumer \
         calls itself consumer-GROUP-N unless it has a client.id)"
    )]
    Groups,
    /// A view for principals that nobody can be.
    #[error("there is no authentication yet: every reader is {ANONYMOUS}, and the view would be for nobody")]
    Nobody,
    /// An empty pattern, or a long one.
    #[error("a pattern has 1 to {PATTERN_BYTES_MAX} bytes")]
    Pattern,
    /// A long list.
    #[error("there are at most {PATTERNS_MAX} patterns in a list")]
    TooMany,
}

impl Readers {
    /// Whether nothing is said.
    pub fn is_everybody(&self) -> bool {
        self.clients.is_empty() && self.principals.is_empty() && self.groups.is_empty()
    }

    /// Whether the view is for this reader.
    pub fn has(&self, reader: Reader<'_>) -> bool {
        listed(&self.principals, reader.principal) && listed(&self.clients, reader.client)
    }

    /// Whether the lists can be obeyed.
    pub fn check(&self) -> Result<(), ReadersError> {
        for list in [&self.clients, &self.principals] {
            if list.len() > PATTERNS_MAX {
                return Err(ReadersError::TooMany);
            }
            let text = |pattern: &String| pattern.strip_prefix('!').unwrap_or(pattern).len();
            if !list
                .iter()
                .all(|pattern| (1..=PATTERN_BYTES_MAX).contains(&text(pattern)))
            {
                return Err(ReadersError::Pattern);
            }
        }
        if !self.groups.is_empty() {
            return Err(ReadersError::Groups);
        }
        if !listed(&self.principals, ANONYMOUS) {
            return Err(ReadersError::Nobody);
        }
        Ok(())
    }
}

fn listed(patterns: &[String], text: &str) -> bool {
    let (mut wanted, mut found) = (false, false);
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(pattern, text) => return false,
            Some(_) => {}
            None => {
                wanted = true;
                found |= matches(pattern, text);
            }
        }
    }
    found || !wanted
}

/// Whether the pattern is for the text as a whole. A star takes as little as it can, and more when what follows fails.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((behind, taken)) = star {
            star = Some((behind, taken + 1));
            (at, seen) = (behind + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(clients: &[&str]) -> Readers {
        Readers {
            clients: clients.iter().map(|&text| text.to_owned()).collect(),
            ..Readers::default()
        }
    }

    #[test]
    fn a_pattern_is_for_the_whole_text() {
        for (pattern, text) in [
            ("a*", "a"),
            ("*", ""),
            ("a*c*e", "abcde"),
            ("*ab", "aab"),
            ("a**", "ab"),
            ("", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a*b", "ac"),
            ("*a", "ab"),
            ("a*b*c", "acb"),
            ("", "a"),
            ("?", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    /// The bug it is for: a view that masks for all but one, and that the one who says nothing of himself slips past.
    #[test]
    fn who_is_not_taken_out_is_in() {
        let has = |clients: &[&str], client| {
            readers(clients).has(Reader {
                principal: ANONYMOUS,
                client,
            })
        };
        assert!(has(&[], "") && has(&["!audit"], "") && has(&["!audit*", "!root"], "reporting"));
        assert!(!has(&["!audit*"], "audit-7") && !has(&["*", "!audit"], "audit") && !has(&["a", "b"], "c"));
        assert!(has(&["a", "b"], "b"));
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused() {
        let principals = |text: &str| Readers {
            principals: vec![text.to_owned()],
            ..Readers::default()
        };
        assert_eq!(principals("User:alice").check(), Err(ReadersError::Nobody));
        assert_eq!(principals("!User:alice").check(), Ok(()));
        let groups = Readers {
            groups: vec!["g".to_owned()],
            ..Readers::default()
        };
        assert_eq!(groups.check(), Err(ReadersError::Groups));
        assert_eq!(readers(&["!"]).check(), Err(ReadersError::Pattern));
        assert_eq!(readers(&vec!["a"; 65]).check(), Err(ReadersError::TooMany));
        assert_eq!(readers(&["reporting-*"]).check(), Ok(()));
    }
}
