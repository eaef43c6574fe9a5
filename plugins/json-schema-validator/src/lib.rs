//! json-schema-validator
