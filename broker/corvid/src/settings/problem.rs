//! What is wrong with a file, and where: said like a compiler does.

use std::fmt;
use std::ops::Range;

/// The most problems that are told of at once.
const TOLD_MAX: usize = 20;

/// One thing that is wrong, or odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            span,
        }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As text, with the line of `source` that it is about.
    pub fn show(&self, word: &str, source: &Source<'_>) -> String {
        let (line, column) = source.position(self.span.start);
        let text = source.line(line);
        let width = text.chars().count() + 1;
        let marked = source
            .text
            .get(self.span.clone())
            .map_or(1, |marked| marked.lines().next().unwrap_or("").chars().count());
        let marked = marked.min(width.saturating_sub(column)).max(1);
        let gutter = " ".repeat(line.to_string().len());
        let hint = self.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
        format!(
            "{word}: {message}\n{gutter}--> {name}:{line}:{column}\n{gutter} |\n{line} | {text}\n{gutter} | {blank}{caret}{hint}\n",
            message = self.message,
            name = source.name,
            blank = " ".repeat(column - 1),
            caret = "^".repeat(marked),
        )
    }
}

/// A file, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its path as people know it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// Line and column of a byte, both from 1.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    fn line(&self, number: usize) -> &'a str {
        self.text.lines().nth(number - 1).unwrap_or("")
    }
}

/// A file that is refused: every problem found in it, shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refused {
    shown: Vec<String>,
}

impl Refused {
    /// The problems of `source`, in the order of the file.
    pub fn new(mut problems: Vec<Problem>, source: &Source<'_>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self {
            shown: problems.iter().map(|problem| problem.show("error", source)).collect(),
        }
    }

    /// A file that could not even be read.
    pub fn unread(message: String) -> Self {
        Self {
            shown: vec![format!("error: {message}\n")],
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown[..self.shown.len().min(TOLD_MAX)].join("\n"))?;
        match self.shown.len().saturating_sub(TOLD_MAX) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

/// The word of `known` that `wrong` is most likely a slip of.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    let distance = |word: &&str| strsim::damerau_levenshtein(&fold(wrong), &fold(word));
    let nearest = known.into_iter().min_by_key(distance)?;
    (distance(&nearest) <= 1.max(wrong.chars().count() / 3)).then_some(nearest)
}
