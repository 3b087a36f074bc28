//! Why a cluster did not answer, and what to do.

use super::Target;
use crate::diagnostic::Diagnostic;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server could not be reached, or not in time.
    Unreachable,
    /// 401: it does not know who asks.
    Unauthorized,
    /// 403: whoever asks may not.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// Any other answer that is no success.
    Status(u16),
    /// What it answered cannot be read.
    Garbled,
}

/// A request that came to nothing.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// What went wrong.
    pub kind: Kind,
    /// The server's words, or the system's.
    pub message: String,
    /// What was asked for, if it was an object or a kind of objects.
    pub target: Option<Box<Target>>,
    /// What RBAC calls the request, if there is a target.
    pub verb: &'static str,
    /// Whether a server was named, and a request on its way.
    pub sent: bool,
}

impl Refusal {
    /// A request of no kind of objects.
    pub fn new(kind: Kind, message: impl Into<String>) -> Refusal {
        Refusal { kind, message: message.into(), target: None, verb: "", sent: false }
    }

    /// The same, of a kind of objects.
    pub fn on(self, target: &Target) -> Refusal {
        Refusal { target: Some(Box::new(target.clone())), verb: target.verb(), ..self }
    }

    /// What is told of it. `helm` is what Helm puts before the server's words where it was reached.
    pub fn diagnostic(&self, server: &str, helm: &str) -> Diagnostic {
        let asked = match &self.target {
            Some(target) => {
                let place = match &target.namespace {
                    Some(namespace) => format!(" in namespace `{namespace}`"),
                    None => String::new(),
                };
                let name = target.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
                format!("{} {}{name}{place}", self.verb, target.resource)
            }
            None => "answer".to_owned(),
        };
        let reached = format!("{helm}{}", self.message);
        match self.kind {
            Kind::Unreachable => {
                let message = format!("the cluster at {server} cannot be reached: {}", self.message);
                // Helm asks for the version before all else.
                let request = if self.sent { format!("Get \"{server}/version\": ") } else { String::new() };
                Diagnostic::new(message, format!("kubernetes cluster unreachable: {request}{}", self.message))
            }
            Kind::Unauthorized => {
                let words = "the server has asked for the client to provide credentials";
                let message = format!("the cluster at {server} does not accept these credentials");
                Diagnostic::new(message, format!("kubernetes cluster unreachable: {words}"))
                    .fact(self.message.clone())
                    .hint("log in again, or choose another context with --kube-context")
            }
            Kind::Forbidden => {
                let diagnostic = Diagnostic::new(format!("the cluster at {server} does not allow to {asked}"), reached)
                    .fact(self.message.clone());
                match &self.target {
                    Some(target) => diagnostic.hint(rule(target, &[target.resource.as_str()], &[self.verb])),
                    None => diagnostic,
                }
            }
            Kind::NotFound | Kind::Status(_) | Kind::Garbled => {
                let code = if let Kind::Status(code) = self.kind { format!(" ({code})") } else { String::new() };
                Diagnostic::new(format!("the cluster at {server} could not {asked}{code}: {}", self.message), reached)
            }
        }
    }
}

/// What to add to a role so that some verbs are allowed for kinds of the target's group.
pub fn rule(target: &Target, resources: &[&str], verbs: &[&str]) -> String {
    let listed = |words: &[&str]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let role = if target.namespace.is_some() { "Role" } else { "ClusterRole" };
    let (resources, verbs) = (listed(resources), listed(verbs));
    format!("a {role} needs the rule: apiGroups: [\"{}\"], resources: [{resources}], verbs: [{verbs}]", target.group)
}
