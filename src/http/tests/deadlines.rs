//! What is given up: the silent, the slow and the stuck, and nothing else.

use tokio::time::{Instant, sleep};

use super::*;

const SHORT: Duration = Duration::from_millis(200);

fn impatient() -> Limits {
    Limits { first_byte: SHORT, idle: SHORT, ..limits() }
}

/// Waits for the end of the connection; fails if that comes before `earliest`.
async fn closed_after(client: &mut Connection, earliest: Duration) -> String {
    let begun = Instant::now();
    let read = client.read_to_end().await;
    assert!(begun.elapsed() >= earliest, "closed after {:?}", begun.elapsed());
    assert!(begun.elapsed() < PATIENCE / 2, "closed only after {:?}", begun.elapsed());
    read
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_given_up() {
    let server = start(&impatient()).await;
    closed_after(&mut server.connect().await, SHORT / 2).await;
    let server = start_tls(&impatient()).await;
    closed_after(&mut server.connect().await, SHORT / 2).await;
}

#[tokio::test]
async fn a_head_that_trickles_in_is_given_up() {
    let server = start(&impatient()).await;
    let Connection(stream) = server.connect().await;
    let (read, mut write) = stream.into_split();
    let trickling = tokio::spawn(async move {
        while write.write_all(b"G").await.is_ok() {
            sleep(SHORT / 10).await;
        }
    });
    let mut read = read;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE / 2, read.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a head that never ends is still read");
    trickling.abort();
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let server = start(&impatient()).await;
    let mut client = server.connect().await;
    client.get("/hello").await;
    client.read_until("hello").await;
    assert_eq!(closed_after(&mut client, SHORT / 2).await, "");
}

#[tokio::test]
async fn an_idle_connection_of_http2_is_told_to_go() {
    let server = start(&impatient()).await;
    let mut client = server.connect().await;
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    // Answers the first ping of a shutdown in no way, so that the connection is cut in the end.
    let begun = Instant::now();
    let read = client.read_to_end().await;
    assert!((SHORT / 2..3 * SHORT).contains(&begun.elapsed()), "closed after {:?}", begun.elapsed());
    // Type 7 is GOAWAY (RFC 9113, section 6.8): eight bytes, on stream 0.
    assert!(read.contains("\0\0\u{8}\u{7}\0\0\0\0\0"), "{read:?}");
}

#[tokio::test]
async fn an_upload_lives_as_long_as_it_moves() {
    let server = start(&impatient()).await;
    let mut client = server.connect().await;
    client.put("/count", 9).await;
    for _ in 0..9 {
        sleep(SHORT / 4).await;
        client.send("x").await;
    }
    assert!(client.read_until("\r\n\r\n9").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_upload_that_stalls_is_cut() {
    let server = start(&impatient()).await;
    let mut client = server.connect().await;
    client.put("/count", 8).await;
    client.send("half").await;
    assert_eq!(closed_after(&mut client, SHORT / 2).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let server = start(&Limits { requests: 1, ..impatient() }).await;
    let mut stuck = server.connect().await;
    stuck.get("/endless").await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        sleep(SHORT / 4).await;
        let mut other = server.connect().await;
        other.get("/hello").await;
        if other.read_until("\r\n\r\n").await.starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(Instant::now() < deadline, "the stuck download still counts");
    }
}

#[tokio::test]
async fn time_that_the_server_takes_is_not_the_clients() {
    let server = start(&impatient()).await;
    let mut working = server.connect().await;
    let mut watching = server.connect().await;
    working.get("/slow").await;
    watching.get("/watch").await;
    working.read_until("at last").await;
    watching.read_until("news").await;
}
