// Not for Go code: Go's registry has the official test suite of JSON Schema, in this module, and go.sum has its hash.
// It is of JSON-Schema-Test-Suite 83e866b, without what is optional.
module corvid.test/json-schema-suite

go 1.23

require github.com/google/jsonschema-go v0.4.3
