//! JSON pointers and URLs with fragments.

use super::json::{Kind, Node};
use crate::go::quote::quoted;
use crate::go::strconv::atoi;
use crate::go::url::{Url, path_escape, path_unescape};
use bstr::ByteSlice as _;
use std::borrow::Cow;
use std::rc::Rc;

/// A URL and its decoded fragment.
pub(super) struct Reference {
    pub(super) url: Rc<str>,
    pub(super) fragment: String,
}

fn unreadable(url: &str, why: &str) -> String {
    format!("error in parsing {}: {why}", quoted(url.as_bytes()))
}

impl Reference {
    /// Takes the fragment off. Errors have the words of Go's validator.
    pub(super) fn split(text: &str) -> Result<Reference, String> {
        let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fragment = path_unescape(fragment.as_bytes()).map_err(|e| unreadable(text, &e))?;
        Ok(Reference { url: url.into(), fragment: String::from_utf8_lossy(&fragment).into_owned() })
    }
}

/// What a reference means in a document.
pub(super) fn join(base: &Rc<str>, reference: &str) -> Result<Reference, String> {
    let parsed = Url::parse(base.as_bytes()).map_err(|e| unreadable(base, &e))?;
    let reference = Reference::split(reference)?;
    let relative = Url::parse(reference.url.as_bytes()).map_err(|e| unreadable(&reference.url, &e))?;
    let mut resolved = parsed.resolve(&relative);
    if relative.scheme.is_empty() && !parsed.opaque.is_empty() {
        resolved.opaque = parsed.opaque;
    }
    let url = String::from_utf8_lossy(&resolved.to_bytes()).into();
    Ok(Reference { url, fragment: reference.fragment })
}

/// Appends a token.
pub(super) fn push(pointer: &mut String, token: &[u8]) {
    pointer.push('/');
    if let Ok(token) = std::str::from_utf8(token)
        && !token.bytes().any(|b| matches!(b, b'~' | b'/'))
    {
        return pointer.push_str(token);
    }
    for c in String::from_utf8_lossy(token).chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// A place in a document as a URL.
pub(super) fn location(url: &str, pointer: &str) -> String {
    let mut out = Vec::from(url.as_bytes());
    out.push(b'#');
    for (i, token) in pointer.split('/').enumerate() {
        if i > 0 {
            out.push(b'/');
        }
        path_escape(&mut out, token.as_bytes());
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The node that a pointer points to.
pub(super) fn lookup(document: &Rc<Node>, url: &str, pointer: &str) -> Result<Rc<Node>, String> {
    let mut node = document;
    for token in pointer.split('/').skip(1) {
        let bad = |token: &str| {
            let mut rest = token.split('~').skip(1);
            rest.any(|part| !part.starts_with(['0', '1']))
        };
        if bad(token) {
            return Err(format!("invalid json-pointer {}", quoted(location(url, pointer).as_bytes())));
        }
        let plain = match token.contains('~') {
            true => Cow::Owned(token.as_bytes().replace("~1", "/").replace("~0", "~")),
            false => Cow::Borrowed(token.as_bytes()),
        };
        let below = match &node.kind {
            Kind::Object(_) => node.get(&plain),
            Kind::Array(items) => atoi(&plain).ok().and_then(|i| usize::try_from(i).ok()).and_then(|i| items.get(i)),
            _ => None,
        };
        let Some(below) = below else {
            return Err(format!("json-pointer in {} not found", quoted(location(url, pointer).as_bytes())));
        };
        node = below;
    }
    Ok(node.clone())
}
