//! `TestPullthroughMetrics`, `TestPullthroughManifestMetrics`, `TestMetricsPullthroughBlob`: what is counted of pulls from another
//! registry.

use super::*;

/// The value of a metric; none where it was never counted.
async fn value(weir: &Weir, metric: &str) -> Option<u64> {
    let metrics = weir.get("/metrics").await.is(200).body;
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    metrics.lines().find_map(|line| line.strip_prefix(metric)?.trim().parse().ok())
}

fn requests(read: &str, outcome: &str) -> String {
    format!("weir_upstream_requests_total{{registry=\"other\",read=\"{read}\",outcome=\"{outcome}\"}}")
}

async fn imported() -> (Upstream, Weir, Image) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    (upstream, weir, image)
}

/// A miss counts, with its bytes, and a hit does not.
#[tokio::test]
async fn pullthrough_metrics() {
    let (_upstream, weir, image) = imported().await;
    let before = value(&weir, &requests("blob", "success")).await.unwrap_or_default();
    let bytes = "weir_upstream_received_bytes_total{registry=\"other\",read=\"blob\"}";
    let received = value(&weir, bytes).await.unwrap_or_default();
    for _ in 0..2 {
        app(&weir).blob(&image.layer.digest).await.is(200);
        arrives(&weir, &image.layer).await;
    }
    assert_eq!(value(&weir, &requests("blob", "success")).await, Some(before + 1));
    let size = u64::try_from(image.layer.size()).unwrap();
    assert_eq!(value(&weir, bytes).await, Some(received + size));
}

#[tokio::test]
async fn pullthrough_manifest_metrics() {
    let (upstream, weir, _) = imported().await;
    assert_eq!(value(&weir, &requests("manifest", "success")).await, Some(1));
    let duration = "weir_upstream_request_duration_seconds_count{registry=\"other\",read=\"manifest\"}";
    assert_eq!(value(&weir, duration).await, Some(1));
    try_import(&weir, "app", &[insecure(&format!("{}/a/b:none", upstream.host()), "none")]).await;
    assert_eq!(value(&weir, &requests("manifest", "not-found")).await, Some(1));
    app(&weir).pull("v1").await.is(200);
    assert_eq!(value(&weir, &requests("manifest", "success")).await, Some(1), "a hit is none");
}

#[tokio::test]
async fn metrics_pullthrough_blob() {
    let (mut upstream, weir, image) = imported().await;
    upstream.stop();
    app(&weir).blob(&image.layer.digest).await.is(502);
    let failed = value(&weir, &requests("blob", "failed")).await;
    assert!(failed.is_some_and(|failed| failed > 0), "{failed:?}");
}
