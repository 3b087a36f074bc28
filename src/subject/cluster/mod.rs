//! What a cluster holds of a release, and what it would hold after an upgrade.
//!
//! The server is asked what each object would be: a dry run of what Helm would send, server-side apply where the release was made
//! so, else the patch that Helm makes itself. Where that is not allowed, or the server does not take it, the object's three texts
//! are laid over each other here (`threeway`). Hooks are no part of it: they come and go with each upgrade.

mod threeway;

use crate::cluster::{
    AT_ONCE, Api, Discovery, Kind, Patch, PatchKind, Refusal, Target, check_ownership, read, rehearse, rule,
};
use crate::diagnostic::{Diagnostic, Error};
use crate::diff::gather;
use crate::manifest::chance::{CHANCE, there_by_chance};
use crate::manifest::{Document, Manifests, Object, clean, edits, is_empty, keys, overrides, without_noise, written};
use crate::spread::spread;
use crate::text::Str;
use crate::value::Value;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

/// The name in which Helm applies objects.
const MANAGER: &str = "helm";

/// The annotation by which the name is found in which a release's objects were applied.
const RELEASE_NAME: &str = "meta.helm.sh/release-name";

/// The annotation that names the release's namespace.
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// Why nothing is told of a server's words about a Secret.
const UNTOLD: &str = "its words are left out, as they may show a value";

/// A release in a cluster.
pub struct Standing<'a> {
    /// The cluster.
    pub api: &'a dyn Api,
    /// Its kinds.
    pub discovery: &'a Discovery,
    /// The release's name for Helm.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// What the revision holds that an upgrade would start from; nothing if there is none.
    pub recorded: &'a Manifests,
    /// Whether the server would apply the objects, as Helm 4 has it do, or Helm would patch them by itself.
    pub server_side: bool,
}

/// What a cluster holds of a release.
#[derive(Debug, Default)]
pub struct Seen {
    /// The objects as they are, without what only a server writes.
    pub live: Manifests,
    /// The objects as they would be.
    pub after: Manifests,
    /// What stood in the way, for people.
    pub warnings: Vec<String>,
    /// What hurts about objects.
    pub risks: Vec<(Object, String)>,
}

/// An object of a chart, or of a revision.
struct Wanted {
    object: Object,
    api_version: String,
    /// The template.
    path: String,
    text: Str,
    json: Json,
}

impl Wanted {
    /// What it is in any version, and in which namespace: none for what the cluster has in no namespace, whatever its text says.
    fn key<'w>(&'w self, target: Option<&'w Target>) -> Key<'w> {
        let Object { group, kind, namespace, name, .. } = &self.object;
        let namespace = target.map_or(Some(namespace.as_str()), |target| target.namespace.as_deref());
        (group, kind, namespace, name)
    }

    fn document(&self, text: Str) -> Document {
        let Object { kind, name, .. } = &self.object;
        Document { path: self.path.clone(), text, kind: kind.clone(), name: name.clone(), events: Vec::new() }
    }

    /// Kubernetes' kind, as far as the keys of its lists are known.
    fn known_kind(&self) -> &str {
        if keys::is_known(&self.object.group) { &self.object.kind } else { "" }
    }

    /// Whether something in it is made by chance.
    fn varies(&self) -> bool {
        memchr::memmem::find(&self.text, CHANCE.as_bytes()).is_some()
    }
}

/// Group, kind, namespace and name.
type Key<'w> = (&'w str, &'w str, Option<&'w str>, &'w str);

/// What is asked of one object.
struct Question<'w> {
    /// What the chart wants; none if it does not want it any more.
    chart: Option<&'w Wanted>,
    /// What the revision wanted.
    before: Option<&'w Wanted>,
    target: Target,
}

/// What came of it.
enum Answer {
    /// It is not there. With what the server says of making it, if it does not like it.
    Missing(Option<Refusal>),
    /// It is there: as it is, and as it would be; none if it goes.
    There { live: Json, after: Option<Json>, remarks: Vec<Remark> },
    /// It could not be had.
    Failed(Refusal),
    /// Nobody asked, as something else failed.
    Unasked,
}

