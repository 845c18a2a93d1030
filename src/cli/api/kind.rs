//! The resources that the commands know: those that the server of this version serves.

use reqwest::Url;

use crate::http::apis::resource::{self, Resource, Scope};

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Kind {
    /// The group; empty for the core one.
    group: &'static str,
    version: &'static str,
    /// What each object is.
    pub(in crate::cli) name: &'static str,
    plural: &'static str,
    pub(in crate::cli) namespaced: bool,
}

const fn image(name: &'static str, plural: &'static str) -> Kind {
    Kind { group: "image.openshift.io", version: "v1", name, plural, namespaced: true }
}

/// `imagestreams`
pub(in crate::cli) const IMAGE_STREAM: &Kind = &image("ImageStream", "imagestreams");
/// `imagestreamtags`
pub(in crate::cli) const IMAGE_STREAM_TAG: &Kind = &image("ImageStreamTag", "imagestreamtags");
/// `imagestreamimports`
pub(in crate::cli) const IMAGE_STREAM_IMPORT: &Kind = &image("ImageStreamImport", "imagestreamimports");

impl From<&Resource> for Kind {
    fn from(resource: &Resource) -> Self {
        Self {
            group: resource.group(),
            version: resource.version(),
            name: resource.kind.kind,
            plural: resource.plural,
            namespaced: resource.scope == Scope::Namespaced,
        }
    }
}

impl Kind {
    /// The resource that people call so: in the plural, the singular or short, with or without its group.
    pub(in crate::cli) fn find(name: &str) -> Option<Self> {
        let (name, group) = name.split_once('.').map_or((name, None), |(name, group)| (name, Some(group)));
        let name = name.to_ascii_lowercase();
        let is_called = |resource: &&Resource| {
            let names = [resource.plural, resource.singular];
            let known = names.iter().chain(resource.short_names).any(|known| *known == name)
                || resource.kind.kind.eq_ignore_ascii_case(&name);
            let (own, version) = (resource.group(), resource.version());
            known && group.is_none_or(|group| group == own || group == format!("{version}.{own}"))
        };
        let mut all = resource::group_versions().flat_map(|(group, version)| resource::of(group, version));
        all.find(is_called).map(Self::from)
    }

    /// `v1`, with the group in front.
    pub(in crate::cli) fn api_version(&self) -> String {
        let Self { group, version, .. } = self;
        if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") }
    }

    /// The singular with its group: `imagestream.image.openshift.io`.
    pub(in crate::cli) fn qualified(&self) -> String {
        let singular = self.singular();
        if self.group.is_empty() { singular } else { format!("{singular}.{}", self.group) }
    }

    fn singular(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Where the objects of a namespace are, or one of them; without a namespace, those of all.
    pub(in crate::cli) fn url(&self, server: &Url, namespace: Option<&str>, rest: &[&str]) -> Url {
        let mut url = server.clone();
        // A server's address can be a base: `server_url` took none that cannot.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            if self.group.is_empty() {
                path.extend(["api", self.version]);
            } else {
                path.extend(["apis", self.group, self.version]);
            }
            if let Some(namespace) = namespace.filter(|_| self.namespaced) {
                path.extend(["namespaces", namespace]);
            }
            path.push(self.plural).extend(rest);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_many_names() {
        for name in ["is", "imagestream", "imagestreams", "ImageStream", "imagestreams.image.openshift.io"] {
            assert_eq!(Kind::find(name), Some(*IMAGE_STREAM), "{name}");
        }
        for name in ["", "pods", "is.apps"] {
            assert!(Kind::find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn objects_have_addresses() {
        let server = Url::parse("https://weir.test/base/").unwrap();
        let url = IMAGE_STREAM_TAG.url(&server, Some("n"), &["a:v1"]);
        assert_eq!(url.as_str(), "https://weir.test/base/apis/image.openshift.io/v1/namespaces/n/imagestreamtags/a:v1");
        let image = Kind::find("image").unwrap().url(&server, Some("n"), &["sha256:1"]);
        assert_eq!(image.path(), "/base/apis/image.openshift.io/v1/images/sha256:1");
        assert_eq!(
            Kind::find("ns").unwrap().url(&server, None, &["a/b?c"]).path(),
            "/base/api/v1/namespaces/a%2Fb%3Fc"
        );
        assert_eq!(IMAGE_STREAM.qualified(), "imagestream.image.openshift.io");
    }
}
