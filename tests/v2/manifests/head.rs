//! `HEAD /v2/<name>/manifests/<reference>`

use crate::harness::{Weir, sha256};

#[tokio::test]
async fn answers_with_the_headers_of_get() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    for reference in ["v1", &image.digest()] {
        let (head, get) =
            (weir.head(repository.manifest_path(reference)).await.is(200), repository.pull(reference).await.is(200));
        let head = head.without_its_own().has("content-length", image.bytes.len().to_string()).holds("");
        assert_eq!(head.headers, get.without_its_own().headers);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let weir = Weir::start();
    weir.repository("app").push_image("v1", "x").await;
    for reference in ["v2", ".INVALID_MANIFEST_NAME", &sha256("x")] {
        weir.head(weir.repository("app").manifest_path(reference)).await.is(404).holds("");
        weir.head(weir.repository("never/seen").manifest_path(reference)).await.is(404).holds("");
    }
}