/// What a server says where a webhook does not take dry runs.
const NO_DRY_RUN: &str = "does not support dry run";

/// What is to be said of an object.
enum Remark {
    /// A dry run is not allowed.
    Forbidden,
    /// The server does not take it.
    Refused(String),
    /// Another manager has fields of it.
    Conflict(String),
    /// It is not of this release.
    Foreign(String),
    /// This release had it, and another one took it over.
    Taken(String),
    /// It is being deleted, since when.
    Leaving(String),
}

/// Rights that are missing.
struct Rights<'t> {
    /// One of the objects.
    target: &'t Target,
    kinds: BTreeSet<&'t str>,
    verbs: BTreeSet<&'static str>,
}

impl Standing<'_> {
    /// Asks for all objects that a chart makes or the revision made, and what an upgrade to the chart's would make of them.
    ///
    /// # Errors
    /// The cluster cannot be reached, or an object must not be read.
    pub fn see(&self, chart: &Manifests) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        let (mut wanted, mut recorded) = (Vec::new(), Vec::new());
        let mut unread = Vec::new();
        objects(chart, self.namespace, &mut wanted, &mut unread);
        objects(self.recorded, self.namespace, &mut recorded, &mut unread);
        for path in unread {
            seen.warnings.push(format!("a document of {path} is no object, so it is not compared"));
        }
        let targets = recorded.iter().map(|object| self.target(object)).collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<Key<'_>> = recorded.iter().zip(&targets).map(|(object, at)| object.key(at.as_ref())).collect();
        let mut left: HashMap<Key<'_>, &Wanted> = keys.iter().copied().zip(&recorded).collect();
        // Each in its place: what is asked, or why not.
        let mut questions = Vec::new();
        let mut asked: Vec<(&Wanted, Option<usize>)> = Vec::new();
        let places = wanted.iter().map(|object| self.target(object)).collect::<Result<Vec<_>, _>>()?;
        for (object, target) in wanted.iter().zip(&places) {
            let before = left.remove(&object.key(target.as_ref()));
            let place = match target.clone() {
                Some(target) => {
                    questions.push(Question { chart: Some(object), before, target });
                    Some(questions.len() - 1)
                }
                None => {
                    if has_place(object) {
                        let Object { kind, name, .. } = &object.object;
                        let words = format!("the cluster knows no {kind} in {}: `{name}`", object.api_version);
                        seen.warnings.push(format!("{words}; its definition must be installed first"));
                    }
                    None
                }
            };
            asked.push((object, place));
        }
        for ((object, target), key) in recorded.iter().zip(&targets).zip(&keys) {
            if let Some(target) = target.as_ref().filter(|_| left.contains_key(key)) {
                questions.push(Question { chart: None, before: Some(object), target: target.clone() });
                asked.push((object, Some(questions.len() - 1)));
            }
        }
        let stop = AtomicBool::new(false);
        let answers = spread(Some(AT_ONCE), &questions, |question| {
            if stop.load(Ordering::Relaxed) {
                return Answer::Unasked;
            }
            self.ask(question).unwrap_or_else(|refusal| {
                // What must not be read is told of all at once; a cluster that does not answer is not asked on.
                stop.fetch_or(refusal.kind != Kind::Forbidden, Ordering::Relaxed);
                Answer::Failed(refusal)
            })
        });
        self.failures(&answers)?;
        self.put(&asked, &questions, answers, &mut seen);
        Ok(seen)
    }

    /// Where an object is in the API; none if the cluster has no such kind, or chance names it.
    fn target(&self, object: &Wanted) -> Result<Option<Target>, Error> {
        let Object { kind, namespace, name, .. } = &object.object;
        if !has_place(object) {
            return Ok(None);
        }
        match self.discovery.resource(self.api, &object.api_version, kind) {
            Ok(found) => {
                Ok(found
                    .map(|resource| resource.target(&object.api_version, Some(namespace.clone()), Some(name.clone()))))
            }
            Err(Refusal { kind: Kind::NotFound, .. }) => Ok(None),
            Err(refusal) => Err(refusal.diagnostic(self.api.server(), "").into()),
        }
    }

    /// Why objects could not be had.
    fn failures(&self, answers: &[Answer]) -> Result<(), Error> {
        let failed = answers.iter().filter_map(|answer| match answer {
            Answer::Failed(refusal) => Some(refusal),
            _ => None,
        });
        // One that is not for want of a right says all.
        if let Some(refusal) = failed.clone().find(|refusal| refusal.kind != Kind::Forbidden) {
            return Err(refusal.diagnostic(self.api.server(), "").into());
        }
        let mut told = BTreeSet::new();
        let once = failed.filter(|refusal| {
            let target = refusal.target.as_deref();
            told.insert(target.map(|target| (&target.group, &target.resource, &target.namespace)))
        });
        let diagnostics: Vec<Diagnostic> = once.map(|refusal| refusal.diagnostic(self.api.server(), "")).collect();
        if diagnostics.is_empty() { Ok(()) } else { Err(Error::all(diagnostics)) }
    }

    fn ask(&self, question: &Question<'_>) -> Result<Answer, Refusal> {
        let target = &question.target;
        let mut live = match read(self.api, target) {
            Ok(live) => Some(live),
            Err(Refusal { kind: Kind::NotFound, .. }) => None,
            Err(refusal) => return Err(refusal),
        };
        let Some(wanted) = question.chart else {
            return Ok(match live {
                Some(mut live) => {
                    let keep = live.pointer("/metadata/annotations").and_then(|map| map.get("helm.sh/resource-policy"));
                    let stays = keep.and_then(Json::as_str).is_some_and(|policy| policy.trim() == "keep");
                    without_noise(&mut live);
                    Answer::There { after: stays.then(|| live.clone()), live, remarks: Vec::new() }
                }
                None => Answer::Missing(None),
            });
        };
        let manager = live.as_ref().map_or(MANAGER, manager).to_owned();
        let mut remarks = Vec::new();
        if let Some(live) = &live {
            let annotation = |key: &str| {
                live.pointer("/metadata/annotations").and_then(|map| map.get(key)?.as_str()).unwrap_or_default()
            };
            let (owner, home) = (annotation(RELEASE_NAME), annotation(RELEASE_NAMESPACE));
            let is_ours = owner == self.name && (home.is_empty() || home == self.namespace);
            let of = if home.is_empty() { String::new() } else { format!(" in namespace `{home}`") };
            match (question.before, overrides::value(live)) {
                (None, Value::Map(_, map)) => {
                    remarks.extend(check_ownership(&map, self.name, self.namespace).err().map(Remark::Foreign));
                }
                // Helm looks at owners of what is new to a release alone, and takes back what it had.
                (Some(_), _) if !owner.is_empty() && !is_ours => remarks.push(Remark::Taken(format!("`{owner}`{of}"))),
                _ => {}
            }
            let since = live.pointer("/metadata/deletionTimestamp").and_then(Json::as_str);
            remarks.extend(since.map(|since| Remark::Leaving(since.to_owned())));
        }
        let raw = live.clone();
        if let Some(live) = &mut live {
            without_noise(live);
        }
        let settle = |json: &mut Json, live: Option<&Json>| {
            threeway::settle(json, live, wanted.known_kind(), &|text| text.contains(CHANCE));
        };
        let mut json = wanted.json.clone();
        settle(&mut json, live.as_ref());
        let (Some(live), Some(raw)) = (live, raw) else {
            if wanted.varies() {
                return Ok(Answer::Missing(None));
            }
            return match self.rehearsed(target, PatchKind::Apply, &manager, false, self.owned(&json)) {
                Ok(_) => Ok(Answer::Missing(None)),
                Err(refusal) if is_judgement(&refusal) => Ok(Answer::Missing(Some(refusal))),
                Err(refusal) => Err(refusal),
            };
        };
        let after = match self.upgraded(question, wanted, (&json, &raw), &manager, &mut remarks) {
            Ok(mut after) => {
                without_noise(&mut after);
                after
            }
            Err(refusal) if is_judgement(&refusal) => {
                remarks.push(if is_forbidden(&refusal) { Remark::Forbidden } else { Remark::Refused(refusal.message) });
                let before = question.before.map(|before| kept(before, target));
                let mut json = kept(wanted, target);
                settle(&mut json, Some(&live));
                threeway::merged(&live, &json, before.as_ref(), wanted.known_kind())
            }
            Err(refusal) => return Err(refusal),
        };
        Ok(Answer::There { live, after: Some(after), remarks })
    }

    /// What the server says the object would be.
    fn upgraded(
        &self,
        question: &Question<'_>,
        wanted: &Wanted,
        (json, live): (&Json, &Json),
        manager: &str,
        remarks: &mut Vec<Remark>,
    ) -> Result<Json, Refusal> {
        let target = &question.target;
        if self.server_side {
            let body = self.owned(json);
            return match self.rehearsed(target, PatchKind::Apply, manager, false, body.clone()) {
                Err(Refusal { kind: Kind::Status(409), message, .. }) => {
                    remarks.push(Remark::Conflict(message));
                    self.rehearsed(target, PatchKind::Apply, manager, true, body)
                }
                answer => answer,
            };
        }
        let patch = |kind: PatchKind, known: &str| {
            let before = question.before.map(|before| &before.json);
            match threeway::patch(live, &self.owned(json), before, known) {
                Some(patch) => self.rehearsed(target, kind, manager, false, patch),
                None => Ok(live.clone()),
            }
        };
        match wanted.known_kind() {
            "" => patch(PatchKind::Merge, ""),
            known => match patch(PatchKind::Strategic, known) {
                // Some groups of Kubernetes' are custom resources.
                Err(Refusal { kind: Kind::Status(415), .. }) => patch(PatchKind::Merge, ""),
                answer => answer,
            },
        }
    }

    fn rehearsed(
        &self,
        target: &Target,
        kind: PatchKind,
        manager: &str,
        force: bool,
        body: Json,
    ) -> Result<Json, Refusal> {
        let patch = Patch { kind, manager: manager.to_owned(), force, body: body.to_string().into_bytes() };
        rehearse(self.api, target, &patch)
    }

    /// The object with what Helm puts into each (Helm: pkg/action/validate.go, setMetadataVisitor).
    fn owned(&self, json: &Json) -> Json {
        let mut json = json.clone();
        let mut put = |map: &str, key: &str, value: &str| {
            let Some(metadata) = json.get_mut("metadata").and_then(Json::as_object_mut) else { return };
            let map = metadata.entry(map).or_insert(Json::Null);
            if map.is_null() {
                *map = Json::Object(Map::new());
            }
            if let Some(map) = map.as_object_mut() {
                map.insert(key.to_owned(), value.into());
            }
        };
        put("labels", "app.kubernetes.io/managed-by", "Helm");
        put("annotations", RELEASE_NAME, self.name);
        put("annotations", RELEASE_NAMESPACE, self.namespace);
        json
    }

    /// Puts the objects on their sides, and tells what stood in the way.
    fn put(
        &self,
        asked: &[(&Wanted, Option<usize>)],
        questions: &[Question<'_>],
        answers: Vec<Answer>,
        seen: &mut Seen,
    ) {
        let mut answers: Vec<Option<Answer>> = answers.into_iter().map(Some).collect();
        // By group, and whether the objects are in namespaces: a rule of a role's each.
        let mut forbidden: BTreeMap<(&str, bool), Rights<'_>> = BTreeMap::new();
        let mut forbid = |target, verbs: &[&'static str]| {
            let Target { group, namespace, resource, .. }: &Target = target;
            let rights = Rights { target, kinds: BTreeSet::new(), verbs: BTreeSet::new() };
            let rights = forbidden.entry((group.as_str(), namespace.is_some())).or_insert(rights);
            rights.kinds.insert(resource.as_str());
            rights.verbs.extend(verbs);
        };
        // By namespaces that are not there.
        let mut homeless: BTreeMap<&str, Vec<&Wanted>> = BTreeMap::new();
        for (object, place) in asked {
            let question = place.and_then(|place| questions.get(place));
            let answer = place.and_then(|place| answers.get_mut(place)?.take());
            let (Some(question), Some(answer)) = (question, answer) else {
                // As the chart makes it.
                seen.after.resources.push(object.document(object.text.clone()));
                continue;
            };
            match answer {
                Answer::Missing(refusal) => {
                    if question.chart.is_some() {
                        seen.after.resources.push(object.document(object.text.clone()));
                    }
                    match refusal {
                        Some(Refusal { kind: Kind::NotFound, message, .. }) => {
                            let namespace = question.target.namespace.as_deref();
                            if let Some(namespace) = namespace.filter(|_| message.contains("namespaces")) {
                                homeless.entry(namespace).or_default().push(object);
                            }
                        }
                        Some(refusal) if is_forbidden(&refusal) => forbid(&question.target, &["create", "patch"]),
                        Some(refusal) => seen.refuse(object, &refusal.message),
                        None => {}
                    }
                }
                Answer::There { live, after, remarks } => {
                    for (side, json) in [(&mut seen.live, Some(&live)), (&mut seen.after, after.as_ref())] {
                        if let Some(text) = json.and_then(written) {
                            side.resources.push(object.document(clean(&text).1));
                        }
                    }
                    for remark in remarks {
                        match remark {
                            Remark::Forbidden => forbid(&question.target, &["patch"]),
                            Remark::Refused(why) => seen.refuse(object, &why),
                            Remark::Conflict(why) => {
                                let words = "Helm upgrades it with --force-conflicts only";
                                seen.warnings.push(format!("{}: {words}: {}", object.object, one_line(&why)));
                                seen.risks.push((object.object.clone(), words.to_owned()));
                            }
                            Remark::Foreign(why) => {
                                let words = "it is in the cluster already, and not of this release";
                                seen.warnings.push(format!("{}: {words}: {why}", object.object));
                                seen.risks.push((object.object.clone(), words.to_owned()));
                            }
                            Remark::Taken(owner) => {
                                let words =
                                    format!("it belongs to the release {owner}, and an upgrade takes it from there");
                                seen.warnings.push(format!("{}: {words}", object.object));
                                seen.risks.push((object.object.clone(), words));
                            }
                            Remark::Leaving(since) => {
                                let words = format!(
                                    "it is being deleted since {since}, and what an upgrade makes of it goes, too"
                                );
                                seen.warnings.push(format!("{}: {words}", object.object));
                                seen.risks.push((object.object.clone(), words));
                            }
                        }
                    }
                }
                Answer::Failed(_) | Answer::Unasked => {}
            }
        }
        // Helm makes namespaces before what is in them.
        let is_namespace =
            |object: &Object, name: &str| object.group.is_empty() && object.kind == "Namespace" && object.name == name;
        homeless.retain(|name, _| !asked.iter().any(|(object, _)| is_namespace(&object.object, name)));
        for (namespace, objects) in homeless {
            let words = format!("there is no namespace `{namespace}` yet");
            let named: Vec<String> = objects.iter().map(|object| object.object.to_string()).collect();
            let hint = if namespace == self.namespace { "; Helm makes it with --create-namespace" } else { "" };
            seen.warnings.push(format!("{words}, so Helm could not make {}{hint}", named.join(", ")));
            seen.risks.extend(objects.iter().map(|object| (object.object.clone(), words.clone())));
        }
        if forbidden.is_empty() {
            return;
        }
        let listed = |words: &BTreeSet<_>| words.iter().copied().collect::<Vec<&str>>();
        let kinds: Vec<&str> = forbidden.values().flat_map(|rights| listed(&rights.kinds)).collect();
        let rules =
            forbidden.values().map(|rights| rule(rights.target, &listed(&rights.kinds), &listed(&rights.verbs)));
        let rules: String = rules.map(|rule| format!("\n  {rule}")).collect();
        let words = "so the fields that the chart and its last revision name are compared";
        seen.warnings.push(format!("the cluster does not allow a dry run of {}, {words}{rules}", kinds.join(", ")));
    }
}

