//! Arguments and calls: Go's checks of number and type, and how constants adapt to parameters.

use super::ast::{Call as CallTerm, Expr, How, Term};
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
    ) -> Result<Operand> {
        state.at = At::Expr(at);
        match call.how {
            How::Plain => self.eval_call(state, dot, call.function, At::Expr(at), &[], None),
            how => self.eval_and_or(state, dot, call.function.name, how == How::Or, &[], None),
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
    pub(super) fn eval_and_or<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        name: &str,
        or: bool,
        args: &'t [Expr],
        last: Option<Operand>,
    ) -> Result<Operand> {
        let args = args.get(1..).unwrap_or_default();
        self.check_arity(state, name, 1, true, args.len(), last.is_some())?;
        let mut value = Operand::INVALID;
        for arg in args {
            value = self.eval_arg(state, dot, ParamKind::Reflect, arg)?;
            if value.value.truth() == or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// Calls a function. `args` begins with the function's own node, as a command does, or is empty.
    pub(super) fn eval_call<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        function: &'static Function,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Operand>,
    ) -> Result<Operand> {
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
            return self.eval_function_value(state, dot, at, args, last);
        }
        let mut values = Args::new();
        let invalid = self.eval_args(state, dot, function.params, function.rest, args, last, &mut values)?;
        if let Some(touched) = &mut self.touched {
            touched.call(function.name, &values);
        }
        let result = (function.call)(&mut Call { args: &values, invalid, host: self });
        let result = result.and_then(bounded);
        if let (Some(touched), Ok(result)) = (&mut self.touched, &result) {
            touched.came(function.name, &values, result);
        }
        match result {
            // A nil that a function returns still sits in an interface until its pipeline unpacks it.
            Ok(value) => Ok(Operand { iface: value.is_nil(), value }),
            Err(failure) => {
                state.at = at;
                Err(self.call_failed(state, function.name, failure))
            }
        }
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
        last: Option<Operand>,
    ) -> Result<Operand> {
        let args = args.get(1..).unwrap_or_default();
        self.check_arity(state, method.name, method.params.len(), method.rest.is_some(), args.len(), last.is_some())?;
        let mut values = Args::new();
        self.eval_args(state, dot, method.params, method.rest, args, last, &mut values)?;
        if let Some(touched) = &mut self.touched {
            touched.method(method.name, receiver, &values);
        }
        match (method.call)(receiver, &values) {
            Ok(value) => Ok(Operand { iface: value.is_nil(), value }),
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
        last: Option<Operand>,
        values: &mut Args,
    ) -> Result<u64> {
        let mut invalid = 0_u64;
        let kind = |i: usize| params.get(i).or(rest.as_ref()).map_or(ParamKind::Any, |param| param.kind);
        for (i, arg) in args.iter().enumerate() {
            let operand = self.eval_arg(state, dot, kind(i), arg)?;
            if operand.invalid() && i < 64 {
                invalid |= 1 << i;
            }
            values.push(passed(operand.value, kind(i)));
        }
        if let Some(last) = last {
            let i = values.len();
            let operand = self.validate(state, last, kind(i))?;
            if operand.invalid() && i < 64 {
                invalid |= 1 << i;
            }
            values.push(passed(operand.value, kind(i)));
        }
        Ok(invalid)
    }

    /// `call`: there are no function values in a chart, so it always fails.
    fn eval_function_value<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Operand>,
    ) -> Result<Operand> {
        let mut name = Vec::new();
        let mut callee = None;
        for arg in args {
            let operand = self.eval_arg(state, dot, ParamKind::Reflect, arg)?;
            if callee.is_none() {
                arg.print(&state.tree.source, &mut name, 0);
                callee = Some(operand);
            }
        }
        let callee = callee.or_else(|| {
            match last.as_ref().map(|last| &last.value) {
                Some(Value::Str(text)) => name.extend_from_slice(text),
                Some(Value::Nil) => name.extend_from_slice(b"<invalid Value>"),
                Some(other) => name.extend_from_slice(format!("<{} Value>", other.go_type()).as_bytes()),
                None => {}
            }
            last
        });
        let message = match callee.map(|callee| callee.value) {
            None | Some(Value::Nil) => "call of nil".to_owned(),
            Some(value) => {
                format!("non-function {} of type {}", crate::text::kept(&name), value.go_type())
            }
        };
        state.at = at;
        Err(self.call_failed(state, CALL, message.into()))
    }

    fn eval_arg<'t>(
        &mut self,
        state: &mut State<'t>,
        dot: &Operand,
        kind: ParamKind,
        arg: &'t Expr,
    ) -> Result<Operand> {
        state.at = At::Expr(arg);
        let operand = match &arg.term {
            Term::Dot => dot.clone(),
            Term::Nil => {
                return match kind {
                    ParamKind::Any => Ok(Operand::interface(Value::Nil)),
                    ParamKind::Reflect => Ok(Operand::INVALID),
                    ParamKind::Map => Ok(Operand::concrete(nil_map())),
                    ParamKind::List => Ok(Operand::concrete(Value::nil_list())),
                    // A nil pointer.
                    ParamKind::Type(name) if name.starts_with('*') => Ok(Operand::interface(Value::Nil)),
                    _ => self.fail(state, format!("cannot assign nil to {}", kind.go_type())),
                };
            }
            Term::Field(field) => {
                let fields = field.names(&state.tree.source, arg.span);
                match self.along(&dot.value, fields, &[], &None) {
                    Some(value) => Operand::interface(value),
                    None => self.eval_chain(state, dot, dot.clone(), arg, fields, &[], None)?,
                }
            }
            Term::Variable(named) => {
                let variable = named.variable(&state.tree.source, arg.span);
                let value = self.var(state, &variable.name)?;
                match self.along(&value.value, &variable.fields, &[], &None) {
                    Some(value) => Operand::interface(value),
                    None => {
                        let value = value.clone();
                        self.eval_chain(state, dot, value, arg, &variable.fields, &[], None)?
                    }
                }
            }
            Term::Pipe(pipe) => deeper(|| self.eval_pipeline(state, dot, pipe))?,
            Term::Function(call) => self.eval_bare(state, dot, call, arg)?,
            Term::Chain(chain) => {
                let receiver = self.eval_chained(state, dot, &chain.inner)?;
                self.eval_chain(state, dot, receiver, arg, &chain.fields, &[], None)?
            }
            Term::Bool(_) | Term::Number(_) | Term::Text(_) => return self.eval_constant(state, kind, arg),
        };
        self.validate(state, operand, kind)
    }

    /// A constant takes the parameter's type, where it can.
    fn eval_constant<'t>(&mut self, state: &mut State<'t>, kind: ParamKind, arg: &'t Expr) -> Result<Operand> {
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
            return Ok(Operand::concrete(value));
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
    fn validate(&self, state: &State<'_>, operand: Operand, kind: ParamKind) -> Result<Operand> {
        match (kind, &operand.value) {
            (ParamKind::Any | ParamKind::Reflect, value) if operand.iface || !value.is_nil() => Ok(operand),
            (ParamKind::Str, Value::Str(_)) => Ok(operand),
            _ => self.validate_other(state, operand, kind),
        }
    }

    fn validate_other(&self, state: &State<'_>, operand: Operand, kind: ParamKind) -> Result<Operand> {
        if operand.invalid() {
            return match kind {
                ParamKind::Any => Ok(Operand::interface(Value::Nil)),
                ParamKind::Reflect => Ok(Operand::INVALID),
                ParamKind::Map => Ok(Operand::concrete(nil_map())),
                ParamKind::List => Ok(Operand::concrete(Value::nil_list())),
                _ => self.fail(state, format!("invalid value; expected {}", kind.go_type())),
            };
        }
        let fits = match (kind, &operand.value) {
            (ParamKind::Bool, Value::Bool(_))
            | (ParamKind::Float, Value::Float(_))
            | (ParamKind::Int, Value::Int(IntKind::Int, _))
            | (ParamKind::Int64, Value::Int(IntKind::Int64, _))
            | (ParamKind::Uint32, Value::Int(IntKind::Uint32, _))
            | (ParamKind::Map, Value::Map(MapType::Any, _))
            | (ParamKind::List, Value::List(ListType { elem: Elem::Any, .. }, _)) => true,
            (ParamKind::Map, Value::Map(MapType::Values, map)) => {
                return Ok(Operand::concrete(Value::Map(MapType::Any, map.clone())));
            }
            (ParamKind::Type(name), value) => value.go_type() == name,
            _ => false,
        };
        if fits {
            return Ok(operand);
        }
        let got = if operand.value.is_nil() { "interface {}".into() } else { operand.value.go_type() };
        self.fail(state, format!("wrong type for value; expected {}; got {got}", kind.go_type()))
    }
}

/// The most elements that a list may get from one call.
const MAX_ELEMENTS: usize = 10_000_000;

/// Lets no result grow without end: a text that is quoted thirty times, a list that is doubled forty times.
fn bounded(value: Value) -> std::result::Result<Value, Failure> {
    match &value {
        Value::Str(text) if text.len() > MAX_TEXT => Err(too_long()),
        Value::List(_, items) if items.len() > MAX_ELEMENTS => {
            Err(Failure::new(format!("the list would have more than {MAX_ELEMENTS} elements")))
        }
        _ => Ok(value),
    }
}

/// Arguments are copies, but for functions that take `reflect.Value`.
fn passed(value: Value, kind: ParamKind) -> Value {
    match &value {
        Value::Object(object) if kind != ParamKind::Reflect => object.copied().unwrap_or(value),
        _ => value,
    }
}

fn nil_map() -> Value {
    Value::Map(MapType::Any, MapRef::nil())
}
