//! What is counted.

use super::*;

#[tokio::test]
async fn fills_are_counted_from_beginning_to_end() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::new(&content, [Act::Break(2_000_000), Act::Send]);
    source.gate.send_replace(10_000);
    let first = site.following(&source).await;
    let second = site.following(&source).await;
    assert!(site.metrics.encode().unwrap().contains("weir_fill_running 1\n"));
    source.gate.send_replace(u64::MAX);
    assert_eq!((read(&first).await.1, read(&second).await.1), (None, None));
    site.settle().await;
    let unknown = Scripted::new(&fresh(LARGE), [Act::Fail(UpstreamError::NotFound)]);
    assert!(site.follow(&unknown).await.is_err());
    site.settle().await;
    let text = site.metrics.encode().unwrap();
    for line in [
        "weir_fill_started_total 2\n",
        "weir_fill_joined_total 1\n",
        "weir_fill_resumed_total 1\n",
        "weir_fill_running 0\n",
        "weir_fill_ended_total{outcome=\"success\"} 1\n",
        "weir_fill_ended_total{outcome=\"not-found\"} 1\n",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}
