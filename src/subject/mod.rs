//! One side of a comparison → manifests: rendered, saved, from another environment, a git revision, a file.

mod cluster;
mod kept;
mod rendered;

pub use cluster::{Seen, Standing};
pub use rendered::{Flags, Ground, Input, InputKind, Namespace, Onto, Rendered, Rendering, Trial, chart, installed};

use crate::diagnostic::{Diagnostic, Error, nearest};
use crate::tree::Revision;

/// What one side of a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The snapshot of the environment.
    Saved,
    /// The release that Helm stored: a revision, or the last.
    Live(Option<i64>),
    /// The objects in the cluster.
    Cluster,
    /// An environment, rendered.
    Environment(String),
    /// The environment rendered as of a revision.
    Git(Revision),
    /// Manifests in a file.
    File(String),
    /// A chart, rendered with the same values.
    Chart(String),
    /// Manifests on the standard input.
    Stdin,
}

/// The words that name kinds of subjects.
const KINDS: [&str; 7] = ["saved", "live", "cluster", "env", "git", "file", "chart"];

impl Subject {
    /// Reads `saved`, `live`, `live:REVISION`, `cluster`, `env:NAME` or a bare name, `git:REV`, `file:PATH`, `chart:PATH`, `-`. `environments` are the names that
    /// can be meant.
    ///
    /// # Errors
    /// It is nothing of that, or what cannot be had yet.
    pub fn parse(text: &str, environments: &[&str]) -> Result<Subject, Error> {
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        let needed = |what: &str| {
            let message = format!("`{text}` names no {what}");
            Error::from(Diagnostic::own(message).hint(format!("write `{kind}:{}`", what.to_uppercase())))
        };
        match (kind, rest) {
            ("-", None) => Ok(Subject::Stdin),
            ("saved", None) => Ok(Subject::Saved),
            ("live", None) => Ok(Subject::Live(None)),
            ("live", Some(revision)) => match revision.parse() {
                Ok(revision) if revision > 0 => Ok(Subject::Live(Some(revision))),
                _ => Err(needed("revision")),
            },
            ("env", Some(name)) if !name.is_empty() => Ok(Subject::Environment(name.to_owned())),
            ("git", Some(name)) if !name.is_empty() => Ok(Subject::Git(Revision::parse(name))),
            ("file", Some(path)) if !path.is_empty() => Ok(Subject::File(path.to_owned())),
            ("chart", Some(path)) if !path.is_empty() => Ok(Subject::Chart(path.to_owned())),
            ("env", _) => Err(needed("name")),
            ("git", _) => Err(needed("revision")),
            ("file" | "chart", _) => Err(needed("path")),
            ("cluster", None) => Ok(Subject::Cluster),
            (name, None) if environments.contains(&name) => Ok(Subject::Environment(name.to_owned())),
            _ => {
                let diagnostic = Diagnostic::own(format!("`{text}` is nothing to compare with"));
                let known = environments.iter().copied().chain(KINDS);
                let diagnostic = match nearest(kind, known) {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic,
                };
                let kinds =
                    "saved, live, live:REVISION, cluster, env:NAME, git:REVISION, git:index, file:PATH, chart:PATH, -";
                Err(diagnostic.fact(format!("there are: an environment's name, {kinds}")).into())
            }
        }
    }

    /// As it is typed.
    pub fn name(&self) -> String {
        match self {
            Subject::Saved => "saved".into(),
            Subject::Live(None) => "live".into(),
            Subject::Live(Some(revision)) => format!("live:{revision}"),
            Subject::Cluster => "cluster".into(),
            Subject::Environment(name) => name.clone(),
            Subject::Git(revision) => format!("git:{}", revision.name()),
            Subject::File(path) => path.clone(),
            Subject::Chart(path) => format!("chart:{path}"),
            Subject::Stdin => "stdin".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let environments = ["staging", "local"];
        let parse = |text| Subject::parse(text, &environments);
        assert_eq!(parse("saved").unwrap(), Subject::Saved);
        assert_eq!(parse("live").unwrap(), Subject::Live(None));
        assert_eq!(parse("live:3").unwrap(), Subject::Live(Some(3)));
        assert_eq!(parse("cluster").unwrap(), Subject::Cluster);
        assert_eq!(parse("local").unwrap(), Subject::Environment("local".into()));
        assert_eq!(parse("env:x").unwrap(), Subject::Environment("x".into()));
        assert_eq!(parse("git:index").unwrap(), Subject::Git(Revision::Index));
        assert_eq!(parse("git:HEAD~2").unwrap(), Subject::Git(Revision::Commit("HEAD~2".into())));
        assert_eq!(parse("file:a:b").unwrap(), Subject::File("a:b".into()));
        assert_eq!(parse("-").unwrap(), Subject::Stdin);
        for text in [
            "",
            "git",
            "git:",
            "env:",
            "file:",
            "live:",
            "live:x",
            "live:0",
            "cluster:x",
            "stagign",
            "saved:x",
            "http://x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("stagin").unwrap_err().diagnostics()[0].hints[0].text, "did you mean `staging`?");
    }
}
