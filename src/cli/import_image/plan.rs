//! What is to be imported: from the arguments, and from what the stream says already.

use serde_json::{Map, Value, json};

use super::{Arguments, error};
use crate::cli::describe::{Unfollowed, follow};
use crate::cli::failure::Failure;
use crate::cli::tag::{import_policy, pull_spec, reference_policy};
use crate::streams::object::API_VERSION;

/// The tag that is meant where none is said.
const LATEST: &str = "latest";

/// The annotation of a stream whose source is not verified.
const INSECURE: &str = "/metadata/annotations/openshift.io~1image.insecureRepository";

/// An import that is asked for.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    arguments: &'a Arguments,
    pub(super) stream: String,
    /// The tag, where one was said.
    tag: Option<String>,
    /// What is read, where it was said.
    from: Option<String>,
    /// As the stream was typed.
    typed: &'a str,
}

impl<'a> Plan<'a> {
    pub(super) fn read(arguments: &'a Arguments) -> Result<Self, Failure> {
        let form = "the image name must be a valid container image pull spec or reference to an image stream (e.g. \
                    myregistry/myteam/image:tag)";
        let typed = arguments.name.as_deref().ok_or_else(|| error(form))?;
        let spec = pull_spec(typed).map_err(|_| error(form))?;
        let rules = [
            (!spec.id.is_empty(), "to import images by ID, use the 'tag' command"),
            (
                !["Legacy", "PreserveOriginal"].contains(&arguments.import_mode.as_str()),
                "valid ImportMode values are Legacy or PreserveOriginal",
            ),
            (
                !["source", "local"].contains(&arguments.reference_policy.as_str()),
                "valid reference policy values are source or local",
            ),
        ];
        if let Some((_, rule)) = rules.iter().find(|(broken, _)| *broken) {
            return Err(error(rule));
        }
        if arguments.all && !spec.tag.is_empty() {
            return Err(error(format_args!("cannot specify a tag {typed:?} as well as --all")));
        }
        // A whole pull spec is what is read, and its last part is the stream.
        let repository = spec.repository();
        let whole = !spec.registry.is_empty() || repository.contains('/');
        let from = arguments.from.clone().or_else(|| whole.then(|| typed.to_owned()));
        let stream = repository.rsplit('/').next().unwrap_or_default().to_owned();
        if stream.is_empty() {
            return Err(error(form));
        }
        let tag = Some(spec.tag).filter(|tag| !tag.is_empty());
        Ok(Self { arguments, stream, tag, from, typed })
    }

