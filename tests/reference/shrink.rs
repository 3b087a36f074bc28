//! Makes a case small that shows a difference.

/// How many reductions are tried.
const TRIES: usize = 250;

/// The smallest text found on which `differs` still holds, and what it told of it.
pub fn text<T>(text: &str, differs: impl Fn(&str) -> Option<T>) -> Option<(String, T)> {
    without(pieces(text), differs)
}

/// The same by whole lines.
pub fn lines<T>(text: &str, differs: impl Fn(&str) -> Option<T>) -> Option<(String, T)> {
    without(text.split_inclusive('\n').map(str::to_owned).collect(), differs)
}

fn without<T>(mut pieces: Vec<String>, differs: impl Fn(&str) -> Option<T>) -> Option<(String, T)> {
    let mut best = None;
    let mut tries = 0;
    let mut width = pieces.len().div_ceil(2);
    while width > 0 && tries < TRIES {
        let mut at = 0;
        let mut smaller = false;
        while at < pieces.len() && tries < TRIES {
            let mut rest = pieces.clone();
            rest.drain(at..(at + width).min(rest.len()));
            tries += 1;
            if let Some(told) = differs(&rest.concat()) {
                best = Some((rest.concat(), told));
                pieces = rest;
                smaller = true;
            } else {
                at += width;
            }
        }
        if !smaller || width > pieces.len() {
            width = if width == 1 { 0 } else { width.div_ceil(2).min(pieces.len()) };
        }
    }
    best
}

/// A text in parts that can go one by one: words, strings, signs, actions' ends.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut word = false;
    for c in text.chars() {
        let part = c.is_alphanumeric() || c == '_' || c == '.' || c == '$';
        match pieces.last_mut() {
            Some(last) if part && word || last == "{" && c == '{' || last == "}" && c == '}' => last.push(c),
            _ => pieces.push(c.to_string()),
        }
        word = part;
    }
    pieces
}
