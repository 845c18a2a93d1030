//! How failures are told to Kubernetes clients: one place from domain to `metav1.Status`.

use http::{Response, StatusCode, header};

use super::route::{GROUP, NoRoute, Route};
use crate::auth::Denied;
use crate::http::error_chain::error_chain;
use crate::http::respond::WithHeader;
use crate::http::{Body, RequestId, respond};
use crate::oci::StreamId;
use crate::records;
use crate::streams::object::{Status, StatusCause, StatusDetails, Typed};
use crate::streams::spec::input::{Mistake, Problem};
use crate::streams::spec::refusal::{Reason, SpecError};
use crate::streams::spec::replace::ReplaceError;
use crate::streams::view::ViewError;
use weir_storage::Revision;

/// An answer that refuses.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Boxed, for results carry it beside what is wanted.
    status: Box<Status>,
    /// What only the log is told.
    cause: Option<String>,
    /// The methods that the resource takes, where it does not take the request's.
    allow: Option<&'static str>,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { status: Box::new(status), cause: None, allow: None }
    }
}

impl Refusal {
    /// The answer to the request `id`, by which the log, which is told here, can be searched.
    pub(super) fn into_response(self, id: Option<&RequestId>) -> Response<Body> {
        let code = StatusCode::from_u16(self.status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(cause) = self.cause {
            let request_id = id.map(RequestId::as_str);
            tracing::error!(request.id = request_id, http.status = code.as_u16(), "Failed: {cause}");
        }
        let response = respond::json(code, &Typed::new(*self.status));
        match self.allow {
            Some(methods) => response.with(header::ALLOW, methods),
            None => response,
        }
    }

    /// What a view could not show, in the words of the resource that was asked for.
    pub(super) fn of_view(route: &Route, error: ViewError) -> Self {
        match error {
            ViewError::NoStream(id) => Self::not_found(resource(route), id.name()),
            // An image of a stream is named in the singular, as OpenShift's server has it.
            ViewError::NoTag | ViewError::NoImage => match route {
                Route::StreamImage(..) => Self::not_found("imagestreamimage", &name(route)),
                _ => Self::not_found(resource(route), &name(route)),
            },
            ViewError::Ambiguous(images) => Self::ambiguous(route, &images),
            ViewError::Records(error) => Self::internal(&error),
        }
    }

    /// Why a stream could not be shown.
    pub(super) fn of_stream(id: &StreamId, error: ViewError) -> Self {
        Self::of_view(&Route::Stream(id.clone()), error)
    }

    /// Why a stream's spec was not replaced; `expected` tells making a stream from changing one.
    pub(super) fn of_replace(id: &StreamId, expected: Revision, error: ReplaceError) -> Self {
        match error {
            ReplaceError::Moved if expected == Revision::ZERO => {
                let message = format!("imagestreams.{GROUP} \"{}\" already exists", id.name());
                Self::from(
                    Status::failure(409, "AlreadyExists", message).with_details(details("imagestreams", id.name())),
                )
            }
            ReplaceError::Moved => {
                let message = format!(
                    "Operation cannot be fulfilled on imagestreams.{GROUP} \"{}\": the object has been modified; please \
                     apply your changes to the latest version and try again",
                    id.name()
                );
                Self::from(Status::failure(409, "Conflict", message).with_details(details("imagestreams", id.name())))
            }
            ReplaceError::Spec(SpecError::NoStream(id)) => Self::not_found("imagestreams", id.name()),
            ReplaceError::Spec(SpecError::Refused(refusals)) => {
                Self::invalid(id.name(), refusals.iter().map(refused).collect())
            }
            ReplaceError::Spec(SpecError::Records(error)) => Self::internal(&error),
        }
    }

    /// What is wrong with the spec that a client sent.
    pub(super) fn mistakes(id: &StreamId, mistakes: &[Mistake]) -> Self {
        Self::invalid(id.name(), mistakes.iter().map(mistaken).collect())
    }

    /// One field that breaks a rule.
    pub(super) fn invalid_field(name: &str, field: &str, value: &str, rule: &str) -> Self {
        Self::invalid(name, vec![cause("FieldValueInvalid", field, format!("Invalid value: {value:?}: {rule}"))])
    }

    fn invalid(name: &str, causes: Vec<StatusCause>) -> Self {
        let list: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let list = if list.len() == 1 { list.concat() } else { format!("[{}]", list.join(", ")) };
        let message = format!("ImageStream.{GROUP} \"{name}\" is invalid: {list}");
        let details = StatusDetails { causes, ..details("ImageStream", name) };
        Self::from(Status::failure(422, "Invalid", message).with_details(details))
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::from(Status::failure(400, "BadRequest", message))
    }

    pub(super) fn too_large(limit: u64) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::from(Status::failure(413, "RequestEntityTooLarge", message))
    }

