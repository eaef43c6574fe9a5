//! What is to be redriven.

use corvid_record::Offset;

use crate::story::Story;

/// Which letters, and where to.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// A topic for all of them; `None`: each goes where it was sent to.
    pub to: Option<String>,
    /// Which letters are meant.
    pub filter: Filter,
    /// Letters behind it are left alone: a consumer that fails again writes new ones meanwhile.
    pub until: Option<Offset>,
    /// Only look what would be done.
    pub dry_run: bool,
    /// The most letters that are taken at once.
    pub letters_max: usize,
}

/// Which letters are meant: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The record's key is this text.
    pub key: Option<String>,
    /// The letter is at this offset of the dead-letter topic.
    pub offset: Option<i64>,
    /// It was sent to this topic.
    pub source: Option<String>,
    /// This consumer group gave up on it.
    pub group: Option<String>,
    /// It failed in this stage.
    pub stage: Option<String>,
    /// This plugin failed it.
    pub plugin: Option<String>,
    /// With this code, or this exception.
    pub code: Option<String>,
    /// The reason has this text in it, in upper or lower case.
    pub reason: Option<String>,
}

impl Filter {
    /// Whether a letter is meant.
    pub fn fits(&self, offset: i64, key: Option<&[u8]>, story: &Story) -> bool {
        let is = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let says = |wanted: &String| {
            let reason = story.reason.as_deref().unwrap_or_default();
            reason.to_lowercase().contains(&wanted.to_lowercase())
        };
        self.offset.is_none_or(|wanted| wanted == offset)
            && self.key.as_ref().is_none_or(|wanted| key == Some(wanted.as_bytes()))
            && is(&self.source, &story.topic)
            && is(&self.group, &story.group)
            && is(&self.stage, &story.stage)
            && is(&self.plugin, &story.plugin)
            && (is(&self.code, &story.code) || is(&self.code, &story.exception))
            && self.reason.as_ref().is_none_or(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_meant_if_all_that_is_given_fits() {
        let story = Story {
            plugin: Some("order-schema".into()),
            reason: Some("No amount".into()),
            exception: Some("java.lang.X".into()),
            ..Story::default()
        };
        let fits = |filter: &Filter| filter.fits(7, Some(b"k"), &story);
        assert!(fits(&Filter::default()));
        let mut filter = Filter {
            plugin: Some("order-schema".into()),
            reason: Some("no AMOUNT".into()),
            code: Some("java.lang.X".into()),
            key: Some("k".into()),
            offset: Some(7),
            ..Filter::default()
        };
        assert!(fits(&filter));
        filter.stage = Some("consumer".into());
        assert!(!fits(&filter));
        let other_key = Filter {
            key: Some("K".into()),
            ..Filter::default()
        };
        assert!(!fits(&other_key));
    }
}