    /// The body that asks for it.
    pub(super) fn request(&self, stream: Option<&Value>, namespace: &str) -> Result<Value, Failure> {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), self.stream.as_str().into());
        metadata.insert("namespace".to_owned(), namespace.into());
        if let Some(revision) = stream.and_then(|stream| stream.pointer("/metadata/resourceVersion")) {
            // Whoever changes the stream meanwhile is not overwritten.
            metadata.insert("resourceVersion".to_owned(), revision.clone());
        }
        let mut spec = Map::new();
        spec.insert("import".to_owned(), (!self.arguments.dry_run).into());
        let (what, value) = match (stream, self.arguments.all) {
            (None, _) => self.of_new_stream()?,
            (Some(stream), true) => self.all_of(stream)?,
            (Some(stream), false) => self.one_of(stream)?,
        };
        spec.insert(what.to_owned(), value);
        Ok(json!({
            "kind": "ImageStreamImport",
            "apiVersion": API_VERSION,
            "metadata": metadata,
            "spec": spec,
            "status": {},
        }))
    }

    fn of_new_stream(&self) -> Result<(&'static str, Value), Failure> {
        if !self.arguments.confirm {
            let name = &self.stream;
            return Err(error(format_args!(
                "no image stream named {name:?} exists, pass --confirm to create and import"
            )));
        }
        let from = self.from.as_deref().unwrap_or(self.typed);
        if self.arguments.all {
            return Ok(("repository", self.repository(from, &Value::Null)));
        }
        Ok(("images", json!([self.image(from, self.tag_name(), &Value::Null, &Value::Null)])))
    }

    fn all_of(&self, stream: &Value) -> Result<(&'static str, Value), Failure> {
        let known = text(stream, "/spec/dockerImageRepository");
        let from = self.from.as_deref().unwrap_or(known);
        if from.is_empty() {
            return self.every_tag_of(stream);
        }
        if from != known && !self.arguments.confirm {
            return Err(if known.is_empty() {
                error(
                    "the image stream does not currently import an entire Docker repository, pass --confirm to update",
                )
            } else {
                error(format_args!("the image stream has a different import spec {known:?}, pass --confirm to update"))
            });
        }
        Ok(("repository", self.repository(from, stream)))
    }

    /// All tags of the spec that come from other registries.
    fn every_tag_of(&self, stream: &Value) -> Result<(&'static str, Value), Failure> {
        let tags = stream.pointer("/spec/tags").and_then(Value::as_array).into_iter().flatten();
        let external = tags.filter(|tag| text(tag, "/from/kind") == "DockerImage");
        let images: Vec<Value> =
            external.map(|tag| self.image(text(tag, "/from/name"), text(tag, "/name"), stream, tag)).collect();
        if images.is_empty() {
            return Err(error("image stream does not have tags pointing to external container images"));
        }
        Ok(("images", Value::Array(images)))
    }

    fn one_of(&self, stream: &Value) -> Result<(&'static str, Value), Failure> {
        let tag = self.tag_name();
        // What a whole stream is made from is what its usual tag comes from, where nothing else is said.
        let whole = text(stream, "/spec/dockerImageRepository");
        let usual = Some(whole).filter(|from| tag == LATEST && !from.is_empty());
        let (to, from, spec) = match (follow(stream, tag), self.from.as_deref().or(usual)) {
            (Ok((end, spec)), _) => {
                let known = Self::external(tag, &end, spec, self.from.as_deref())?;
                (end, known, spec)
            }
            (Err(Unfollowed::NotFound), None) => {
                return Err(error(format_args!(
                    "the tag {tag:?} does not exist on the image stream - choose an existing tag to import or use the \
                     'tag' command to create a new tag"
                )));
            }
            (Err(Unfollowed::NotFound), Some(from)) => (tag.to_owned(), from, &Value::Null),
            (Err(why), _) => return Err(unfollowed(tag, why)),
        };
        Ok(("images", json!([self.image(from, &to, stream, spec)])))
    }

    /// Where the tag at the end of the way comes from. It is not changed here.
    fn external<'s>(tag: &str, end: &str, spec: &'s Value, from: Option<&str>) -> Result<&'s str, Failure> {
        let (kind, known) = (text(spec, "/from/kind"), text(spec, "/from/name"));
        if kind.is_empty() {
            let from = from.unwrap_or_default();
            return Err(error(format_args!(
                "tag {tag:?} already exists - you must use the 'tag' command if you want to change the source to {from:?}"
            )));
        }
        if kind != "DockerImage" {
            return Err(error(format_args!(
                "tag {tag:?} points to existing {kind} {known:?}, it cannot be re-imported"
            )));
        }
        match from.filter(|from| *from != known) {
            None => Ok(known),
            Some(from) if end == tag => Err(error(format_args!(
                "the tag {tag:?} points to {known:?} - use the 'tag' command if you want to change the source to {from:?}"
            ))),
            Some(from) => Err(error(format_args!(
                "the tag {tag:?} points to the tag {end:?} which points to {known:?} - use the 'tag' command if you want to \
                 change the source to {from:?}"
            ))),
        }
    }

    fn tag_name(&self) -> &str {
        self.tag.as_deref().unwrap_or(LATEST)
    }

    fn image(&self, from: &str, tag: &str, stream: &Value, spec: &Value) -> Value {
        json!({
            "from": {"kind": "DockerImage", "name": from},
            "to": {"name": tag},
            "importPolicy": self.import_policy(stream, spec),
            "referencePolicy": reference_policy(&self.arguments.reference_policy),
        })
    }

    fn repository(&self, from: &str, stream: &Value) -> Value {
        json!({
            "from": {"kind": "DockerImage", "name": from},
            "importPolicy": self.import_policy(stream, &Value::Null),
            "referencePolicy": reference_policy(&self.arguments.reference_policy),
        })
    }

    /// What the tag said before stays: an import does not make it stricter.
    fn import_policy(&self, stream: &Value, spec: &Value) -> Value {
        let old = |pointer: &str| spec.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        let insecure = self.arguments.insecure.unwrap_or_else(|| text(stream, INSECURE) == "true");
        let scheduled = self.arguments.scheduled || old("/importPolicy/scheduled");
        import_policy(insecure || old("/importPolicy/insecure"), scheduled, &self.arguments.import_mode)
    }
}

fn unfollowed(tag: &str, why: Unfollowed) -> Failure {
    match why {
        Unfollowed::Circle => error(format_args!("tag {tag:?} on the image stream is a reference to same tag")),
        Unfollowed::OtherStream => {
            error(format_args!("tag {tag:?} points to an imagestreamtag from another ImageStream"))
        }
        Unfollowed::Invalid | Unfollowed::NotFound => {
            error(format_args!("tag {tag:?} points to an invalid imagestreamtag"))
        }
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
