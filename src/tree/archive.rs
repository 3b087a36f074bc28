//! Packed charts: gzip around tar (Helm: pkg/chart/loader/archive).

use super::{BufferedFile, Error, MAX_ARCHIVE, MAX_FILE, clean, without_mark};
use crate::go::quote::quoted;
use flate2::read::MultiGzDecoder;
use std::io::{self, ErrorKind, Read};

/// What an archive may decompress to besides its files: headers, padding, long names.
const OVERHEAD: u64 = 128 * 1024 * 1024;

/// How much a chart and all archives in it may decompress to. Helm limits each archive by itself, so that
/// archives in archives multiply.
#[derive(Debug, Clone)]
pub struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Budget(1024 * 1024 * 1024)
    }
}

/// What Helm says of an archive that is none; `None` for one that is.
///
/// `name` is the path that Helm would show.
pub fn check_archive(name: &str, data: &[u8]) -> Option<String> {
    if data.starts_with(b"\x1f\x8b\x08") {
        return None;
    }
    Some(if name.ends_with(".yml") || name.ends_with(".yaml") {
        format!("file '{name}' seems to be a YAML file, but expected a gzipped archive")
    } else {
        format!("file '{name}' does not appear to be a gzipped archive; got '{}'", content_type(data))
    })
}

