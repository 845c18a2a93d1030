//! `GET <location>`: where an upload stands.

use crate::harness::Weir;

#[tokio::test]
async fn tells_the_last_byte_that_is_held() {
    let weir = Weir::start();
    let session = weir.repository("team/app").upload().await;
    for (offset, size) in [(0, 22), (22, 1), (23, 1000)] {
        session.chunk(offset, &vec![b'x'; size]).await.is(202);
        let reply = session.status().await.is(204).has("range", format!("0-{}", offset + size - 1)).holds("");
        assert!(session.location.ends_with(reply.header("docker-upload-uuid")));
        assert_eq!(reply.location(), session.location);
    }
}

#[tokio::test]
async fn head_asks_the_same() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"four").await.is(202);
    weir.head(&session.location).await.is(204).has("range", "0-3");
}
