//! Pushing blobs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::header;
use weir_storage::metadata::faulty::{Operation, When};
use weir_storage::{Error, ManualClock};

use crate::harness::{Blob, Call, Manifest, Session, Weir, files_below, sha256};

/// <https://github.com/distribution/distribution/issues/3141>
#[tokio::test]
async fn out_of_order_patch_keeps_the_session() {
    let weir = Weir::start();
    let blob = Blob::random(1, 3000);
    let session = weir.repository("app").upload().await;
    session.chunk(0, &blob.bytes[..1000]).await.is(202);
    for ahead in [2000, 1001] {
        session.chunk(ahead, &blob.bytes[ahead..]).await.is_oci_error(416, "BLOB_UPLOAD_INVALID");
        session.stands_at(1000).await;
    }
    session.chunk(1000, &blob.bytes[1000..]).await.is(202);
    session.finish(&blob.digest).await.is(201);
}

/// <https://github.com/opencontainers/distribution-spec/issues/590>
#[tokio::test]
async fn out_of_order_closing_put_leaves_the_data_untouched() {
    let weir = Weir::start();
    let blob = Blob::random(1, 3000);
    let session = weir.repository("app").upload().await;
    session.chunk(0, &blob.bytes[..1000]).await.is(202);
    for wrong in [0, 2000] {
        let reply = session.finish_with(&blob.digest, wrong, &blob.bytes[1000..]).await;
        reply.is_oci_error(416, "BLOB_UPLOAD_INVALID");
    }
    session.finish_with(&blob.digest, 1000, &blob.bytes[1000..]).await.is(201);
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

/// <https://github.com/opencontainers/distribution-spec/issues/577>,
/// <https://github.com/opencontainers/distribution-spec/pull/578>,
/// <https://github.com/distribution/distribution/issues/2363>
#[tokio::test]
async fn the_range_of_an_empty_upload_is_never_negative() {
    let weir = Weir::start();
    let begun = weir.post("/v2/app/blobs/uploads/").await.is(202).has("range", "0-0");
    let session = Session { weir: &weir, location: begun.location() };
    weir.patch(&session.location).await.is(202).has("range", "0-0");
    session.status().await.is(204).has("range", "0-0");
    session.chunk(7, b"ahead").await.is(416).has("range", "0-0");
}

/// <https://github.com/regclient/regclient/issues/961>
#[tokio::test]
async fn the_range_counts_from_the_beginning_of_the_blob() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, &[1; 2000]).await.is(202).has("range", "0-1999");
    session.chunk(2000, &[2; 10]).await.is(202).has("range", "0-2009");
    session.status().await.is(204).has("range", "0-2009");
}

/// <https://github.com/aws/containers-roadmap/issues/2831>
#[tokio::test]
async fn the_range_advances_with_each_chunk() {
    let weir = Weir::start();
    let blob = Blob::random(2, 100 * 100);
    let session = weir.repository("app").upload().await;
    for offset in (0..blob.size()).step_by(100) {
        session.chunk(offset, &blob.bytes[offset..offset + 100]).await.is(202);
        session.stands_at(offset + 100).await;
    }
    session.finish(&blob.digest).await.is(201);
}

/// <https://github.com/opencontainers/distribution-spec/issues/303>,
/// <https://github.com/opencontainers/distribution-spec/issues/506>,
/// <https://github.com/opencontainers/distribution-spec/issues/576>
#[tokio::test]
async fn a_streamed_patch_without_a_range_appends() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    weir.patch(&session.location).streamed("first ").await.is(202).has("range", "0-5");
    weir.patch(&session.location).streamed("second").await.is(202).has("range", "0-11");
    session.finish(&sha256("first second")).await.is(201);
}

/// <https://github.com/opencontainers/distribution-spec/issues/414>
#[tokio::test]
async fn a_chunk_that_is_sent_again_is_refused_and_not_appended() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"Hello, world, and hi!!").await.is(202).has("range", "0-21");
    let refused = session.chunk(0, b"Hello, world, and hi!!").await.has("range", "0-21");
    refused.has("location", &session.location).is_oci_error(416, "BLOB_UPLOAD_INVALID");
    session.finish(&sha256("Hello, world, and hi!!")).await.is(201);
}

/// <https://github.com/GoogleContainerTools/jib/issues/4301>
#[tokio::test]
async fn a_closing_put_can_be_retried_after_the_answer_was_lost() {
    let weir = Weir::durable();
    let repository = weir.repository("app");
    // Each time the connection is lost at another moment of the commit.
    join_all((0..24).map(|attempt| {
        let (weir, repository) = (&weir, &repository);
        async move {
            let blob = Blob::random(attempt, 50_000);
            let session = repository.upload().await;
            session.chunk(0, &blob.bytes).await.is(202);
            let mut connection = weir.connect().await;
            let head = format!("PUT {}?digest={} HTTP/1.1", session.location, blob.digest);
            connection.send_head(&[&head, "Content-Length: 0"]).await;
            drop(connection);
            for _ in 0..2 {
                session.finish(&blob.digest).await.is(201).has("docker-content-digest", &blob.digest);
            }
            repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
        }
    }))
    .await;
}

