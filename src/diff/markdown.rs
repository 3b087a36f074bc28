//! A review's comment: no longer than a forge takes, cut between objects; within the first one only if nothing else fits.

use super::template::{self, Extent, Report};
use super::{Compared, Layout, MAX_MARKDOWN};
use crate::diagnostic::Error;

const TEMPLATE: &str = include_str!("markdown.md.tera");

pub(super) fn write(report: &[Compared], layout: &Layout) -> Result<Vec<u8>, Error> {
    let template = layout.template.clone().unwrap_or_else(|| template::own("markdown.md.tera", TEMPLATE));
    let limit = if layout.max_size == 0 { MAX_MARKDOWN } else { layout.max_size };
    // No more than what can fit is ever rendered.
    let mut most = 0;
    let mut size = 0;
    let report = Report::new(report, layout);
    for number in 0..report.len() {
        size += report.body(number).len();
        if size > limit {
            break;
        }
        most += 1;
    }
    let render = |extent| report.render(&template, extent, false);
    // What is counted above are lines; what the template adds may be too much.
    if most > 0 || report.len() == 0 {
        let whole = render(Extent::of(most))?;
        if whole.len() <= limit {
            return Ok(whole);
        }
    }
    if let Some(best) = longest(most, limit, &|changes| render(Extent::of(changes)))? {
        return Ok(best);
    }
    let lines = report.body(0).lines().count();
    let cut = longest(lines, limit, &|lines| render(Extent { changes: 1, lines: Some(lines) }))?;
    cut.map_or_else(|| render(Extent::of(0)), Ok)
}

/// The longest text of at most `limit` bytes out of those for 1 to `most` parts; none if even the first is too long.
fn longest(
    most: usize,
    limit: usize,
    text: &dyn Fn(usize) -> Result<Vec<u8>, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let (mut fits, mut not) = (0, most + 1);
    let mut best = None;
    while fits + 1 < not {
        let middle = fits.midpoint(not);
        let text = text(middle)?;
        if text.len() <= limit {
            (fits, best) = (middle, Some(text));
        } else {
            not = middle;
        }
    }
    Ok(best)
}
