//! The data that templates see: Go's values as far as a chart can make them.
//!
//! Strings are bytes (Go's are, and charts cut runes and read binary files). Lists never change
//! once made. Maps are references, as in Go: `set` and `merge` change what others see, and a map
//! can hold itself, so whoever walks a value must bound its depth ([`MAX_DEPTH`]).

mod list;
mod map;

pub use crate::text::Str;
pub use list::Items;
pub use map::{Map, MapRef};

use crate::diagnostic::Failure;
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// How deep printers, encoders and comparers go before they give up.
pub const MAX_DEPTH: usize = 10_000;

/// A value of a template. Cheap to clone.
#[derive(Clone, Default)]
pub enum Value {
    /// Go's nil interface.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// Every kind of integer; unsigned 64-bit ones are kept as the same bits.
    Int(IntKind, i64),
    /// `float64`
    Float(f64),
    /// `string`
    Str(Str),
    /// `[]uint8`; `None` is the nil slice.
    Bytes(Option<Str>),
    /// Every other slice.
    List(ListType, Items),
    /// Every map with string keys.
    Map(MapType, MapRef),
    /// Structs and pointers to them: times, versions, certificates, `.Capabilities`, ….
    Object(Rc<dyn Object>),
}

/// Go's integer types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntKind {
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `int32`
    Int32,
    /// `uint8`: an element of a string or of bytes
    Uint8,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `time.Duration`
    Duration,
    /// `time.Month`
    Month,
    /// `time.Weekday`
    Weekday,
}

impl IntKind {
    /// Go's name of the type.
    pub fn go_type(self) -> &'static str {
        match self {
            IntKind::Int => "int",
            IntKind::Int64 => "int64",
            IntKind::Int32 => "int32",
            IntKind::Uint8 => "uint8",
            IntKind::Uint32 => "uint32",
            IntKind::Uint64 => "uint64",
            IntKind::Duration => "time.Duration",
            IntKind::Month => "time.Month",
            IntKind::Weekday => "time.Weekday",
        }
    }

    /// Whether the bits are to be read as a `u64`.
    pub fn unsigned(self) -> bool {
        matches!(self, IntKind::Uint8 | IntKind::Uint32 | IntKind::Uint64)
    }
}

/// The element type of a slice, and whether the slice is nil (prints `[]`, is `null` in JSON).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListType {
    /// What its elements are.
    pub elem: Elem,
    /// A nil slice: always empty.
    pub nil: bool,
}

/// Element types of slices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Elem {
    /// `[]interface {}`
    Any,
    /// `[]string`
    Str,
    /// `[]int`
    Int,
    /// `[][]interface {}`
    List,
    /// `[]map[string]interface {}`
    Map,
    /// `common.VersionSet`: strings, has methods
    Versions,
}

/// The Go type of a map. It belongs to the reference: `.Values` is a `common.Values`, the same map handed
/// to a function that takes a `map[string]interface {}` becomes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapType {
    /// `map[string]interface {}`
    Any,
    /// `common.Values`: has methods
    Values,
    /// `map[string]string`
    Str,
    /// `engine.files`: path → bytes, has methods
    Files,
}

impl MapType {
    /// Go's name of the type.
    pub fn go_type(self) -> &'static str {
        match self {
            MapType::Any => "map[string]interface {}",
            MapType::Values => "common.Values",
            MapType::Str => "map[string]string",
            MapType::Files => "engine.files",
        }
    }
}

/// Go's `reflect.Kind`, as `kindOf` names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int32,
    Int64,
    Uint8,
    Uint32,
    Uint64,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Struct,
    Ptr,
}

impl Kind {
    /// Go's name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint8 => "uint8",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Float64 => "float64",
            Kind::Complex128 => "complex128",
            Kind::String => "string",
            Kind::Slice => "slice",
            Kind::Map => "map",
            Kind::Struct => "struct",
            Kind::Ptr => "ptr",
        }
    }
}

/// What a parameter of a function or method takes; Go checks it before the call, without converting numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    /// `interface {}`: everything, nil included
    Any,
    /// `reflect.Value`: everything; nil is told from absent (Go's own functions)
    Reflect,
    /// `string`
    Str,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `uint32`
    Uint32,
    /// `float64`
    Float,
    /// `map[string]interface {}`: also takes `common.Values`, and the literal nil (then a nil map)
    Map,
    /// `[]interface {}`: also nil (then a nil list)
    List,
    /// `time.Time`, `time.Duration`, `sprig.certificate`, `*semver.Version`, …: an object or integer whose `go_type` is this
    Type(&'static str),
}

