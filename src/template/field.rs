//! `.a.b.c`: methods, map keys and struct fields, one step after the other.

use super::ast::{Expr, Term};
use super::error::{Cause, Reason};
use super::execute::{At, Executor, Operand, Result, State};
use crate::stack::deeper;
use crate::value::{MapType, Str, Value};

/// Longer chains are walked one step after the other, since [`Executor::along`] is a recursion.
const MAX_STEPS: usize = 16;

impl Executor<'_> {
    /// The operand before the fields of a chain: `(pipeline).a`.
    pub(super) fn eval_chained<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        inner: &'t Expr,
    ) -> Result<Operand> {
        state.at = At::Expr(inner);
        match &inner.term {
            Term::Pipe(pipe) => deeper(|| self.eval_pipeline(state, dot, pipe)),
            Term::Function(call) => self.eval_bare(state, dot, call, inner),
            Term::Dot => Ok(dot.clone()),
            _ => self.fail(state, "internal error: no fields in evalChainNode"),
        }
    }

    /// What the fields of a value lead to through plain maps: most do. None where it takes [`Executor::eval_chain`], which also
    /// knows methods, arguments, objects and what is wrong.
    pub(super) fn along(&self, value: &Value, fields: &[Str], args: &[Expr], last: &Option<Operand>) -> Option<Value> {
        (args.len() <= 1 && last.is_none() && self.touched.is_none() && fields.len() <= MAX_STEPS).then_some(())?;
        self.step(value, fields)
    }

    fn step(&self, value: &Value, fields: &[Str]) -> Option<Value> {
        let (name, rest) = fields.split_first()?;
        let Value::Map(of @ (MapType::Any | MapType::Values), map) = value else { return None };
        // Go's methods begin with a capital.
        if *of == MapType::Values
            && name.first().is_some_and(u8::is_ascii_uppercase)
            && name.utf8().is_some_and(|name| self.methods.method(value, name).is_some())
        {
            return None;
        }
        match (map.borrow().get(name), rest) {
            (Some(value), []) => Some(value.clone()),
            (Some(value), rest) => self.step(value, rest),
            (None, []) => Some(Value::Nil),
            (None, _) => None,
        }
    }

    /// Walks the fields; the last step gets the arguments, should it be a method.
    #[allow(clippy::too_many_arguments)] // Go's evalFieldChain
    pub(super) fn eval_chain<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        receiver: Operand,
        at: &'t Expr,
        fields: &'t [Str],
        args: &'t [Expr],
        last: Option<Operand>,
    ) -> Result<Operand> {
        let Some((name, steps)) = fields.split_last() else {
            return Ok(receiver);
        };
        let mut receiver = receiver;
        for step in steps {
            receiver = self.eval_field(state, dot, step, at, &[], None, receiver)?;
        }
        self.eval_field(state, dot, name, at, args, last, receiver)
    }

    #[allow(clippy::too_many_arguments)] // Go's evalField
    fn eval_field<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        name: &'t Str,
        at: &'t Expr,
        args: &'t [Expr],
        last: Option<Operand>,
        receiver: Operand,
    ) -> Result<Operand> {
        let has_args = args.len() > 1 || last.is_some();
        match &receiver.value {
            Value::Nil => {
                if !receiver.iface {
                    return Ok(Operand::INVALID);
                }
                let message = format!("nil pointer evaluating interface {{}}.{name}");
                Err(self.error(state, message, Cause::Executor(Reason::NilField(name.to_string()))))
            }
            Value::Map(of, map) => {
                // Go's methods begin with a capital.
                if matches!(of, MapType::Values | MapType::Files)
                    && name.first().is_some_and(u8::is_ascii_uppercase)
                    && let Some(method) = name.utf8().and_then(|name| self.methods.method(&receiver.value, name))
                {
                    return self.eval_method(state, dot, method, &receiver.value, at, args, last);
                }
                if has_args {
                    return self.fail(state, format!("{name} is not a method but has arguments"));
                }
                if let Some(touched) = &mut self.touched {
                    touched.key(map, name);
                }
                Ok(match (of, map.get(name)) {
                    (MapType::Any | MapType::Values, Some(value)) => Operand::interface(value),
                    (MapType::Any | MapType::Values, None) => Operand::interface(Value::Nil),
                    (_, Some(value)) => Operand::concrete(value),
                    (MapType::Str, None) => Operand::concrete(Value::Str(Str::default())),
                    (MapType::Files, None) => Operand::concrete(Value::Bytes(None)),
                })
            }
            Value::Object(object) => {
                if let Some(method) = name.utf8().and_then(|name| object.method(name)) {
                    return self.eval_method(state, dot, method, &receiver.value, at, args, last);
                }
                if let Some(words) = name.utf8().and_then(|name| object.refused(name)) {
                    return self.fail(state, words);
                }
                match name.utf8().and_then(|name| object.field(name)) {
                    Some(_) if has_args => {
                        self.fail(state, format!("{name} has arguments but cannot be invoked as function"))
                    }
                    Some(value) => Ok(Operand::concrete(value)),
                    None => self.no_field(state, name, &receiver),
                }
            }
            value => match name.utf8().and_then(|name| self.methods.method(value, name)) {
                Some(method) => self.eval_method(state, dot, method, value, at, args, last),
                None => self.no_field(state, name, &receiver),
            },
        }
    }

    fn no_field(&self, state: &State<'_>, name: &Str, receiver: &Operand) -> Result<Operand> {
        let of = if receiver.iface { "interface {}".into() } else { receiver.value.go_type() };
        self.fail(state, format!("can't evaluate field {name} in type {of}"))
    }
}
