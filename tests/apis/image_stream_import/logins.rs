//! Registries that ask who is there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::{image, images, import, status_of, stream};
use crate::harness::{Upstream, Weir, reading};

/// Keeps a login for a registry in a secret of `team`, as `oc create secret docker-registry` does.
pub(super) async fn secret(weir: &Weir, name: &str, registry: &str, login: &str) {
    let config = json!({ "auths": { registry: { "auth": BASE64.encode(login) } } });
    let body = json!({
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": { "name": name },
        "type": "kubernetes.io/dockerconfigjson",
        "data": { ".dockerconfigjson": BASE64.encode(config.to_string()) },
    });
    weir.post("/api/v1/namespaces/team/secrets").body(body.to_string()).await.is(201);
}

async fn delete_secret(weir: &Weir, name: &str) {
    weir.delete(format!("/api/v1/namespaces/team/secrets/{name}")).await.is(200);
}

/// The namespace, which secrets need.
pub(super) async fn namespace(weir: &Weir) {
    let body =
        json!({ "kind": "ProjectRequest", "apiVersion": "project.openshift.io/v1", "metadata": { "name": "team" } });
    weir.post("/apis/project.openshift.io/v1/projectrequests").body(body.to_string()).await.is(201);
}

#[tokio::test]
async fn secrets_of_the_namespace_are_used() {
    let (upstream, weir) = (Upstream::private(), Weir::with(reading));
    namespace(&weir).await;
    upstream.put_image("team/secret", "latest", "one");
    let spec = images(&[image(&format!("{}/team/secret", upstream.host()), "latest")]);
    let message = format!("you may not have access to the container image \"{}/team/secret:latest\"", upstream.host());
    for login in [None, Some("alice:wrong")] {
        if let Some(login) = login {
            secret(&weir, "wrong", &upstream.host(), login).await;
        }
        let answer = import(&weir, spec.clone()).await;
        let status = &answer["status"]["images"][0]["status"];
        assert_eq!((&status["reason"], &status["message"]), (&"Unauthorized".into(), &message.clone().into()));
    }
    delete_secret(&weir, "wrong").await;
    secret(&weir, "right", &upstream.host(), "alice:secret").await;
    let answer = import(&weir, spec).await;
    assert_eq!(answer["status"]["images"][0]["status"]["status"], "Success", "{answer}");
    assert_eq!(status_of(&stream(&weir).await, "latest").get("conditions"), None);
}

#[tokio::test]
async fn a_useless_login_does_not_keep_away_from_what_is_open() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    namespace(&weir).await;
    upstream.put_image("a/b", "v1", "one");
    secret(&weir, "fake", &upstream.host(), "nobody:nothing").await;
    let answer = import(&weir, images(&[image(&format!("{}/a/b:v1", upstream.host()), "v1")])).await;
    assert_eq!(answer["status"]["images"][0]["status"]["status"], "Success", "{answer}");
}
