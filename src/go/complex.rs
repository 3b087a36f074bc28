//! `complex128`: a template can write such a constant and print it, nothing more.

use super::strconv::append_float;
use crate::diagnostic::Failure;
use crate::value::{Json, Kind, Object};
use std::any::Any;

/// A complex number: real and imaginary part.
#[derive(Clone, Copy, Debug)]
pub struct Complex(pub f64, pub f64);

impl Object for Complex {
    fn go_type(&self) -> &'static str {
        "complex128"
    }

    fn kind(&self) -> Kind {
        Kind::Complex128
    }

    fn truth(&self) -> bool {
        self.0 != 0.0 || self.1 != 0.0
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'(');
        append_float(out, self.0, b'g', -1, 64);
        if !(self.1.is_sign_negative() || self.1.is_nan()) {
            out.push(b'+');
        }
        append_float(out, self.1, b'g', -1, 64);
        out.extend_from_slice(b"i)");
    }

    fn json(&self) -> Result<Json, Failure> {
        Err(Failure::new("json: unsupported type: complex128"))
    }

    fn yaml(&self) -> Result<Json, Failure> {
        Err(Failure::new("cannot marshal type: complex128"))
    }

    fn toml(&self) -> Result<Json, Failure> {
        Err(Failure::new("unsupported type for key '': complex128"))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Complex>().is_some_and(|other| self.0 == other.0 && self.1 == other.1)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
