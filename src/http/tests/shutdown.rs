//! How serving ends: what is in flight may end, and nothing begins.

use tokio::time::{Instant, sleep};

use super::*;

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn an_upload_in_flight_is_finished() {
    let server = start(&limits()).await;
    let mut idle = server.connect().await;
    idle.get("/hello").await;
    idle.read_until("hello").await;
    let mut uploader = server.connect().await;
    uploader.put("/count", 4).await;
    uploader.send("we").await;
    sleep(SHORT / 4).await;

    let stopping = tokio::spawn(server.serving.stop());
    assert_eq!(idle.read_to_end().await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "accepted while stopping");
    assert!(!stopping.is_finished());

    uploader.send("ir").await;
    let answer = uploader.read_to_end().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with('4'), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_is_cut_after_the_grace_period() {
    let server = start(&Limits { grace: SHORT, ..limits() }).await;
    let mut uploader = server.connect().await;
    uploader.put("/count", 4).await;
    let mut watcher = server.connect().await;
    watcher.get("/hold").await;
    watcher.read_until("\r\n\r\n").await;
    let mut silent = server.connect().await;
    let mut streaming = server.connect().await;
    // Preface, SETTINGS, and HEADERS for GET http /hold without a body, from the static table (RFC 7541, appendix A).
    streaming.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    streaming.send(b"\0\0\x09\x01\x05\0\0\0\x01\x82\x86\x04\x05/hold").await;
    while !server.metrics.encode().unwrap().contains("weir_http_requests_in_flight 3\n") {
        sleep(SHORT / 20).await;
    }

    let begun = Instant::now();
    server.serving.stop().await;
    assert!((SHORT..PATIENCE / 2).contains(&begun.elapsed()), "stopped after {:?}", begun.elapsed());
    for client in [&mut uploader, &mut watcher, &mut silent, &mut streaming] {
        client.read_to_end().await;
    }
}
