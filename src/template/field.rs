//! `.a.b.c`: methods, map keys and struct fields, one step after the other.

use super::ast::{Expr, Field, Named, Term};
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
        let mut receiver = Operand::INVALID;
        match &inner.term {
            Term::Pipe(pipe) => deeper(|| self.eval_pipeline(state, dot, pipe, &mut receiver.value))?,
            Term::Function(call) => receiver.iface = self.eval_bare(state, dot, call, inner, &mut receiver.value)?,
            Term::Dot => return Ok(dot.clone()),
            _ => return self.fail(state, "internal error: no fields in evalChainNode"),
        }
        Ok(receiver)
    }

    /// `.a.b.c`
    #[allow(clippy::too_many_arguments)]
    pub(super) fn eval_dotted<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        field: &'t Field,
        at: &'t Expr,
        args: &'t [Expr],
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let fields = field.names(&state.tree.source, at.span);
        if args.len() <= 1 && last.is_none() && self.along(&dot.value, fields, out) {
            return Ok(true);
        }
        self.eval_chain(state, dot, dot.clone(), at, fields, args, last, out)
    }

    /// `$x.a.b`, or `$x` alone, which takes no arguments.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn eval_variable<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        named: &'t Named,
        at: &'t Expr,
        args: &'t [Expr],
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let variable = named.variable(&state.tree.source, at.span);
        let value = self.var(state, &variable.name)?;
        if variable.fields.is_empty() {
            out.clone_from(&value.value);
            let iface = value.iface;
            self.not_a_function(state, args, last.is_some())?;
            return Ok(iface);
        }
        if args.len() <= 1 && last.is_none() && self.along(&value.value, &variable.fields, out) {
            return Ok(true);
        }
        let value = value.clone();
        self.eval_chain(state, dot, value, at, &variable.fields, args, last, out)
    }

    /// What the fields of a value lead to through plain maps: most do. It sits in an interface. False, and nothing is written, where
    /// it takes [`Executor::eval_chain`], which also knows methods, objects and what is wrong.
    fn along(&self, value: &Value, fields: &[Str], out: &mut Value) -> bool {
        self.touched.is_none() && fields.len() <= MAX_STEPS && self.step(value, fields, out)
    }

    fn step(&self, value: &Value, fields: &[Str], out: &mut Value) -> bool {
        let Some((name, rest)) = fields.split_first() else { return false };
        let Value::Map(of @ (MapType::Any | MapType::Values), map) = value else { return false };
        // Go's methods begin with a capital.
        if *of == MapType::Values
            && name.first().is_some_and(u8::is_ascii_uppercase)
            && name.utf8().is_some_and(|name| self.methods.method(value, name).is_some())
        {
            return false;
        }
        match (map.borrow().get(name), rest) {
            (Some(value), []) => out.clone_from(value),
            (Some(value), rest) => return self.step(value, rest, out),
            (None, []) => *out = Value::Nil,
            (None, _) => return false,
        }
        true
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
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let Some((name, steps)) = fields.split_last() else {
            *out = receiver.value;
            return Ok(receiver.iface);
        };
        let mut receiver = receiver;
        for step in steps {
            let mut next = Operand::INVALID;
            next.iface = self.eval_field(state, dot, step, at, &[], None, &receiver, &mut next.value)?;
            receiver = next;
        }
        self.eval_field(state, dot, name, at, args, last, &receiver, out)
    }

    #[allow(clippy::too_many_arguments)] // Go's evalField
    fn eval_field<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        name: &'t Str,
        at: &'t Expr,
        args: &'t [Expr],
        last: Option<&mut Value>,
        receiver: &Operand,
        out: &mut Value,
    ) -> Result<bool> {
        let has_args = args.len() > 1 || last.is_some();
        let (value, iface) = match &receiver.value {
            Value::Nil => {
                if receiver.iface {
                    let message = format!("nil pointer evaluating interface {{}}.{name}");
                    return Err(self.error(state, message, Cause::Executor(Reason::NilField(name.to_string()))));
                }
                (Value::Nil, false)
            }
            Value::Map(of, map) => {
                // Go's methods begin with a capital.
                if matches!(of, MapType::Values | MapType::Files)
                    && name.first().is_some_and(u8::is_ascii_uppercase)
                    && let Some(method) = name.utf8().and_then(|name| self.methods.method(&receiver.value, name))
                {
                    return self.eval_method(state, dot, method, &receiver.value, at, args, last, out);
                }
                if has_args {
                    return self.fail(state, format!("{name} is not a method but has arguments"));
                }
                if let Some(touched) = &mut self.touched {
                    touched.key(map, name);
                }
                match (of, map.get(name)) {
                    (MapType::Any | MapType::Values, Some(value)) => (value, true),
                    (MapType::Any | MapType::Values, None) => (Value::Nil, true),
                    (_, Some(value)) => (value, false),
                    (MapType::Str, None) => (Value::Str(Str::default()), false),
                    (MapType::Files, None) => (Value::Bytes(None), false),
                }
            }
            Value::Object(object) => {
                if let Some(method) = name.utf8().and_then(|name| object.method(name)) {
                    return self.eval_method(state, dot, method, &receiver.value, at, args, last, out);
                }
                if let Some(words) = name.utf8().and_then(|name| object.refused(name)) {
                    return self.fail(state, words);
                }
                match name.utf8().and_then(|name| object.field(name)) {
                    Some(_) if has_args => {
                        return self.fail(state, format!("{name} has arguments but cannot be invoked as function"));
                    }
                    Some(value) => (value, false),
                    None => return self.no_field(state, name, receiver),
                }
            }
            value => {
                return match name.utf8().and_then(|name| self.methods.method(value, name)) {
                    Some(method) => self.eval_method(state, dot, method, value, at, args, last, out),
                    None => self.no_field(state, name, receiver),
                };
            }
        };
        *out = value;
        Ok(iface)
    }

    fn no_field(&self, state: &State<'_>, name: &Str, receiver: &Operand) -> Result<bool> {
        let of = if receiver.iface { "interface {}".into() } else { receiver.value.go_type() };
        self.fail(state, format!("can't evaluate field {name} in type {of}"))
    }
}