/// Go's `http.DetectContentType` of the first 512 bytes, as far as somebody may take it for a chart. A shorter
/// file is seen with zeros behind it, hence never as text.
fn content_type(data: &[u8]) -> &'static str {
    let head = data.get(..512).unwrap_or(data);
    let signatures: [(&[u8], &str); 13] = [
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-", "application/pdf"),
        (b"%!PS-Adobe-", "application/postscript"),
        (b"Rar!\x1a\x07", "application/x-rar-compressed"),
        (b"\x00asm", "application/wasm"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
        (b"\xfe\xff", "text/plain; charset=utf-16be"),
        (b"\xff\xfe", "text/plain; charset=utf-16le"),
        (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    ];
    for (start, name) in signatures {
        if head.starts_with(start) {
            return name;
        }
    }
    let text = bstr::ByteSlice::trim_start_with(head, |c| matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' '));
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    for tag in [
        "<!DOCTYPE HTML",
        "<HTML",
        "<HEAD",
        "<SCRIPT",
        "<IFRAME",
        "<H1",
        "<DIV",
        "<FONT",
        "<TABLE",
        "<A",
        "<STYLE",
        "<TITLE",
        "<B",
        "<BODY",
        "<BR",
        "<P",
        "<!--",
    ] {
        let start = text.get(..tag.len()).unwrap_or_default();
        if start.eq_ignore_ascii_case(tag.as_bytes()) && matches!(text.get(tag.len()), Some(b' ' | b'>')) {
            return "text/html; charset=utf-8";
        }
    }
    let binary = |b: &u8| matches!(b, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if data.len() < 512 || head.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

/// The files of a packed chart in the order of the archive; the first part of each path is gone.
///
/// # Errors
/// Helm's words for what an archive must not hold, Go's for what is no archive.
pub fn unpack(data: &[u8], budget: &mut Budget) -> Result<Vec<BufferedFile>, Error> {
    check_header(data)?;
    let stream = MultiGzDecoder::new(data).take(MAX_ARCHIVE + OVERHEAD);
    let mut archive = tar::Archive::new(stream);
    let mut files = Vec::new();
    let mut remaining = MAX_ARCHIVE;
    for entry in archive.entries().map_err(|e| broken(&e))? {
        let entry = entry.map_err(|e| broken(&e))?;
        let header = entry.header();
        let kind = header.entry_type();
        let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        // Old archives tell a folder by its name only, and the mode can say it too.
        let folder = kind.is_dir()
            || (header.as_bytes().get(156) == Some(&0) && raw.ends_with('/'))
            || header.mode().is_ok_and(|mode| mode & !0o7777 == 0o040_000);
        if folder || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let name = inner_name(&raw)?;
        let plain = !matches!(
            kind,
            tar::EntryType::Link
                | tar::EntryType::Symlink
                | tar::EntryType::Char
                | tar::EntryType::Block
                | tar::EntryType::Fifo
        );
        let size = if plain { entry.size() } else { 0 };
        let too_much = || Error::rule(format!("decompressed chart is larger than the maximum size {MAX_ARCHIVE}"));
        if size > remaining {
            return Err(too_much());
        }
        if size > MAX_FILE {
            return Err(Error::rule(format!(
                "decompressed chart file {} is larger than the maximum file size {MAX_FILE}",
                quoted(&raw)
            )));
        }
        let mut data = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        entry.take(size).read_to_end(&mut data).map_err(|e| broken(&e))?;
        if (data.len() as u64) < size {
            return Err(Error::rule("unexpected EOF"));
        }
        remaining -= size;
        budget.0 = budget.0.saturating_sub(size);
        if remaining == 0 || budget.0 == 0 {
            return Err(too_much());
        }
        files.push(BufferedFile { name, data: without_mark(data) });
    }
    if files.is_empty() {
        return Err(Error::rule("no files in chart archive"));
    }
    Ok(files)
}

/// What Go's gzip reader says of the first bytes.
fn check_header(data: &[u8]) -> Result<(), Error> {
    match data.len() {
        0 => Err(Error::rule("EOF")),
        1..=9 => Err(Error::rule("unexpected EOF")),
        _ if data.starts_with(b"\x1f\x8b\x08") => Ok(()),
        _ => Err(Error::rule("gzip: invalid header")),
    }
}

/// Go's words for an archive that is damaged.
fn broken(error: &io::Error) -> Error {
    let text = error.to_string();
    Error::rule(match error.kind() {
        ErrorKind::UnexpectedEof => "unexpected EOF",
        _ if text.contains("checksum") && text.contains("gzip") => "gzip: invalid checksum",
        _ if text.contains("gzip") => "gzip: invalid header",
        _ if text.contains("deflate") => "flate: corrupt input",
        _ if text.contains("unexpected EOF") || text.contains("failed to fill") => "unexpected EOF",
        _ => "archive/tar: invalid tar header",
    })
}

/// The path below the chart; the first part goes, whatever it is.
fn inner_name(raw: &str) -> Result<String, Error> {
    // An archive that was made on Windows.
    let delimiter = if raw.contains('\\') { '\\' } else { '/' };
    let (first, name) = raw.split_once(delimiter).unwrap_or((raw, ""));
    let name = name.replace(delimiter, "/");
    if name.starts_with('/') {
        return Err(Error::rule("chart illegally contains absolute paths"));
    }
    let name = clean(&name);
    if name == "." {
        let raw = quoted(raw);
        return Err(Error::rule(format!("chart illegally contains content outside the base directory: {raw}")));
    }
    if name.starts_with("..") {
        return Err(Error::rule("chart illegally references parent directory"));
    }
    let mut bytes = name.bytes();
    if bytes.next().is_some_and(|b| b.is_ascii_alphabetic()) && bytes.next() == Some(b':') && bytes.next() == Some(b'/')
    {
        return Err(Error::rule("chart contains illegally named files"));
    }
    if first == "Chart.yaml" {
        return Err(Error::rule("chart yaml not in base directory"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (raw, expected) in [
            ("c/a.txt", "a.txt"),
            ("c\\templates\\a.yaml", "templates/a.yaml"),
            ("c/x/../y", "y"),
            ("c//etc/passwd", "chart illegally contains absolute paths"),
            ("c", r#"chart illegally contains content outside the base directory: "c""#),
            ("c/../../x", "chart illegally references parent directory"),
            ("c/C:/x", "chart contains illegally named files"),
            ("Chart.yaml/x", "chart yaml not in base directory"),
        ] {
            assert_eq!(inner_name(raw).unwrap_or_else(|e| e.words), expected);
        }
    }

    #[test]
    fn no_archive() {
        assert_eq!(check_archive("x.tgz", b"\x1f\x8b\x08\x00"), None);
        for (name, expected) in [
            ("/v.yaml", "file '/v.yaml' seems to be a YAML file, but expected a gzipped archive"),
            ("/v", "file '/v' does not appear to be a gzipped archive; got 'application/octet-stream'"),
        ] {
            assert_eq!(check_archive(name, b"a: 1").as_deref(), Some(expected));
        }
        assert_eq!(unpack(b"", &mut Budget::default()).unwrap_err().words, "EOF");
        assert_eq!(unpack(b"0123456789", &mut Budget::default()).unwrap_err().words, "gzip: invalid header");
    }
}
