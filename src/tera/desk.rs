//! What a running template works with. Tera's functions may hold nothing that belongs to a thread, so it lies
//! on the thread itself while a template runs.

use super::convert::{Converter, Objects};
use super::{Context, Partials};
use crate::diagnostic::{Failure, FailureKind, nearest};
use crate::functions::{Call, Function, lookup_function};
use crate::go::fmt::{MAX_TEXT, too_long};
use crate::template::{ExecError, Executor, Methods, Set};
use crate::value::{MapType, Method, Str, Value};
use crate::world::World;
use std::cell::RefCell;
use std::rc::Rc;

/// How many rounds all loops of a template may take together, a round's text counted by the kilobyte.
const STEPS: u64 = 2_000_000;

/// The most elements that a list may get from one call.
const MAX_ELEMENTS: usize = 10_000_000;

/// The work of one template.
pub(super) struct Desk {
    partials: Partials,
    world: World,
    objects: Rc<RefCell<Objects>>,
    /// Whether this is a layer, which must come out the same each time.
    layer: bool,
    steps: u64,
    /// What failed in a Go template.
    pub(super) nested: Option<Box<ExecError>>,
}

thread_local! {
    static DESK: RefCell<Option<Desk>> = const { RefCell::new(None) };
}

struct NoMethods;

impl Methods for NoMethods {
    fn method(&self, _: &Value, _: &str) -> Option<&'static Method> {
        None
    }
}

impl Partials {
    /// For layers, which have none.
    fn none() -> Partials {
        Partials { set: Rc::new(Set::new()), methods: &NoMethods, root: Value::Nil }
    }
}

/// Runs with a desk. Gives back what failed in a Go template on the way.
pub(super) fn with<T>(
    context: &Context,
    partials: Option<Partials>,
    world: &mut World,
    run: impl FnOnce() -> T,
) -> (T, Option<Box<ExecError>>) {
    let layer = partials.is_none();
    let desk = Desk {
        partials: partials.unwrap_or_else(Partials::none),
        world: std::mem::take(world),
        objects: context.objects.clone(),
        layer,
        steps: 0,
        nested: None,
    };
    let outer = DESK.with(|cell| cell.borrow_mut().replace(desk));
    let result = run();
    let desk = DESK.with(|cell| std::mem::replace(&mut *cell.borrow_mut(), outer));
    let Some(desk) = desk else { return (result, None) };
    *world = desk.world;
    (result, desk.nested)
}

/// Lends the desk.
fn lend<T>(work: impl FnOnce(&mut Desk) -> Result<T, String>) -> Result<T, String> {
    let Some(mut desk) = DESK.with(|cell| cell.borrow_mut().take()) else {
        return Err("this works in a running template only".to_owned());
    };
    let result = work(&mut desk);
    DESK.with(|cell| *cell.borrow_mut() = Some(desk));
    result
}

/// Counts steps.
pub(super) fn step(cost: u64) -> Result<(), String> {
    lend(|desk| {
        desk.steps = desk.steps.saturating_add(cost);
        if desk.steps > STEPS {
            return Err(format!("the loops of this template take more than {STEPS} rounds"));
        }
        Ok(())
    })
}

/// Calls a function of Helm. `arguments` makes the arguments, `None` being the dot of the template.
pub(super) fn call(
    function: &'static Function,
    arguments: impl FnOnce(&mut Converter<'_>, &Value) -> Result<Vec<Value>, String>,
) -> Result<::tera::Value, String> {
    lend(|desk| {
        let objects = desk.objects.clone();
        let mut converter = Converter::new(&objects);
        let mut args = arguments(&mut converter, &desk.partials.root)?;
        if matches!(function.name, "include" | "tpl") && desk.layer {
            return Err(format!("`{}` is for templates: a layer has no chart's partials", function.name));
        }
        // Go hands a `common.Values` on as a plain map.
        for (arg, param) in args.iter_mut().zip(function.params) {
            if let (crate::value::ParamKind::Map, Value::Map(MapType::Values, map)) = (param.kind, &*arg) {
                *arg = Value::Map(MapType::Any, map.clone());
            }
        }
        let set = desk.partials.set.clone();
        let mut executor = Executor::new(set, &lookup_function, desk.partials.methods, &mut desk.world);
        let result = (function.call)(&mut Call { args: &args, invalid: 0, host: &mut executor });
        if desk.layer && desk.world.drawn {
            return Err(format!(
                "`{}` draws on time or chance, and a layer must come out the same each time",
                function.name
            ));
        }
        match result.and_then(bounded) {
            Ok(value) => converter.outward(&value),
            Err(failure) => Err(desk.told(function.name, failure)),
        }
    })
}

/// A map that stands for the root object of the chart's templates.
pub(super) fn root() -> Result<::tera::Value, String> {
    lend(|desk| Ok(Converter::new(&desk.objects).handle(desk.partials.root.clone())))
}

impl Desk {
    /// The words for a failed function; what failed deeper is kept.
    fn told(&mut self, name: &str, failure: Failure) -> String {
        let unknown =
            failure.message.strip_prefix("template: no template ").and_then(|rest| rest.split_once(" associated"));
        if let Some((quoted, _)) = unknown {
            let names = self.partials.set.names();
            let near = nearest(quoted.trim_matches('"'), names.iter().filter_map(|name| name.utf8()));
            let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            return format!("no Go template is named {quoted}{near}");
        }
        match failure.kind {
            FailureKind::Raised => failure.message,
            FailureKind::Nested(error) => match error.downcast::<ExecError>() {
                Ok(error) => {
                    let words = format!("`{name}` fails: {}", error.message);
                    self.nested = Some(error);
                    words
                }
                Err(_) => format!("`{name}` fails: {}", failure.message),
            },
            FailureKind::Returned | FailureKind::Unparsable(_) => format!("`{name}` fails: {}", failure.message),
        }
    }
}

fn bounded(value: Value) -> Result<Value, Failure> {
    match &value {
        Value::Str(text) if text.len() > MAX_TEXT => Err(too_long()),
        Value::List(_, items) if items.len() > MAX_ELEMENTS => {
            Err(Failure::new(format!("the list would have more than {MAX_ELEMENTS} elements")))
        }
        _ => Ok(value),
    }
}

/// Calls a method of an object of the chart: of `.Files`, narrowed by `Glob` first if `glob`, or of the API versions.
pub(super) fn method(object: &str, glob: bool, method: &str, text: Str) -> Result<::tera::Value, String> {
    lend(|desk| {
        let root = match &desk.partials.root {
            Value::Map(_, root) => root.clone(),
            _ => return Err("there is no chart here".to_owned()),
        };
        let capabilities = match root.get("Capabilities") {
            Some(Value::Object(capabilities)) => capabilities.field(object),
            _ => None,
        };
        let mut receiver = root.get(object).or(capabilities).unwrap_or_default();
        let methods = desk.partials.methods;
        let call = |receiver: &Value, name: &str, args: &[Value]| match methods.method(receiver, name) {
            Some(method) => (method.call)(receiver, args).map_err(|failure| failure.message),
            None => Err(format!("there is no `{name}` here")),
        };
        let mut args = vec![Value::Str(text)];
        if glob {
            receiver = call(&receiver, "Glob", &args)?;
            args.clear();
        }
        let result = if method.is_empty() { receiver } else { call(&receiver, method, &args)? };
        Converter::new(&desk.objects).outward(&result)
    })
}
