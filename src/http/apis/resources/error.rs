//! From what the domain refuses to what the client is told, in the words of the resource that was asked for.

use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::request::Target;
use crate::http::apis::storage::Context;
use crate::streams::field_error::Path;
use crate::streams::object::Status;
use crate::streams::view::ViewError;
use crate::streams::write::{Conflict, RollbackRefusal, WriteError};

/// The group of all that the domain refuses.
const GROUP: &str = "image.openshift.io";

/// Something of this group under another name than the resource's.
pub(super) fn named<'a>(what: &'a str, name: &'a str) -> Named<'a> {
    Named { group: GROUP, what, name }
}

/// What could not be shown.
pub(super) fn unseen(cx: &Context<'_>, error: ViewError) -> Refusal {
    let target = Named::of(cx.target);
    match error {
        ViewError::NoStream(id) => Refusal::not_found(target.name(id.name())),
        ViewError::ImageGone(image) => Refusal::not_found(target.name(image.as_str())),
        // An image of a stream is named in the singular, as the recorded server has it.
        ViewError::NoImage if target.what == "imagestreamimages" => {
            Refusal::not_found(named("imagestreamimage", target.name))
        }
        ViewError::NoTag | ViewError::NoImage => Refusal::not_found(target),
        ViewError::Ambiguous(images) => {
            let wanted = target.name.split_once('@').map_or("", |(_, wanted)| wanted);
            let list: Vec<&str> = images.iter().map(crate::oci::Digest::as_str).collect();
            let why = format!("multiple images match the prefix {wanted:?}: {}", list.join(", "));
            Refusal::conflict(named("imagestreamimage", target.name), &why)
        }
        ViewError::Records(error) => error.into(),
    }
}

/// An apply that would make a tag. A tag is a view of its stream and keeps no owners of fields, and those that the apply
/// brings count as a change of its metadata: `rule` says what may be changed.
pub(super) fn unapplied(target: &Target, rule: &str) -> Refusal {
    let error = Path::new("metadata").invalid("", rule);
    Refusal::invalid(named(target.kind().kind, &target.name), &[error])
}

/// What was not written.
pub(super) fn unwritten(cx: &Context<'_>, error: WriteError) -> Refusal {
    let target = Named::of(cx.target);
    match error {
        WriteError::NoStream(id) => Refusal::not_found(target.name(id.name())),
        WriteError::NoTag { stream, tag } => Refusal::not_found(target.name(&format!("{}:{tag}", stream.name()))),
        WriteError::NoImage(name) if target.what == "imagesignatures" => Refusal::not_found(named("images", &name)),
        WriteError::NoImage(name) => Refusal::not_found(target.name(&name)),
        WriteError::NoSignature(name) => Refusal::not_found(named("imageSignatures", &name)),
        WriteError::StreamExists(id) => Refusal::already_exists(target.name(id.name())),
        WriteError::TagExists { stream, tag } => {
            let name = format!("{}:{tag}", stream.name());
            let what = if target.what == "imagestreamtags" { "imagestreamtag" } else { target.what };
            Refusal::already_exists(named(what, &name))
        }
        WriteError::ImageExists(name) => Refusal::already_exists(target.name(&name)),
        WriteError::SignatureExists(name) => Refusal::already_exists(named("imageSignatures", &name)),
        WriteError::Invalid { kind, name, errors } => Refusal::invalid(named(kind, &name), &errors),
        WriteError::LimitExceeded { stream, why } => {
            Refusal::forbidden(Named { group: "", what: "ImageStream", name: stream.name() }, &why)
        }
        WriteError::Conflict(conflict) => moved(target, &conflict),
        WriteError::NoVersion => {
            let error = Path::new("metadata").child("resourceVersion").invalid(0, "must be specified for an update");
            Refusal::invalid(target, &[error])
        }
        WriteError::BadVersion(text) => {
            Refusal::unclassified(format!("strconv.ParseUint: parsing {text:?}: invalid syntax"))
        }
        WriteError::NotASpecTag { .. } | WriteError::SignatureName => Refusal::bad_request(error.to_string()),
        WriteError::TagName(_) => Refusal::unclassified(error.to_string()),
        WriteError::Rollback(refusal) => not_taken_back(target, &refusal),
        WriteError::Records(error) => error.into(),
    }
}

/// An object that is not as its client saw it.
fn moved(target: Named<'_>, conflict: &Conflict) -> Refusal {
    match (target.what, conflict) {
        ("imagestreamtags" | "imagetags", Conflict::Version { actual, .. }) => {
            Refusal::conflict(target, &format!("another caller has updated the resource version to {actual}"))
        }
        ("imagestreamtags" | "imagetags", Conflict::Uid { .. }) => {
            Refusal::conflict(target, "the UID precondition was not met")
        }
        (_, Conflict::Version { .. }) => Refusal::modified(target),
        (_, Conflict::Uid { wanted, actual }) => {
            let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {actual}");
            Refusal::conflict(target, &why)
        }
    }
}

/// A delete of an object that is not as its client demands; `kind` stands where others have the resource.
pub(super) fn undeleted(cx: &Context<'_>, kind: &str, error: WriteError) -> Refusal {
    let target = Named::of(cx.target);
    match &error {
        WriteError::Conflict(Conflict::Version { wanted, actual }) => {
            let why = format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
                 ({actual}). The object might have been modified"
            );
            Refusal::conflict(named(kind, target.name), &why)
        }
        WriteError::Conflict(Conflict::Uid { wanted, actual }) => {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({actual}). The object might \
                 have been deleted and then recreated"
            );
            Refusal::conflict(named(kind, target.name), &why)
        }
        _ => unwritten(cx, error),
    }
}

/// A rollback to something that is not there.
fn not_taken_back(target: Named<'_>, refusal: &RollbackRefusal) -> Refusal {
    let spec = Path::new("spec");
    let why = refusal.to_string();
    let errors = match refusal {
        RollbackRefusal::NoHistory { .. } | RollbackRefusal::NeverDeleted(_) => {
            return Refusal::not_found(target);
        }
        RollbackRefusal::ContentGone(_) => return Refusal::from(Status::failure(410, "Gone", why)),
        RollbackRefusal::Ambiguous { .. } | RollbackRefusal::NotDeleted(_) => return Refusal::conflict(target, &why),
        RollbackRefusal::TooFar { wanted, .. } => spec.child("steps").invalid(*wanted, why),
        RollbackRefusal::NothingThen(moment) => spec.child("time").invalid(moment.to_string(), why),
        RollbackRefusal::UnknownImage(id) => spec.child("image").invalid(id.clone(), why),
    };
    Refusal::invalid(named("ImageStreamRollback", target.name), &[errors])
}
