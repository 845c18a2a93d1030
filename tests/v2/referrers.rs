//! `GET /v2/<name>/referrers/<digest>`

use serde_json::{Value, json};

use crate::harness::{Blob, Manifest, Reply, Repository, Weir, media_type, sha256};
use crate::harness_more::{members, next, pages};

const INDEX: &str = media_type::OCI_INDEX;

/// A repository with an image in it.
async fn subject(weir: &Weir) -> (Repository<'_>, Manifest) {
    let repository = weir.repository("team/app");
    repository.push_blob(&Blob::of("{}")).await;
    let image = repository.push_image("v1", "content").await;
    (repository, image)
}

async fn attach(repository: &Repository<'_>, manifest: &Manifest) -> String {
    repository.push(&manifest.digest(), manifest).await.is(201);
    manifest.digest()
}

/// An artifact of a kind about `subject`; another `content` makes another one.
fn artifact(kind: &str, subject: &Manifest, content: &str) -> Manifest {
    let note = json!({ "org.example.content": content });
    Manifest::artifact(kind, &subject.descriptor()).edited(|json| json["annotations"] = note)
}

async fn list(repository: &Repository<'_>, digest: &str) -> Reply {
    repository.weir.get(repository.path(&format!("referrers/{digest}"))).await.is(200)
}

fn entries(reply: &Reply) -> Vec<Value> {
    reply.json()["manifests"].as_array().expect("an index").clone()
}

#[tokio::test]
async fn a_subject_that_nothing_refers_to_has_an_empty_index() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    for digest in [image.digest(), sha256("unknown")] {
        let reply = list(&repository, &digest).await.has("content-type", INDEX).has_no("oci-filters-applied");
        assert_eq!(reply.json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
    }
}

#[tokio::test]
async fn a_repository_that_does_not_exist_has_an_empty_index() {
    let weir = Weir::start();
    let reply = list(&weir.repository("not/there"), &sha256("unknown")).await.has("content-type", INDEX);
    assert_eq!(reply.json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
}

#[tokio::test]
async fn a_malformed_digest_is_told() {
    let weir = Weir::start();
    for digest in ["latest", "sha256:abc", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        weir.get(format!("/v2/team/app/referrers/{digest}")).await.is_oci_error(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn a_referrer_is_a_descriptor_with_the_annotations_of_its_manifest() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let sbom = artifact("application/spdx+json", &image, "sbom");
    attach(&repository, &sbom).await;
    let expected = json!([{
        "mediaType": media_type::OCI_IMAGE,
        "digest": sbom.digest(),
        "size": sbom.bytes.len(),
        "artifactType": "application/spdx+json",
        "annotations": { "org.example.content": "sbom" },
    }]);
    assert_eq!(list(&repository, &image.digest()).await.json()["manifests"], expected);
}

#[tokio::test]
async fn without_annotations_there_are_none() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    attach(&repository, &Manifest::artifact("a/b", &image.descriptor())).await;
    assert!(entries(&list(&repository, &image.digest()).await)[0].get("annotations").is_none());
}

#[tokio::test]
async fn an_image_without_an_artifact_type_has_that_of_its_config() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let config = Blob::of("{\"signature\":true}");
    repository.push_blob(&config).await;
    let signature = Manifest::artifact("", &image.descriptor()).edited(|json| {
        json.as_object_mut().expect("an object").shift_remove("artifactType");
        json["config"] = config.descriptor("application/vnd.example.config+json");
    });
    attach(&repository, &signature).await;
    let entry = &entries(&list(&repository, &image.digest()).await)[0];
    assert_eq!(entry["artifactType"], "application/vnd.example.config+json");
}

#[tokio::test]
async fn an_index_has_its_own_artifact_type_or_none() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let plain = Manifest::index(&[]).edited(|json| json["subject"] = image.descriptor());
    let typed = plain.edited(|json| json["artifactType"] = json!("application/vnd.example.bundle"));
    attach(&repository, &plain).await;
    attach(&repository, &typed).await;
    for entry in entries(&list(&repository, &image.digest()).await) {
        assert_eq!(entry["mediaType"], INDEX);
        let expected = (entry["digest"] == typed.digest().as_str()).then_some("application/vnd.example.bundle");
        assert_eq!(entry.get("artifactType").and_then(Value::as_str), expected);
    }
}

#[tokio::test]
async fn the_subject_may_be_pushed_later_or_never() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_blob(&Blob::of("{}")).await;
    let image = weir.repository("elsewhere").push_image("v1", "content").await;
    let early = artifact("a/b", &image, "early");
    repository.push(&early.digest(), &early).await.is(201).has("oci-subject", image.digest());
    assert_eq!(entries(&list(&repository, &image.digest()).await).len(), 1);
    let same = repository.push_image("v1", "content").await;
    assert_eq!(same.digest(), image.digest());
    assert_eq!(entries(&list(&repository, &image.digest()).await).len(), 1);
}

