//! A readable difference of two texts.

/// Lines of context around a difference.
const CONTEXT: usize = 3;
/// Lines of a difference that are shown.
const MOST: usize = 40;

/// The lines in which `got` differs from `want`: `-` is wanted, `+` is what came. Everything between the first and
/// the last difference is shown as replaced, which is enough to see what went wrong.
pub fn lines(want: &[u8], got: &[u8]) -> String {
    let want = cut(want);
    let got = cut(got);
    let head = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let most = want.len().min(got.len()) - head;
    let tail = want.iter().rev().zip(got.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut out = format!("      @@ line {} @@\n", head + 1);
    let mut show = |mark: char, lines: &[String]| {
        for line in lines.iter().take(MOST) {
            out.push_str(&format!("      {mark}{line}\n"));
        }
        if lines.len() > MOST {
            out.push_str(&format!("      {mark}… {} more lines\n", lines.len() - MOST));
        }
    };
    show(' ', &want[head.saturating_sub(CONTEXT)..head]);
    show('-', &want[head..want.len() - tail]);
    show('+', &got[head..got.len() - tail]);
    show(' ', &want[want.len() - tail..(want.len() - tail + CONTEXT).min(want.len())]);
    out
}

/// A text as lines in which nothing is invisible; the end of the text is a line of its own.
fn cut(text: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = text.split_inclusive(|b| *b == b'\n').map(crate::casefile::escape).collect();
    for line in &mut lines {
        match line.strip_suffix("\\n") {
            Some(cut) => *line = cut.to_owned(),
            None => line.push_str("⏎ missing"),
        }
    }
    lines.push("(end)".to_owned());
    lines
}
