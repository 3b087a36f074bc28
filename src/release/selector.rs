//! Selectors of labels, as Kubernetes reads them (k8s.io/apimachinery/pkg/labels).

/// What labels must be like; empty lets all through.
#[derive(Debug, Default)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug)]
enum Operator {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Mark(&'a str),
}

impl Selector {
    /// Reads `a=b,c!=d,e in (f, g),!h`.
    ///
    /// # Errors
    /// What was found in place of what.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let tokens = tokens(text);
        let mut tokens = tokens.iter().peekable();
        let mut requirements = Vec::new();
        while tokens.peek().is_some() {
            requirements.push(requirement(&mut tokens)?);
            match tokens.next() {
                None => break,
                Some(Token::Mark(",")) if tokens.peek().is_some() => {}
                Some(Token::Mark(",")) => return Err("found '', expected: identifier after ','".to_owned()),
                Some(Token::Mark(found) | Token::Word(found)) => {
                    return Err(format!("found '{found}', expected: ',' or 'end of string'"));
                }
            }
        }
        Ok(Selector(requirements))
    }

    /// Whether the labels are like that.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        self.0.iter().all(|Requirement { key, operator }| {
            let value = labels.iter().find(|(name, _)| name == key).map(|(_, value)| value);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match operator {
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::In(values) => value.is_some_and(|value| values.contains(value)),
                Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Operator::Above(bound) => number().is_some_and(|n| n > *bound),
                Operator::Below(bound) => number().is_some_and(|n| n < *bound),
            }
        })
    }
}

type Tokens<'t, 's> = std::iter::Peekable<std::slice::Iter<'t, Token<'s>>>;

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let special = |c: char| "=!<>(),".contains(c);
        let end = if special(first) {
            ["==", "!="].into_iter().find(|mark| rest.starts_with(mark)).map_or(1, str::len)
        } else {
            rest.find(|c: char| special(c) || c.is_whitespace()).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(end);
        found.push(if special(first) { Token::Mark(token) } else { Token::Word(token) });
        rest = after.trim_start();
    }
    found
}

fn requirement(tokens: &mut Tokens<'_, '_>) -> Result<Requirement, String> {
    let absent = tokens.next_if(|token| **token == Token::Mark("!")).is_some();
    let key = match tokens.next() {
        Some(Token::Word(key)) => (*key).to_owned(),
        Some(Token::Mark(found)) => return Err(format!("found '{found}', expected: identifier")),
        None => return Err("found '', expected: identifier".to_owned()),
    };
    if absent {
        return Ok(Requirement { key, operator: Operator::Absent });
    }
    let operator = match tokens.peek() {
        None | Some(Token::Mark(",")) => Operator::Exists,
        Some(Token::Mark(mark @ ("=" | "==" | "!=" | ">" | "<"))) => {
            tokens.next();
            // An equal sign may stand before nothing: the empty value.
            let value = match tokens.next_if(|token| matches!(token, Token::Word(_))) {
                Some(Token::Word(value)) => (*value).to_owned(),
                _ => String::new(),
            };
            let number = || {
                let why = format!("for 'Gt', 'Lt' operators, the value must be an integer: \"{value}\"");
                value.parse::<i64>().map_err(|_| why)
            };
            match *mark {
                "!=" => Operator::NotIn(vec![value]),
                ">" => Operator::Above(number()?),
                "<" => Operator::Below(number()?),
                _ => Operator::In(vec![value]),
            }
        }
        Some(Token::Word("in")) => {
            tokens.next();
            Operator::In(values(tokens)?)
        }
        Some(Token::Word("notin")) => {
            tokens.next();
            Operator::NotIn(values(tokens)?)
        }
        Some(Token::Word(found) | Token::Mark(found)) => {
            return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt"));
        }
    };
    Ok(Requirement { key, operator })
}

/// `(a, b)`
fn values(tokens: &mut Tokens<'_, '_>) -> Result<Vec<String>, String> {
    match tokens.next() {
        Some(Token::Mark("(")) => {}
        Some(Token::Word(found) | Token::Mark(found)) => return Err(format!("found '{found}', expected: '('")),
        None => return Err("found '', expected: '('".to_owned()),
    }
    let mut values = Vec::new();
    loop {
        match tokens.next_if(|token| matches!(token, Token::Word(_))) {
            Some(Token::Word(value)) => values.push((*value).to_owned()),
            _ => values.push(String::new()),
        }
        match tokens.next() {
            Some(Token::Mark(",")) => {}
            Some(Token::Mark(")")) => return Ok(values),
            Some(Token::Word(found) | Token::Mark(found)) => {
                return Err(format!("found '{found}', expected: ',', or ')'"));
            }
            None => return Err("found '', expected: ',' or ')'".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Selector;

    #[test]
    fn selectors_match() {
        let labels: Vec<(String, String)> =
            [("app", "shop"), ("rev", "3"), ("empty", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        for (text, want) in [
            ("", true),
            ("app", true),
            ("!app", false),
            ("none", false),
            ("!none", true),
            ("app=shop", true),
            ("app==shop", true),
            ("app = shop , rev=3", true),
            ("app!=shop", false),
            ("none!=shop", true),
            ("app in (a, shop)", true),
            ("app notin (a,shop)", false),
            ("none notin (a)", true),
            ("rev>2", true),
            ("rev<3", false),
            ("empty=", true),
            ("app=", false),
        ] {
            match Selector::parse(text) {
                Ok(selector) => assert_eq!(selector.matches(&labels), want, "{text}"),
                Err(why) => panic!("{text}: {why}"),
            }
        }
        for text in ["=", "a b", "a in", "a in (b", "a,", "a>x", "!", "a in b"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
