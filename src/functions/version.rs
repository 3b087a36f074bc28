//! `semver`, `semverCompare`.

use super::{Call, Function};
use crate::diagnostic::Failure;
use crate::go::semver::{Constraint, Version};
use crate::value::{Param, ParamKind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "semver", params: &[Param { name: "version", kind: ParamKind::Str }], rest: None, call: semver },
    Function {
        name: "semverCompare",
        params: &[Param { name: "constraint", kind: ParamKind::Str }, Param { name: "version", kind: ParamKind::Str }],
        rest: None,
        call: compare,
    },
];

fn semver(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(Value::object(Version::parse(call.str(0))?))
}

fn compare(call: &mut Call<'_>) -> Result<Value, Failure> {
    let constraint = Constraint::parse(call.str(0))?;
    let version = Version::parse(call.str(1))?;
    Ok(Value::Bool(constraint.check(&version)))
}
