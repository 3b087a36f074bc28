//! rhelm without Tera: charts' `tera/` folders are left alone, as Helm leaves them, and templated layers are errors.

use super::{File, Partials, Text, Variables};
use crate::diagnostic::{Diagnostic, Error, Location, Span};
use crate::value::Value;
use crate::world::World;

/// Whether templates can be rendered at all.
pub const AVAILABLE: bool = false;

/// Nothing.
#[derive(Default)]
pub struct Context(());

impl Context {
    /// Takes a value.
    ///
    /// # Errors
    /// None.
    pub fn insert(&mut self, _name: &'static str, _value: &Value) -> Result<(), String> {
        Ok(())
    }
}

/// Templates that cannot be.
pub struct Templates(());

impl Templates {
    /// Reads no templates.
    ///
    /// # Errors
    /// Always, at the first of them.
    pub fn parse(files: &[File], _variables: Option<Variables>, _marked: bool) -> Result<Templates, Error> {
        let diagnostic = Diagnostic::own("this rhelm was built without Tera");
        Err(match files.first() {
            Some(file) => diagnostic.at(Location { source: file.source.clone(), span: Span::new(0, 0) }),
            None => diagnostic,
        }
        .into())
    }

    /// Renders nothing.
    ///
    /// # Errors
    /// None.
    pub fn render(&self, _: &str, _: &Context, _: Option<Partials>, _: &mut World) -> Result<Text, Error> {
        Ok(Text::default())
    }
}
