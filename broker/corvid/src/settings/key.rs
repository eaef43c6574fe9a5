//! One line of the table of keys.

/// A key of the file: what `config print`, `config/corvid.toml` and messages know of it.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands.
    pub section: Section,
    /// Its name.
    pub name: &'static str,
    /// Which values it takes, with the unit.
    pub expects: &'static str,
    /// What counts when the file does not have it, as TOML; `None`: nothing, or what the text says.
    pub default: Option<&'static str>,
    /// A value to show where there is no default, as TOML.
    pub example: &'static str,
    /// Kafka's name for it.
    pub kafka: Option<&'static str>,
    /// One or two sentences.
    pub doc: &'static str,
}

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[node]`
    Node,
    /// `[listeners]`
    Listeners,
    /// `[admin]`
    Admin,
    /// `[log]`
    Log,
    /// `[plugins.NAME]`
    Plugin,
    /// `[topics.NAME]`
    Topic,
    /// `[topics.NAME.dead_letter]`
    DeadLetter,
    /// `[topics.NAME.retry]`
    Retry,
    /// `[topics.NAME.delay]`
    Delay,
    /// A binding that is a table, in `partitioner`, `produce` or `fetch`.
    Binding,
    /// `limits` of a plugin or a binding.
    Limits,
}

impl Section {
    /// The header, with `NAME` where a name of the user's stands.
    pub fn header(self) -> &'static str {
        match self {
            Section::Node => "node",
            Section::Listeners => "listeners",
            Section::Admin => "admin",
            Section::Log => "log",
            Section::Plugin => "plugins.NAME",
            Section::Topic => "topics.NAME",
            Section::DeadLetter => "topics.NAME.dead_letter",
            Section::Retry => "topics.NAME.retry",
            Section::Delay => "topics.NAME.delay",
            Section::Binding => "a binding",
            Section::Limits => "limits",
        }
    }

    /// The keys of this section.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        super::table::KEYS.iter().filter(move |key| key.section == self)
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        self.keys().map(|key| key.name).collect()
    }
}

impl Key {
    /// A key without a default.
    pub(super) const fn new(
        section: Section,
        name: &'static str,
        expects: &'static str,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        Self {
            section,
            name,
            expects,
            default: None,
            example,
            kafka: None,
            doc,
        }
    }

    /// With a default, which is the example, too.
    pub(super) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self.example = default;
        self
    }

    pub(super) const fn kafka(mut self, name: &'static str) -> Self {
        self.kafka = Some(name);
        self
    }
}
