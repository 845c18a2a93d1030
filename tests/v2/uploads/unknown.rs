//! Sessions that are not there, for every verb.

use http::Method;

use crate::harness::{Session, Weir, sha256};

const NOBODY: &str = "5f2d3c1a-9b8e-4f70-8a61-0c2d4e6f8a90";

async fn is_unknown(session: &Session<'_>) {
    for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
        let path = format!("{}?digest={}", session.location, sha256("x"));
        session.weir.call(method, path).body("x").await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn an_id_that_was_never_given_is_unknown() {
    let weir = Weir::start();
    for id in [NOBODY, "1", "..", &NOBODY.to_uppercase(), "5f2d3c1a9b8e4f708a610c2d4e6f8a90"] {
        is_unknown(&Session { weir: &weir, location: format!("/v2/app/blobs/uploads/{id}") }).await;
    }
}

#[tokio::test]
async fn a_session_belongs_to_its_repository() {
    let weir = Weir::start();
    let session = weir.repository("team/app").upload().await;
    let elsewhere = session.location.replace("team/app", "team/other");
    is_unknown(&Session { weir: &weir, location: elsewhere }).await;
    session.stands_at(0).await;
}

#[tokio::test]
async fn a_session_that_was_cancelled_is_unknown() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.cancel().await.is(204);
    is_unknown(&session).await;
}