/// <https://github.com/sonatype/nexus-public/issues/967>,
/// <https://github.com/pulp/pulp_container/issues/1730>,
/// <https://github.com/artifact-keeper/artifact-keeper/issues/3851>,
/// <https://github.com/artifact-keeper/artifact-keeper/issues/3920>,
/// <https://github.com/distribution/distribution/issues/2077>,
/// <https://github.com/distribution/distribution/issues/4887>,
/// <https://github.com/distribution/distribution/issues/3026>
#[tokio::test]
async fn concurrent_commits_of_one_blob_all_succeed() {
    let weir = Weir::durable();
    let blob = Blob::random(4, 700_000);
    let names = ["app", "other", "third"];
    join_all((0..16).map(|client| {
        let (repository, blob) = (weir.repository(names[client % names.len()]), &blob);
        async move {
            repository.push_blob(blob).await;
            repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
        }
    }))
    .await;
    assert_eq!((weir.files_in("blobs/sha256"), weir.files_in("uploads")), (1, 0));
}

/// <https://github.com/containerd/containerd/issues/2706>,
/// <https://github.com/containerd/containerd/pull/5379>
#[tokio::test]
async fn an_image_with_one_layer_twice_can_be_pushed_in_parallel() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let layer = Blob::random(5, 100_000);
    let config = Blob::config(&[&layer, &layer]);
    join_all([&layer, &layer, &config, &layer].map(|blob| repository.push_blob(blob))).await;
    let image = Manifest::image(&config, &[&layer, &layer]);
    repository.push("latest", &image).await.is(201).has_no("warning");
    repository.holds("latest", &image).await;
}

