//! A page that needs nothing but itself.

use super::{Compared, Layout, template};
use crate::diagnostic::Error;

const TEMPLATE: &str = include_str!("html.html.tera");

pub(super) fn write(report: &[Compared], layout: &Layout) -> Result<Vec<u8>, Error> {
    let template = layout.template.clone().unwrap_or_else(|| template::own("html.html.tera", TEMPLATE));
    template::render(&template, report, layout, usize::MAX, true)
}
