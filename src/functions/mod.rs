//! Every function that a template can call, a file a family.

/// A family's table: `"name" (parameter: Kind, …; rest: Kind) function;`
macro_rules! functions {
    ($($name:literal ($($p:ident : $k:ident $(($t:literal))?),* $(; $r:ident : $rk:ident)?) $call:expr;)*) => {
        pub(super) const FUNCTIONS: &[$crate::functions::Function] = &[$($crate::functions::Function {
            name: $name,
            params: &[$($crate::value::Param {
                name: stringify!($p),
                kind: $crate::value::ParamKind::$k $(($t))?,
            }),*],
            rest: functions!(@rest $($r $rk)?),
            call: $call,
        }),*];
    };
    (@rest) => { None };
    (@rest $r:ident $rk:ident) => {
        Some($crate::value::Param { name: stringify!($r), kind: $crate::value::ParamKind::$rk })
    };
}

mod builtin;
#[cfg(feature = "crypto")]
mod crypto;
mod dates;
mod decimal;
mod encoding;
mod hashes;
mod helm;
mod lists;
mod maps;
mod network;
mod numbers;
mod paths;
mod random;
mod regex;
mod strings;
#[cfg(test)]
mod testing;
mod toml;
mod toml_read;
mod toml_scalar;
mod toml_scan;
mod types;
mod version;
mod words;

use crate::diagnostic::Failure;
use crate::value::{MapRef, Param, Str, Value};
use crate::world::World;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A row of a family's table without further arguments, where the macro's form does not fit.
const fn function(
    name: &'static str,
    params: &'static [Param],
    call: fn(&mut Call<'_>) -> Result<Value, Failure>,
) -> Function {
    Function { name, params, rest: None, call }
}

/// Every family.
const FAMILIES: &[&[Function]] = &[
    builtin::FUNCTIONS,
    #[cfg(feature = "crypto")]
    crypto::FUNCTIONS,
    dates::FUNCTIONS,
    encoding::FUNCTIONS,
    hashes::FUNCTIONS,
    helm::FUNCTIONS,
    lists::FUNCTIONS,
    maps::FUNCTIONS,
    network::FUNCTIONS,
    numbers::FUNCTIONS,
    paths::FUNCTIONS,
    random::FUNCTIONS,
    regex::FUNCTIONS,
    strings::FUNCTIONS,
    types::FUNCTIONS,
    version::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function, foldhash::fast::RandomState>> = LazyLock::new(|| {
    let mut all =
        HashMap::with_capacity_and_hasher(FAMILIES.iter().map(|family| family.len()).sum(), Default::default());
    all.extend(FAMILIES.iter().copied().flatten().map(|function| (function.name, function)));
    all
});

/// The function of that name.
pub fn lookup_function(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// One of Go's own functions, which every template has.
pub fn lookup_builtin(name: &str) -> Option<&'static Function> {
    builtin::FUNCTIONS.iter().find(|function| function.name == name)
}

/// The names of all functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = BY_NAME.keys().copied().collect();
    names.sort_unstable();
    names.into_iter()
}

/// A function of the template language. Before `call` runs, the arguments have been checked against `params`
/// and `rest` as Go's reflection does.
pub struct Function {
    /// Its name in a template.
    pub name: &'static str,
    /// The parameters, in Helm's order: a piped value is the last.
    pub params: &'static [Param],
    /// What further arguments must be, when it is variadic.
    pub rest: Option<Param>,
    /// Runs it.
    pub call: fn(&mut Call<'_>) -> Result<Value, Failure>,
}

/// One call: the checked arguments and the door back into the engine.
pub struct Call<'a> {
    /// The arguments; a piped value is the last.
    pub args: &'a [Value],
    /// Bit `i` is set when argument `i` of a `reflect.Value` parameter is Go's invalid value rather than a nil interface.
    pub invalid: u64,
    /// The engine.
    pub host: &'a mut dyn Host,
}

/// The functions' one door back into the engine.
pub trait Host {
    /// Executes a named template and returns its text.
    fn include(&mut self, name: &Str, data: &Value) -> Result<Str, Failure>;
    /// Executes a text as a template and returns its text.
    fn tpl(&mut self, text: &Str, data: &Value) -> Result<Str, Failure>;
    /// All that a render may ask of the outside.
    fn world(&mut self) -> &mut World;
}

impl Call<'_> {
    /// An argument; nil where there is none.
    pub fn arg(&self, i: usize) -> &Value {
        self.args.get(i).unwrap_or(&Value::Nil)
    }

    /// The arguments from `i` on.
    pub fn rest(&self, i: usize) -> &[Value] {
        self.args.get(i..).unwrap_or_default()
    }

    /// A `string` argument.
    pub fn str(&self, i: usize) -> Str {
        match self.arg(i) {
            Value::Str(s) => s.clone(),
            _ => Str::default(),
        }
    }

    /// An integer argument.
    pub fn int(&self, i: usize) -> i64 {
        match self.arg(i) {
            Value::Int(_, n) => *n,
            _ => 0,
        }
    }

    /// A `float64` argument.
    pub fn float(&self, i: usize) -> f64 {
        match self.arg(i) {
            Value::Float(f) => *f,
            _ => 0.0,
        }
    }

    /// A `bool` argument.
    pub fn bool(&self, i: usize) -> bool {
        matches!(self.arg(i), Value::Bool(true))
    }

    /// A `map[string]interface {}` argument; nil is the nil map.
    pub fn map(&self, i: usize) -> MapRef {
        match self.arg(i) {
            Value::Map(_, map) => map.clone(),
            _ => MapRef::nil(),
        }
    }
}

/// Sets a key as Go does: writing to the nil map panics.
pub fn assign(map: &MapRef, key: Str, value: Value) -> Result<(), Failure> {
    if map.is_nil() {
        return Err(Failure::new("assignment to entry in nil map"));
    }
    map.insert(key, value);
    Ok(())
}
