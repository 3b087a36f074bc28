//! `.Capabilities`: what Helm says of the cluster when there is none.

use super::scope::Release;
use crate::diagnostic::{Diagnostic, Error, Failure};
use crate::go::quote::quoted;
use crate::value::{Elem, Json, Kind, Layout, Method, Object, Param, ParamKind, Str, Value};
use std::any::Any;

/// The API versions that Helm 4.2.3 assumes, in its order: group and versions.
const API_VERSIONS: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("admissionregistration.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("internal.apiserver.k8s.io/", &["v1alpha1"]),
    ("apps/", &["v1", "v1beta1", "v1beta2"]),
    ("authentication.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("authorization.k8s.io/", &["v1", "v1beta1"]),
    ("autoscaling/", &["v1", "v2"]),
    ("batch/", &["v1", "v1beta1"]),
    ("certificates.k8s.io/", &["v1", "v1beta1", "v1alpha1"]),
    ("coordination.k8s.io/", &["v1alpha2", "v1beta1", "v1"]),
    ("discovery.k8s.io/", &["v1", "v1beta1"]),
    ("events.k8s.io/", &["v1", "v1beta1"]),
    ("extensions/", &["v1beta1"]),
    ("flowcontrol.apiserver.k8s.io/", &["v1", "v1beta1", "v1beta2", "v1beta3"]),
    ("networking.k8s.io/", &["v1", "v1beta1"]),
    ("node.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("policy/", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io/", &["v1", "v1beta1", "v1alpha1"]),
    ("resource.k8s.io/", &["v1", "v1beta2", "v1beta1", "v1alpha3"]),
    ("scheduling.k8s.io/", &["v1alpha2", "v1beta1", "v1"]),
    ("storage.k8s.io/", &["v1beta1", "v1", "v1alpha1"]),
    ("storagemigration.k8s.io/", &["v1beta1"]),
    ("apiextensions.k8s.io/", &["v1beta1", "v1"]),
];

/// A Kubernetes version: as it was given, and what constraints are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeVersion {
    /// With a `v` in front: `v1.33.4-gke.1245000`.
    pub version: String,
    /// Numbers only: `v1.33.4`.
    pub normalized: String,
    /// `1`
    pub major: String,
    /// `33`
    pub minor: String,
}

impl Default for KubeVersion {
    /// The version that Helm 4.2.3 assumes.
    fn default() -> Self {
        let version = "v1.36.0".to_owned();
        KubeVersion { normalized: version.clone(), version, major: "1".to_owned(), minor: "36".to_owned() }
    }
}

impl KubeVersion {
    /// Reads `--kube-version` (Kubernetes: version.ParseGeneric).
    ///
    /// # Errors
    /// Helm's words for what is no version.
    pub fn parse(text: &str) -> Result<KubeVersion, Error> {
        let fail = |words: String| {
            let words = format!("invalid kube version '{text}': {words}");
            Error::from(Diagnostic::helm(words).hint("a version looks like `1.34` or `v1.34.2`"))
        };
        let shown = quoted(text.as_bytes());
        let body = text.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
        let body = body.strip_prefix('v').unwrap_or(body);
        let mut parts: Vec<&str> = Vec::new();
        let mut used = 0;
        for part in body.split('.') {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                break;
            }
            used += digits + usize::from(!parts.is_empty());
            parts.extend(part.get(..digits));
            if digits < part.len() {
                break;
            }
        }
        // Go's pattern goes to the end of the text, and its dot is no newline.
        if parts.is_empty() || body.get(used..).unwrap_or_default().contains('\n') {
            return Err(fail(format!("could not parse {shown} as version")));
        }
        let [major, minor, ..] = parts.as_slice() else {
            return Err(fail(format!("illegal version string {shown}")));
        };
        let mut numbers = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            let name = quoted(part.as_bytes());
            if i == 0 && part.starts_with('0') && *part != "0" {
                return Err(fail(format!("illegal zero-prefixed version component {name} in {shown}")));
            }
            match part.parse::<u64>() {
                Ok(number) => numbers.push(number.to_string()),
                Err(_) => {
                    let range = format!("strconv.ParseUint: parsing {name}: value out of range");
                    return Err(fail(format!("illegal non-numeric version component {name} in {shown}: {range}")));
                }
            }
        }
        Ok(KubeVersion {
            version: if text.starts_with('v') { text.to_owned() } else { format!("v{text}") },
            normalized: format!("v{}", numbers.join(".")),
            major: numbers.first().cloned().unwrap_or_else(|| (*major).to_owned()),
            minor: numbers.get(1).cloned().unwrap_or_else(|| (*minor).to_owned()),
        })
    }
}

