//! Importing a tag from another registry, as `oc import-image` does.

use anyhow::{Result, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{Api, expect};

/// What the API calls itself.
const VERSION: &str = "image.openshift.io/v1";

/// Imports an image under a tag whose content is read through Weir; fails unless its status says that it succeeded.
pub(super) async fn import(api: &Api, repository: (&str, &str), tag: &str, from: &str) -> Result<()> {
    let (namespace, name) = repository;
    let body = json!({
        "apiVersion": VERSION,
        "kind": "ImageStreamImport",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "import": true,
            "images": [{
                "from": { "kind": "DockerImage", "name": from },
                "to": { "name": tag },
                "importPolicy": { "importMode": "PreserveOriginal" },
                "referencePolicy": { "type": "Local" },
            }],
        },
    });
    let path = format!("/apis/{VERSION}/namespaces/{namespace}/imagestreamimports");
    let answer = api.request(Method::POST, &path).json(&body).send().await?;
    let answer: Value = expect(answer, StatusCode::CREATED).await?.json().await?;
    let status = &answer["status"]["images"][0]["status"];
    if status["status"] != "Success" {
        bail!("{from} was not imported: {status}");
    }
    Ok(())
}
