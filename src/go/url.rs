//! Go's package `net/url`: taking URLs apart and putting them together.

use super::netip::{Addr, parse_addr};
use super::quote::quoted;

/// Where in a URL a text stands: which characters may stand there as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// A URL. All parts are decoded unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Url {
    /// In lower case.
    pub scheme: String,
    /// What follows the scheme where that is no `/`, undecoded.
    pub opaque: Vec<u8>,
    /// Name and password.
    pub user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// With port.
    pub host: Vec<u8>,
    /// The path.
    pub path: Vec<u8>,
    /// Undecoded, without `?`.
    pub query: Vec<u8>,
    /// Without `#`.
    pub fragment: Vec<u8>,
    /// The path as it was written, where that differs from what encoding gives.
    raw_path: Vec<u8>,
    raw_fragment: Vec<u8>,
    force_query: bool,
    omit_host: bool,
}

fn plain(b: u8, place: Place) -> bool {
    if b.is_ascii_alphanumeric() {
        return true;
    }
    let set: &[u8] = match place {
        Place::Path => b"$&+,-./:;=@_~",
        Place::Host | Place::Zone => b"!\"$&'()*+,-.:;<=>[]_~",
        Place::User => b"$&+,-.;=_~",
        Place::Fragment => b"!$&()*+,-./:;=?@_~",
    };
    set.contains(&b)
}

fn escape(out: &mut Vec<u8>, text: &[u8], place: Place) {
    for &b in text {
        if plain(b, place) {
            out.push(b);
        } else {
            out.extend_from_slice(format!("%{b:02X}").as_bytes());
        }
    }
}

fn escaped(text: &[u8], place: Place) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    escape(&mut out, text, place);
    out
}

fn hex(b: Option<&u8>) -> Option<u8> {
    b.and_then(|b| (*b as char).to_digit(16)).map(|d| d as u8)
}

fn unescape(text: &[u8], place: Place) -> Result<Vec<u8>, String> {
    let bad = |at: usize| {
        let part = text.get(at..text.len().min(at + 3)).unwrap_or_default();
        format!("invalid URL escape {}", quoted(part))
    };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        if b != b'%' {
            // A host has other characters only as escapes.
            if matches!(place, Place::Host | Place::Zone) && b < 0x80 && !plain(b, place) {
                return Err(format!("invalid character {} in host name", quoted([b])));
            }
            out.push(b);
            at += 1;
            continue;
        }
        let (Some(high), Some(low)) = (hex(text.get(at + 1)), hex(text.get(at + 2))) else {
            return Err(bad(at));
        };
        let value = high << 4 | low;
        match place {
            // RFC 3986: in a host only what is not ASCII is escaped; RFC 6874: and the `%` before a zone.
            Place::Host if high < 8 && value != b'%' => return Err(bad(at)),
            Place::Zone if value != b'%' && value != b' ' && !plain(value, Place::Host) => return Err(bad(at)),
            _ => {}
        }
        out.push(value);
        at += 3;
    }
    Ok(out)
}

