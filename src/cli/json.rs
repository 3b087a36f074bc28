//! JSON that people read too: keys in the order in which they are said, two spaces a level.

use crate::go::json::write_string;

/// A JSON value whose keys keep their order.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    /// A value that is JSON already, on one line.
    Raw(Vec<u8>),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    pub(super) fn optional(text: Option<impl Into<String>>) -> Json {
        text.map_or(Json::Null, Json::text)
    }

    pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Json {
        Json::List(texts.into_iter().map(Json::text).collect())
    }

    /// The whole text, with a newline at its end.
    pub(super) fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, 0);
        out.push(b'\n');
        out
    }

    fn write(&self, out: &mut Vec<u8>, level: usize) {
        match self {
            Json::Null => out.extend_from_slice(b"null"),
            Json::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
            Json::Number(n) => out.extend_from_slice(n.to_string().as_bytes()),
            Json::Text(text) => write_string(out, text.as_bytes(), false),
            Json::Raw(json) => out.extend_from_slice(json),
            Json::List(items) if items.is_empty() => out.extend_from_slice(b"[]"),
            // Plain items share a line.
            Json::List(items) if items.iter().all(|i| !matches!(i, Json::List(_) | Json::Object(_))) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    item.write(out, level);
                }
                out.push(b']');
            }
            Json::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    line(out, level + 1);
                    item.write(out, level + 1);
                }
                line(out, level);
                out.push(b']');
            }
            Json::Object(fields) => {
                out.push(b'{');
                for (i, (key, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    line(out, level + 1);
                    write_string(out, key.as_bytes(), false);
                    out.extend_from_slice(b": ");
                    value.write(out, level + 1);
                }
                line(out, level);
                out.push(b'}');
            }
        }
    }
}

fn line(out: &mut Vec<u8>, level: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * level, b' ');
}
