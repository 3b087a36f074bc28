//! Go's standard library as far as a chart can tell; a file a package.

pub mod base64;
pub mod complex;
pub mod filepath;
pub mod fmt;
pub mod glob;
pub mod json;
mod json_read;
pub mod netip;
pub mod path;
pub mod quote;
pub mod reflect;
pub mod regexp;
pub mod semver;
pub mod slog;
pub mod strconv;
pub mod time;
pub mod unicode;
pub mod url;
