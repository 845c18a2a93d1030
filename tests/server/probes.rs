//! `/healthz`, `/readyz`, `/metrics`, and the id of each request.

use crate::harness::Weir;

/// The metrics, once they hold a line.
async fn metrics_with(weir: &Weir, line: &str) -> String {
    // A request is counted when its body has been handed over, which a client may notice first.
    for _ in 0..200 {
        let metrics = String::from_utf8(weir.get("/metrics").await.is(200).body.to_vec()).expect("text");
        if metrics.lines().any(|found| found == line) {
            return metrics;
        }
    }
    String::from_utf8(weir.get("/metrics").await.is(200).body.to_vec()).expect("text")
}

#[tokio::test]
async fn a_server_that_serves_is_healthy_and_ready() {
    let weir = Weir::durable();
    weir.get("/healthz").await.is(200).has("content-type", "text/plain; charset=utf-8").holds("ok\n");
    weir.get("/readyz").await.is(200).has("content-type", "text/plain; charset=utf-8").holds("ready\n");
    weir.head("/readyz").await.is(200).has("content-length", "6").holds("");
}

#[tokio::test]
async fn probes_take_no_other_method() {
    let weir = Weir::start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        weir.post(path).await.is(405).has("allow", "GET, HEAD");
    }
}

#[tokio::test]
async fn metrics_are_in_the_format_of_openmetrics() {
    let weir = Weir::start();
    let reply = weir.get("/metrics").await.is(200);
    let reply = reply.has("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(reply.body.ends_with(b"# EOF\n"));
}

#[tokio::test]
async fn labels_of_metrics_are_the_names_of_routes_and_never_paths() {
    let weir = Weir::start();
    let repository = weir.repository("secret/project");
    let image = repository.push_image("secret-tag", "content").await;
    repository.pull("secret-tag").await.is(200);
    weir.get(repository.path("tags/list")).await.is(200);
    weir.get("/apis/image.openshift.io/v1/namespaces/secret/imagestreams/project").await.is(200);
    weir.get("/v2/secret/nowhere").await.is(404);
    weir.get("/secret.php").await.is(404);
    let method = http::Method::from_bytes(b"SECRET").expect("a method");
    weir.call(method, "/v2/").await.is(405);
    let line = "weir_http_requests_total{endpoint=\"unmatched\",method=\"other\",status=\"4xx\"} 1";
    let metrics = metrics_with(&weir, line).await;
    for line in [
        line,
        "weir_http_requests_total{endpoint=\"manifest-push\",method=\"PUT\",status=\"2xx\"} 1",
        "weir_http_requests_total{endpoint=\"manifest-read\",method=\"GET\",status=\"2xx\"} 1",
        "weir_http_requests_total{endpoint=\"tags\",method=\"GET\",status=\"2xx\"} 1",
        "weir_http_requests_total{endpoint=\"imagestreams\",method=\"GET\",status=\"2xx\"} 1",
        "weir_http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"4xx\"} 2",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no {line} in\n{metrics}");
    }
    for secret in ["secret", "SECRET", &image.digest()] {
        assert!(!metrics.contains(secret), "{secret} in\n{metrics}");
    }
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    let weir = Weir::start();
    let mut seen = Vec::new();
    for path in ["/v2/", "/v2/team/app/tags/list", "/apis/x", "/healthz", "/nowhere"] {
        let id = weir.get(path).await.header("x-request-id").to_owned();
        assert!(!id.is_empty() && !seen.contains(&id), "{path}: {id}");
        seen.push(id);
        let kept = weir.get(path).header("x-request-id", "build-42").await;
        kept.has("x-request-id", "build-42");
    }
}
