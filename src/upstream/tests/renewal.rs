//! Files that change.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::faulty::{Answer, Faulty};
use super::{Credentials, settings, source, tag, upstreams};
use crate::oci::MediaType;

#[tokio::test]
async fn new_logins_are_taken_up() {
    let proof = |password: &str| STANDARD.encode(format!("alice:{password}"));
    let expected = format!("Basic {}", proof("new"));
    let registry = Faulty::start(move |_, request| {
        if request.header("authorization") == Some(&expected) {
            return Answer::new(200, &format!("content-type: {}", MediaType::OCI_MANIFEST), r#"{"schemaVersion":2}"#);
        }
        Answer::new(401, "www-authenticate: Basic realm=\"x\"", "")
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: String| std::fs::write(file.path(), text).unwrap();
    let config = |password: &str| json!({"auths": {registry.address.as_str(): {"auth": proof(password)}}}).to_string();
    write(config("old"));
    let mut settings = settings();
    settings.credentials_file = Some(file.path().to_owned());
    let (upstreams, stop) = (upstreams(&settings), CancellationToken::new());
    let renewing = tokio::spawn(upstreams.clone().renew(Duration::from_millis(2), stop.clone()));
    let read = async || {
        let repository = upstreams.repository(&source(&registry.address, "team/app", true), &Credentials::none());
        repository.manifest(&tag("v1")).await.is_ok()
    };
    assert!(!read().await);
    // What cannot be read changes nothing.
    write("no logins".to_owned());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!read().await);
    write(config("new"));
    let taken_up = async {
        while !read().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), taken_up).await.unwrap();
    stop.cancel();
    renewing.await.unwrap();
}
