//! An image in words.

use serde_json::Value;

use super::page::{Page, time};
use super::size::human;
use super::{items, text};
use crate::cli::text::printable;
use crate::streams::object::Time;

/// The annotation that is a description.
const DESCRIPTION: &str = "description";

pub(super) fn describe(image: &Value, called: Option<&str>, now: Time) -> String {
    let mut page = Page::default();
    if let Some(name) = called {
        page.field("Image Name", name);
    }
    page.field("Docker Image", text(image, "/dockerImageReference"));
    head(&mut page, image, now);
    layers(&mut page, image);
    signatures(&mut page, image);
    contents(&mut page, image, now);
    page.finish()
}

fn head(page: &mut Page, image: &Value, now: Time) {
    page.field("Name", text(image, "/metadata/name"));
    page.ago("Created", time(image, "/metadata/creationTimestamp"), now);
    let has = |value: &&Value| value.as_object().is_some_and(|fields| !fields.is_empty());
    if let Some(labels) = image.pointer("/metadata/labels").filter(has) {
        page.pairs("Labels", labels, "");
    }
    if let Some(annotations) = image.pointer("/metadata/annotations").filter(has) {
        if let Some(text) = annotations.get(DESCRIPTION).and_then(Value::as_str) {
            page.field("Description", text);
        }
        page.pairs("Annotations", annotations, DESCRIPTION);
    }
}

fn layers(page: &mut Page, image: &Value) {
    let size = image.pointer("/dockerImageMetadata/Size").and_then(Value::as_i64).unwrap_or_default();
    let layers = items(image, "/dockerImageLayers");
    if layers.is_empty() {
        return page.field("Layer Size", &human(size));
    }
    page.field("Image Size", &format!("{} in {} layers", human(size), layers.len()));
    page.fields(
        "Layers",
        layers.iter().map(|layer| {
            let size = layer.get("size").and_then(Value::as_i64).unwrap_or_default();
            format!("{}\t{}", human(size), printable(text(layer, "/name")))
        }),
    );
}

fn signatures(page: &mut Page, image: &Value) {
    for signature in items(image, "/signatures") {
        page.line("Image Signatures:\t ");
        let trusted = |condition: &Value| text(condition, "/type") == "Trusted" && text(condition, "/status") == "True";
        let verified = items(signature, "/conditions").iter().any(trusted);
        let mut line = |label: &str, value: &str| page.line(&format!("\t{label}:\t{}", printable(value)));
        line("Name", text(signature, "/metadata/name"));
        line("Type", text(signature, "/type"));
        line("Status", if verified { "Verified" } else { "Unverified" });
        if verified {
            line("Issued By", text(signature, "/issuedBy/commonName"));
        }
    }
}

fn contents(page: &mut Page, image: &Value, now: Time) {
    let none = Value::Null;
    let metadata = image.get("dockerImageMetadata").unwrap_or(&none);
    page.ago("Image Created", time(metadata, "/Created"), now);
    page.field("Author", text(metadata, "/Author"));
    page.field("Arch", text(metadata, "/Architecture"));
    let manifests = items(image, "/dockerImageManifests");
    if !manifests.is_empty() {
        page.fields(
            "Manifests",
            manifests.iter().map(|manifest| {
                let (os, architecture) = (text(manifest, "/os"), text(manifest, "/architecture"));
                printable(&format!("{os}/{architecture}")) + "\t" + &printable(text(manifest, "/digest"))
            }),
        );
    }
    config(page, metadata.get("Config").unwrap_or(&none));
}

fn config(page: &mut Page, config: &Value) {
    let (entrypoint, command) = (words(config, "/Entrypoint"), words(config, "/Cmd"));
    if !entrypoint.is_empty() {
        page.field("Entrypoint", &entrypoint);
    }
    if !command.is_empty() || entrypoint.is_empty() {
        page.field("Command", &command);
    }
    page.field("Working Dir", text(config, "/WorkingDir"));
    page.field("User", text(config, "/User"));
    page.field("Exposes Ports", &keys(config, "ExposedPorts").join(", "));
    page.pairs("Docker Labels", config.get("Labels").unwrap_or(&Value::Null), "");
    let environment = items(config, "/Env");
    if !environment.is_empty() {
        page.fields("Environment", environment.iter().map(|variable| printable(variable.as_str().unwrap_or_default())));
    }
    let volumes = keys(config, "Volumes");
    if !volumes.is_empty() {
        page.fields("Volumes", volumes.into_iter().map(printable));
    }
}

fn words(value: &Value, pointer: &str) -> String {
    let words: Vec<&str> = items(value, pointer).iter().filter_map(Value::as_str).collect();
    words.join(" ")
}

fn keys<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    let fields = value.get(name).and_then(Value::as_object);
    let mut keys: Vec<&str> = fields.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys
}
