//! Defaults, truth, types, equality.

use crate::go::reflect::deep_equal;
use crate::value::Value;

functions! {
    "default" (default: Any; value: Any) |c| {
        let value = c.arg(1);
        Ok(if value.truth() { value.clone() } else { c.arg(0).clone() })
    };
    "empty" (value: Any) |c| Ok(Value::Bool(!c.arg(0).truth()));
    "coalesce" (; values: Any) |c| Ok(c.args.iter().find(|v| v.truth()).cloned().unwrap_or_default());
    "all" (; values: Any) |c| Ok(Value::Bool(c.args.iter().all(Value::truth)));
    "any" (; values: Any) |c| Ok(Value::Bool(c.args.iter().any(Value::truth)));
    "ternary" (yes: Any, no: Any, condition: Bool) |c| Ok(c.arg(if c.bool(2) { 0 } else { 1 }).clone());
    "typeOf" (value: Any) |c| Ok(Value::str(&*c.arg(0).go_type()));
    "typeIs" (name: Str, value: Any) |c| Ok(Value::Bool(c.str(0) == *c.arg(1).go_type()));
    "typeIsLike" (name: Str, value: Any) |c| {
        let (name, found) = (c.str(0), c.arg(1).go_type());
        Ok(Value::Bool(name == *found || found.strip_prefix('*').is_some_and(|found| name == found)))
    };
    "kindOf" (value: Any) |c| Ok(Value::str(c.arg(0).kind().name()));
    "kindIs" (name: Str, value: Any) |c| Ok(Value::Bool(c.str(0) == c.arg(1).kind().name()));
    "deepEqual" (first: Any, second: Any) |c| Ok(Value::Bool(deep_equal(c.arg(0), c.arg(1))));
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::{i, run};
    use crate::value::Value;

    #[test]
    fn tells_types() {
        for (name, args, want) in [
            ("default", &["d".into(), Value::Float(0.0)][..], "d"),
            ("default", &["d".into()], "d"),
            ("kindOf", &[Value::Nil], "invalid"),
            ("typeOf", &[Value::Nil], "<nil>"),
            ("typeIsLike", &["int".into(), i(1)], "true"),
            ("deepEqual", &[i(1), Value::Float(1.0)], "false"),
            ("coalesce", &[i(0), "".into(), "x".into()], "x"),
        ] {
            assert_eq!(run(name, args), want, "{name}");
        }
    }
}
