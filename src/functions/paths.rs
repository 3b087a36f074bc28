//! File paths.

use crate::go::path;
use crate::value::Value;

functions! {
    "base" (path: Str) |c| Ok(Value::str(path::base(&c.str(0))));
    "dir" (path: Str) |c| Ok(Value::str(path::dir(&c.str(0))));
    "ext" (path: Str) |c| Ok(Value::str(path::ext(&c.str(0))));
    "clean" (path: Str) |c| Ok(Value::str(path::clean(&c.str(0))));
    "isAbs" (path: Str) |c| Ok(Value::Bool(path::is_abs(&c.str(0))));
    "osBase" (path: Str) |c| Ok(Value::str(path::base(&c.str(0))));
    "osDir" (path: Str) |c| Ok(Value::str(path::dir(&c.str(0))));
    "osExt" (path: Str) |c| Ok(Value::str(path::ext(&c.str(0))));
    "osClean" (path: Str) |c| Ok(Value::str(path::clean(&c.str(0))));
    "osIsAbs" (path: Str) |c| Ok(Value::Bool(path::is_abs(&c.str(0))));
}
