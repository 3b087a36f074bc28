//! Arguments and calls: Go's checks of number and type, and how constants adapt to parameters.

use super::ast::{Call as CallTerm, Expr, How, Term};
use super::error::ExecError;
use super::execute::{Args, At, Executor, Operand, Result, State};
use crate::diagnostic::Failure;
use crate::functions::{Call, Function};
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::stack::deeper;
use crate::value::{Elem, IntKind, ListType, MapRef, MapType, Method, Param, ParamKind, Value};

/// Go's message prints the name of the function that it calls by a function value.
const CALL: &str = "call";

impl Executor<'_> {
    /// A function's name that stands alone: called without arguments.
    pub(super) fn eval_bare<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        call: &CallTerm,
        at: &'t Expr,
        out: &mut Value,
    ) -> Result<bool> {
        state.at = At::Expr(at);
        match call.how {
            How::Plain => self.eval_call(state, dot, call.function, At::Expr(at), &[], None, out),
            how => self.eval_and_or(state, dot, call.function.name, how == How::Or, &[], None, out),
        }
    }

    #[inline]
    fn check_arity(
        &self,
        state: &State<'_>,
        name: &str,
        fixed: usize,
        variadic: bool,
        given: usize,
        piped: bool,
    ) -> Result<()> {
        let all = given + usize::from(piped);
        if variadic {
            if all < fixed {
                return self.fail(state, format!("wrong number of args for {name}: want at least {fixed} got {given}"));
            }
        } else if all != fixed {
            return self.fail(state, format!("wrong number of args for {name}: want {fixed} got {all}"));
        }
        Ok(())
    }

    /// `and` and `or` evaluate no more than they need.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn eval_and_or<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        name: &str,
        or: bool,
        args: &'t [Expr],
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let args = args.get(1..).unwrap_or_default();
        self.check_arity(state, name, 1, true, args.len(), last.is_some())?;
        let mut iface = false;
        for arg in args {
            iface = self.eval_arg(state, dot, ParamKind::Reflect, arg, out)?;
            if out.truth() == or {
                return Ok(iface);
            }
        }
        if let Some(last) = last {
            *out = std::mem::take(last);
            return Ok(false);
        }
        Ok(iface)
    }

    /// Calls a function. `args` begins with the function's own node, as a command does, or is empty.
    #[allow(clippy::too_many_arguments)] // Go's evalCall
    pub(super) fn eval_call<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        function: &'static Function,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let args = args.get(1..).unwrap_or_default();
        self.check_arity(
            state,
            function.name,
            function.params.len(),
            function.rest.is_some(),
            args.len(),
            last.is_some(),
        )?;
        if function.name == CALL {
            return Err(self.eval_function_value(state, dot, at, args, last)?);
        }
        let mut values = Args::new();
        let invalid = self.eval_args(state, dot, function.params, function.rest, args, last, &mut values)?;
        if let Some(touched) = &mut self.touched {
            touched.call(function.name, &values);
        }
        let failure = match (function.call)(&mut Call { args: &values, invalid, host: self }) {
            Ok(value) => {
                *out = value;
                unbounded(out)
            }
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            state.at = at;
            return Err(self.call_failed(state, function.name, failure));
        }
        if let Some(touched) = &mut self.touched {
            touched.came(function.name, &values, out);
        }
        // A nil that a function returns still sits in an interface until its pipeline unpacks it.
        Ok(out.is_nil())
    }

    #[allow(clippy::too_many_arguments)] // Go's evalCall
    pub(super) fn eval_method<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        method: &'static Method,
        receiver: &Value,
        at: &'t Expr,
        args: &'t [Expr],
        last: Option<&mut Value>,
        out: &mut Value,
    ) -> Result<bool> {
        let args = args.get(1..).unwrap_or_default();
        self.check_arity(state, method.name, method.params.len(), method.rest.is_some(), args.len(), last.is_some())?;
        let mut values = Args::new();
        self.eval_args(state, dot, method.params, method.rest, args, last, &mut values)?;
        if let Some(touched) = &mut self.touched {
            touched.method(method.name, receiver, &values);
        }
        match (method.call)(receiver, &values) {
            Ok(value) => {
                *out = value;
                Ok(out.is_nil())
            }
            Err(failure) => {
                state.at = At::Expr(at);
                Err(self.call_failed(state, method.name, failure))
            }
        }
    }

    /// Adds the arguments to `values`. Returns which of the first 64 are no values in Go, as bits.
    #[allow(clippy::too_many_arguments)]
    fn eval_args<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        params: &'static [Param],
        rest: Option<Param>,
        args: &'t [Expr],
        last: Option<&mut Value>,
        values: &mut Args,
    ) -> Result<u64> {
        let mut invalid = 0_u64;
        let kind = |i: usize| params.get(i).or(rest.as_ref()).map_or(ParamKind::Any, |param| param.kind);
        for (i, arg) in args.iter().enumerate() {
            values.push(Value::Nil);
            let Some(value) = values.last_mut() else { continue };
            let iface = self.eval_arg(state, dot, kind(i), arg, value)?;
            if value.is_nil() && !iface && i < 64 {
                invalid |= 1 << i;
            }
            passed(value, kind(i));
        }
        if let Some(last) = last {
            let i = values.len();
            values.push(std::mem::take(last));
            let Some(value) = values.last_mut() else { return Ok(invalid) };
            let iface = self.validate(state, value, false, kind(i))?;
            if value.is_nil() && !iface && i < 64 {
                invalid |= 1 << i;
            }
            passed(value, kind(i));
        }
        Ok(invalid)
    }

    /// `call`: there are no function values in a chart, so it always fails. Returns how.
    fn eval_function_value<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<&mut Value>,
    ) -> Result<Box<ExecError>> {
        let mut name = Vec::new();
        let mut callee = None;
        for arg in args {
            let mut value = Value::Nil;
            self.eval_arg(state, dot, ParamKind::Reflect, arg, &mut value)?;
            if callee.is_none() {
                arg.print(&state.tree.source, &mut name, 0);
                callee = Some(value);
            }
        }
        let callee = callee.or_else(|| {
            match last.as_deref() {
                Some(Value::Str(text)) => name.extend_from_slice(text),
                Some(Value::Nil) => name.extend_from_slice(b"<invalid Value>"),
                Some(other) => name.extend_from_slice(format!("<{} Value>", other.go_type()).as_bytes()),
                None => {}
            }
            last.map(std::mem::take)
        });
        let message = match callee {
            None | Some(Value::Nil) => "call of nil".to_owned(),
            Some(value) => {
                format!("non-function {} of type {}", crate::text::kept(&name), value.go_type())
            }
        };
        state.at = at;
        Ok(self.call_failed(state, CALL, message.into()))
    }

    fn eval_arg<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        kind: ParamKind,
        arg: &'t Expr,
        out: &mut Value,
    ) -> Result<bool> {
        state.at = At::Expr(arg);
        let iface = match &arg.term {
            Term::Dot => {
                out.clone_from(&dot.value);
                dot.iface
            }
            Term::Nil => {
                // A nil pointer, for some.
                let is_pointer = matches!(kind, ParamKind::Type(name) if name.starts_with('*'));
                return match nil_of(kind).or(is_pointer.then_some((Value::Nil, true))) {
                    Some((value, iface)) => {
                        *out = value;
                        Ok(iface)
                    }
                    None => self.fail(state, format!("cannot assign nil to {}", kind.go_type())),
                };
            }
            Term::Field(field) => self.eval_dotted(state, dot, field, arg, &[], None, out)?,
            Term::Variable(named) => self.eval_variable(state, dot, named, arg, &[], None, out)?,
            Term::Pipe(pipe) => {
                deeper(|| self.eval_pipeline(state, dot, pipe, out))?;
                false
            }
            Term::Function(call) => self.eval_bare(state, dot, call, arg, out)?,
            Term::Chain(chain) => {
                let receiver = self.eval_chained(state, dot, &chain.inner)?;
                self.eval_chain(state, dot, receiver, arg, &chain.fields, &[], None, out)?
            }
            Term::Bool(_) | Term::Number(_) | Term::Text(_) => {
                *out = self.eval_constant(state, kind, arg)?;
                return Ok(false);
            }
        };
        self.validate(state, out, iface, kind)
    }

    /// A constant takes the parameter's type, where it can.
    fn eval_constant<'t>(&mut self, state: &mut State<'t>, kind: ParamKind, arg: &'t Expr) -> Result<Value> {
        let value = match (kind, &arg.term) {
            (ParamKind::Any | ParamKind::Reflect, Term::Bool(b)) => Some(Value::Bool(*b)),
            (ParamKind::Any | ParamKind::Reflect | ParamKind::Str, Term::Text(text)) => Some(Value::Str(text.clone())),
            (ParamKind::Any | ParamKind::Reflect, Term::Number(number)) => return self.ideal(state, arg, number),
            (ParamKind::Bool, Term::Bool(b)) => Some(Value::Bool(*b)),
            (ParamKind::Int, Term::Number(number)) => number.int.map(Value::int),
            (ParamKind::Int64, Term::Number(number)) => number.int.map(Value::int64),
            (ParamKind::Type("time.Duration"), Term::Number(number)) => {
                number.int.map(|n| Value::Int(IntKind::Duration, n))
            }
            (ParamKind::Uint32, Term::Number(number)) => {
                // Go's SetUint keeps the low bits.
                number.uint.map(|n| Value::Int(IntKind::Uint32, i64::from(n as u32)))
            }
            (ParamKind::Float, Term::Number(number)) => number.float.map(Value::Float),
            _ => None,
        };
        if let Some(value) = value {
            return Ok(value);
        }
        let mut shown = Vec::new();
        arg.print(&state.tree.source, &mut shown, 0);
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let wanted = match kind {
            ParamKind::Bool => "bool",
            ParamKind::Str => "string",
            ParamKind::Int | ParamKind::Int64 | ParamKind::Type("time.Duration") => "integer",
            ParamKind::Uint32 => "unsigned integer",
            ParamKind::Float => "float",
            _ => {
                let message = format!("can't handle {shown} for arg of type {}", kind.go_type());
                return self.fail(state, message);
            }
        };
        self.fail(state, format!("expected {wanted}; found {shown}"))
    }

    /// Whether a value can be handed to a parameter; Go converts no numbers.
    #[inline]
    fn validate(&self, state: &State<'_>, value: &mut Value, iface: bool, kind: ParamKind) -> Result<bool> {
        match (kind, &*value) {
            (ParamKind::Any | ParamKind::Reflect, other) if iface || !other.is_nil() => Ok(iface),
            (ParamKind::Str, Value::Str(_)) => Ok(iface),
            _ => self.validate_other(state, value, iface, kind),
        }
    }

    fn validate_other(&self, state: &State<'_>, value: &mut Value, iface: bool, kind: ParamKind) -> Result<bool> {
        if value.is_nil() && !iface {
            return match nil_of(kind) {
                Some((nil, iface)) => {
                    *value = nil;
                    Ok(iface)
                }
                None => self.fail(state, format!("invalid value; expected {}", kind.go_type())),
            };
        }
        let fits = match (kind, &*value) {
            (ParamKind::Bool, Value::Bool(_))
            | (ParamKind::Float, Value::Float(_))
            | (ParamKind::Int, Value::Int(IntKind::Int, _))
            | (ParamKind::Int64, Value::Int(IntKind::Int64, _))
            | (ParamKind::Uint32, Value::Int(IntKind::Uint32, _))
            | (ParamKind::Map, Value::Map(MapType::Any, _))
            | (ParamKind::List, Value::List(ListType { elem: Elem::Any, .. }, _)) => true,
            (ParamKind::Map, Value::Map(MapType::Values, map)) => {
                *value = Value::Map(MapType::Any, map.clone());
                return Ok(false);
            }
            (ParamKind::Type(name), value) => value.go_type() == name,
            _ => false,
        };
        if fits {
            return Ok(iface);
        }
        let got = if value.is_nil() { "interface {}".into() } else { value.go_type() };
        self.fail(state, format!("wrong type for value; expected {}; got {got}", kind.go_type()))
    }
}

