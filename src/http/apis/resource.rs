//! The resources that the API serves: one table, from which paths are understood and discovery is answered.

use super::schema::{Kind, kinds};

/// A resource: the objects of one kind under one path.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Its name in paths.
    pub(crate) plural: &'static str,
    /// Its name for one object, on the command line.
    pub(crate) singular: &'static str,
    /// What each object is, and with it the group and version.
    pub(crate) kind: &'static Kind,
    /// What a list of them is. Resources without one cannot be listed, or answer a list without objects.
    pub(crate) list: Option<&'static Kind>,
    /// Whether objects are in namespaces.
    pub(crate) scope: Scope,
    /// What can be done, in alphabetical order.
    pub(crate) verbs: &'static [Verb],
    /// Short names for the command line.
    pub(crate) short_names: &'static [&'static str],
    /// The groups of resources that it is in, such as `all`.
    pub(crate) categories: &'static [&'static str],
    /// What can be asked for behind an object's name.
    pub(crate) subresources: &'static [Subresource],
    /// What clients take for a sign that the stored form is the same.
    pub(crate) storage_version_hash: Option<&'static str>,
}

/// Something that can be asked for behind an object's name.
#[derive(Debug)]
pub(crate) struct Subresource {
    /// Its name in paths.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) kind: &'static Kind,
    /// What can be done, in alphabetical order.
    pub(crate) verbs: &'static [Verb],
}

/// Whether objects are in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Each name is there once.
    Cluster,
    /// Each name is there once in each namespace.
    Namespaced,
}

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// POST of a new object.
    Create,
    /// DELETE of one object.
    Delete,
    /// DELETE of all objects that are selected.
    DeleteCollection,
    /// GET of one object.
    Get,
    /// GET of all objects that are selected.
    List,
    /// PATCH of one object.
    Patch,
    /// PUT of one object.
    Update,
    /// GET of what changes.
    Watch,
}

impl Verb {
    /// As discovery spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

impl Resource {
    /// The API group; empty for the core group.
    pub(crate) fn group(&self) -> &'static str {
        self.kind.group
    }

    /// The version within the group.
    pub(crate) fn version(&self) -> &'static str {
        self.kind.version
    }

    /// The fields that objects can be selected by, beside name and namespace.
    pub(crate) fn selectable_fields(&self) -> &'static [&'static str] {
        if self.plural == "imagestreams" {
            &["spec.dockerImageRepository", "status.dockerImageRepository"]
        } else {
            &[]
        }
    }

    /// The subresource with a name.
    pub(crate) fn subresource(&self, name: &str) -> Option<&'static Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }
}

/// The resource under a path.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    of(group, version).find(|resource| resource.plural == plural)
}

/// The resources of a group and version, in alphabetical order.
pub(crate) fn of(group: &str, version: &str) -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().filter(move |resource| resource.group() == group && resource.version() == version)
}

/// The groups and versions that are served, the core group first.
pub(crate) fn group_versions() -> impl Iterator<Item = (&'static str, &'static str)> {
    RESOURCES.chunk_by(|one, next| one.group() == next.group()).filter_map(|resources| {
        let first = resources.first()?;
        Some((first.group(), first.version()))
    })
}

use Verb::{Create, Delete, DeleteCollection, Get, List, Patch, Update, Watch};

/// Everything that can be done.
const ALL: &[Verb] = &[Create, Delete, DeleteCollection, Get, List, Patch, Update, Watch];
/// Everything but deleting many objects at once.
const ONE_BY_ONE: &[Verb] = &[Create, Delete, Get, List, Patch, Update, Watch];

/// What changes nothing.
const READ_ONLY: &[Verb] = &[Get, List, Watch];

/// A resource in namespaces without short names and other decoration: what most rows start from.
const fn namespaced(
    plural: &'static str,
    singular: &'static str,
    kind: &'static Kind,
    verbs: &'static [Verb],
) -> Resource {
    Resource {
        plural,
        singular,
        kind,
        list: None,
        scope: Scope::Namespaced,
        verbs,
        short_names: &[],
        categories: &[],
        subresources: &[],
        storage_version_hash: None,
    }
}

/// The same outside of namespaces.
const fn cluster(
    plural: &'static str,
    singular: &'static str,
    kind: &'static Kind,
    verbs: &'static [Verb],
) -> Resource {
    Resource { scope: Scope::Cluster, ..namespaced(plural, singular, kind, verbs) }
}

