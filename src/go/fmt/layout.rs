//! Structs and pointers, where no method prints them.

use super::Printer;
use crate::diagnostic::Failure;
use crate::value::{IntKind, Layout};
use std::io::Write as _;

impl Printer {
    /// A struct's fields, a pointer's target or address.
    pub(super) fn layout(&mut self, layout: &Layout, verb: char, depth: usize, address: usize) -> Result<(), Failure> {
        match layout {
            Layout::Value(value) => self.arg(value, verb, depth),
            Layout::Struct(name, fields) => {
                if self.flags.sharp_v {
                    self.write(name);
                }
                self.write("{");
                for (i, (name, field)) in fields.iter().enumerate() {
                    self.separate(i);
                    if self.flags.plus_v || self.flags.sharp_v {
                        self.write(name);
                        self.write(":");
                    }
                    self.layout(field, verb, depth + 1, address)?;
                }
                self.write("}");
                Ok(())
            }
            Layout::NilSlice(name) => {
                if self.flags.sharp_v {
                    self.write(name);
                    self.write("(nil)");
                } else {
                    self.write("[]");
                }
                Ok(())
            }
            Layout::Pointer(_, Some(target)) if depth == 0 => {
                self.write("&");
                self.layout(target, verb, depth + 1, address)
            }
            Layout::Pointer(name, target) => {
                let bits = if target.is_some() { 0xc0_0000_0000 | address as u64 & 0xff_ffff_ffff } else { 0 };
                match verb {
                    'v' if self.flags.sharp_v => {
                        self.write(&format!("({name})("));
                        if bits == 0 {
                            self.write("nil")
                        } else {
                            self.write(&format!("{bits:#x}"))
                        }
                        self.write(")");
                    }
                    'v' if bits == 0 => self.pad(b"<nil>"),
                    'v' => {
                        self.flags.sharp = !self.flags.sharp;
                        self.number(bits, false, 16, 'v', false);
                        self.flags.sharp = !self.flags.sharp;
                    }
                    'b' | 'o' | 'd' | 'x' | 'X' => {
                        self.integer(IntKind::Uint64, bits as i64, verb);
                    }
                    _ => {
                        let _ = write!(self.out, "%!{verb}({name}=");
                        let before = std::mem::replace(&mut self.bare, true);
                        self.layout(layout, 'v', 0, address)?;
                        self.bare = before;
                        self.out.push(b')');
                    }
                }
                Ok(())
            }
        }
    }
}