/// The most elements that a list may get from one call.
const MAX_ELEMENTS: usize = 10_000_000;

/// Lets no result grow without end: a text that is quoted thirty times, a list that is doubled forty times.
fn unbounded(value: &Value) -> Option<Failure> {
    match value {
        Value::Str(text) if text.len() > MAX_TEXT => Some(too_long()),
        Value::List(_, items) if items.len() > MAX_ELEMENTS => {
            Some(Failure::new(format!("the list would have more than {MAX_ELEMENTS} elements")))
        }
        _ => None,
    }
}

/// Arguments are copies, but for functions that take `reflect.Value`.
fn passed(value: &mut Value, kind: ParamKind) {
    if let Value::Object(object) = &*value
        && kind != ParamKind::Reflect
        && let Some(copy) = object.copied()
    {
        *value = copy;
    }
}

/// What nil is to a parameter that can be nil, and whether it sits in an interface.
fn nil_of(kind: ParamKind) -> Option<(Value, bool)> {
    Some(match kind {
        ParamKind::Any => (Value::Nil, true),
        ParamKind::Reflect => (Value::Nil, false),
        ParamKind::Map => (nil_map(), false),
        ParamKind::List => (Value::nil_list(), false),
        _ => return None,
    })
}

fn nil_map() -> Value {
    Value::Map(MapType::Any, MapRef::nil())
}
