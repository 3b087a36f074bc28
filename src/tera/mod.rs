//! The one Tera set-up: objects and functions for layers and templates.
//!
//! Tera's values are its own: `convert` goes there and back. Helm's functions (`functions`) are filters and functions
//! with named parameters. Whoever wrote a template may be a stranger, so `guard` lays a step counter into every loop,
//! and the texts that come out are limited. Nothing of Tera is touched before the first template is met.

#[cfg(feature = "tera")]
mod context;
#[cfg(feature = "tera")]
mod convert;
#[cfg(feature = "tera")]
mod desk;
#[cfg(feature = "tera")]
mod error;
#[cfg(feature = "tera")]
mod functions;
#[cfg(feature = "tera")]
mod guard;
#[cfg(feature = "tera")]
mod marks;
mod names;
#[cfg(feature = "tera")]
mod templates;

#[cfg(not(feature = "tera"))]
#[path = "absent.rs"]
mod templates;

#[cfg(feature = "tera")]
pub use context::Context;
pub use names::{Named, named};
#[cfg(not(feature = "tera"))]
pub use templates::Context;
pub use templates::{AVAILABLE, Templates};

use crate::diagnostic::Source;
use crate::template::{Mark, Methods, Set};
use crate::value::{Str, Value};
use std::rc::Rc;
use std::sync::Arc;

/// A file for Tera.
#[derive(Debug, Clone)]
pub struct File {
    /// The name by which other files include, import or extend it.
    pub name: String,
    /// Its text, which must be UTF-8.
    pub source: Arc<Source>,
}

/// What a template made.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The text.
    pub text: Str,
    /// What wrote which part of it; empty if nobody asked.
    pub marks: Vec<Mark>,
}

/// The Go templates that `include` and `tpl` reach.
pub struct Partials {
    /// The templates.
    pub set: Rc<Set>,
    /// Methods of what is no object.
    pub methods: &'static dyn Methods,
    /// The dot of a call that names no data.
    pub root: Value,
}

/// What a layer may ask of the process.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// The names of the variables that may be read.
    pub names: Vec<String>,
    /// How to read one.
    pub read: Option<fn(&str) -> Option<String>>,
}