impl ParamKind {
    /// Go's name of the type.
    pub fn go_type(self) -> &'static str {
        match self {
            ParamKind::Any => "interface {}",
            ParamKind::Reflect => "reflect.Value",
            ParamKind::Str => "string",
            ParamKind::Bool => "bool",
            ParamKind::Int => "int",
            ParamKind::Int64 => "int64",
            ParamKind::Uint32 => "uint32",
            ParamKind::Float => "float64",
            ParamKind::Map => "map[string]interface {}",
            ParamKind::List => "[]interface {}",
            ParamKind::Type(name) => name,
        }
    }
}

/// A parameter: its name (help, hints, keyword arguments) and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name, in snake case.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParamKind,
}

/// A method of an object. Arguments have been checked against `params` when `call` runs.
pub struct Method {
    /// Go's name, with its capital letter.
    pub name: &'static str,
    /// The parameters without the receiver.
    pub params: &'static [Param],
    /// What further arguments must be, when it is variadic.
    pub rest: Option<Param>,
    /// Runs it.
    pub call: fn(receiver: &Value, args: &[Value]) -> Result<Value, Failure>,
}

/// A Go value as `fmt` walks it.
pub enum Layout {
    /// A plain value.
    Value(Value),
    /// A struct: its type and its fields in order, exported or not.
    Struct(&'static str, Vec<(&'static str, Layout)>),
    /// A pointer: its type and what it points to; none for nil.
    Pointer(&'static str, Option<Box<Layout>>),
    /// A nil slice of a type.
    NilSlice(&'static str),
}

impl Layout {
    /// A string.
    pub fn text(text: &str) -> Layout {
        Layout::Value(Value::from(text))
    }
}

/// A Go struct, or a pointer to one, that a template can hold.
pub trait Object: Any {
    /// `%T`: `time.Time`, `*semver.Version`, ….
    fn go_type(&self) -> &'static str;
    /// Its `reflect.Kind`.
    fn kind(&self) -> Kind {
        Kind::Struct
    }
    /// `%v` when it is passed to a function or stands in a list: Go's `fmt.Sprint`.
    fn print(&self, out: &mut Vec<u8>);
    /// The same inside a list or map, where Go prints most pointers as addresses.
    fn print_nested(&self, out: &mut Vec<u8>) {
        self.print(out);
    }
    /// What a bare action prints, where the value is addressable and pointer methods count.
    fn print_action(&self, out: &mut Vec<u8>) {
        self.print(out);
    }
    /// What a copy of it is, where that differs: Go cannot take a copy's address, so pointer methods do not count for it.
    fn copied(&self) -> Option<Value> {
        None
    }
    /// Why an exported method cannot be called from a template, in Go's words.
    fn refused(&self, _method: &str) -> Option<&'static str> {
        None
    }
    /// An exported field.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }
    /// An exported method.
    fn method(&self, _name: &str) -> Option<&'static Method> {
        None
    }
    /// Whether `if` takes it for true: structs are, slices are unless they are empty.
    fn truth(&self) -> bool {
        true
    }
    /// Its fields as Go's JSON names them, in struct order; or the one value that it marshals as.
    fn json(&self) -> Result<Json, Failure>;
    /// The same for go-yaml v3, which takes neither JSON's tags nor `MarshalJSON` (only `MarshalText`, times and exported fields in lower case).
    fn yaml(&self) -> Result<Json, Failure> {
        self.json()
    }
    /// `reflect.DeepEqual` and `==` with another object.
    fn equals(&self, other: &dyn Object) -> bool;
    /// Whether `fmt` calls a `String` method of it.
    fn stringer(&self) -> bool {
        false
    }
    /// What `GoString` gives for `%#v`.
    fn go_string(&self) -> Option<String> {
        None
    }
    /// How `fmt` lays it out where no method prints it; none: as the text that `print` gives.
    fn layout(&self) -> Option<Layout> {
        None
    }
    /// What sprig's `deepCopy` makes of it, where that differs: unexported fields are lost.
    fn deep_copied(&self) -> Option<Value> {
        None
    }
    /// Its fields as TOML names them, which follows no tag but its own.
    fn toml(&self) -> Result<Json, Failure> {
        self.json()
    }
    /// Itself, for downcasts.
    fn as_any(&self) -> &dyn Any;
}