/// All resources, group by group as discovery lists them.
///
/// As an OpenShift API server has them, except that `imagestreamtags` and `imagetags` can be watched, that streams and
/// their tags can be rolled back, and that only what is served is told.
static RESOURCES: &[Resource] = &[
    Resource {
        list: Some(&kinds::LIMIT_RANGE_LIST),
        short_names: &["limits"],
        ..namespaced("limitranges", "limitrange", &kinds::LIMIT_RANGE, ALL)
    },
    Resource {
        list: Some(&kinds::NAMESPACE_LIST),
        short_names: &["ns"],
        ..cluster("namespaces", "namespace", &kinds::NAMESPACE, ONE_BY_ONE)
    },
    Resource {
        list: Some(&kinds::RESOURCE_QUOTA_LIST),
        short_names: &["quota"],
        ..namespaced("resourcequotas", "resourcequota", &kinds::RESOURCE_QUOTA, READ_ONLY)
    },
    Resource { list: Some(&kinds::SECRET_LIST), ..namespaced("secrets", "secret", &kinds::SECRET, ALL) },
    cluster("selfsubjectreviews", "selfsubjectreview", &kinds::SELF_SUBJECT_REVIEW, &[Create]),
    cluster("selfsubjectaccessreviews", "selfsubjectaccessreview", &kinds::SELF_SUBJECT_ACCESS_REVIEW, &[Create]),
    cluster("selfsubjectrulesreviews", "selfsubjectrulesreview", &kinds::SELF_SUBJECT_RULES_REVIEW, &[Create]),
    Resource {
        list: Some(&kinds::IMAGE_LIST),
        storage_version_hash: Some("FX/i8Tt+3Fc="),
        ..cluster("images", "image", &kinds::IMAGE, ALL)
    },
    cluster("imagesignatures", "imagesignature", &kinds::IMAGE_SIGNATURE, &[Create, Delete]),
    Resource {
        short_names: &["isimage"],
        ..namespaced("imagestreamimages", "imagestreamimage", &kinds::IMAGE_STREAM_IMAGE, &[Get])
    },
    namespaced("imagestreamimports", "imagestreamimport", &kinds::IMAGE_STREAM_IMPORT, &[Create]),
    namespaced("imagestreammappings", "imagestreammapping", &kinds::IMAGE_STREAM_MAPPING, &[Create]),
    Resource {
        list: Some(&kinds::IMAGE_STREAM_LIST),
        short_names: &["is"],
        categories: &["all"],
        subresources: &[
            Subresource { name: "layers", kind: &kinds::IMAGE_STREAM_LAYERS, verbs: &[Get] },
            Subresource { name: "rollback", kind: &kinds::IMAGE_STREAM_ROLLBACK, verbs: &[Create] },
            Subresource { name: "secrets", kind: &kinds::STREAM_SECRET_LIST, verbs: &[Get] },
            Subresource { name: "status", kind: &kinds::IMAGE_STREAM, verbs: &[Get, Patch, Update] },
        ],
        storage_version_hash: Some("mwmf9lCqOiA="),
        ..namespaced("imagestreams", "imagestream", &kinds::IMAGE_STREAM, ALL)
    },
    Resource {
        list: Some(&kinds::IMAGE_STREAM_TAG_LIST),
        short_names: &["istag"],
        subresources: &[Subresource { name: "rollback", kind: &kinds::IMAGE_STREAM_ROLLBACK, verbs: &[Create] }],
        ..namespaced("imagestreamtags", "imagestreamtag", &kinds::IMAGE_STREAM_TAG, ONE_BY_ONE)
    },
    Resource {
        list: Some(&kinds::IMAGE_TAG_LIST),
        short_names: &["itag"],
        ..namespaced("imagetags", "imagetag", &kinds::IMAGE_TAG, ONE_BY_ONE)
    },
    cluster("projectrequests", "projectrequest", &kinds::PROJECT_REQUEST, &[Create, List]),
    Resource { list: Some(&kinds::PROJECT_LIST), ..cluster("projects", "project", &kinds::PROJECT, ONE_BY_ONE) },
    cluster("users", "user", &kinds::USER, &[Get]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_by_group_version_and_plural() {
        let streams = find("image.openshift.io", "v1", "imagestreams").expect("image streams are served");
        assert_eq!(streams.kind.kind, "ImageStream");
        assert!(streams.subresource("status").is_some_and(|status| status.verbs == [Get, Patch, Update]));
        assert!(find("image.openshift.io", "v2", "imagestreams").is_none());
        assert!(find("", "v1", "imagestreams").is_none());
        assert!(find("", "v1", "secrets").is_some_and(|secrets| secrets.scope == Scope::Namespaced));
    }

    #[test]
    fn groups_stand_together_in_the_table() {
        let groups: Vec<&str> = group_versions().map(|(group, _)| group).collect();
        assert_eq!(
            groups,
            [
                "",
                "authentication.k8s.io",
                "authorization.k8s.io",
                "image.openshift.io",
                "project.openshift.io",
                "user.openshift.io"
            ]
        );
    }

    #[test]
    fn verbs_are_in_alphabetical_order_and_lists_have_a_kind() {
        for resource in RESOURCES {
            assert!(resource.verbs.is_sorted_by_key(|verb| verb.as_str()), "{}", resource.plural);
            let lists = resource.verbs.contains(&List) && resource.plural != "projectrequests";
            assert_eq!(lists, resource.list.is_some(), "{}", resource.plural);
        }
    }
}