impl Seen {
    fn refuse(&mut self, object: &Wanted, why: &str) {
        // A webhook that does more than judge refuses to be asked, which is no opinion of the object.
        if why.contains(NO_DRY_RUN) {
            let words = "no dry run can tell what would become of it, so the fields that the chart names are compared";
            self.warnings.push(format!("{}: {words}: {}", object.object, one_line(why)));
            return;
        }
        let words = "the cluster would refuse it";
        let why = if object.object.kind == "Secret" { UNTOLD.to_owned() } else { one_line(why) };
        self.warnings.push(format!("{}: {words}: {why}", object.object));
        self.risks.push((object.object.clone(), words.to_owned()));
    }
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an object has a name that can be asked for: chance decides neither that nor whether it is there.
fn has_place(object: &Wanted) -> bool {
    let name = &object.object.name;
    !name.is_empty() && !name.contains(CHANCE) && there_by_chance(&object.text).is_none()
}

/// Whether it is the server's opinion of an object, and not that it cannot be asked.
fn is_judgement(refusal: &Refusal) -> bool {
    match refusal.kind {
        Kind::Forbidden | Kind::NotFound => true,
        Kind::Status(code) => code <= 500 && code != 429,
        Kind::Unreachable | Kind::Unauthorized | Kind::Garbled => false,
    }
}

/// Whether a right is missing. Quotas and policies answer 403, too.
fn is_forbidden(refusal: &Refusal) -> bool {
    refusal.kind == Kind::Forbidden && ["cannot patch", "cannot create"].iter().any(|w| refusal.message.contains(w))
}

/// An object in the form in which a server keeps it.
fn kept(object: &Wanted, target: &Target) -> Json {
    let mut json = object.json.clone();
    if object.object.kind == "Secret" {
        gather(&mut json);
    }
    if let (None, Some(metadata)) = (&target.namespace, json.get_mut("metadata").and_then(Json::as_object_mut)) {
        metadata.remove("namespace");
    }
    json
}

/// In whose name Helm, or what has Helm built in, applied an object.
fn manager(live: &Json) -> &str {
    let entries = live.pointer("/metadata/managedFields").and_then(Json::as_array);
    let owns = |entry: &&Json| {
        entry.get("operation").and_then(Json::as_str) == Some("Apply")
            && entry
                .pointer("/fieldsV1/f:metadata/f:annotations")
                .is_some_and(|annotations| annotations.get(format!("f:{RELEASE_NAME}")).is_some())
    };
    let entry = entries.into_iter().flatten().find(owns);
    entry.and_then(|entry| entry.get("manager")?.as_str()).unwrap_or(MANAGER)
}

/// The objects of manifests, lists taken apart; the templates of what is none.
fn objects(manifests: &Manifests, namespace: &str, found: &mut Vec<Wanted>, unread: &mut Vec<String>) {
    for document in manifests.resources.iter().filter(|document| !is_empty(&document.text)) {
        let Some(root) = edits::read(&document.text) else {
            unread.push(document.path.clone());
            continue;
        };
        let mut json = match overrides::json(&root) {
            Ok(json @ Json::Object(_)) => json,
            _ => {
                unread.push(document.path.clone());
                continue;
            }
        };
        let is_list = json.get("kind").and_then(Json::as_str).is_some_and(|kind| kind.ends_with("List"));
        let items = json.get_mut("items").filter(|items| is_list && items.is_array()).map(Json::take);
        let path = &document.path;
        match items {
            Some(Json::Array(items)) => {
                for item in items {
                    let text = written(&item).map(|text| clean(&text).1);
                    match (item, text) {
                        (item @ Json::Object(_), Some(text)) => found.push(wanted(item, namespace, path, text)),
                        _ => unread.push(path.clone()),
                    }
                }
            }
            _ => found.push(wanted(json, namespace, path, document.text.clone())),
        }
    }
}

fn wanted(json: Json, namespace: &str, path: &str, text: Str) -> Wanted {
    let text_at = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let api_version = text_at("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let own = text_at("/metadata/namespace");
    let object = Object {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text_at("/kind"),
        namespace: if own.is_empty() { namespace.to_owned() } else { own },
        name: text_at("/metadata/name"),
    };
    Wanted { object, api_version, path: path.to_owned(), text, json }
}
