//! Requests and answers, as the proxy reads and writes them.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Fields that a head may have.
const FIELDS: usize = 64;
/// The largest head.
const HEAD: usize = 64 * 1024;

/// A request without a body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    fields: Vec<(String, String)>,
}

/// An answer with all of its body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads one; nothing where the connection ends before it, or begins with what is no HTTP.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>> {
        let Some(head) = read_head(from).await? else { return Ok(None) };
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        ensure!(request.parse(&head)?.is_complete(), "a head without an end");
        let method = request.method.context("no method")?.to_owned();
        let path = request.path.context("no path")?.to_owned();
        Ok(Some(Self { method, path, fields: owned(request.headers) }))
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }

    /// Where the part begins that is asked for.
    pub(super) fn range_start(&self) -> u64 {
        let range = self.field("range").and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
        range.unwrap_or(0)
    }

    /// The same for another host, over a connection of its own.
    pub(super) fn forward(&self, host: &str) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", self.method, self.path);
        let kept = self.fields.iter().filter(|(name, _)| name == "accept" || name == "range");
        for (name, value) in kept {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text + "\r\n"
    }
}

impl Answer {
    /// Reads one up to the end of the connection.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Self> {
        let head = read_head(from).await?.context("no answer")?;
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut answer = httparse::Response::new(&mut fields);
        ensure!(answer.parse(&head)?.is_complete(), "a head without an end");
        let (status, fields) = (answer.code.context("no status")?, owned(answer.headers));
        ensure!(
            find(&fields, "transfer-encoding").is_none(),
            "the registry sent chunks, which this proxy does not read"
        );
        let mut body = Vec::new();
        from.read_to_end(&mut body).await?;
        Ok(Self { status, fields, body })
    }

    /// A refusal as registries write it.
    pub(super) fn refusal(status: u16, code: &str) -> Self {
        Self::document(status, &json!({ "errors": [{ "code": code, "message": "a fault of the run" }] }))
    }

    /// An answer in JSON.
    pub(super) fn document(status: u16, document: &serde_json::Value) -> Self {
        let body = document.to_string().into_bytes();
        let mut answer = Self { status, fields: Vec::new(), body };
        answer.set("content-type", "application/json");
        answer.set("content-length", &answer.body.len().to_string());
        answer
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.fields.retain(|(field, _)| field != name);
    }

    /// The length that is stated.
    pub(super) fn length(&self) -> u64 {
        find(&self.fields, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)
    }

    /// Makes a redirect of it.
    pub(super) fn lead_to(&mut self, url: &str) {
        *self = Self { status: 307, fields: Vec::new(), body: Vec::new() };
        self.set("location", url);
        self.set("content-length", "0");
    }

    /// Its head. The connection ends with it.
    pub(super) fn head(&self) -> String {
        let mut text = format!("HTTP/1.1 {} -\r\nconnection: close\r\n", self.status);
        for (name, value) in self.fields.iter().filter(|(name, _)| name != "connection") {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text + "\r\n"
    }
}

async fn read_head(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < HEAD, "a head of more than {HEAD} bytes");
        match from.read_u8().await {
            Ok(byte) if head.is_empty() && !byte.is_ascii_uppercase() => return Ok(None),
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(error) => return Err(error).context("a head broke off"),
        }
    }
    Ok(Some(head))
}

fn owned(fields: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let owned = |field: &httparse::Header<'_>| {
        (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned())
    };
    fields.iter().map(owned).collect()
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}
