//! One file a resource: what each verb means for it. Thin: names are parsed and objects made typed, the domain decides.

mod error;
mod image_signatures;
mod image_stream_images;
mod image_stream_imports;
mod image_stream_mappings;
mod image_stream_tags;
mod image_streams;
mod image_tags;
mod images;
mod kept;
mod layers;
mod limit_ranges;
mod namespaces;
mod projects;
mod quotas;
mod reviews;
mod rollback;
mod secrets;
mod typed;

use super::request::{NoRequest, Target};
use super::storage::Storage;

/// The storage of a resource, or of a subresource.
pub(super) fn storage(target: &Target) -> Result<&'static dyn Storage, NoRequest> {
    let Target { resource, subresource, .. } = target;
    Ok(match (resource.group(), resource.plural, subresource.as_str()) {
        ("", "limitranges", "") => &limit_ranges::LimitRanges,
        ("", "namespaces", "") => &namespaces::Namespaces,
        ("", "resourcequotas", "") => &quotas::ResourceQuotas,
        ("", "secrets", "") => &secrets::Secrets,
        ("authentication.k8s.io", "selfsubjectreviews", "") => &reviews::SelfSubjectReviews,
        ("authorization.k8s.io", "selfsubjectaccessreviews", "") => &reviews::SelfSubjectAccessReviews,
        ("authorization.k8s.io", "selfsubjectrulesreviews", "") => &reviews::SelfSubjectRulesReviews,
        ("image.openshift.io", "imagestreams", "secrets") => &secrets::StreamSecrets,
        ("project.openshift.io", "projectrequests", "") => &projects::ProjectRequests,
        ("project.openshift.io", "projects", "") => &projects::Projects,
        ("user.openshift.io", "users", "") => &reviews::Users,
        ("image.openshift.io", "images", "") => &images::Images,
        ("image.openshift.io", "imagesignatures", "") => &image_signatures::ImageSignatures,
        ("image.openshift.io", "imagestreamimages", "") => &image_stream_images::ImageStreamImages,
        ("image.openshift.io", "imagestreamimports", "") => &image_stream_imports::ImageStreamImports,
        ("image.openshift.io", "imagestreammappings", "") => &image_stream_mappings::ImageStreamMappings,
        ("image.openshift.io", "imagestreams", "") => &image_streams::ImageStreams,
        ("image.openshift.io", "imagestreams", "layers") => &layers::Layers,
        ("image.openshift.io", "imagestreams", "rollback") => &rollback::StreamRollback,
        ("image.openshift.io", "imagestreams", "status") => &image_streams::Status,
        ("image.openshift.io", "imagestreamtags", "") => &image_stream_tags::ImageStreamTags,
        ("image.openshift.io", "imagestreamtags", "rollback") => &rollback::TagRollback,
        ("image.openshift.io", "imagetags", "") => &image_tags::ImageTags,
        _ => return Err(NoRequest::Resource),
    })
}