/// Text before and after the first `mark`.
fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|b| *b == mark) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn port(text: &[u8]) -> bool {
    text.is_empty() || text.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

/// Whether a path or fragment as it was written can be written so again.
fn valid(text: &[u8], place: Place) -> bool {
    text.iter().all(|b| b"!$&'()*+,;=:@[]%".contains(b) || plain(*b, place))
}

impl Url {
    /// `url.Parse`. The error has Go's words: `parse "http://[::1": missing ']' in host`.
    pub fn parse(raw: &[u8]) -> Result<Url, String> {
        let wrap = |text: &[u8], e: String| format!("parse {}: {e}", quoted(text));
        let (before, fragment) = cut(raw, b'#');
        let mut url = Url::parse_before_fragment(before).map_err(|e| wrap(before, e))?;
        if let Some(raw_fragment) = fragment {
            url.fragment = unescape(raw_fragment, Place::Fragment).map_err(|e| wrap(raw, e))?;
            if escaped(&url.fragment, Place::Fragment) != raw_fragment {
                url.raw_fragment = raw_fragment.to_vec();
            }
        }
        Ok(url)
    }

    fn parse_before_fragment(raw: &[u8]) -> Result<Url, String> {
        if raw.iter().any(|b| *b < b' ' || *b == 0x7f) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Url::default();
        if raw == b"*" {
            url.path = raw.to_vec();
            return Ok(url);
        }
        let (scheme, mut rest) = scheme(raw)?;
        url.scheme = String::from_utf8_lossy(scheme).to_ascii_lowercase();
        match rest.strip_suffix(b"?") {
            Some(only) if !only.contains(&b'?') => {
                url.force_query = true;
                rest = only;
            }
            _ => {
                let (path, query) = cut(rest, b'?');
                rest = path;
                url.query = query.unwrap_or_default().to_vec();
            }
        }
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        if rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///")) {
            let after = rest.get(2..).unwrap_or_default();
            let end = after.iter().position(|b| *b == b'/').unwrap_or(after.len());
            let (authority, path) = after.split_at_checked(end).unwrap_or((after, &[]));
            rest = path;
            url.authority(authority)?;
        } else if !url.scheme.is_empty() && rest.starts_with(b"/") {
            url.omit_host = true;
        }
        url.path = unescape(rest, Place::Path)?;
        if escaped(&url.path, Place::Path) != rest {
            url.raw_path = rest.to_vec();
        }
        Ok(url)
    }

    fn authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let at = authority.iter().rposition(|b| *b == b'@');
        let host = at.map_or(authority, |at| authority.get(at + 1..).unwrap_or_default());
        self.host = host_of(&self.scheme, host)?;
        let Some(at) = at else { return Ok(()) };
        let user = authority.get(..at).unwrap_or_default();
        if !user.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b)) {
            return Err("net/url: invalid userinfo".into());
        }
        let (name, password) = cut(user, b':');
        let name = unescape(name, Place::User)?;
        let password = password.map(|p| unescape(p, Place::User)).transpose()?;
        self.user = Some((name, password));
        Ok(())
    }

    /// `URL.Hostname`: without port and brackets.
    pub fn hostname(&self) -> &[u8] {
        let mut host = self.host.as_slice();
        if let Some(colon) = host.iter().rposition(|b| *b == b':')
            && let Some((name, after)) = host.split_at_checked(colon)
            && port(after)
        {
            host = name;
        }
        match host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")) {
            Some(inner) => inner,
            None => host,
        }
    }

    /// `Userinfo.String`: encoded, empty where there is none.
    pub fn userinfo(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some((name, password)) = &self.user {
            escape(&mut out, name, Place::User);
            if let Some(password) = password {
                out.push(b':');
                escape(&mut out, password, Place::User);
            }
        }
        out
    }

    /// `URL.String`
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(self.scheme.as_bytes());
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.append_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            if !self.raw_fragment.is_empty() && valid(&self.raw_fragment, Place::Fragment) {
                out.extend_from_slice(&self.raw_fragment);
            } else {
                escape(&mut out, &self.fragment, Place::Fragment);
            }
        }
        out
    }

    fn append_hierarchy(&self, out: &mut Vec<u8>) {
        let somewhere = !self.host.is_empty() || self.user.is_some();
        if somewhere || !self.scheme.is_empty() && !self.omit_host {
            if somewhere || !self.path.is_empty() {
                out.extend_from_slice(b"//");
            }
            if self.user.is_some() {
                out.extend_from_slice(&self.userinfo());
                out.push(b'@');
            }
            escape(out, &self.host, Place::Host);
        }
        let path = self.escaped_path();
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // RFC 3986, 4.2: else the first segment would be taken for a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend_from_slice(&path);
    }
}

