//! Letters and words: upper and lower case, camel, snake and kebab case.

use crate::go::unicode;
use crate::go::unicode::{
    decode, is_letter, is_lower, is_number, is_punct, is_space, is_title, is_upper, push_char, runes, to_lower,
    to_title, to_upper,
};
use crate::value::{Str, Value};

/// The text with every character mapped; bytes that are not UTF-8 become U+FFFD, as in Go's `strings.Map`.
fn map(text: &[u8], mut to: impl FnMut(char) -> char) -> Value {
    let mut out = Vec::with_capacity(text.len());
    runes(text).for_each(|(_, c, _)| push_char(&mut out, to(c)));
    Value::str(out)
}

/// `strings.ToUpper` and `ToLower`; `changes` are the ASCII bytes that the mapping changes.
pub(super) fn map_case(text: Str, changes: impl Fn(&u8) -> bool, to: impl Fn(char) -> char) -> Value {
    if !text.is_ascii() {
        return map(&text, to);
    }
    if !text.iter().any(&changes) {
        return Value::Str(text);
    }
    Value::str(text.iter().map(|b| if changes(b) { b ^ 0x20 } else { *b }).collect::<Vec<u8>>())
}

/// `strings.Title`: a word begins after anything but letters, digits and underscores; beyond ASCII only
/// after white space.
pub(super) fn title(text: &[u8]) -> Value {
    let separates = |c: char| {
        if c.is_ascii() {
            !c.is_ascii_alphanumeric() && c != '_'
        } else {
            !is_letter(c) && !unicode::is_digit(c) && is_space(c)
        }
    };
    let mut before = ' ';
    map(text, |c| if separates(std::mem::replace(&mut before, c)) { to_title(c) } else { c })
}

/// The first letter after white space in lower case.
pub(super) fn untitle(text: &[u8]) -> Value {
    let mut next = true;
    map(text, |c| {
        if is_space(c) {
            next = true;
            c
        } else if std::mem::take(&mut next) {
            to_lower(c)
        } else {
            c
        }
    })
}

/// Masterminds/goutils, SwapCase: a lower-case letter that begins a word gets title case.
pub(super) fn swap_case(text: &[u8]) -> Value {
    let mut after_space = true;
    map(text, |c| {
        if is_upper(c) || is_title(c) {
            after_space = false;
            to_lower(c)
        } else if is_lower(c) {
            if std::mem::take(&mut after_space) { to_title(c) } else { to_upper(c) }
        } else {
            after_space = is_space(c);
            c
        }
    })
}

