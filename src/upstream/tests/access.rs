//! Proving who asks: with passwords, and with tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::json;

use super::faulty::{Answer, Faulty, Request};
use super::real::{Kind, Real};
use super::{Credentials, digest, login, settings, source, tag, upstreams};
use crate::oci::{MediaType, Reference};
use crate::upstream::UpstreamError;

/// `alice` and her password, as `Authorization` has them.
fn alice() -> String {
    format!("Basic {}", STANDARD.encode("alice:secret"))
}

#[tokio::test]
async fn a_password_is_sent_where_it_is_asked_for() {
    let debian = Real::start(&Kind { password: true, ..Kind::default() });
    debian.push("team/app", "v1", b"layer", Some(&alice())).await;
    let upstreams = upstreams(&settings());
    let read = async |credentials: &Credentials| {
        upstreams.repository(&source(&debian.address, "team/app", true), credentials).manifest(&tag("v1")).await
    };
    assert!(read(&login(&debian.address, "alice", "secret")).await.is_ok());
    let wrong = read(&login(&debian.address, "alice", "wrong")).await.unwrap_err();
    assert!(matches!(&wrong, UpstreamError::Unauthorized { with_login: true, .. }), "{wrong}");
    let other = read(&login("quay.io", "alice", "secret")).await.unwrap_err();
    assert!(matches!(&other, UpstreamError::Unauthorized { with_login: false, .. }), "{other}");
}

#[tokio::test]
async fn the_logins_of_the_server_are_consulted_last() {
    let debian = Real::start(&Kind { password: true, ..Kind::default() });
    debian.push("team/app", "v1", b"layer", Some(&alice())).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = json!({"auths": {debian.address.as_str(): {"auth": STANDARD.encode("alice:secret")}}});
    std::fs::write(file.path(), config.to_string()).unwrap();
    let mut settings = settings();
    settings.credentials_file = Some(file.path().to_owned());
    let upstreams = upstreams(&settings);
    let read = async |credentials: &Credentials| {
        upstreams.repository(&source(&debian.address, "team/app", true), credentials).manifest(&tag("v1")).await
    };
    assert!(read(&Credentials::none()).await.is_ok());
    assert!(read(&login(&debian.address, "alice", "wrong")).await.is_err(), "that of the namespace counts");
}

/// Who signs tokens that `docker-registry` takes.
struct Signer {
    key: EcdsaKeyPair,
    certificate: rcgen::Certificate,
}

