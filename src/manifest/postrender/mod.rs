//! Post-renderers: all rendered documents → one stream for a program → the files that Helm makes of its output
//! (Helm: pkg/action, `annotateAndMerge` and `splitAndDeannotate`).

mod resource;
mod stream;

use super::{Manifests, NoManifest, split};
use crate::diagnostic::{Diagnostic, Error};
use crate::engine::Rendered;
use crate::value::Str;
use std::collections::BTreeMap;

/// The annotation that tells which file a document is from.
const FILE: &str = "postrenderer.helm.sh/postrender-filename";

/// The stream that the program gets: every document of the files, which come in the order of their names, annotated with
/// the file's name. Partials and notes are left out.
///
/// # Errors
/// A document that is no YAML or no mapping.
pub fn merge(files: &[Rendered]) -> Result<Vec<u8>, Error> {
    let fail = |doing: &str, name: &str, words: String| {
        let message = format!("{name} renders to what cannot be given to a post-renderer: {words}");
        Error::from(Diagnostic::new(message, format!("error merging manifests: {doing} {name}: {words}")))
    };
    let mut resources = Vec::new();
    for file in files {
        if super::is_notes(&file.name) || super::is_partial(&file.name) || super::is_blank(&file.text) {
            continue;
        }
        for document in split(&file.text) {
            for mut resource in stream::read(document).map_err(|words| fail("parsing", &file.name, words))? {
                resource.annotate(FILE, file.name.as_bytes()).map_err(|words| fail("annotating", &file.name, words))?;
                resources.push(resource);
            }
        }
    }
    stream::write(resources)
        .map_err(|words| Error::helm(format!("error merging manifests: writing merged docs: {words}")))
}

/// The files that the program's output stands for, in the order of their names. What has no annotation becomes a file
/// `generated-by-postrender-N.yaml`.
///
/// # Errors
/// An output that is no YAML, or has documents that are no mappings.
pub fn separate(output: &[u8]) -> Result<Vec<Rendered>, Error> {
    let fail = |words: String| {
        let message = format!("what the post-renderer wrote cannot be read: {words}");
        Error::from(Diagnostic::new(message, format!("error while parsing post rendered output: {words}")))
    };
    let mut files: BTreeMap<Vec<u8>, Vec<resource::Resource>> = BTreeMap::new();
    let resources = stream::read(output).map_err(|words| fail(format!("error parsing YAML: {words}")))?;
    for (i, mut resource) in resources.into_iter().enumerate() {
        let meta = resource.meta().ok_or_else(|| fail(format!("getting metadata: {}", resource::MISSING)))?;
        let name = meta
            .annotation(FILE)
            .filter(|name| !name.is_empty())
            .map_or_else(|| format!("generated-by-postrender-{i}.yaml").into_bytes(), <[u8]>::to_vec);
        resource.clear_annotation(FILE).map_err(|words| fail(format!("clearing filename annotation: {words}")))?;
        files.entry(name).or_default().push(resource);
    }
    files
        .into_iter()
        .map(|(name, resources)| {
            let name = String::from_utf8_lossy(&name).into_owned();
            let text = stream::write(resources).map_err(|words| fail(format!("re-writing {name}: {words}")))?;
            Ok(Rendered { name, text: Str::from(text), marks: Vec::new(), tera: false })
        })
        .collect()
}

/// What `manifest::arrange` does, with the files that `separate` gave: notes are documents like others by now.
///
/// # Errors
/// As there.
pub fn arrange(files: &[Rendered], log: &mut Vec<String>) -> Result<Manifests, NoManifest> {
    super::arrange_but(files, super::is_partial, log)
}

#[cfg(test)]
mod tests {
    use super::{merge, separate};
    use crate::engine::Rendered;

    /// What Helm's functions make of a file `f`, and that its documents come back.
    #[test]
    fn streams() {
        for (text, want) in [
            (
                "a: 1 # l\n# f\n\n# h\nb: 2\n",
                "a: 1 # l\n# f\n\n# h\nb: 2\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            (
                "a:\n# c1\n- b\n# c2\n\n# c3\n- # d\n  - e\n",
                "a:\n# c1\n- b\n# c2\n\n# c3\n- # d\n  - e\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            (
                "# top\n\n# a\na: # x\n  b: [ # y\n    1, 2 # z\n  ]\n",
                "# top\n\n# a\na: # x\n  b: [1, 2, # z\n  ]\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            (
                "<<: {a: !!str 1}\nb: &x 'y'\nc: *x\n? {d: e}\n: >-\n  f\n  g\n",
                "!!merge <<: {a: !!str 1}\nb: &x 'y'\nc: *x\n? {d: e}\n: >-\n  f g\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            (
                "metadata: {annotations: {}}\na: |2\n   b\n",
                "a: |2\n   b\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            (
                "kind: List\nitems:\n- a: 1\n- # c\n  b: 2\n",
                "a: 1\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n---\n# c\nb: 2\nmetadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'f'\n",
            ),
            ("- a\n", "parsing f: wrong node kind: expected MappingNode but got SequenceNode: node contents:\n- a\n"),
            ("a: b: c\n", "parsing f: MalformedYAMLError: yaml: mapping values are not allowed in this context"),
        ] {
            let file = Rendered { name: "f".to_owned(), text: text.into(), marks: Vec::new(), tera: false };
            match merge(&[file]) {
                Ok(stream) => {
                    assert_eq!(String::from_utf8_lossy(&stream), want, "{text:?}");
                    let files = separate(&stream).unwrap();
                    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["f"]);
                    assert!(!String::from_utf8_lossy(&files[0].text).contains("postrender"));
                }
                Err(error) => assert_eq!(error.helm_words(), format!("error merging manifests: {want}"), "{text:?}"),
            }
        }
    }
}
