//! What the access log says of a request, and what it never says.

use std::io;
use std::sync::Mutex;

use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::service_fn;
use tracing::subscriber::DefaultGuard;

use super::super::stack::Application;
use super::*;

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn capture() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    /// The lines of one target.
    fn of(&self, target: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["target"] == target)
            .collect()
    }

    /// The fields of the only line of the access log.
    fn only(&self) -> Value {
        let mut lines = self.of("weir::access");
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)["fields"].take()
    }
}

fn application(access: bool) -> impl Application {
    let log = Log { filter: "off".to_owned(), format: LogFormat::Text, access };
    let handler = service_fn(async |request| {
        tracing::warn!(target: "handler", "at work");
        handle(request).await
    });
    stack(handler, &limits(), &log, &Arc::new(Metrics::new()), &TaskTracker::new())
}

fn request(path: &str, body: &'static str) -> Request<RequestBody> {
    let mut request = Request::put(path).body(RequestBody::full(body)).unwrap();
    request.headers_mut().insert("authorization", "Basic secret".parse().unwrap());
    request.headers_mut().insert("x-request-id", "r1".parse().unwrap());
    request.extensions_mut().insert(Peer {
        address: SocketAddr::from(([10, 0, 0, 1], 5000)),
        scheme: crate::http::Scheme::Http,
        listener: 0,
    });
    request
}

#[tokio::test]
async fn a_line_says_what_was_asked_and_answered() {
    let (lines, _guard) = Lines::capture();
    let response = application(true).answer(request("/count?token=secret", "weir")).await.unwrap();
    assert!(lines.of("weir::access").is_empty(), "logged before its body has ended");
    assert_eq!(response.headers()["x-request-id"], "r1");
    response.into_body().collect().await.unwrap();

    let mut line = lines.only();
    assert!(line["duration_ms"].take().is_f64());
    let expected = serde_json::json!({
        "message": "PUT /count 200", "request.id": "r1", "client.address": "10.0.0.1:5000", "http.method": "PUT",
        "http.path": "/count", "http.status": 200, "endpoint.name": "test", "outcome": "complete",
        "received_bytes": 4, "sent_bytes": 1, "duration_ms": null,
    });
    assert_eq!(line, expected);
}

#[tokio::test]
async fn what_a_handler_logs_has_the_id_of_its_request() {
    let (lines, _guard) = Lines::capture();
    drop(application(true).answer(request("/hello", "")).await);
    assert_eq!(lines.of("handler")[0]["span"]["request.id"], "r1");
}

#[tokio::test]
async fn a_client_that_leaves_is_logged_by_how_far_it_came() {
    let (lines, _guard) = Lines::capture();
    let mut waiting = application(true).answer(request("/slow", ""));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    drop(waiting);
    let line = lines.only();
    assert_eq!((line["outcome"].as_str(), &line["http.status"]), (Some("abandoned"), &Value::Null));

    let (lines, _guard) = Lines::capture();
    let mut reading = application(true).answer(request("/endless", "")).await.unwrap();
    reading.body_mut().frame().await.unwrap().unwrap();
    drop(reading);
    let line = lines.only();
    assert_eq!((line["outcome"].as_str(), line["sent_bytes"].as_u64()), (Some("cut"), Some(64 * 1024)));
}

#[tokio::test]
async fn a_body_that_fails_is_logged_with_its_reason() {
    let (lines, _guard) = Lines::capture();
    let response = application(true).answer(request("/broken", "")).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!(lines.only()["outcome"], "failed");
    let errors = lines.of("weir::http::record");
    assert_eq!((errors.len(), errors[0]["fields"]["error"].as_str()), (1, Some("the disk is gone")));
}

#[tokio::test]
async fn an_answer_without_a_body_is_complete() {
    let (lines, _guard) = Lines::capture();
    let mut head = request("/hello", "");
    *head.method_mut() = http::Method::HEAD;
    drop(application(true).answer(head).await);
    assert_eq!(lines.only()["outcome"], "complete");
}

#[tokio::test]
async fn without_an_access_log_there_is_no_line() {
    let (lines, _guard) = Lines::capture();
    drop(application(false).answer(request("/hello", "")).await);
    assert!(lines.of("weir::access").is_empty());
}
