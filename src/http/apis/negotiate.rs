//! In which form an answer is wanted: whole objects, a table, or metadata alone; as JSON or YAML.
//!
//! Source: content negotiation of kube-apiserver. Clients name several forms, the best first. Answers are never protobuf:
//! whoever asks for it also takes JSON, and one who takes nothing else is told so.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::refusal::Refusal;
use crate::http::respond::WithHeader;
use crate::http::{Body, respond};

/// What is said when nothing fits.
const NOTHING_FITS: &str = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml";
/// What is said when only forms of a known media type were asked for that it does not have.
const ONLY: &str = "only the following media types are accepted: application/json, application/yaml";

/// Answers of at least this many bytes are compressed where the client takes that, as kube-apiserver does.
const COMPRESS_FROM: usize = 128 * 1024;

/// What is shown of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All of it.
    Object,
    /// A row of a `Table`.
    Table,
    /// `PartialObjectMetadata`.
    Metadata,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

/// The form that a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) shape: Shape,
    pub(crate) encoding: Encoding,
    pub(crate) pretty: bool,
    pub(crate) gzip: bool,
}

impl Form {
    /// Reads what a client accepts. Parts that cannot be had are passed over for the next.
    pub(crate) fn accepted(headers: &HeaderMap, pretty: bool) -> Result<Self, Refusal> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let gzip = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip")));
        if accept.trim().is_empty() {
            return Ok(Self { shape: Shape::Object, encoding: Encoding::Json, pretty, gzip });
        }
        let mut known = false;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let Some(encoding) = encoding(parts.next().unwrap_or_default()) else { continue };
            known = true;
            if let Some(shape) = shape(parts) {
                return Ok(Self { shape, encoding, pretty, gzip });
            }
        }
        Err(Refusal::not_acceptable(if known { ONLY } else { NOTHING_FITS }))
    }

    /// An answer in this form.
    pub(crate) fn respond(self, status: StatusCode, value: &Value) -> Response<Body> {
        let Some((media_type, content)) = self.print(value) else {
            return respond::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let compressed = if self.gzip && content.len() >= COMPRESS_FROM { compress(&content) } else { None };
        let coding = compressed.is_some();
        let mut response = respond::full(Body::full(compressed.unwrap_or(content)));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if coding { response.with(header::CONTENT_ENCODING, "gzip") } else { response }
    }

    fn print(self, value: &Value) -> Option<(&'static str, Vec<u8>)> {
        let (media_type, printed) = match self.encoding {
            Encoding::Yaml => ("application/yaml", Ok(super::yaml::print(value).into_bytes())),
            Encoding::Json if self.pretty => {
                ("application/json", serde_json::to_vec_pretty(value).map_err(|error| error.to_string()))
            }
            Encoding::Json => ("application/json", serde_json::to_vec(value).map_err(|error| error.to_string())),
        };
        printed
            .inspect_err(|error| tracing::error!(%error, "Failed to print an answer: {error}"))
            .ok()
            .map(|content| (media_type, content))
    }
}

fn encoding(media_type: &str) -> Option<Encoding> {
    match media_type {
        "application/json" | "*/*" | "application/*" => Some(Encoding::Json),
        "application/yaml" => Some(Encoding::Yaml),
        _ => None,
    }
}

/// The shape that the parameters of a media type ask for; `None` for one that is not known.
fn shape<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<Shape> {
    let (mut wanted, mut group, mut version) = ("", "", "");
    for parameter in parameters {
        match parameter.split_once('=') {
            Some(("as", value)) => wanted = value,
            Some(("g", value)) => group = value,
            Some(("v", value)) => version = value,
            _ => {}
        }
    }
    match (wanted, group, version) {
        ("", ..) => Some(Shape::Object),
        ("Table", "meta.k8s.io", "v1") => Some(Shape::Table),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => Some(Shape::Metadata),
        _ => None,
    }
}

fn compress(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 4), Compression::fast());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}
