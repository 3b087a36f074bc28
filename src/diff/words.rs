//! Which words of two lines differ.

use super::lines::matches;

/// Longer lines are told as a whole.
const LONGEST: usize = 4_000;

/// Below this share of equal bytes, marks in a line confuse more than they tell.
const LEAST: usize = 4;

/// A stretch of a line, and whether the other line has something else there.
pub(super) type Stretch<'t> = (bool, &'t [u8]);

/// Both lines as stretches; one stretch without a mark where the lines have little in common.
pub(super) fn words<'t>(before: &'t [u8], after: &'t [u8]) -> (Vec<Stretch<'t>>, Vec<Stretch<'t>>) {
    let plain = || (vec![(false, before)], vec![(false, after)]);
    if before.len() > LONGEST || after.len() > LONGEST {
        return plain();
    }
    let (a, b) = (tokens(before), tokens(after));
    let pairs = matches(&a, &b);
    let is_word = |token: &[u8]| token.iter().any(|b| !b.is_ascii_whitespace());
    let equal: usize =
        pairs.iter().filter_map(|(i, _)| a.get(*i)).filter(|token| is_word(token)).map(|token| token.len()).sum();
    if equal * LEAST < before.trim_ascii().len().max(after.trim_ascii().len()) {
        return plain();
    }
    let mut same_a = vec![false; a.len()];
    let mut same_b = vec![false; b.len()];
    for (i, j) in pairs {
        if let (Some(a), Some(b)) = (same_a.get_mut(i), same_b.get_mut(j)) {
            (*a, *b) = (true, true);
        }
    }
    (joined(before, &a, &same_a), joined(after, &b, &same_b))
}

/// Words, and single bytes between them; characters beyond ASCII count as letters.
fn tokens(line: &[u8]) -> Vec<&[u8]> {
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
    let mut out = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let length = rest.iter().take_while(|b| is_letter(b)).count().max(1);
        let (token, after) = rest.split_at(length);
        out.push(token);
        rest = after;
    }
    out
}

fn joined<'t>(line: &'t [u8], tokens: &[&'t [u8]], same: &[bool]) -> Vec<Stretch<'t>> {
    let mut out: Vec<(bool, usize)> = Vec::new();
    for (token, same) in tokens.iter().zip(same) {
        match out.last_mut() {
            Some((differs, length)) if *differs != *same => *length += token.len(),
            _ => out.push((!same, token.len())),
        }
    }
    let mut rest = line;
    out.into_iter()
        .map(|(differs, length)| {
            let (stretch, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            (differs, stretch)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told() {
        let (a, b) = words(b"image: nginx:1.25", b"image: nginx:1.26");
        assert_eq!(a, [(false, &b"image: nginx:1."[..]), (true, b"25")]);
        assert_eq!(b, [(false, &b"image: nginx:1."[..]), (true, b"26")]);
        assert_eq!(words(b"a b c", b"x y z").0, [(false, &b"a b c"[..])]);
    }
}
