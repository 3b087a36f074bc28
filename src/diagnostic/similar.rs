//! Names that somebody may have meant.

/// Longer names are compared with nothing: the time grows with the product of the lengths.
const MAX_LENGTH: usize = 100;

/// More candidates are not looked at.
const MAX_CANDIDATES: usize = 20_000;

/// The candidate that looks most like `name`, if one is near enough: at most a third of the letters differ,
/// and at least one may. Of equally near ones the first.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted: Vec<char> = name.chars().take(MAX_LENGTH + 1).collect();
    if wanted.is_empty() || wanted.len() > MAX_LENGTH {
        return None;
    }
    let limit = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
        // A byte length further away than four bytes a letter cannot be near.
        if candidate == name || candidate.len() > (wanted.len() + limit) * 4 {
            continue;
        }
        let letters: Vec<char> = candidate.chars().collect();
        if letters.is_empty() || letters.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        // The same letters in another case are nearer than any other letter.
        let distance = if candidate.eq_ignore_ascii_case(name) { 0 } else { distance(&wanted, &letters) };
        // Two names of one letter each have nothing in common.
        if distance <= limit && distance < letters.len() && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many letters to insert, delete, replace, or swap with their neighbour.
pub(crate) fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names() {
        for (name, candidates, expected) in [
            ("toYml", &["toToml", "toYaml", "toJson"][..], Some("toYaml")),
            ("web.lables", &["web.name", "web.labels"], Some("web.labels")),
            ("image", &["images", "replicaCount"], Some("images")),
            ("LoadBalance", &["ClusterIP", "NodePort", "LoadBalancer"], Some("LoadBalancer")),
            ("TOYAML", &["toYAMl", "toJson"], Some("toYAMl")),
            ("a", &["b"], None),
            ("replicas", &["service"], None),
            ("", &["a"], None),
        ] {
            assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
        }
    }
}
