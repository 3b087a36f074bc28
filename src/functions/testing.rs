//! Calls a function as a template would.

use super::{Call, Host, lookup_function};
use crate::diagnostic::Failure;
use crate::value::{Str, Value};
use crate::world::World;

/// An engine without templates.
#[derive(Default)]
struct Nowhere(World);

impl Host for Nowhere {
    fn include(&mut self, _: &Str, _: &Value) -> Result<Str, Failure> {
        Err("no template".into())
    }

    fn tpl(&mut self, text: &Str, _: &Value) -> Result<Str, Failure> {
        Ok(text.clone())
    }

    fn world(&mut self) -> &mut World {
        &mut self.0
    }
}

/// An `int`.
pub(crate) fn i(n: i64) -> Value {
    Value::int(n)
}

pub(crate) fn call(name: &str, args: &[Value]) -> Result<Value, Failure> {
    let function = lookup_function(name).unwrap();
    (function.call)(&mut Call { args, invalid: 0, host: &mut Nowhere::default() })
}

/// What the result prints as.
pub(crate) fn run(name: &str, args: &[Value]) -> String {
    crate::go::fmt::sprint(&[call(name, args).unwrap()]).unwrap().to_string()
}

/// What it says when it fails.
pub(crate) fn fails(name: &str, args: &[Value]) -> String {
    call(name, args).err().unwrap().message
}
