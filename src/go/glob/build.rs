//! Tree → matchers, by the rewritings of gobwas/glob.

use super::matcher::{Matcher, Tree};
use super::parse::Node;
use crate::stack::deeper;

/// Rewriting takes time of the fourth power of the length of a sequence; longer ones are left as they are.
const MAX_REWRITTEN: usize = 48;

pub(super) fn build(node: &Node) -> Matcher {
    simplify(match node {
        Node::AnyOf(alternatives) => match factor(alternatives) {
            Some(pattern) => return build(&pattern),
            None => Matcher::AnyOf(alternatives.iter().map(build).collect()),
        },
        Node::Pattern(nodes) if nodes.is_empty() => Matcher::Nothing,
        Node::Pattern(nodes) => sequence(minimize(nodes.iter().map(build).collect())),
        Node::Text(text) => Matcher::Text(text.clone()),
        Node::Any => Matcher::Any,
        Node::Super => Matcher::Super,
        Node::Single => Matcher::Single,
        Node::List { chars, not } => Matcher::List { chars: chars.clone(), not: *not },
        Node::Range { low, high, not } => Matcher::Range { low: *low, high: *high, not: *not },
        Node::Nothing => Matcher::Nothing,
    })
}

/// Takes what all alternatives begin or end with out of the braces: `{ab,ac}` is `a{b,c}`.
fn factor(alternatives: &[Node]) -> Option<Node> {
    let all: Vec<&[Node]> = alternatives
        .iter()
        .map(|node| match node {
            Node::Pattern(nodes) => Some(nodes.as_slice()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    if all.len() <= 1 {
        return None;
    }
    let (left, right) = common(&all)?;
    if left == 0 && right == 0 {
        return None;
    }
    let shortest = *all.iter().min_by_key(|nodes| nodes.len())?;
    let mut rest: Vec<Node> = Vec::new();
    for nodes in &all {
        let middle = nodes.get(left..nodes.len() - right).unwrap_or_default();
        let node = if middle.is_empty() { Node::Nothing } else { Node::Pattern(middle.to_vec()) };
        if !rest.contains(&node) {
            rest.push(node);
        }
    }
    let mut result = Vec::new();
    if left > 0 {
        result.push(Node::Pattern(shortest.get(..left).unwrap_or_default().to_vec()));
    }
    match (rest.len(), rest.first()) {
        (1, Some(Node::Nothing)) => {}
        (1, Some(only)) => result.push(only.clone()),
        _ => result.push(Node::AnyOf(rest)),
    }
    if right > 0 {
        result.push(Node::Pattern(shortest.get(shortest.len() - right..).unwrap_or_default().to_vec()));
    }
    Some(Node::Pattern(result))
}

/// How many nodes all begin with and how many all end with.
fn common(all: &[&[Node]]) -> Option<(usize, usize)> {
    let len = all.iter().map(|nodes| nodes.len()).min()?;
    let (mut left, mut right) = (0, 0);
    let (mut left_ends, mut right_ends) = (false, false);
    for i in 0..len {
        let j = len - 1 - i;
        if left + right >= len || left_ends && right_ends {
            break;
        }
        let shortest = all.iter().find(|nodes| nodes.len() == len)?;
        for nodes in all {
            if left_ends && right_ends {
                break;
            }
            if std::ptr::eq(*nodes, *shortest) {
                continue;
            }
            left_ends |= shortest.get(i) != nodes.get(i);
            right_ends |= !left_ends && j <= i;
            right_ends |= shortest.get(j) != nodes.get(j + nodes.len() - len);
        }
        if !left_ends {
            left += 1;
        }
        if !right_ends {
            right += 1;
        }
    }
    Some((left, right))
}

/// Replaces the longest run of matchers that can be glued, again and again.
fn minimize(mut matchers: Vec<Matcher>) -> Vec<Matcher> {
    loop {
        if matchers.len() > MAX_REWRITTEN {
            return matchers;
        }
        let mut best: Option<(usize, usize, Matcher)> = None;
        for l in 0..matchers.len() {
            for r in (l + 1..=matchers.len()).rev() {
                let Some(glued) = matchers.get(l..r).and_then(glue) else { continue };
                let better = match &best {
                    None => true,
                    Some((from, to, known)) => {
                        let longer = matches!((known.len(), glued.len()), (Some(a), Some(b)) if b > a);
                        longer || to - from < r - l
                    }
                };
                if better {
                    best = Some((l, r, glued));
                }
            }
        }
        let Some((l, r, glued)) = best else { return matchers };
        if r - l == 1 {
            return matchers;
        }
        matchers.splice(l..r, [glued]);
    }
}

fn glue(matchers: &[Matcher]) -> Option<Matcher> {
    if matchers.len() <= 1 {
        return None;
    }
    glue_every(matchers).or_else(|| {
        let len = matchers.iter().map(Matcher::len).sum::<Option<usize>>()?;
        Some(Matcher::Row(matchers.to_vec(), len))
    })
}

/// Wildcards of one kind become conditions on the whole: how long it is, what it does not contain.
fn glue_every(matchers: &[Matcher]) -> Option<Matcher> {
    let (mut any, mut all, mut single, mut min) = (false, false, false, 0);
    let mut separators: Option<String> = None;
    for m in matchers {
        let these = match m {
            Matcher::Super => {
                all = true;
                String::new()
            }
            Matcher::Any => {
                any = true;
                "/".to_owned()
            }
            Matcher::Single => {
                single = true;
                min += 1;
                "/".to_owned()
            }
            // What a negated list excludes counts as its separators.
            Matcher::List { chars, not: true } => {
                single = true;
                min += 1;
                chars.iter().collect()
            }
            _ => return None,
        };
        if *separators.get_or_insert_with(|| these.clone()) != these {
            return None;
        }
    }
    let separators = separators.unwrap_or_default();
    match (any, all, single) {
        (false, true, false) => return Some(Matcher::Super),
        (true, false, false) => return Some(Matcher::Any),
        _ => {}
    }
    if (any || all) && min > 0 && separators.is_empty() {
        return Some(Matcher::Min(min));
    }
    let mut every = Vec::new();
    if min > 0 {
        every.push(Matcher::Min(min));
        if !any && !all {
            every.push(Matcher::Max(min));
        }
    }
    if !separators.is_empty() {
        every.push(Matcher::Contains { needle: separators.into_bytes(), not: true });
    }
    Some(Matcher::EveryOf(every))
}

/// One matcher for several in a row: around the longest of fixed length, the last of those.
fn sequence(mut matchers: Vec<Matcher>) -> Matcher {
    if matchers.len() <= 1 {
        return matchers.pop().unwrap_or(Matcher::Nothing);
    }
    if matchers.len() <= MAX_REWRITTEN
        && let Some(glued) = glue(&matchers)
    {
        return glued;
    }
    let at = matchers.iter().enumerate().filter_map(|(i, m)| Some((m.len()?, i))).max().map(|(_, i)| i);
    deeper(|| {
        // Without one of fixed length the first is taken.
        let at = at.unwrap_or(0);
        let right = matchers.split_off(at + 1);
        let value = matchers.pop().unwrap_or(Matcher::Nothing);
        let side = |matchers: Vec<Matcher>| (!matchers.is_empty()).then(|| sequence(matchers));
        Matcher::Tree(Box::new(Tree { value, left: side(matchers), right: side(right) }))
    })
}

/// Trees around a text that have a shorter form.
fn simplify(matcher: Matcher) -> Matcher {
    match matcher {
        Matcher::AnyOf(mut matchers) if matchers.len() == 1 => matchers.pop().unwrap_or(Matcher::Nothing),
        Matcher::List { chars, not: false } if chars.len() == 1 => {
            Matcher::Text(chars.into_iter().collect::<String>().into_bytes())
        }
        Matcher::Tree(tree) => simplify_tree(*tree),
        other => other,
    }
}

fn simplify_tree(tree: Tree) -> Matcher {
    deeper(|| {
        let left = tree.left.map(simplify);
        let right = tree.right.map(simplify);
        let Matcher::Text(text) = tree.value else {
            return Matcher::Tree(Box::new(Tree { value: tree.value, left, right }));
        };
        match (left, right) {
            (None, None) => Matcher::Text(text),
            (Some(Matcher::Super), Some(Matcher::Super)) => Matcher::Contains { needle: text, not: false },
            (Some(Matcher::Super), None) => Matcher::Suffix(text),
            (None, Some(Matcher::Super)) => Matcher::Prefix(text),
            (None, Some(Matcher::Suffix(suffix))) => Matcher::PrefixSuffix(text, suffix),
            (Some(Matcher::Prefix(prefix)), None) => Matcher::PrefixSuffix(prefix, text),
            (Some(Matcher::Any), None) => Matcher::SuffixAny(text),
            (None, Some(Matcher::Any)) => Matcher::PrefixAny(text),
            (left, right) => Matcher::Tree(Box::new(Tree { value: Matcher::Text(text), left, right })),
        }
    })
}
