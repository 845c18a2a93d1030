//! What servers are made to do under strace.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use reqwest::{Body, Method, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use super::{Clients, Stage, files, judge};
use crate::api::{Api, expect, location};
use crate::content::{Blob, CONFIG, INDEX, Image, LAYER, MANIFEST, Noise};
use crate::powerloss::outage;

const HERE: &str = "order/here";
const THERE: &str = "order/there";
/// Larger than what is written back at once while an upload arrives.
const LARGE: usize = 9 << 20;
/// The most pushes that it may take to fill a segment of the journal.
const FILLING: usize = 3000;

/// One of everything, from an empty directory to a regular end.
pub(super) async fn every_kind(mut stage: Stage) -> Result<String> {
    let traced = stage.trace(Clients::One, Vec::new(), &[]).await?;
    let api = &stage.api;
    let blobs = every_upload(api).await?;
    mount(api, &blobs[0].digest).await?;
    let image = push_image(api, HERE, &blobs[0], "by-tag").await?;
    by_digest(api, &blobs[1]).await?;
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [image.manifest.descriptor()] });
    api.push_manifest(HERE, "index", &Blob::json(INDEX, &index)).await?;
    let artifact = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.conformance.note",
        "config": image.config.descriptor(), "layers": [], "subject": image.manifest.descriptor(),
    });
    api.push_manifest(HERE, "artifact", &Blob::json(MANIFEST, &artifact)).await?;
    api.push_manifest(HERE, "again", &image.manifest).await?;
    for path in
        ["manifests/again", &format!("blobs/{}", blobs[2].digest), &format!("manifests/{}", image.manifest.digest)]
    {
        let delete = api.request(Method::DELETE, &format!("/v2/{HERE}/{path}"));
        expect(delete.send().await?, StatusCode::ACCEPTED).await?;
    }
    fill_a_segment(&stage, &blobs[3]).await?;
    judge(&traced.stop().await?, 20)
}

/// A blob in each way; the blobs.
async fn every_upload(api: &Api) -> Result<Vec<Blob>> {
    let blob = |name: &str, size| Blob::new(LAYER, Noise::new(name).bytes(size));
    let blobs = vec![blob("whole", 100), blob("put", 10_000), blob("chunks", 300_000), blob("large", LARGE)];
    push_whole(api, HERE, &blobs[0]).await?;
    api.push_blob(HERE, &blobs[1]).await?;
    let mut place = api.begin_upload(HERE).await?;
    for (at, chunk) in [0..100_000, 100_000..200_000].into_iter().enumerate() {
        let range = format!("{}-{}", at * 100_000, at * 100_000 + 99_999);
        let patch = api.request(Method::PATCH, &place).header("content-range", range);
        let answer = patch.body(Body::from(blobs[2].bytes.slice(chunk))).send().await?;
        place = location(&expect(answer, StatusCode::ACCEPTED).await?)?;
    }
    api.end_upload(&place, &blobs[2].digest, blobs[2].bytes.slice(200_000..)).await?;
    let place = api.begin_upload(HERE).await?;
    let patch = api.request(Method::PATCH, &place).body(Body::from(blobs[3].bytes.clone()));
    expect(patch.send().await?, StatusCode::ACCEPTED).await?;
    api.end_upload(&place, &blobs[3].digest, Bytes::new()).await?;
    Ok(blobs)
}

async fn push_whole(api: &Api, repository: &str, blob: &Blob) -> Result<()> {
    expect(post_whole(api, repository, blob).await?, StatusCode::CREATED).await.map(drop)
}

async fn post_whole(api: &Api, repository: &str, blob: &Blob) -> Result<reqwest::Response> {
    let path = format!("/v2/{repository}/blobs/uploads/?digest={}", blob.digest);
    Ok(api.request(Method::POST, &path).body(Body::from(blob.bytes.clone())).send().await?)
}

async fn mount(api: &Api, digest: &str) -> Result<()> {
    let path = format!("/v2/{THERE}/blobs/uploads/?mount={digest}&from={HERE}");
    expect(api.request(Method::POST, &path).send().await?, StatusCode::CREATED).await.map(drop)
}

async fn push_image(api: &Api, repository: &str, layer: &Blob, tag: &str) -> Result<Image> {
    let image = Image::tiny(layer, tag);
    api.push_blob(repository, &image.config).await?;
    api.push_manifest(repository, tag, &image.manifest).await?;
    Ok(image)
}