impl Signer {
    fn new() -> Self {
        let pair = KeyPair::generate().unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.serialize_der()).unwrap();
        let mut parameters = CertificateParams::new(vec!["weir-test".to_owned()]).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { key, certificate: parameters.self_signed(&pair).unwrap() }
    }

    /// A token that allows `actions` on a repository.
    fn token(&self, repository: &str, actions: &[&str]) -> String {
        let now = Timestamp::now().as_second();
        let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(self.certificate.der())]});
        let claims = json!({
            "iss": "weir-test", "aud": "weir-test", "sub": "", "jti": "1", "nbf": now - 60, "iat": now - 60, "exp": now + 300,
            "access": [{"type": "repository", "name": repository, "actions": actions}],
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test]
async fn tokens_are_fetched_once_and_used_again() {
    let signer = Arc::new(Signer::new());
    let signing = Arc::clone(&signer);
    let tokens = Faulty::start(move |_, request| {
        let allowed: &[&str] = if request.header("authorization") == Some(&alice()) { &["pull"] } else { &[] };
        Answer::new(200, "", json!({"token": signing.token("team/app", allowed), "expires_in": 300}).to_string())
    })
    .await;
    let realm = format!("http://{}/token", tokens.address);
    let debian = Real::start(&Kind { tokens: Some((realm, signer.certificate.pem())), ..Kind::default() });
    let pusher = format!("Bearer {}", signer.token("team/app", &["pull", "push"]));
    let manifest = debian.push("team/app", "v1", b"layer", Some(&pusher)).await;

    let upstreams = upstreams(&settings());
    let repository =
        |credentials: &Credentials| upstreams.repository(&source(&debian.address, "team/app", true), credentials);
    let known = repository(&login(&debian.address, "alice", "secret"));
    assert_eq!(known.manifest(&tag("v1")).await.unwrap().content, manifest);
    assert_eq!(known.content(&digest(b"layer"), 100).await.unwrap(), b"layer".as_slice());
    assert_eq!(known.tags().await.unwrap(), ["v1"]);
    let asked = "GET /token?service=weir-test&scope=repository%3Ateam%2Fapp%3Apull&account=alice";
    assert_eq!(tokens.lines(), [asked]);
    let stranger = repository(&Credentials::none()).manifest(&tag("v1")).await.unwrap_err();
    assert!(matches!(stranger, UpstreamError::Unauthorized { with_login: false, .. }), "{stranger}");
}

/// A registry that asks for tokens of its own, and takes those that `takes` does.
async fn registry(
    takes: impl Fn(&str) -> bool + Send + Sync + 'static,
    gives: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static,
) -> Faulty {
    Faulty::start(move |number, request| {
        if request.path.starts_with("/token") {
            return gives(number, request);
        }
        let proof = request.header("authorization").and_then(|proof| proof.strip_prefix("Bearer "));
        if proof.is_some_and(&takes) {
            return Answer::new(200, &format!("content-type: {}", MediaType::OCI_MANIFEST), "{}");
        }
        let host = request.header("host").unwrap_or_default();
        Answer::new(401, &format!("www-authenticate: Bearer realm=\"http://{host}/token\",service=\"s\""), "")
    })
    .await
}

fn token(value: &str, expires_in: u64) -> Answer {
    Answer::new(200, "", json!({"access_token": value, "expires_in": expires_in}).to_string())
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let revoked = Arc::new(AtomicBool::new(false));
    let is_revoked = Arc::clone(&revoked);
    let takes = move |proof: &str| proof == if is_revoked.load(Ordering::Relaxed) { "second" } else { "first" };
    let registry = registry(takes, move |number, _| token(if number < 4 { "first" } else { "second" }, 300)).await;
    let repository = super::repository(&settings(), &registry.address);
    assert!(repository.manifest(&tag("v1")).await.is_ok());
    revoked.store(true, Ordering::Relaxed);
    assert!(repository.manifest(&tag("v1")).await.is_ok());
    let manifest = "GET /v2/team/app/manifests/v1";
    let asked = "GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull";
    assert_eq!(registry.lines(), [manifest, asked, manifest, manifest, asked, manifest]);
}

#[tokio::test]
async fn a_token_is_replaced_before_it_ends() {
    let registry =
        registry(|_| true, |number, _| token(&format!("token-{number}"), if number == 1 { 0 } else { 300 })).await;
    let upstreams = upstreams(&settings());
    let repository = upstreams.repository(&source(&registry.address, "team/app", true), &Credentials::none());
    for _ in 0..3 {
        assert!(repository.manifest(&tag("v1")).await.is_ok());
    }
    let asked = registry.lines().iter().filter(|line| line.starts_with("GET /token")).count();
    assert_eq!(asked, 2, "the first was good for nothing, the second for all others");
    // What one repository showed is expected of the next: its first request has a token already.
    let next = upstreams.repository(&source(&registry.address, "team/other", true), &Credentials::none());
    assert!(next.manifest(&tag("v1")).await.is_ok());
    let lines = registry.lines();
    let asked = "GET /token?service=s&scope=repository%3Ateam%2Fother%3Apull";
    assert_eq!(lines[lines.len() - 2..], [asked, "GET /v2/team/other/manifests/v1"]);
}

#[tokio::test]
async fn many_who_need_a_token_ask_for_one() {
    let registry = registry(|_| true, |_, _| token("x", 300)).await;
    let repository = super::repository(&settings(), &registry.address);
    let reading = (0..20).map(|_| {
        let repository = repository.clone();
        tokio::spawn(async move { repository.manifest(&tag("v1")).await })
    });
    for read in futures_util::future::join_all(reading).await {
        read.unwrap().unwrap();
    }
    assert_eq!(registry.lines().iter().filter(|line| line.starts_with("GET /token")).count(), 1);
}

#[tokio::test]
async fn forms_are_sent_where_nothing_else_is_taken() {
    let registry = registry(
        |proof| proof == "good",
        |_, request| match request.method.as_str() {
            "POST" => token(
                if request.body.contains("grant_type=password&username=alice&password=secret") {
                    "good"
                } else {
                    "bad"
                },
                300,
            ),
            _ => Answer::new(405, "", ""),
        },
    )
    .await;
    let credentials = login(&registry.address, "alice", "secret");
    let repository = upstreams(&settings()).repository(&source(&registry.address, "team/app", true), &credentials);
    assert!(repository.manifest(&tag("v1")).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_is_sent_in_a_form() {
    let registry = registry(
        |proof| proof == "good",
        |_, request| {
            let right =
                request.method == "POST" && request.body.contains("grant_type=refresh_token&refresh_token=r%2Fx");
            token(if right { "good" } else { "bad" }, 300)
        },
    )
    .await;
    let config =
        json!({"auths": {registry.address.as_str(): {"auth": STANDARD.encode("<token>:"), "identitytoken": "r/x"}}});
    let credentials = Credentials::from_config_json(config.to_string().as_bytes()).unwrap();
    let repository = upstreams(&settings()).repository(&source(&registry.address, "team/app", true), &credentials);
    assert!(repository.manifest(&tag("v1")).await.is_ok());
}

#[tokio::test]
async fn whoever_gives_no_tokens_says_nothing_about_manifests() {
    for (status, body) in [(404, ""), (500, ""), (200, "{}"), (200, "no json")] {
        let registry = registry(|_| true, move |_, _| Answer::new(status, "", body)).await;
        let error = super::repository(&settings(), &registry.address).manifest(&tag("v1")).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Status { .. } | UpstreamError::Network(_)), "{status}: {error}");
    }
    let registry = registry(|_| true, |_, _| Answer::new(429, "retry-after: 7", "")).await;
    let error = super::repository(&settings(), &registry.address).manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(error, UpstreamError::TooManyRequests { retry_after: Some(std::time::Duration::from_secs(7)) });
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_words_of_the_registry() {
    let registry =
        registry(|_| true, |_, _| Answer::new(401, "", r#"{"details":"incorrect username or password"}"#)).await;
    let credentials = login(&registry.address, "alice", "wrong");
    let repository = upstreams(&settings()).repository(&source(&registry.address, "team/app", true), &credentials);
    let error = repository.manifest(&Reference::Digest(digest(b"x"))).await.unwrap_err();
    let detail = "incorrect username or password".to_owned();
    assert_eq!(error, UpstreamError::Unauthorized { with_login: true, detail });
}