/// <https://github.com/distribution/distribution/issues/2869>
#[tokio::test]
async fn an_upload_goes_on_though_another_version_wrote_its_hash_state() {
    let mut weir = Weir::durable();
    let blob = Blob::random(6, 200_000);
    let location = {
        let session = weir.repository("app").upload().await;
        session.chunk(0, &blob.bytes[..150_000]).await.is(202);
        session.location
    };
    weir.stop();
    let states = files_below(&weir.data().join("uploads"));
    let state = states.iter().find(|file| file.extension().is_some_and(|extension| extension == "json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
    json["hash"] = "00ff".into();
    std::fs::write(state, json.to_string()).unwrap();
    weir.restart();
    let session = Session { weir: &weir, location };
    session.stands_at(150_000).await;
    session.finish_with(&blob.digest, 150_000, &blob.bytes[150_000..]).await.is(201);
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

/// <https://github.com/distribution/distribution/issues/4074>,
/// <https://github.com/distribution/distribution/issues/4406>
#[tokio::test]
async fn abandoned_uploads_do_not_fill_the_store() {
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    let weir = Weir::hurried(Arc::clone(&clock) as _);
    let abandoned = weir.repository("app").upload().await;
    abandoned.chunk(0, &[0; 10_000]).await.is(202);
    clock.advance(Duration::from_hours(23));
    let in_use = weir.repository("app").upload().await;
    clock.advance(Duration::from_hours(2));
    // It is looked for again and again; a session that stays fails the test below.
    for _ in 0..5000 {
        if abandoned.status().await.status != 204 {
            break;
        }
    }
    abandoned.status().await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    in_use.stands_at(0).await;
    in_use.cancel().await.is(204);
    assert_eq!(weir.files_in("uploads"), 0);
}

/// <https://github.com/distribution/distribution/issues/2225>,
/// <https://github.com/distribution/distribution/issues/479>,
/// <https://github.com/distribution/distribution/issues/1177>,
/// <https://github.com/distribution/distribution/issues/970>,
/// <https://github.com/distribution/distribution/issues/794>
#[tokio::test]
async fn locations_name_no_scheme_and_no_host() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let behind_a_proxy = |call: Call| {
        let call = call.header("x-forwarded-proto", "https").header("x-forwarded-host", "registry.example");
        call.header("forwarded", "proto=https;host=registry.example")
    };
    let begun = behind_a_proxy(weir.post(repository.path("blobs/uploads/"))).await.is(202);
    let session = Session { weir: &weir, location: begun.location() };
    let patched = behind_a_proxy(session.chunk(0, b"x")).await.is(202);
    let asked = behind_a_proxy(session.status()).await.is(204);
    let blob = behind_a_proxy(session.finish(&sha256("x"))).await.is(201);
    let manifest = behind_a_proxy(repository.push("v1", &Manifest::index(&[]))).await.is(201);
    for reply in [begun, patched, asked, blob, manifest] {
        assert!(reply.header("location").starts_with("/v2/team/app/"), "{}", reply.what);
    }
}

/// <https://github.com/oras-project/rust-oci-client/issues/35>
#[tokio::test]
async fn a_chunk_may_be_larger_than_4_megabytes() {
    let weir = Weir::start();
    let blob = Blob::random(7, 9 * 1024 * 1024);
    let session = weir.repository("app").upload().await;
    let (first, last) = blob.bytes.split_at(6 * 1024 * 1024);
    session.chunk(0, first).await.is(202).has_no("oci-chunk-min-length");
    session.finish_with(&blob.digest, first.len(), last).await.is(201);
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

/// <https://github.com/goharbor/harbor/issues/18432>
#[tokio::test]
async fn the_limit_of_manifests_does_not_limit_blobs() {
    let weir = Weir::with(|config| config.registry.manifest_limit = 1000);
    let (repository, blob) = (weir.repository("app"), Blob::random(8, 2_000_000));
    let session = repository.upload().await;
    session.finish(&blob.digest).body(blob.bytes.clone()).await.is(201);
    let path = repository.path(&format!("blobs/uploads/?digest={}", blob.digest));
    weir.post(path).body(blob.bytes.clone()).await.is(201);
}

/// <https://github.com/google/go-containerregistry/issues/1404>,
/// <https://github.com/google/go-containerregistry/issues/1679>,
/// <https://github.com/google/go-containerregistry/issues/1741>
#[tokio::test]
async fn a_mount_that_is_not_possible_begins_an_upload() {
    let weir = Weir::start();
    let digest = sha256("nobody has this");
    for from in ["&from=never/seen", "&from=UPPER", "&from=", ""] {
        let path = format!("/v2/app/blobs/uploads/?mount={digest}{from}");
        let location = weir.post(path).await.is(202).location();
        Session { weir: &weir, location }.stands_at(0).await;
    }
}

/// <https://github.com/containers/image>, which deletes the session when a mount begins an upload.
#[tokio::test]
async fn a_client_that_may_push_may_cancel() {
    let weir = Weir::start();
    let path = format!("/v2/app/blobs/uploads/?mount={}&from=other", sha256("x"));
    let location = weir.post(path).await.is(202).location();
    weir.delete(&location).await.is(204);
    assert_eq!(weir.files_in("uploads"), 0);
}

/// <https://github.com/project-zot/zot/issues/2392>
#[tokio::test]
async fn an_upload_alone_makes_no_repository() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_blob(&Blob::of("x")).await;
    let refused = repository.push("v1", &Manifest::index(&[]).edited(|index| index["manifests"] = 7.into())).await;
    refused.is_oci_error(400, "MANIFEST_INVALID");
    let catalog = weir.get("/v2/_catalog").await.is(200).json();
    assert_eq!(catalog["repositories"], serde_json::json!([]));
    weir.get(repository.path("tags/list")).await.is_oci_error(404, "NAME_UNKNOWN");
}

/// <https://github.com/oras-project/oras-go/issues/177>
#[tokio::test]
async fn the_host_that_a_client_names_does_not_come_back() {
    let weir = Weir::start();
    let mut connection = weir.connect().await;
    let head = "POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: registry.example:443\r\nContent-Length: 0\r\n\r\n";
    connection.send(head).await;
    let reply = connection.reply().await.is(202);
    assert!(reply.location().starts_with("/v2/app/blobs/uploads/"));
    assert!(!reply.headers.contains_key(header::HOST));
}

/// The session was gone and the repository did not have the blob: the client was told 503, and then 404.
#[tokio::test]
async fn a_blob_that_was_stored_and_not_recorded_is_recorded_when_the_client_asks_again() {
    let (weir, faults) = Weir::faulty();
    let (app, other) = (weir.repository("app"), weir.repository("other"));
    let blob = Blob::random(3, 200_000);
    let session = app.upload().await;
    session.chunk(0, &blob.bytes).await.is(202);
    faults.metadata.fail_all(Operation::Commit, When::Before, || Error::Unavailable("for a test".to_owned()));
    for _ in 0..2 {
        session.finish(&blob.digest).await.is(503);
    }
    faults.metadata.heal();
    session.finish(&sha256("another")).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    app.blob(&blob.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    for _ in 0..2 {
        session.finish(&blob.digest).await.is(201);
    }
    app.blob(&blob.digest).await.is(200).holds(&blob.bytes);
    other.blob(&blob.digest).await.is(404);
}
