//! `PUT /v2/<name>/manifests/<reference>`: how large a manifest may be.

use serde_json::json;

use crate::harness::{Blob, Manifest, Weir};

/// A manifest of at least `size` bytes, most of them in annotations.
fn large(size: usize) -> Manifest {
    let annotation = "a".repeat(10_000);
    let annotations: serde_json::Map<_, _> =
        (0..size.div_ceil(10_000)).map(|number| (format!("com.example.{number}"), json!(annotation))).collect();
    Manifest::image(&Blob::of("{}"), &[]).edited(|image| image["annotations"] = json!(annotations))
}

#[tokio::test]
async fn a_manifest_of_almost_4_megabytes_is_taken() {
    let weir = Weir::durable();
    let repository = weir.repository("app");
    repository.push_blob(&Blob::of("{}")).await;
    let manifest = large(3_900_000);
    for reference in ["large", &manifest.digest()] {
        repository.push(reference, &manifest).await.is(201);
        repository.holds(reference, &manifest).await;
    }
}

#[tokio::test]
async fn a_larger_manifest_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let manifest = large(5_000_000);
    repository.push("large", &manifest).await.is_oci_error(413, "SIZE_INVALID");
    repository.push("large", &manifest).streamed(manifest.bytes.clone()).await.is_oci_error(413, "SIZE_INVALID");
    repository.pull("large").await.is(404);
    assert_eq!(weir.files_in("blobs/sha256"), 0);
}

#[tokio::test]
async fn the_limit_can_be_set_and_is_meant_exactly() {
    let manifest = large(20_000);
    let size = manifest.bytes.len();
    let weir = Weir::with(|config| config.registry.manifest_limit = size as u64);
    let repository = weir.repository("app");
    repository.push("exact", &manifest).await.is(201);
    let longer = Manifest { bytes: [&manifest.bytes[..], b"\n"].concat().into(), ..manifest };
    repository.push("longer", &longer).await.is_oci_error(413, "SIZE_INVALID");
    repository.push("longer", &longer).streamed(longer.bytes.clone()).await.is_oci_error(413, "SIZE_INVALID");
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let weir = Weir::start();
    let mut connection = weir.connect().await;
    connection
        .send_head(&["PUT /v2/app/manifests/v1 HTTP/1.1", "Content-Length: 9999999", "Expect: 100-continue"])
        .await;
    connection.reply().await.is_oci_error(413, "SIZE_INVALID");
}
