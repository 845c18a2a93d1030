//! Which registries may be named where images come from.
//!
//! Source: the whitelister of openshift-apiserver. What a stream names already may stay: an operator who shortens the list
//! takes nothing away.

use crate::config::AllowedRegistry;
use crate::oci::{DockerReference, Source};
use crate::records::{SourceKind, SpecTag};
use crate::streams::field_error::{FieldError, Path};

/// So many registries are told in a refusal.
const TOLD: usize = 5;

/// The registries that may be named; all of them where the operator lists none. This server's own always may.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowList {
    own: Vec<String>,
    allowed: Vec<AllowedRegistry>,
}

impl AllowList {
    /// What an operator lists, and the names of this server.
    pub(crate) fn new(allowed: &[AllowedRegistry], own: impl IntoIterator<Item = String>) -> Self {
        Self { own: own.into_iter().collect(), allowed: allowed.to_vec() }
    }

    /// Why a pull spec may not be named at a path. What is none is refused elsewhere.
    pub(crate) fn refusal(&self, name: &str, insecure: bool, path: &Path) -> Option<FieldError> {
        let reference: DockerReference = name.parse().ok()?;
        let registry = Source::of(&reference, insecure).registry;
        let is_allowed = self.allowed.is_empty()
            || self.own.contains(&reference.registry)
            || self.allowed.iter().any(|allowed| allowed.allows(&registry, insecure));
        (!is_allowed)
            .then(|| path.forbidden(format!("registry {registry:?} not allowed by whitelist: {}", self.told())))
    }

    /// Why a spec tag at a path may not be made from where it says, unless it was before.
    pub(crate) fn tag_refusal(&self, spec: &SpecTag, old: Option<&SpecTag>, path: &Path) -> Option<FieldError> {
        let from = spec.from.as_ref().filter(|from| from.kind == SourceKind::DockerImage)?;
        let before = old.and_then(|old| old.from.as_ref()).map(|from| from.name.as_str());
        if before == Some(&from.name) {
            return None;
        }
        self.refusal(&from.name, spec.import_policy.insecure, &path.child("from").child("name"))
    }

    fn told(&self) -> String {
        let all: Vec<String> = self.own.iter().cloned().chain(self.allowed.iter().map(ToString::to_string)).collect();
        let told = all.iter().take(TOLD).map(|registry| format!("{registry:?}")).collect::<Vec<_>>().join(", ");
        match all.len().saturating_sub(TOLD) {
            0 => told,
            more => format!("{told}, and {more} more ..."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(allowed: &[&str], name: &str, insecure: bool) -> Option<String> {
        let allowed: Vec<AllowedRegistry> = allowed.iter().map(|registry| registry.parse().unwrap()).collect();
        let list = AllowList::new(&allowed, ["own.test:5000".to_owned()]);
        list.refusal(name, insecure, &Path::new("from").child("name")).map(|error| error.to_string())
    }

    /// `TestValidateRegistryAllowedForImport`. That an import is forbidden is said only to those who may not import from
    /// anywhere, which comes with rights; the reason is the same.
    mod registry_allowed_for_import {
        use super::*;

        fn refused(allowed: &str) -> Option<String> {
            let list = AllowList::new(&[allowed.parse().unwrap()], []);
            list.refusal("example.com:443/a", false, &Path::new("from")).map(|error| error.to_string())
        }

        #[test]
        fn allow_whitelisted() {
            assert_eq!(refused("example.com"), None);
        }

        #[test]
        fn fail_when_not_on_whitelist() {
            let told = r#"from: Forbidden: registry "example.com:443" not allowed by whitelist: "foo.bar:443""#;
            assert_eq!(refused("foo.bar").as_deref(), Some(told));
        }
    }

    #[test]
    fn registries_that_are_not_listed_are_refused() {
        let allowed = ["upstream.test:5000", "*.allowed.test"];
        let list = "\"own.test:5000\", \"upstream.test:5000\", \"*.allowed.test:443\"";
        let told = |registry: &str| {
            Some(format!("from.name: Forbidden: registry {registry:?} not allowed by whitelist: {list}"))
        };
        assert_eq!(refused(&allowed, "plain.test:5000/team/app:1.0", true), told("plain.test:5000"));
        assert_eq!(refused(&allowed, "ruby:2.7", false), told("docker.io"));
        for name in ["upstream.test:5000/a", "foo.allowed.test/a/b:c", "own.test:5000/a/b"] {
            assert_eq!(refused(&allowed, name, false), None, "{name}");
        }
        assert_eq!(refused(&[], "anything.test/a", false), None);
        let many = ["a", "b", "c", "d", "e", "f"];
        assert!(refused(&many, "x.test/a", false).unwrap().ends_with("\"d:443\", and 2 more ..."));
    }
}
