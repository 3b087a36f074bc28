//! Go's text/template: lex, parse, execute. Knows no chart.
//!
//! A text is parsed into [`Tree`]s ([`parse()`]), trees make a [`Set`], and an [`Executor`] runs one of them.
//! Trees are shared and immutable; values and output belong to one executor.

mod argument;
mod ast;
mod error;
mod execute;
mod field;
mod lex;
mod names;
mod number;
mod parse;
mod quick;
mod reads;
mod set;
mod touched;

pub use ast::Tree;
pub use error::{Cause, ExecError, Frame, Reason};
pub use execute::{Executor, Mark, Methods, without_no_value};
pub use parse::{Library, ParseError, ParseErrorKind, Parsed, parse};
pub use reads::{ANY, Place, Read, Reads, reads};
pub use set::Set;
pub use touched::Touched;

/// A character as Go's `%#U` prints it: `U+002D '-'`.
fn unicode_point(c: char) -> String {
    let code = u32::from(c);
    if crate::go::unicode::is_print(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}
