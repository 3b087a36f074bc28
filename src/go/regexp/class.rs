//! Character classes by name: `\d`, `[:alpha:]`, `\p{Greek}`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// What `unicode.Scripts` of Go has under names that a pattern can reach: Go drops `_` from what is asked
/// for, so that scripts with a `_` in their names are never found.
const SCRIPTS: &[&str] = &[
    "Adlam",
    "Ahom",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Carian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dogra",
    "Duployan",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Inherited",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kharoshthi",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Medefaidrin",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nandinagari",
    "Newa",
    "Nko",
    "Nushu",
    "Ogham",
    "Oriya",
    "Osage",
    "Osmanya",
    "Palmyrene",
    "Phoenician",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "Sinhala",
    "Sogdian",
    "Soyombo",
    "Sundanese",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Yezidi",
    "Yi",
];

/// Categories and their long names, both as Go canonicalises them; the second is what they are.
const CATEGORIES: &[(&str, &str)] = &[
    ("C", "C"),
    ("Other", "C"),
    ("Cc", "Cc"),
    ("Control", "Cc"),
    ("Cntrl", "Cc"),
    ("Cf", "Cf"),
    ("Format", "Cf"),
    ("Cn", "Cn"),
    ("Unassigned", "Cn"),
    ("Co", "Co"),
    ("Privateuse", "Co"),
    ("L", "L"),
    ("Letter", "L"),
    ("Lc", "LC"),
    ("Casedletter", "LC"),
    ("Ll", "Ll"),
    ("Lowercaseletter", "Ll"),
    ("Lm", "Lm"),
    ("Modifierletter", "Lm"),
    ("Lo", "Lo"),
    ("Otherletter", "Lo"),
    ("Lt", "Lt"),
    ("Titlecaseletter", "Lt"),
    ("Lu", "Lu"),
    ("Uppercaseletter", "Lu"),
    ("M", "M"),
    ("Mark", "M"),
    ("Combiningmark", "M"),
    ("Mc", "Mc"),
    ("Spacingmark", "Mc"),
    ("Me", "Me"),
    ("Enclosingmark", "Me"),
    ("Mn", "Mn"),
    ("Nonspacingmark", "Mn"),
    ("N", "N"),
    ("Number", "N"),
    ("Nd", "Nd"),
    ("Decimalnumber", "Nd"),
    ("Digit", "Nd"),
    ("Nl", "Nl"),
    ("Letternumber", "Nl"),
    ("No", "No"),
    ("Othernumber", "No"),
    ("P", "P"),
    ("Punctuation", "P"),
    ("Punct", "P"),
    ("Pc", "Pc"),
    ("Connectorpunctuation", "Pc"),
    ("Pd", "Pd"),
    ("Dashpunctuation", "Pd"),
    ("Pe", "Pe"),
    ("Closepunctuation", "Pe"),
    ("Pf", "Pf"),
    ("Finalpunctuation", "Pf"),
    ("Pi", "Pi"),
    ("Initialpunctuation", "Pi"),
    ("Po", "Po"),
    ("Otherpunctuation", "Po"),
    ("Ps", "Ps"),
    ("Openpunctuation", "Ps"),
    ("S", "S"),
    ("Symbol", "S"),
    ("Sc", "Sc"),
    ("Currencysymbol", "Sc"),
    ("Sk", "Sk"),
    ("Modifiersymbol", "Sk"),
    ("Sm", "Sm"),
    ("Mathsymbol", "Sm"),
    ("So", "So"),
    ("Othersymbol", "So"),
    ("Z", "Z"),
    ("Separator", "Z"),
    ("Zl", "Zl"),
    ("Lineseparator", "Zl"),
    ("Zp", "Zp"),
    ("Paragraphseparator", "Zp"),
    ("Zs", "Zs"),
    ("Spaceseparator", "Zs"),
];

/// Code points `low..=high`. A Go class can hold surrogates, but no text has them.
pub(super) fn range(low: u32, high: u32) -> ClassUnicode {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or(if high > 0x10_ffff { char::MAX } else { '\u{d7ff}' });
    if low > high { ClassUnicode::empty() } else { ClassUnicode::new([ClassUnicodeRange::new(low, high)]) }
}

fn ranges(of: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(of.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)))
}

const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// `d`, `s`, `w`: ASCII only.
pub(super) fn perl(letter: u8) -> Option<ClassUnicode> {
    Some(match letter {
        b'd' => ranges(&[('0', '9')]),
        b's' => ranges(&[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')]),
        b'w' => ranges(WORD),
        _ => return None,
    })
}

/// `alpha` of `[:alpha:]`: ASCII only.
pub(super) fn posix(name: &[u8]) -> Option<ClassUnicode> {
    Some(match name {
        b"alnum" => ranges(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        b"alpha" => ranges(&[('A', 'Z'), ('a', 'z')]),
        b"ascii" => ranges(&[('\0', '\u{7f}')]),
        b"blank" => ranges(&[('\t', '\t'), (' ', ' ')]),
        b"cntrl" => ranges(&[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
        b"digit" => ranges(&[('0', '9')]),
        b"graph" => ranges(&[('!', '~')]),
        b"lower" => ranges(&[('a', 'z')]),
        b"print" => ranges(&[(' ', '~')]),
        b"punct" => ranges(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        b"space" => ranges(&[('\t', '\r'), (' ', ' ')]),
        b"upper" => ranges(&[('A', 'Z')]),
        b"word" => ranges(WORD),
        b"xdigit" => ranges(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => return None,
    })
}

/// First letter upper case, the rest lower; `_`, `-` and blanks dropped (Go: `syntax.canonicalName`).
fn canonical(name: &[u8]) -> String {
    let mut out = String::new();
    for &b in name {
        match b {
            b'_' | b'-' | b' ' => {}
            _ if out.is_empty() => out.push(b.to_ascii_uppercase() as char),
            _ => out.push(b.to_ascii_lowercase() as char),
        }
    }
    out
}

/// What `\p{name}` holds.
pub(super) fn unicode(name: &[u8]) -> Option<ClassUnicode> {
    if !name.is_ascii() {
        return None;
    }
    let name = canonical(name);
    let pattern = match name.as_str() {
        "Any" => return Some(range(0, 0x10_ffff)),
        "Ascii" => return Some(range(0, 0x7f)),
        // Surrogates: no text has them.
        "Cs" | "Surrogate" => return Some(ClassUnicode::empty()),
        "Assigned" => r"\P{gc=Cn}".to_owned(),
        name => match CATEGORIES.iter().find(|(known, _)| *known == name) {
            Some((_, category)) => format!(r"\p{{gc={category}}}"),
            None => format!(r"\p{{sc={}}}", SCRIPTS.iter().find(|known| **known == name)?),
        },
    };
    match regex_syntax::parse(&pattern).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}
