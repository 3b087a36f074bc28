use super::*;
use crate::chart::{Loaded, load};
use crate::tree::Memory;
use crate::value::Map;
use crate::values::{Resolved, ValueOptions, resolve};
use crate::yaml;

const TOP: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: sub, version: '*', import-values: [{child: out, parent: in}]}, {name: sub, version: '*', alias: two}]\n";
const SUB: &str = "apiVersion: v2\nname: sub\nversion: 1.0.0\ndependencies: [{name: deep, version: '*', import-values: [{child: out, parent: out}]}]\n";
const DEEP: &str = "apiVersion: v2\nname: deep\nversion: 1.0.0\n";

/// The layers of a case, lowest first: the defaults of the subchart's subchart, the subchart's, the chart's, files.
type Case = Vec<Value>;

fn tree(case: &Case) -> (Memory, ValueOptions) {
    let mut tree = Memory::default();
    tree.insert("c/Chart.yaml", TOP);
    tree.insert("c/charts/sub/Chart.yaml", SUB);
    tree.insert("c/charts/sub/charts/deep/Chart.yaml", DEEP);
    let mut options = ValueOptions::default();
    for (i, value) in case.iter().enumerate() {
        let path = match i {
            0 => "c/charts/sub/charts/deep/values.yaml".to_owned(),
            1 => "c/charts/sub/values.yaml".to_owned(),
            2 => "c/values.yaml".to_owned(),
            n => format!("f{n}.yaml"),
        };
        tree.insert(&path, yaml::emit(value).unwrap());
        if i > 2 {
            options.files.push(path);
        }
    }
    (tree, options)
}

