//! A page that needs nothing but itself.

use super::template::{self, Extent, Report};
use super::{Compared, Layout};
use crate::diagnostic::Error;

const TEMPLATE: &str = include_str!("html.html.tera");

pub(super) fn write(report: &[Compared], layout: &Layout) -> Result<Vec<u8>, Error> {
    let template = layout.template.clone().unwrap_or_else(|| template::own("html.html.tera", TEMPLATE));
    Report::new(report, layout).render(&template, Extent::of(usize::MAX), true)
}
