//! A chart and its values → rendered files.

mod capabilities;
mod explain;
mod gotemplate;
mod methods;
mod name;
mod reads;
mod scope;
mod tera;

pub use capabilities::KubeVersion;
pub use gotemplate::{CompiledChart, ParsedTexts};
pub use name::name_from_template;
pub use reads::{Undecided, Undefined, Unused, ValueReads, value_reads};
pub use scope::Release;

use crate::template::Mark;
use crate::value::Str;

/// The text that a template made.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Helm's name of the template: `web/templates/deployment.yaml`.
    pub name: String,
    /// Its text, `<no value>` already deleted.
    pub text: Str,
    /// Which action wrote what; empty unless the render was traced.
    pub marks: Vec<Mark>,
    /// Whether it is a Tera template, of which Helm knows nothing.
    pub tera: bool,
}
