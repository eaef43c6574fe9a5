//! Keywords that are none in this draft. The draft has unknown ones ignored, as notes; these were meant to make demands.

/// Those of other drafts and dialects, and what to write here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("$recursiveAnchor", "write `$dynamicAnchor`"),
    ("$recursiveRef", "write `$dynamicRef`"),
    (
        "additionalItems",
        "write `prefixItems` for the first items, and `items` for those behind them",
    ),
    (
        "dependencies",
        "write `dependentRequired` for names, `dependentSchemas` for schemas",
    ),
    ("disallow", "write `not`"),
    ("divisibleBy", "write `multipleOf`"),
    ("extends", "write `allOf`"),
    ("formatExclusiveMaximum", "there is nothing like it here"),
    ("formatExclusiveMinimum", "there is nothing like it here"),
    ("formatMaximum", "there is nothing like it here"),
    ("formatMinimum", "there is nothing like it here"),
    ("nullable", "write a `type` with \"null\""),
];

/// The draft's own that make demands, or hold or name schemas.
const KNOWN: &[&str] = &[
    "$anchor",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "definitions",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// Why this keyword can't be ignored; `None` if it can, or is known.
pub fn objection(keyword: &str) -> Option<String> {
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| *name == keyword) {
        return Some(format!("is of another draft or dialect than 2020-12: {instead}"));
    }
    let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(keyword))?;
    (*known != keyword).then(|| format!("is no keyword; `{known}` is"))
}
