//! `TestIdentifyCandidateRepositories`: which registries are asked for a blob of a stream.
//!
//! A link knows where its content is, so that in general nothing is searched: the one repository is asked that the image was
//! imported from. Others that images of the stream came from are asked only where that one does not give it. The rows tell who is
//! asked, and over what.

use super::*;

/// Pulls the layer of an image.
async fn serve(weir: &Weir, image: &Image) {
    app(weir).blob(&image.layer.digest).await.is(200).holds(&image.layer.bytes);
}

/// Whether a registry was asked for a layer, once, in a repository.
async fn was_asked(upstream: &Upstream, repository: &str, image: &Image) -> bool {
    let wanted = format!("GET /v2/{repository}/blobs/{}", image.layer.digest);
    let began = Instant::now();
    loop {
        let asked = asked(upstream).into_iter().filter(|asked| asked.contains(&image.layer.digest)).collect::<Vec<_>>();
        if !asked.is_empty() || began.elapsed() > Duration::from_secs(5) {
            return asked == [wanted];
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn from(upstream: &Upstream, repository: &str) -> String {
    format!("{}/{repository}:v1", upstream.host())
}

/// A registry with TLS whose authority the server trusts, and one of plain HTTP.
fn two_registries() -> (Upstream, Upstream, Weir) {
    let (verified, plain) = (Upstream::secure(), Upstream::start());
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), verified.authority().unwrap()).unwrap();
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.ca_file = Some(authority.path().to_owned());
    });
    (verified, plain, weir)
}

#[tokio::test]
async fn empty_image_stream() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    make_stream(&weir, Some("true")).await;
    app(&weir).blob(&image.layer.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test]
async fn secure_image_stream_with_one_image() {
    let (verified, _plain, weir) = two_registries();
    let image = put(&verified, "a/b", "v1", "one");
    import(&weir, "app", &[secure(&from(&verified, "a/b"), "v1")]).await;
    serve(&weir, &image).await;
    assert!(was_asked(&verified, "a/b", &image).await);
}

#[tokio::test]
async fn secure_image_stream_with_one_insecure_image() {
    let (verified, plain, weir) = two_registries();
    let (one, two) = (put(&verified, "a/b", "v1", "one"), put(&plain, "c/d", "v1", "two"));
    let images = [secure(&from(&verified, "a/b"), "secure"), insecure(&from(&plain, "c/d"), "insecure")];
    import(&weir, "app", &images).await;
    serve(&weir, &one).await;
    serve(&weir, &two).await;
    assert!(was_asked(&verified, "a/b", &one).await && was_asked(&plain, "c/d", &two).await);
    assert!(!asked(&plain).iter().any(|asked| asked.contains(&one.layer.digest)), "each has its own");
}

/// What a tag meant before is read where it was imported from, not where the tag comes from now.
#[tokio::test]
async fn search_secondary_results_in_insecure_image_stream() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let (old, new) = (put(&upstream, "old/app", "v1", "old"), put(&upstream, "new/app", "v1", "new"));
    make_stream(&weir, Some("true")).await;
    for repository in ["old/app", "new/app"] {
        import(&weir, "app", &[insecure(&from(&upstream, repository), "latest")]).await;
    }
    serve(&weir, &old).await;
    serve(&weir, &new).await;
    assert!(was_asked(&upstream, "old/app", &old).await && was_asked(&upstream, "new/app", &new).await);
}

/// What no image of the stream has is not asked for, although the repository has it.
#[tokio::test]
async fn empty_secondary_search() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    put(&upstream, "a/b", "v1", "one");
    let other = put(&upstream, "a/b", "v2", "two");
    import(&weir, "app", &[insecure(&from(&upstream, "a/b"), "v1")]).await;
    let before = asked_so_often(&upstream, 2).await;
    app(&weir).blob(&other.layer.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    assert_eq!(asked(&upstream), before);
}

/// And only there.
#[tokio::test]
async fn insecure_flag_propagates_to_the_whole_registry() {
    let (plain, other) = (Upstream::start(), Upstream::start());
    let registries = [plain.host(), other.host()];
    let mut weir = Weir::with(|config| {
        durable(config);
        config.upstreams.insecure = registries.iter().map(|registry| registry.parse().unwrap()).collect();
    });
    let flagged = put(&plain, "a/app", "v1", "flagged");
    let beside = put(&plain, "a/c", "v1", "beside");
    let elsewhere = put(&other, "b/bar", "v1", "elsewhere");
    let images = [
        insecure(&from(&plain, "a/app"), "insecure"),
        secure(&from(&plain, "a/c"), "secure"),
        secure(&from(&other, "b/bar"), "bar"),
    ];
    import(&weir, "app", &images).await;
    weir.restart_with(|config| config.upstreams.insecure.clear());
    serve(&weir, &flagged).await;
    serve(&weir, &beside).await;
    is_refused_plain_http(app(&weir).blob(&elsewhere.layer.digest)).await;
}

/// Two tags, and one question.
#[tokio::test]
async fn duplicate_entries() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &["one", "two"].map(|tag| insecure(&from(&upstream, "a/b"), tag))).await;
    serve(&weir, &image).await;
    serve(&weir, &image).await;
    assert!(was_asked(&upstream, "a/b", &image).await);
}

/// A registry that is gone is made good by another that images of the stream came from.
#[tokio::test]
async fn what_one_repository_does_not_give_another_does() {
    let (old, mut new, weir) = (Upstream::start(), Upstream::start(), Weir::with(reading));
    let image = put(&old, "a/app", "v1", "one");
    put(&new, "b/app", "v1", "one");
    let other = put(&new, "b/app", "v2", "two");
    import(&weir, "app", &[insecure(&from(&old, "a/app"), "old")]).await;
    let two = format!("{}/b/app:v2", new.host());
    import(&weir, "app", &[insecure(&from(&new, "b/app"), "new"), insecure(&two, "two")]).await;
    new.stop();
    // The links name the registry that was imported from last.
    serve(&weir, &image).await;
    assert!(was_asked(&old, "a/app", &image).await);
    // What none of them gives is told as the failure of the one that should have it, which is left alone by now.
    let error = app(&weir).blob(&other.layer.digest).await.is_oci_error(503, "UNAVAILABLE");
    assert_eq!(error["detail"]["upstream"], format!("{}/b/app", new.host()), "{error}");
}
