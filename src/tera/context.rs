//! What a template sees.

use super::convert::{Converter, Objects};
use crate::value::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// The variables of a template, and Go's objects that stand in them as maps.
#[derive(Default)]
pub struct Context {
    pub(super) variables: ::tera::Context,
    pub(super) objects: Rc<RefCell<Objects>>,
}

impl Context {
    /// Sets a variable.
    ///
    /// # Errors
    /// The value is nested too deep or too large.
    pub fn insert(&mut self, name: &'static str, value: &Value) -> Result<(), String> {
        let value = Converter::new(&self.objects).outward(value)?;
        self.variables.insert_value(name, value);
        Ok(())
    }
}
