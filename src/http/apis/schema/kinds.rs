//! The kinds that are served.

use super::{Kind, Struct, core, image, import, meta, project, review, stream, stream_tag};

/// Declares kinds, group by group, and the list of all.
macro_rules! kinds {
    ($($group:literal { $($name:ident = $kind:literal, $object:expr;)+ })+) => {
        $($(
            #[doc = concat!($kind, " of `", $group, "/v1`.")]
            pub(crate) static $name: Kind = Kind { group: $group, version: "v1", kind: $kind, object: &$object };
        )+)+

        /// All kinds, group by group.
        static ALL: &[&Kind] = &[$($(&$name),+),+];
    };
}

kinds! {
    "" {
        STATUS = "Status", meta::STATUS;
        DELETE_OPTIONS = "DeleteOptions", meta::DELETE_OPTIONS;
        API_RESOURCE_LIST = "APIResourceList", meta::API_RESOURCE_LIST;
        NAMESPACE = "Namespace", core::NAMESPACE;
        NAMESPACE_LIST = "NamespaceList", core::NAMESPACE_LIST;
        SECRET = "Secret", core::SECRET;
        SECRET_LIST = "SecretList", core::SECRET_LIST;
        LIMIT_RANGE = "LimitRange", core::LIMIT_RANGE;
        LIMIT_RANGE_LIST = "LimitRangeList", core::LIMIT_RANGE_LIST;
        RESOURCE_QUOTA = "ResourceQuota", core::RESOURCE_QUOTA;
        RESOURCE_QUOTA_LIST = "ResourceQuotaList", core::RESOURCE_QUOTA_LIST;
    }
    "image.openshift.io" {
        IMAGE = "Image", image::IMAGE;
        IMAGE_LIST = "ImageList", image::IMAGE_LIST;
        IMAGE_SIGNATURE = "ImageSignature", image::IMAGE_SIGNATURE;
        IMAGE_STREAM = "ImageStream", stream::IMAGE_STREAM;
        IMAGE_STREAM_LIST = "ImageStreamList", stream::IMAGE_STREAM_LIST;
        IMAGE_STREAM_ROLLBACK = "ImageStreamRollback", stream::IMAGE_STREAM_ROLLBACK;
        IMAGE_STREAM_LAYERS = "ImageStreamLayers", stream::IMAGE_STREAM_LAYERS;
        STREAM_SECRET_LIST = "SecretList", stream::SECRET_LIST;
        IMAGE_STREAM_TAG = "ImageStreamTag", stream_tag::IMAGE_STREAM_TAG;
        IMAGE_STREAM_TAG_LIST = "ImageStreamTagList", stream_tag::IMAGE_STREAM_TAG_LIST;
        IMAGE_TAG = "ImageTag", stream_tag::IMAGE_TAG;
        IMAGE_TAG_LIST = "ImageTagList", stream_tag::IMAGE_TAG_LIST;
        IMAGE_STREAM_IMAGE = "ImageStreamImage", stream_tag::IMAGE_STREAM_IMAGE;
        IMAGE_STREAM_MAPPING = "ImageStreamMapping", stream_tag::IMAGE_STREAM_MAPPING;
        IMAGE_STREAM_IMPORT = "ImageStreamImport", import::IMAGE_STREAM_IMPORT;
    }
    "project.openshift.io" {
        PROJECT = "Project", project::PROJECT;
        PROJECT_LIST = "ProjectList", project::PROJECT_LIST;
        PROJECT_REQUEST = "ProjectRequest", project::PROJECT_REQUEST;
    }
    "authentication.k8s.io" {
        SELF_SUBJECT_REVIEW = "SelfSubjectReview", review::SELF_SUBJECT_REVIEW;
    }
    "authorization.k8s.io" {
        SELF_SUBJECT_ACCESS_REVIEW = "SelfSubjectAccessReview", review::SELF_SUBJECT_ACCESS_REVIEW;
        SELF_SUBJECT_RULES_REVIEW = "SelfSubjectRulesReview", review::SELF_SUBJECT_RULES_REVIEW;
    }
    "user.openshift.io" {
        USER = "User", review::USER;
        USER_LIST = "UserList", review::USER_LIST;
    }
}

/// The kind that an object with known fields is the whole of, if there is one.
pub(crate) fn of(object: &'static Struct) -> Option<&'static Kind> {
    all().find(|kind| std::ptr::eq(kind.object, object))
}

/// All kinds, group by group.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    ALL.iter().copied()
}