/// How an object marshals.
pub enum Json {
    /// As this value.
    Value(Value),
    /// As an object with these fields, in this order.
    Fields(Vec<(&'static str, Value)>),
}

impl Value {
    /// A `string`.
    pub fn str(text: impl Into<Str>) -> Value {
        Value::Str(text.into())
    }

    /// An `int`.
    pub fn int(n: i64) -> Value {
        Value::Int(IntKind::Int, n)
    }

    /// An `int64`.
    pub fn int64(n: i64) -> Value {
        Value::Int(IntKind::Int64, n)
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(ListType { elem: Elem::Any, nil: false }, items.into())
    }

    /// A nil `[]interface {}`.
    pub fn nil_list() -> Value {
        Value::List(ListType { elem: Elem::Any, nil: true }, Vec::new().into())
    }

    /// A `[]string`.
    pub fn strings(items: Vec<Str>) -> Value {
        Value::List(
            ListType { elem: Elem::Str, nil: false },
            items.into_iter().map(Value::Str).collect::<Vec<_>>().into(),
        )
    }

    /// A slice with elements of the given type.
    pub fn list_of(elem: Elem, items: Vec<Value>) -> Value {
        Value::List(ListType { elem, nil: false }, items.into())
    }

    /// A `map[string]interface {}` that others may share.
    pub fn map_ref(map: MapRef) -> Value {
        Value::Map(MapType::Any, map)
    }

    /// A `map[string]interface {}`.
    pub fn map(map: Map) -> Value {
        Value::Map(MapType::Any, MapRef::new(map))
    }

    /// A `map[string]string`.
    pub fn string_map(map: Map) -> Value {
        Value::Map(MapType::Str, MapRef::new(map))
    }

    /// A struct or pointer.
    pub fn object(object: impl Object) -> Value {
        Value::Object(Rc::new(object))
    }

    /// Whether this is the nil interface.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The object inside, if it is of type `T`.
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        match self {
            Value::Object(o) => o.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// What it is, with its article: `a list`.
    pub fn in_words(&self) -> &'static str {
        match self {
            Value::Nil => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(..) | Value::Float(_) => "a number",
            Value::Str(_) | Value::Bytes(_) => "a string",
            Value::List(..) => "a list",
            Value::Map(..) => "a map",
            Value::Object(object) => object.go_type(),
        }
    }

    /// `%T`; nil is `<nil>`.
    pub fn go_type(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(kind, _) => kind.go_type(),
            Value::Float(_) => "float64",
            Value::Str(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::List(t, _) => match t.elem {
                Elem::Any => "[]interface {}",
                Elem::Str => "[]string",
                Elem::Int => "[]int",
                Elem::List => "[][]interface {}",
                Elem::Map => "[]map[string]interface {}",
                Elem::Versions => "common.VersionSet",
            },
            Value::Map(t, _) => t.go_type(),
            Value::Object(o) => o.go_type(),
        })
    }

    /// Go's `reflect.Kind`.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Nil => Kind::Invalid,
            Value::Bool(_) => Kind::Bool,
            Value::Int(kind, _) => match kind {
                IntKind::Int | IntKind::Month | IntKind::Weekday => Kind::Int,
                IntKind::Int64 | IntKind::Duration => Kind::Int64,
                IntKind::Int32 => Kind::Int32,
                IntKind::Uint8 => Kind::Uint8,
                IntKind::Uint32 => Kind::Uint32,
                IntKind::Uint64 => Kind::Uint64,
            },
            Value::Float(_) => Kind::Float64,
            Value::Str(_) => Kind::String,
            Value::Bytes(_) | Value::List(..) => Kind::Slice,
            Value::Map(..) => Kind::Map,
            Value::Object(o) => o.kind(),
        }
    }

    /// Go's `template.IsTrue`, which is also sprig's `not empty`: false are nil, false, every zero,
    /// the empty string, empty lists and maps.
    pub fn truth(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(b) => *b,
            Value::Int(_, n) => *n != 0,
            Value::Float(f) => *f != 0.0,
            Value::Str(s) => !s.is_empty(),
            Value::Bytes(b) => b.as_ref().is_some_and(|b| !b.is_empty()),
            Value::List(_, items) => !items.is_empty(),
            Value::Map(_, map) => !map.is_empty(),
            Value::Object(object) => object.truth(),
        }
    }
}

impl fmt::Debug for Value {
    /// Only the type: values can be secret, and a map can hold itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.go_type())
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Value::Str(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(text.into())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Value::Float(f)
    }
}