fn with<T>(case: &Case, run: impl FnOnce(&Explanation<'_, '_>, &Resolved<'_>) -> T) -> Option<T> {
    let (tree, options) = tree(case);
    let Loaded { chart, defaults } = load(&tree, "c", &mut Vec::new()).unwrap();
    let (user, layers) = options.read(&tree).unwrap();
    // Values of a subchart that are no map are an error, and explain nothing.
    let resolved = resolve(&chart, &defaults, &user, &mut Vec::new()).ok()?;
    Some(run(&Explanation::new(&resolved.root, &resolved.values, &layers, &user, &tree), &resolved))
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn map(&mut self, depth: u64, keys: &[&str], nulls: bool) -> Value {
        let mut map = Map::new();
        for key in keys {
            if self.below(3) > 0 {
                map.insert(*key, self.value(depth + 1, nulls));
            }
        }
        Value::map(map)
    }

    fn value(&mut self, depth: u64, nulls: bool) -> Value {
        match self.below(if depth > 3 { 4 } else { 8 }) {
            0 if nulls => Value::Nil,
            1 => Value::list(vec![Value::Float(self.below(9) as f64)]),
            n if n < 4 => Value::Float(self.below(99) as f64),
            _ => self.map(depth, &["a", "b"], nulls),
        }
    }

    fn case(&mut self, nulls: bool) -> Case {
        (0..3 + self.below(4))
            .map(|i| {
                let Value::Map(kind, map) = self.map(0, &["a", "b"], nulls) else { return Value::Nil };
                let sub = |chance: &mut Self| {
                    let sub = chance.map(1, &["a", "b"], nulls);
                    if let Value::Map(_, map) = &sub {
                        if chance.below(2) == 0 {
                            map.insert("deep", chance.map(2, &["a", "b"], nulls));
                        }
                        if chance.below(2) == 0 {
                            map.insert("global", chance.value(2, nulls));
                        }
                    }
                    sub
                };
                match i {
                    0 => map.insert("out", self.map(1, &["a", "b"], nulls)),
                    1 => {
                        map.insert("out", self.map(1, &["a", "b"], nulls));
                        map.insert("deep", self.map(1, &["a", "b"], nulls));
                    }
                    _ => {
                        map.insert("in", self.map(1, &["a", "b"], nulls));
                        map.insert("sub", sub(self));
                        map.insert("two", sub(self));
                    }
                }
                // Now and then it is no map.
                let global = if self.below(6) == 0 { self.value(2, nulls) } else { self.map(2, &["a", "b"], nulls) };
                if self.below(4) > 0 {
                    map.insert("global", global);
                }
                Value::Map(kind, map)
            })
            .collect()
    }
}

fn same(a: &Value, b: &Value) -> bool {
    yaml::emit(a).unwrap() == yaml::emit(b).unwrap()
}

fn without(value: &Value, path: &[String]) -> Value {
    let Value::Map(kind, map) = value else { return value.clone() };
    let Some((key, rest)) = path.split_first() else { return value.clone() };
    let copy = MapRef::new(map.borrow().clone());
    if rest.is_empty() {
        copy.borrow_mut().remove(key);
    } else if let Some(below) = map.get(key) {
        copy.insert(key.as_str(), without(&below, rest));
    }
    Value::Map(*kind, copy)
}

/// Which layer of the case a voice is, and the path there.
fn layer(voice: &Voice) -> (usize, Vec<String>) {
    let path = &voice.at.source.path;
    match path.as_str() {
        "c/charts/sub/charts/deep/values.yaml" => (0, voice.path.get(2..).unwrap_or_default().to_vec()),
        "c/charts/sub/values.yaml" => (1, voice.path.get(1..).unwrap_or_default().to_vec()),
        "c/values.yaml" => (2, voice.path.clone()),
        file => (file.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap(), voice.path.clone()),
    }
}

fn shown(case: &Case, explained: &Explained) -> String {
    let mut out = String::new();
    for value in case {
        out.push_str(&String::from_utf8_lossy(&yaml::emit(value).unwrap()));
        out.push_str("---\n");
    }
    for voice in &explained.voices {
        out.push_str(&format!("{:?} {} {:?} {:?}\n", voice.effect, voice.at.source.path, voice.path, voice.origin));
    }
    out
}

fn winner(explained: &Explained) -> Option<&Voice> {
    explained.voices.iter().find(|voice| voice.effect == Effect::Wins)
}

/// What is explained is what the chart sees; without the winner the runner-up wins.
#[test]
fn winners_and_runners_up() {
    let (mut runners, mut echoes) = (0, 0);
    for seed in 0..80 {
        for nulls in [false, true] {
            let case = Chance(seed).case(nulls);
            let mut next = Vec::new();
            let done = with(&case, |explanation, resolved| {
                let mut paths: Vec<Vec<String>> = explanation.all().into_iter().map(|e| e.path).collect();
                let mut seen = Vec::new();
                leaves(&resolved.values, &mut Vec::new(), &mut |path| seen.push(path.to_vec()));
                // All that the chart sees is told, there or where it comes from.
                for path in seen {
                    let told = paths.contains(&path) || explanation.is_echo(&path);
                    let empty = matches!(look_up(&resolved.values, &path), Some(Value::Map(..)));
                    assert!(told || empty, "{seed} {path:?} is not told");
                    if !paths.contains(&path) {
                        echoes += 1;
                        paths.push(path);
                    }
                }
                for path in paths {
                    let Some(seen) = look_up(&resolved.values, &path) else { continue };
                    if let Value::Map(..) = seen {
                        continue;
                    }
                    let explained = explanation.explain(&path).unwrap();
                    let Some(winner) = winner(&explained) else {
                        panic!("{seed} {path:?}: nobody wins\n{}", shown(&case, &explained))
                    };
                    assert!(same(&winner.value, &seen), "{seed} {path:?}: another wins\n{}", shown(&case, &explained));
                    let winners = explained.voices.iter().filter(|voice| voice.effect == Effect::Wins).count();
                    assert_eq!(winners, 1, "{seed} {path:?}\n{}", shown(&case, &explained));
                    if let [.., second, last] = explained.voices.as_slice()
                        && last.effect == Effect::Wins
                        && !matches!(second.value, Value::Map(..))
                        // What nulls do to defaults of defaults is Helm's own story: its values are checked.
                        && explained.voices.iter().all(|voice| !voice.value.is_nil())
                    {
                        next.push((path.clone(), layer(last), second.clone(), shown(&case, &explained)));
                    }
                }
            });
            if done.is_none() {
                continue;
            }
            for (path, (number, there), second, shown) in next.into_iter().take(6) {
                let fewer: Case = case
                    .iter()
                    .enumerate()
                    .map(|(i, value)| if i == number { without(value, &there) } else { value.clone() })
                    .collect();
                with(&fewer, |explanation, resolved| {
                    // Where nothing is left, somebody above said null.
                    let Some(seen) = look_up(&resolved.values, &path) else { return };
                    if seen.is_nil() || matches!(seen, Value::Map(..)) {
                        return;
                    }
                    let explained = explanation.explain(&path).unwrap();
                    let winner = winner(&explained).map(|winner| winner.value.clone());
                    let fits = winner.is_some_and(|winner| same(&winner, &second.value) && same(&winner, &seen));
                    assert!(fits, "{seed} {path:?}: the runner-up does not win\n{shown}");
                    runners += 1;
                });
            }
        }
    }
    assert!(runners > 100, "{runners}");
    assert!(echoes > 50, "{echoes}");
}

#[test]
fn paths() {
    for (text, want) in [
        ("a.b", vec!["a", "b"]),
        ("a[0].b", vec!["a", "0", "b"]),
        (r"annotations.helm\.sh/hook", vec!["annotations", "helm.sh/hook"]),
        (r"a\[0\].b", vec!["a[0]", "b"]),
        ("", vec![]),
    ] {
        assert_eq!(path_of(text), want, "{text}");
        if !text.contains("a[") {
            assert_eq!(path_text(&path_of(text)), text);
        }
    }
}