/// `.Capabilities.KubeVersion`: a struct inside `.Capabilities`, or a copy of it.
#[derive(Clone, PartialEq, Eq)]
struct Known {
    version: KubeVersion,
    copy: bool,
}

impl Object for Known {
    fn go_type(&self) -> &'static str {
        "common.KubeVersion"
    }

    fn print(&self, out: &mut Vec<u8>) {
        let KubeVersion { version, normalized, major, minor } = &self.version;
        out.extend_from_slice(format!("{{{version} {normalized} {major} {minor}}}").as_bytes());
    }

    fn layout(&self) -> Option<Layout> {
        let KubeVersion { version, normalized, major, minor } = &self.version;
        let fields = [("Version", version), ("normalizedVersion", normalized), ("Major", major), ("Minor", minor)];
        let fields = fields.into_iter().map(|(name, text)| (name, Layout::text(text))).collect();
        Some(Layout::Struct("common.KubeVersion", fields))
    }

    fn deep_copied(&self) -> Option<Value> {
        let version = KubeVersion { normalized: String::new(), ..self.version.clone() };
        Some(Value::object(Known { version, copy: true }))
    }

    fn print_action(&self, out: &mut Vec<u8>) {
        if self.copy { self.print(out) } else { out.extend_from_slice(self.version.normalized.as_bytes()) }
    }

    fn copied(&self) -> Option<Value> {
        Some(Value::object(Known { version: self.version.clone(), copy: true }))
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields(["Version", "Major", "Minor"]).into_iter().find(|field| field.0 == name).map(|field| field.1)
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        fn text(value: &Value, get: fn(&KubeVersion) -> &String) -> Value {
            value.downcast::<Known>().map(|known| Value::from(get(&known.version).as_str())).unwrap_or_default()
        }
        const METHODS: &[Method] = &[
            Method { name: "String", params: &[], rest: None, call: |v, _| Ok(text(v, |v| &v.normalized)) },
            Method { name: "GitVersion", params: &[], rest: None, call: |v, _| Ok(text(v, |v| &v.version)) },
        ];
        if self.copy { None } else { METHODS.iter().find(|method| method.name == name) }
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(self.fields(["Version", "Major", "Minor"])))
    }

    fn yaml(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(self.fields(["version", "major", "minor"])))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Known>().is_some_and(|other| self.version == other.version)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Known {
    fn fields(&self, names: [&'static str; 3]) -> Vec<(&'static str, Value)> {
        let values = [&self.version.version, &self.version.major, &self.version.minor];
        names.into_iter().zip(values.map(|text| Value::from(text.as_str()))).collect()
    }
}

/// `.Capabilities.HelmVersion`: the Helm that is followed.
struct HelmVersion;

/// Go's field name, JSON's, go-yaml's, and the value.
const HELM_VERSION: &[(&str, &str, &str, &str)] = &[
    ("Version", "version", "version", "v4.2.3"),
    ("GitCommit", "git_commit", "gitcommit", "43e8b7feece8beb0fcba47059ec9b522fd929a64"),
    ("GitTreeState", "git_tree_state", "gittreestate", "clean"),
    ("GoVersion", "go_version", "goversion", "go1.26.5"),
    ("KubeClientVersion", "kube_client_version", "kubeclientversion", "v1.36"),
];

impl Object for HelmVersion {
    fn go_type(&self) -> &'static str {
        "version.BuildInfo"
    }

    fn print(&self, out: &mut Vec<u8>) {
        let fields: Vec<&str> = HELM_VERSION.iter().map(|field| field.3).collect();
        out.extend_from_slice(format!("{{{}}}", fields.join(" ")).as_bytes());
    }

    fn layout(&self) -> Option<Layout> {
        let fields = HELM_VERSION.iter().map(|field| (field.0, Layout::text(field.3))).collect();
        Some(Layout::Struct("version.BuildInfo", fields))
    }

    fn toml(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(HELM_VERSION.iter().map(|field| (field.0, field.3.into())).collect()))
    }

    fn field(&self, name: &str) -> Option<Value> {
        HELM_VERSION.iter().find(|field| field.0 == name).map(|field| field.3.into())
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(HELM_VERSION.iter().map(|field| (field.1, field.3.into())).collect()))
    }

    fn yaml(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(HELM_VERSION.iter().map(|field| (field.2, field.3.into())).collect()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().is::<HelmVersion>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities`: a pointer to a struct.
pub(super) struct Capabilities([(&'static str, &'static str, Value); 3]);

impl Capabilities {
    /// A cluster's API versions; else Helm's own list, and those that the user adds.
    pub(super) fn new(release: &Release) -> Self {
        let kube_version = &release.kube_version;
        let versions: Vec<Value> = match &release.served {
            Some(served) => served.iter().map(|version| Value::from(version.as_str())).collect(),
            None => {
                let known = API_VERSIONS
                    .iter()
                    .flat_map(|(group, versions)| versions.iter().map(move |v| format!("{group}{v}")));
                known.chain(release.api_versions.iter().cloned()).map(Value::from).collect()
            }
        };
        Capabilities([
            ("KubeVersion", "kubeversion", Value::object(Known { version: kube_version.clone(), copy: false })),
            ("APIVersions", "apiversions", Value::list_of(Elem::Versions, versions)),
            ("HelmVersion", "helmversion", Value::object(HelmVersion)),
        ])
    }
}

impl Object for Capabilities {
    fn go_type(&self) -> &'static str {
        "*common.Capabilities"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn print(&self, out: &mut Vec<u8>) {
        out.push(b'&');
        self.print_action(out);
    }

    fn print_nested(&self, out: &mut Vec<u8>) {
        // As long as an address of Go's heap, and like it another in each process.
        let address = std::ptr::from_ref(self) as usize as u64;
        out.extend_from_slice(format!("0xc{:09x}", address & 0xf_ffff_ffff).as_bytes());
    }

    fn print_action(&self, out: &mut Vec<u8>) {
        for (i, (_, _, value)) in self.0.iter().enumerate() {
            out.push(if i == 0 { b'{' } else { b' ' });
            // Neither deep nor long: it cannot fail.
            let _ = crate::go::fmt::print_value(out, value);
        }
        out.push(b'}');
    }

    fn layout(&self) -> Option<Layout> {
        let fields = self.0.iter().map(|field| (field.0, Layout::Value(field.2.clone()))).collect();
        Some(Layout::Pointer("*common.Capabilities", Some(Box::new(Layout::Struct("common.Capabilities", fields)))))
    }

    fn deep_copied(&self) -> Option<Value> {
        let copy = |value: &Value| match value {
            Value::Object(object) => object.deep_copied().unwrap_or_else(|| value.clone()),
            _ => value.clone(),
        };
        Some(Value::object(Capabilities(self.0.each_ref().map(|(go, yaml, value)| (*go, *yaml, copy(value))))))
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.0.iter().find(|field| field.0 == name).map(|field| field.2.clone())
    }

    fn method(&self, name: &str) -> Option<&'static Method> {
        static COPY: Method = Method { name: "Copy", params: &[], rest: None, call: |v, _| Ok(v.clone()) };
        (name == "Copy").then_some(&COPY)
    }

    fn json(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(self.0.iter().map(|field| (field.0, field.2.clone())).collect()))
    }

    fn yaml(&self) -> Result<Json, Failure> {
        Ok(Json::Fields(self.0.iter().map(|field| (field.1, field.2.clone())).collect()))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Capabilities>().is_some_and(|other| std::ptr::eq(self, other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Methods of `.Capabilities.APIVersions`.
pub(super) const VERSIONS_METHODS: &[Method] = &[Method {
    name: "Has",
    params: &[Param { name: "api_version", kind: ParamKind::Str }],
    rest: None,
    call: |receiver, args| {
        let wanted = match args.first() {
            Some(Value::Str(text)) => text.clone(),
            _ => Str::default(),
        };
        Ok(Value::Bool(match receiver {
            Value::List(_, items) => items.iter().any(|item| matches!(item, Value::Str(text) if *text == wanted)),
            _ => false,
        }))
    },
}];

#[cfg(test)]
mod tests {
    use super::KubeVersion;

    #[test]
    fn kube_versions() {
        for (text, want) in [
            ("1.31", "v1.31 v1.31 1 31"),
            ("v1.31.2-gke.5+x", "v1.31.2-gke.5+x v1.31.2 1 31"),
            ("1.2.3.4", "v1.2.3.4 v1.2.3.4 1 2"),
            ("1", "invalid kube version '1': illegal version string \"1\""),
            ("x", "invalid kube version 'x': could not parse \"x\" as version"),
        ] {
            let got = match KubeVersion::parse(text) {
                Ok(v) => format!("{} {} {} {}", v.version, v.normalized, v.major, v.minor),
                Err(error) => error.helm_words(),
            };
            assert_eq!(got, want, "{text}");
        }
    }
}