async fn by_digest(api: &Api, layer: &Blob) -> Result<()> {
    let image = Image::tiny(layer, "by digest");
    api.push_blob(HERE, &image.config).await?;
    let reference = format!("{}?tag=one&tag=two", image.manifest.digest);
    api.push_manifest(HERE, &reference, &image.manifest).await
}

/// Pushes manifests with much to remember until the journal needs another file.
async fn fill_a_segment(stage: &Stage, layer: &Blob) -> Result<()> {
    let journal = stage.site.data.join("journal");
    let labels =
        json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": { "long": "x".repeat(55_000) } } });
    let config = Blob::json(CONFIG, &labels);
    stage.api.push_blob(HERE, &config).await?;
    for number in 0..FILLING {
        if files(&journal)?.len() > 1 {
            // The new one has to take something, too.
            return push_image(&stage.api, HERE, layer, "after").await.map(drop);
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor(), "layers": [layer.descriptor()],
            "annotations": { "number": number.to_string() },
        });
        stage.api.push_manifest(HERE, "filling", &Blob::json(MANIFEST, &manifest)).await?;
    }
    anyhow::bail!("{FILLING} pushes do not fill a segment of the journal")
}

/// What an earlier process left is not known to be on the disk; nobody may be told of it before it is.
pub(super) async fn after_a_kill(mut stage: Stage) -> Result<String> {
    let layer = Blob::new(LAYER, Noise::new("before").bytes(5000));
    let running = stage.start().await?;
    stage.api.push_blob(HERE, &layer).await?;
    push_image(&stage.api, HERE, &layer, "before").await?;
    running.kill().await?;
    let traced = stage.trace(Clients::One, Vec::new(), &[]).await?;
    stage.api.manifest(HERE, "before").await?;
    push_whole(&stage.api, THERE, &layer).await?;
    push_image(&stage.api, THERE, &layer, "after").await?;
    judge(&traced.stop().await?, 3)
}

/// The index was written in another boot, so that it is made anew.
pub(super) async fn another_boot(mut stage: Stage) -> Result<String> {
    let layer = Blob::new(LAYER, Noise::new("boot").bytes(5000));
    let running = stage.start().await?;
    stage.api.push_blob(HERE, &layer).await?;
    push_image(&stage.api, HERE, &layer, "before").await?;
    running.kill().await?;
    let beneath = outage::another_boot(&stage.folder)?;
    let traced = stage.trace(Clients::One, beneath, &[]).await?;
    stage.api.manifest(HERE, "before").await?;
    push_image(&stage.api, HERE, &layer, "after").await?;
    judge(&traced.stop().await?, 2)
}

/// Of two clients that push the same, the second finds content whose name is not on the disk yet.
pub(super) async fn one_blob(mut stage: Stage) -> Result<String> {
    // Long enough to come in between.
    let slow = ["-e", "inject=fsync:delay_enter=60000"];
    let traced = stage.trace(Clients::Several, Vec::new(), &slow).await?;
    for round in 0..6 {
        let blob = Blob::new(LAYER, Noise::new(&format!("both {round}")).bytes(3000));
        let second = async {
            sleep(Duration::from_millis(10 + 8 * round)).await;
            push_whole(&stage.api, THERE, &blob).await
        };
        let (first, second) = tokio::join!(push_whole(&stage.api, HERE, &blob), second);
        first.and(second)?;
    }
    judge(&traced.stop().await?, 12)
}

/// A batch that cannot be made durable is taken back, durably, before anybody is told that it failed.
pub(super) async fn failing_sync(mut stage: Stage) -> Result<String> {
    // The third such call of each thread: the journal's thread makes no others.
    let fail = ["-e", "inject=fdatasync:error=EIO:when=3"];
    let traced = stage.trace(Clients::One, Vec::new(), &fail).await?;
    let (mut pushed, mut refused) = (0, 0);
    for number in 0..16 {
        let blob = Blob::new(LAYER, Noise::new(&format!("failing {number}")).bytes(3000));
        match post_whole(&stage.api, HERE, &blob).await?.status() {
            StatusCode::CREATED => pushed += 1,
            status if status.is_server_error() => refused += 1,
            status => anyhow::bail!("a push is answered {status}"),
        }
    }
    let checker = traced.stop().await?;
    ensure!(pushed > 0 && refused > 0 && checker.cuts > 0, "{pushed} pushed, {refused} refused, {} cut", checker.cuts);
    judge(&checker, pushed)
}
