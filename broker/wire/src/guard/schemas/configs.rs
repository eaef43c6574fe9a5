//! The settings of topics, brokers and groups.

use crate::guard::field::{Field, boolean, int8, string, strings, structs};

/// DescribeConfigs, versions 1 to 4.
#[rustfmt::skip]
pub(crate) const DESCRIBE_CONFIGS: &[Field] = &[
    structs("Resources", &[
        int8("ResourceType"),
        string("ResourceName"),
        strings("ConfigurationKeys").nullable(),
    ]),
    boolean("IncludeSynonyms"),
    boolean("IncludeDocumentation").since(3),
];

/// AlterConfigs, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const ALTER_CONFIGS: &[Field] = &[
    structs("Resources", &[
        int8("ResourceType"),
        string("ResourceName"),
        structs("Configs", &[
            string("Name"),
            string("Value").nullable(),
        ]),
    ]),
    boolean("ValidateOnly"),
];

/// IncrementalAlterConfigs, versions 0 to 1.
#[rustfmt::skip]
pub(crate) const INCREMENTAL_ALTER_CONFIGS: &[Field] = &[
    structs("Resources", &[
        int8("ResourceType"),
        string("ResourceName"),
        structs("Configs", &[
            string("Name"),
            int8("ConfigOperation"),
            string("Value").nullable(),
        ]),
    ]),
    boolean("ValidateOnly"),
];
