//! The `sops` program, which decrypts layers of environments.

use crate::diagnostic::Diagnostic;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

/// More lines of what the program says are not told.
const LINES: usize = 20;

/// Decrypts a file with the `sops` that is on the PATH.
pub(super) fn decrypt(path: &str, format: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    // A name that looks like a flag is none.
    let file = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    let output = Command::new("sops")
        .args(["-d", "--input-type", format, "--output-type", format, &file])
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = format!("`{path}` is encrypted with sops, and there is no `sops` on the PATH");
            return Err(Box::new(Diagnostic::own(message).hint("install sops: https://getsops.io")));
        }
        Err(error) => {
            let message = format!("`{path}` is encrypted with sops, and `sops` cannot be run: {error}");
            return Err(Box::new(Diagnostic::own(message)));
        }
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let mut diagnostic = Diagnostic::own(format!("sops cannot decrypt `{path}`: {}", output.status));
    for line in without_values(&String::from_utf8_lossy(&output.stderr)).lines().take(LINES) {
        diagnostic = diagnostic.fact(format!("sops: {}", line.trim_end()));
    }
    Err(Box::new(diagnostic))
}

/// What sops says, blank lines left out, without the values that it quotes.
fn without_values(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("ENC[") {
        out.push_str(before);
        out.push_str("ENC[…]");
        rest = after.split_once(']').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    let lines: Vec<&str> = out.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn values() {
        for (text, expected) in [
            ("no key\n\n", "no key"),
            ("bad ENC[AES256_GCM,data:x] there", "bad ENC[…] there"),
            ("bad ENC[open", "bad ENC[…]"),
        ] {
            assert_eq!(without_values(text), expected);
        }
    }
}
