//! A review's comment: no longer than a forge takes, cut between objects.

use super::{Compared, Layout, MAX_MARKDOWN, template};
use crate::diagnostic::Error;

const TEMPLATE: &str = include_str!("markdown.md.tera");

pub(super) fn write(report: &[Compared], layout: &Layout) -> Result<Vec<u8>, Error> {
    let template = layout.template.clone().unwrap_or_else(|| template::own("markdown.md.tera", TEMPLATE));
    let limit = if layout.max_size == 0 { MAX_MARKDOWN } else { layout.max_size };
    // No more than what can fit is ever rendered.
    let mut most = 0;
    let mut size = 0;
    for change in report.iter().flat_map(|compared| &compared.changes) {
        size += template::body(change, layout).len();
        if size > limit {
            break;
        }
        most += 1;
    }
    let whole = template::render(&template, report, layout, most, false)?;
    if whole.len() <= limit {
        return Ok(whole);
    }
    let (mut fits, mut not) = (0, most);
    let mut best = template::render(&template, report, layout, 0, false)?;
    while fits + 1 < not {
        let middle = fits.midpoint(not);
        let text = template::render(&template, report, layout, middle, false)?;
        if text.len() <= limit {
            (fits, best) = (middle, text);
        } else {
            not = middle;
        }
    }
    Ok(best)
}
