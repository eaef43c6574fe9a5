//! The settings of topics, brokers and groups.

use crate::guard::field::{Messages, boolean, int8, int16, int32, string, strings, structs};

/// DescribeConfigs, versions 1 to 4.
#[rustfmt::skip]
pub(crate) const DESCRIBE_CONFIGS: Messages = Messages {
    request: &[
        structs("Resources", &[
            int8("ResourceType"),
            string("ResourceName"),
            strings("ConfigurationKeys").nullable(),
        ]),
        boolean("IncludeSynonyms"),
        boolean("IncludeDocumentation").since(3),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Results", &[
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
            int8("ResourceType"),
            string("ResourceName"),
            structs("Configs", &[
                string("Name"),
                string("Value").nullable(),
                boolean("ReadOnly"),
                int8("ConfigSource"),
                boolean("IsSensitive"),
                structs("Synonyms", &[
                    string("Name"),
                    string("Value").nullable(),
                    int8("Source"),
                ]),
                int8("ConfigType").since(3),
                string("Documentation").since(3).nullable(),
            ]),
        ]),
    ],
};

/// AlterConfigs, versions 0 to 2.
#[rustfmt::skip]
pub(crate) const ALTER_CONFIGS: Messages = Messages {
    request: &[
        structs("Resources", &[
            int8("ResourceType"),
            string("ResourceName"),
            structs("Configs", &[
                string("Name"),
                string("Value").nullable(),
            ]),
        ]),
        boolean("ValidateOnly"),
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Responses", &[
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
            int8("ResourceType"),
            string("ResourceName"),
        ]),
    ],
};

/// IncrementalAlterConfigs, versions 0 to 1.
#[rustfmt::skip]
pub(crate) const INCREMENTAL_ALTER_CONFIGS: Messages = Messages {
    request: &[
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
    ],
    response: &[
        int32("ThrottleTimeMs"),
        structs("Responses", &[
            int16("ErrorCode"),
            string("ErrorMessage").nullable(),
            int8("ResourceType"),
            string("ResourceName"),
        ]),
    ],
};
