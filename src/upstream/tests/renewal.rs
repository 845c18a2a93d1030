//! Files that change.

use std::sync::{Arc, Mutex};
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
    let expected = Arc::new(Mutex::new("old"));
    let valid = Arc::clone(&expected);
    let registry = Faulty::start(move |_, request| {
        let login = format!("Basic {}", proof(*valid.lock().unwrap()));
        if request.header("authorization") == Some(&login) {
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
    let first = upstreams.0.own.load_full();
    // It changes before anybody looks at it again.
    write(config("older"));
    let renewing = tokio::spawn(upstreams.clone().renew(Duration::from_millis(2), stop.clone()));
    let read = async || {
        let repository = upstreams.repository(&source(&registry.address, "team/app", true), &Credentials::none());
        repository.manifest(&tag("v1")).await.is_ok()
    };
    let settles = async |wanted: bool| {
        let settled = async {
            while read().await != wanted {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), settled).await.unwrap();
    };
    settles(false).await;
    assert!(!Arc::ptr_eq(&first, &upstreams.0.own.load_full()));
    write(config("old"));
    settles(true).await;
    // What cannot be read changes nothing.
    write("no logins".to_owned());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(read().await, "the last good login counts");
    *expected.lock().unwrap() = "new";
    assert!(!read().await);
    write(config("new"));
    settles(true).await;
    stop.cancel();
    renewing.await.unwrap();
}