#[tokio::test]
async fn referrers_belong_to_one_repository() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    attach(&repository, &artifact("a/b", &image, "here")).await;
    let other = weir.repository("team/other");
    other.push_image("v1", "content").await;
    assert!(entries(&list(&other, &image.digest()).await).is_empty());
}

#[tokio::test]
async fn a_deleted_referrer_leaves_the_list() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let first = attach(&repository, &artifact("a/b", &image, "first")).await;
    let second = attach(&repository, &artifact("a/b", &image, "second")).await;
    repository.delete(&first).await.is(202);
    let left = list(&repository, &image.digest()).await.json();
    assert_eq!(members(&left["manifests"], "digest"), [second]);
}

#[tokio::test]
async fn a_deleted_subject_keeps_its_referrers() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    attach(&repository, &artifact("a/b", &image, "first")).await;
    repository.delete(&image.digest()).await.is(202);
    assert_eq!(entries(&list(&repository, &image.digest()).await).len(), 1);
}

#[tokio::test]
async fn a_filter_takes_one_type_and_says_that_it_was_applied() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let sbom = attach(&repository, &artifact("application/spdx+json", &image, "sbom")).await;
    attach(&repository, &artifact("application/vnd.signature", &image, "signature")).await;
    for kind in ["application/spdx+json", "application%2Fspdx%2Bjson"] {
        let path = repository.path(&format!("referrers/{}?artifactType={kind}", image.digest()));
        let reply = weir.get(path).await.is(200).has("oci-filters-applied", "artifactType");
        assert_eq!(members(&reply.json()["manifests"], "digest"), [sbom.as_str()], "{kind}");
    }
}

#[tokio::test]
async fn a_filter_that_nothing_passes_leaves_an_empty_index() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    attach(&repository, &artifact("a/b", &image, "one")).await;
    let path = repository.path(&format!("referrers/{}?artifactType=a/c", image.digest()));
    let reply = weir.get(path).await.is(200).has("oci-filters-applied", "artifactType").has_no("link");
    assert!(entries(&reply).is_empty());
}

#[tokio::test]
async fn several_types_are_taken_together() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    for kind in ["a/a", "a/b", "a/c"] {
        attach(&repository, &artifact(kind, &image, "one")).await;
    }
    let path = repository.path(&format!("referrers/{}?artifactType=a/a&artifactType=a/c", image.digest()));
    let mut kinds = members(&weir.get(path).await.is(200).json()["manifests"], "artifactType");
    kinds.sort();
    assert_eq!(kinds, ["a/a", "a/c"]);
}

#[tokio::test]
async fn pages_of_n_link_to_the_end_and_keep_the_filter() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    let mut wanted = Vec::new();
    for number in 0..6 {
        wanted.push(attach(&repository, &artifact("a/b+c", &image, &format!("wanted {number}"))).await);
        attach(&repository, &artifact("a/x", &image, &format!("other {number}"))).await;
    }
    wanted.sort();
    for n in [1, 2, 4, 5, 6, 100] {
        let path = repository.path(&format!("referrers/{}?n={n}&artifactType=a/b%2Bc", image.digest()));
        let pages = pages(&weir, path).await;
        assert_eq!(pages.len(), 6_usize.div_ceil(n), "pages of {n}");
        assert!(pages.iter().all(|page| page.headers["oci-filters-applied"] == "artifactType"));
        let found: Vec<String> = pages.iter().flat_map(|page| members(&page.json()["manifests"], "digest")).collect();
        assert_eq!(found, wanted, "pages of {n}");
    }
}

#[tokio::test]
async fn a_malformed_page_is_told() {
    let weir = Weir::start();
    let path = format!("/v2/team/app/referrers/{}", sha256("unknown"));
    weir.get(format!("{path}?n=x")).await.is_oci_error(400, "PAGINATION_NUMBER_INVALID");
    weir.get(format!("{path}?last=x")).await.is_oci_error(400, "DIGEST_INVALID");
}

/// Clients read at most 4 MiB of an index (containers/image, oras-go).
const READ_AT_MOST: usize = 4 * 1024 * 1024;

#[tokio::test]
async fn no_page_is_larger_than_clients_read() {
    let weir = Weir::start();
    let (repository, image) = subject(&weir).await;
    // Once plain, once of characters that JSON prints in six.
    for (number, filler) in ["a".repeat(900_000), "\u{1}".repeat(400_000)].into_iter().cycle().take(6).enumerate() {
        attach(&repository, &artifact("a/b", &image, &format!("{number}{filler}"))).await;
    }
    let pages = pages(&weir, repository.path(&format!("referrers/{}", image.digest()))).await;
    assert_eq!(pages.iter().map(|page| entries(page).len()).sum::<usize>(), 6);
    for page in &pages {
        assert!(page.body.len() <= READ_AT_MOST, "a page has {} bytes", page.body.len());
    }
    assert!(next(&pages[0]).is_some());
}