fn scheme(raw: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (i, b) in raw.iter().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((raw.get(..i).unwrap_or_default(), raw.get(i + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((&[], raw))
}

fn host_of(scheme: &str, host: &[u8]) -> Result<Vec<u8>, String> {
    let bad_port = |port: &[u8]| format!("invalid port {} after host", quoted(port));
    match host.iter().rposition(|b| *b == b'[') {
        Some(0) => {
            let Some(end) = host.iter().rposition(|b| *b == b']') else {
                return Err("missing ']' in host".into());
            };
            let after = host.get(end + 1..).unwrap_or_default();
            if !port(after) {
                return Err(bad_port(after));
            }
            let inner = host.get(1..end).unwrap_or_default();
            let zone = inner.windows(3).position(|w| w == b"%25").unwrap_or(inner.len());
            let mut name = unescape(inner.get(..zone).unwrap_or_default(), Place::Host)?;
            name.extend(unescape(inner.get(zone..).unwrap_or_default(), Place::Zone)?);
            check_ip_literal(&name)?;
            Ok([b"[", name.as_slice(), b"]", after].concat())
        }
        Some(_) => Err("invalid IP-literal".into()),
        None => {
            let first = host.iter().position(|b| *b == b':');
            let last = host.iter().rposition(|b| *b == b':');
            // Other schemes than the web's put lists of hosts here.
            let colon = if matches!(scheme, "http" | "https") { first } else { last };
            if let Some(colon) = colon {
                let after = host.get(colon..).unwrap_or_default();
                if !port(after) {
                    return Err(bad_port(after));
                }
            }
            unescape(host, Place::Host)
        }
    }
}

/// Between brackets stands an IPv6 address, with a zone or without.
fn check_ip_literal(name: &[u8]) -> Result<(), String> {
    match parse_addr(name) {
        Ok(Addr::V4) => Err("invalid IP-literal".into()),
        Ok(Addr::V6 { .. }) => Ok(()),
        Err(words) => Err(format!("invalid host: {words}")),
    }
}

/// `url.PathUnescape`. The error has Go's words: `invalid URL escape "%zz"`.
pub fn path_unescape(text: &[u8]) -> Result<Vec<u8>, String> {
    unescape(text, Place::Path)
}

/// `url.PathEscape`: the text as one segment of a path.
pub fn path_escape(out: &mut Vec<u8>, text: &[u8]) {
    for &b in text {
        if plain(b, Place::Path) && !b"/;,".contains(&b) {
            out.push(b);
        } else {
            out.extend_from_slice(format!("%{b:02X}").as_bytes());
        }
    }
}

/// A reference's path in the light of the base's, both encoded, without `.` and `..`.
fn resolve_path(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let full = match reference.first() {
        None => base.to_vec(),
        Some(b'/') => reference.to_vec(),
        Some(_) => {
            let keep = base.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
            [base.get(..keep).unwrap_or_default(), reference].concat()
        }
    };
    if full.is_empty() {
        return full;
    }
    let mut out = vec![b'/'];
    let (mut first, mut dots) = (true, false);
    for part in full.split(|b| *b == b'/') {
        dots = matches!(part, b"." | b"..");
        match part {
            b"." => first = false,
            b".." => {
                let keep = out.iter().skip(1).rposition(|b| *b == b'/').map_or(1, |i| i + 1);
                out.truncate(keep);
                first = keep == 1;
            }
            part => {
                if !first {
                    out.push(b'/');
                }
                out.extend_from_slice(part);
                first = false;
            }
        }
    }
    if dots {
        out.push(b'/');
    }
    if out.get(1) == Some(&b'/') {
        out.remove(0);
    }
    out
}

impl Url {
    /// `URL.RawPath`: the path as it was written, where encoding would give another; else empty.
    pub fn raw_path(&self) -> &[u8] {
        &self.raw_path
    }

    /// `URL.EscapedPath`
    fn escaped_path(&self) -> Vec<u8> {
        if !self.raw_path.is_empty() && valid(&self.raw_path, Place::Path) {
            self.raw_path.clone()
        } else if self.path == b"*" {
            self.path.clone()
        } else {
            escaped(&self.path, Place::Path)
        }
    }

    fn set_path(&mut self, encoded: Vec<u8>) {
        let Ok(path) = unescape(&encoded, Place::Path) else { return };
        self.raw_path = if escaped(&path, Place::Path) == encoded { Vec::new() } else { encoded };
        self.path = path;
    }

    /// `URL.ResolveReference`: what a reference in a text at this URL means.
    #[must_use]
    pub fn resolve(&self, reference: &Url) -> Url {
        let mut url = reference.clone();
        if reference.scheme.is_empty() {
            url.scheme = self.scheme.clone();
        }
        if !reference.scheme.is_empty() || !reference.host.is_empty() || reference.user.is_some() {
            url.set_path(resolve_path(&reference.escaped_path(), b""));
            return url;
        }
        if !reference.opaque.is_empty() {
            (url.user, url.host, url.path) = (None, Vec::new(), Vec::new());
            return url;
        }
        if reference.path.is_empty() && !reference.force_query && reference.query.is_empty() {
            url.query = self.query.clone();
            if reference.fragment.is_empty() {
                url.fragment = self.fragment.clone();
                url.raw_fragment = self.raw_fragment.clone();
            }
        }
        if reference.path.is_empty() && !self.opaque.is_empty() {
            url.opaque = self.opaque.clone();
            (url.user, url.host, url.path) = (None, Vec::new(), Vec::new());
            return url;
        }
        url.host = self.host.clone();
        url.user = self.user.clone();
        url.set_path(resolve_path(&self.escaped_path(), &reference.escaped_path()));
        url
    }
}