    fn not_found(resource: &str, name: &str) -> Self {
        let message = format!("{resource}.{GROUP} \"{name}\" not found");
        let details = details(resource, name);
        Self::from(Status::failure(404, "NotFound", message).with_details(details))
    }

    fn ambiguous(route: &Route, images: &[crate::oci::Digest]) -> Self {
        let name = name(route);
        let wanted = name.split_once('@').map_or("", |(_, wanted)| wanted);
        let list: Vec<&str> = images.iter().map(crate::oci::Digest::as_str).collect();
        let message = format!(
            "Operation cannot be fulfilled on imagestreamimage.{GROUP} \"{name}\": multiple images match the prefix \"{wanted}\": {}",
            list.join(", ")
        );
        Self::from(Status::failure(409, "Conflict", message).with_details(details("imagestreamimage", &name)))
    }

    /// A failure of the server itself: what a client can do about it, and nothing else.
    fn internal(error: &records::Error) -> Self {
        use weir_storage::Error as S;
        let (code, reason, message) = match error {
            records::Error::Storage(S::Full { .. }) => {
                (507, "InsufficientStorage", "the registry's disk is full; what it holds can still be read")
            }
            records::Error::Contended | records::Error::Storage(S::Unavailable(_)) => {
                (503, "ServiceUnavailable", "the registry cannot do this now; try again")
            }
            records::Error::Record { .. }
            | records::Error::Storage(
                S::BlobNotFound(_)
                | S::UploadNotFound(_)
                | S::UploadBusy(_)
                | S::DigestMismatch { .. }
                | S::RangeOutside { .. }
                | S::Conflict { .. }
                | S::TooLarge { .. }
                | S::Corrupt { .. }
                | S::DataDirectory(_)
                | S::Io { .. },
            ) => (500, "InternalError", "Internal error occurred: the server's log says why"),
        };
        let status = Status::failure(code, reason, message);
        Self { status: Box::new(status), cause: Some(error_chain(error)), allow: None }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {}
    }
}

impl From<NoRoute> for Refusal {
    fn from(error: NoRoute) -> Self {
        match error {
            NoRoute::Path => Self::from(
                Status::failure(404, "NotFound", "the server could not find the requested resource")
                    .with_details(StatusDetails::default()),
            ),
            NoRoute::Method(allowed) => {
                let message = "the server does not allow this method on the requested resource";
                let status = Status::failure(405, "MethodNotAllowed", message);
                Self { allow: Some(allowed), ..Self::from(status.with_details(StatusDetails::default())) }
            }
            NoRoute::Name(rule) => Self::from(Status::failure(400, "BadRequest", rule)),
            NoRoute::Absent { resource, name } => Self::not_found(resource, &name),
        }
    }
}

fn details(resource: &str, name: &str) -> StatusDetails {
    StatusDetails {
        name: name.to_owned(),
        group: GROUP.to_owned(),
        kind: resource.to_owned(),
        ..StatusDetails::default()
    }
}

fn cause(reason: &str, field: &str, message: String) -> StatusCause {
    StatusCause { reason: reason.to_owned(), message, field: field.to_owned() }
}

fn refused(refusal: &crate::streams::spec::refusal::Refusal) -> StatusCause {
    let field = refusal.field();
    match refusal.reason {
        Reason::StreamNotFound => cause("FieldValueNotFound", &field, format!("Not found: {:?}", refusal.value)),
        Reason::Form | Reason::ImageNotFound { .. } | Reason::Ambiguous { .. } | Reason::Loop { .. } => {
            cause("FieldValueInvalid", &field, format!("Invalid value: {:?}: {}", refusal.value, refusal.reason))
        }
    }
}

fn mistaken(mistake: &Mistake) -> StatusCause {
    match &mistake.problem {
        Problem::Required("") => cause("FieldValueRequired", &mistake.field, "Required value".to_owned()),
        Problem::Required(rule) => cause("FieldValueRequired", &mistake.field, format!("Required value: {rule}")),
        Problem::Invalid { value, rule } => {
            cause("FieldValueInvalid", &mistake.field, format!("Invalid value: {value:?}: {rule}"))
        }
    }
}

/// The name of the object that a route asks for.
fn name(route: &Route) -> String {
    match route {
        Route::Streams(namespace) | Route::CreateStream(namespace) => namespace.clone(),
        Route::Stream(id) | Route::ReplaceStream(id) => id.name().to_owned(),
        Route::StreamTag(id, tag) => format!("{}:{tag}", id.name()),
        Route::StreamImage(id, wanted) => format!("{}@{wanted}", id.name()),
        Route::Image(digest) => digest.to_string(),
    }
}

fn resource(route: &Route) -> &'static str {
    match route {
        Route::Streams(_) | Route::Stream(_) | Route::CreateStream(_) | Route::ReplaceStream(_) => "imagestreams",
        Route::StreamTag(..) => "imagestreamtags",
        Route::StreamImage(..) => "imagestreamimages",
        Route::Image(_) => "images",
    }
}