/// The first byte of each word, taken for a character.
pub(super) fn initials(text: &[u8]) -> Value {
    let mut out = Vec::new();
    let mut gap = true;
    for b in text {
        let c = *b as char;
        if is_space(c) {
            gap = true;
        } else if std::mem::take(&mut gap) {
            push_char(&mut out, c);
        }
    }
    Value::str(out)
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

/// huandu/xstrings, ToPascalCase.
pub(super) fn pascal_case(text: &[u8]) -> Value {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = runes(text).map(|(_, c, _)| c);
    // What connects at the start stays; of a text of connectors alone the last comes twice.
    let mut last = None;
    let mut first = None;
    for c in chars.by_ref() {
        last = Some(c);
        if !is_connector(c) {
            first = Some(c);
            break;
        }
        push_char(&mut out, c);
    }
    let Some(first) = first else {
        last.into_iter().for_each(|c| push_char(&mut out, c));
        return Value::str(out);
    };
    // While true, capital letters continue the capital at the start of a word and become small.
    let mut capitals = is_upper(first);
    let mut current = to_upper(first);
    for c in chars {
        let before = current;
        current = c;
        if is_connector(before) {
            if is_connector(c) {
                push_char(&mut out, before);
            } else {
                capitals = is_upper(c);
                current = to_upper(c);
            }
            continue;
        }
        if capitals {
            if is_upper(c) {
                current = to_lower(c);
            } else {
                capitals = false;
            }
        }
        push_char(&mut out, before);
    }
    push_char(&mut out, current);
    Value::str(out)
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    /// The end, or nothing but broken UTF-8.
    Invalid,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// huandu/xstrings, isAlphabet: letters but for the common CJK ones.
fn is_alphabet(c: char) -> bool {
    if !is_letter(c) {
        return false;
    }
    !matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}')
}

/// huandu/xstrings, ToSnakeCase and ToKebabCase.
pub(super) fn lower_case_words(text: &[u8], connector: char) -> Value {
    let mut out = Vec::with_capacity(text.len() + 8);
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != Word::Connector {
            write_word(&mut out, kind, word, connector);
        }
        let (before, word_before) = (kind, word);
        (kind, word, rest) = next_word(rest);
        let continues = |kind| matches!(kind, Word::Letters | Word::Number);
        let separate = |kind| !matches!(kind, Word::Invalid | Word::Punctuation | Word::Connector);
        match before {
            Word::Number => {
                while continues(kind) {
                    write_word(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if separate(kind) {
                    push_char(&mut out, connector);
                }
            }
            Word::Connector => write_word(&mut out, before, word_before, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    push_char(&mut out, connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                // Digits belong to the word before them, unless small letters follow.
                let digits = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Letters {
                    write_word(&mut out, Word::Number, digits, connector);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        push_char(&mut out, connector);
                    }
                } else {
                    push_char(&mut out, connector);
                    write_word(&mut out, Word::Number, digits, connector);
                    while continues(kind) {
                        write_word(&mut out, kind, word, connector);
                        (kind, word, rest) = next_word(rest);
                    }
                    if separate(kind) {
                        push_char(&mut out, connector);
                    }
                }
            }
        }
    }
    write_word(&mut out, kind, word, connector);
    Value::str(out)
}

fn write_word(out: &mut Vec<u8>, kind: Word, word: &[u8], connector: char) {
    if !matches!(kind, Word::Upper | Word::Connector) {
        out.extend_from_slice(word);
        return;
    }
    for (_, c, _) in runes(word) {
        push_char(
            out,
            if is_connector(c) {
                connector
            } else if is_upper(c) {
                to_lower(c)
            } else {
                c
            },
        );
    }
}

/// The next character that is UTF-8, and how many bytes up to its end; at the end the one before.
fn next_valid(text: &[u8], before: char) -> (char, usize) {
    let mut size = 0;
    while let Some((c, width)) = text.get(size..).and_then(decode) {
        size += width;
        if c != char::REPLACEMENT_CHARACTER {
            return (c, size);
        }
    }
    (before, size)
}

/// The word at the start of a text, and what follows it.
fn next_word(text: &[u8]) -> (Word, &[u8], &[u8]) {
    if text.is_empty() {
        return (Word::Invalid, &[], &[]);
    }
    let (first, size) = next_valid(text, char::REPLACEMENT_CHARACTER);
    let mut end = size;
    let run = |mut end: usize, mut before: char, belongs: &dyn Fn(char) -> bool| {
        while end < text.len() {
            let (c, size) = next_valid(text.get(end..).unwrap_or_default(), before);
            if !belongs(c) || size == 0 {
                break;
            }
            before = c;
            end += size;
        }
        end
    };
    let kind = if first == char::REPLACEMENT_CHARACTER {
        Word::Invalid
    } else if is_connector(first) {
        end = run(end, first, &is_connector);
        Word::Connector
    } else if is_punct(first) {
        end = run(end, first, &is_punct);
        Word::Punctuation
    } else if is_upper(first) {
        if end < text.len() {
            let (second, size) = next_valid(text.get(end..).unwrap_or_default(), first);
            if is_upper(second) {
                let mut last = size;
                end += size;
                while end < text.len() {
                    let (c, size) = next_valid(text.get(end..).unwrap_or_default(), second);
                    if !is_upper(c) {
                        if is_alphabet(c) {
                            // The last capital begins the next word.
                            end -= last;
                        }
                        break;
                    }
                    last = size;
                    end += size;
                }
            } else if is_alphabet(second) {
                end = run(end + size, second, &|c| is_alphabet(c) && !is_upper(c));
            }
        }
        Word::Upper
    } else if is_alphabet(first) {
        end = run(end, first, &|c| is_alphabet(c) && !is_upper(c));
        Word::Letters
    } else if is_number(first) {
        end = run(end, first, &is_number);
        Word::Number
    } else {
        end = run(end, first, &|c| !(is_connector(c) || is_alphabet(c) || is_number(c) || is_punct(c)));
        Word::Other
    };
    let (word, rest) = text.split_at(end.min(text.len()));
    (kind, word, rest)
}
