//! The JSON schema of `rhelm.yaml`, for editors.

/// JSON Schema, draft 7. What a schema cannot say (that names exist, that ladders have no cycles) is checked when the
/// file is read.
pub const SCHEMA: &str = include_str!("rhelm.schema.json");
