//! What one line of a table says.

/// A config key.
#[derive(Clone, Copy, Debug)]
pub struct ConfigKey {
    /// Kafka's name, or ours beginning with `corvid.`.
    pub name: &'static str,
    /// The type, as DescribeConfigs tells it.
    pub config_type: ConfigType,
    /// What counts when nobody has set it; `None` is null on the wire.
    pub default: Option<&'static str>,
    /// For people: one or two sentences, with the unit.
    pub doc: &'static str,
    /// The range of legal values.
    pub check: Check,
    /// Whether setting it has an effect here.
    pub support: Support,
    /// The broker configs that give a topic config its default, in order of precedence.
    pub broker: &'static [(&'static str, Scale)],
    /// Left out of DescribeConfigs unless somebody has set it.
    pub internal: bool,
}

/// From a broker config's unit to that of the topic config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The same unit.
    Same,
    /// Minutes, where the topic has milliseconds.
    Minutes,
    /// Hours, where the topic has milliseconds.
    Hours,
}

impl Scale {
    /// The topic config's value for a broker config's value.
    pub fn apply(self, value: &str) -> String {
        let factor = match self {
            Scale::Same => return value.to_owned(),
            Scale::Minutes => 60_000,
            Scale::Hours => 3_600_000,
        };
        match value.trim().parse::<i64>() {
            Ok(-1) => "-1".to_owned(),
            Ok(number) => number.saturating_mul(factor).to_string(),
            Err(_) => value.to_owned(),
        }
    }
}

/// Kafka's types of configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// 32 bits.
    Int,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// A fraction.
    Double,
    /// Texts with commas between them.
    List,
    /// A Java class, which Corvid does not run.
    Class,
    /// Never told to anyone.
    Password,
}

impl ConfigType {
    /// The number that DescribeConfigs (v3+) tells.
    pub fn code(self) -> i8 {
        match self {
            ConfigType::Boolean => 1,
            ConfigType::String => 2,
            ConfigType::Int => 3,
            ConfigType::Short => 4,
            ConfigType::Long => 5,
            ConfigType::Double => 6,
            ConfigType::List => 7,
            ConfigType::Class => 8,
            ConfigType::Password => 9,
        }
    }
}

/// Which values are legal, beyond the type.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// All of the type.
    Any,
    /// A whole number from the first to the second, both included.
    Within(i64, i64),
    /// A fraction from the first to the second, both included.
    Fraction(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words, each once, at least one.
    SomeOf(&'static [&'static str]),
    /// What a parser of ours takes.
    Parses(fn(&str) -> Result<(), String>),
}

/// Whether a change of the config is accepted, and has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does what it says, at once.
    Applied,
    /// It is stored and shown, so that tools which copy configs work, but does nothing.
    Ignored(&'static str),
    /// Any value but the default is refused, since ignoring it would break a promise.
    Refused(&'static str),
    /// A broker config that is read at the node's start; changing it over the wire is refused.
    AtStart,
    /// A broker config of Kafka's for something that Corvid does not have: shown, and changing it is refused.
    Absent,
}

impl ConfigKey {
    /// A key that has an effect, with all values of its type legal.
    pub(super) const fn new(
        name: &'static str,
        config_type: ConfigType,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        ConfigKey {
            name,
            config_type,
            default: Some(default),
            doc,
            check: Check::Any,
            support: Support::Applied,
            broker: &[],
            internal: false,
        }
    }

    pub(super) const fn null(mut self) -> Self {
        self.default = None;
        self
    }

    pub(super) const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    pub(super) const fn at_least(self, least: i64) -> Self {
        self.check(Check::Within(least, i64::MAX))
    }

    pub(super) const fn ignored(mut self, why: &'static str) -> Self {
        self.support = Support::Ignored(why);
        self
    }

    pub(super) const fn refused(mut self, why: &'static str) -> Self {
        self.support = Support::Refused(why);
        self
    }

    pub(super) const fn at_start(mut self) -> Self {
        self.support = Support::AtStart;
        self
    }

    pub(super) const fn absent(mut self) -> Self {
        self.support = Support::Absent;
        self
    }

    pub(super) const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    pub(super) const fn defaults_to(mut self, broker: &'static [(&'static str, Scale)]) -> Self {
        self.broker = broker;
        self
    }

    /// Whether its value is hidden from everyone.
    pub fn sensitive(&self) -> bool {
        self.config_type == ConfigType::Password
    }

    /// Whether it can be changed over the wire at all.
    pub fn read_only(&self) -> bool {
        matches!(self.support, Support::AtStart | Support::Absent)
    }
}
