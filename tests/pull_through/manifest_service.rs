//! `TestManifestServiceGet`, `TestManifestServicePut`: manifests of imported images, and of pushed ones.

use super::*;

/// A server with an image and a list of one image, both imported.
async fn imported() -> (Weir, Upstream, Image, Manifest, Image) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let single = put(&upstream, "a/b", "single", "single");
    let child = Image::of("child").put(&upstream, "a/b", None);
    let list = Manifest::docker_list(&[&child.manifest]);
    upstream.put_manifest("a/b", Some("list"), &list.bytes);
    let images = ["single", "list"].map(|tag| insecure(&format!("{}/a/b:{tag}", upstream.host()), tag));
    import(&weir, "app", &images).await;
    (weir, upstream, single, list, child)
}

mod get {
    use super::*;

    #[tokio::test]
    async fn single_image_manifest_by_tag() {
        let (weir, _upstream, single, ..) = imported().await;
        app(&weir).holds("single", &single.manifest).await;
    }

    #[tokio::test]
    async fn single_image_manifest_by_digest() {
        let (weir, _upstream, single, ..) = imported().await;
        app(&weir).holds(&single.digest(), &single.manifest).await;
    }

    #[tokio::test]
    async fn manifest_list_by_tag() {
        let (weir, _upstream, _, list, _) = imported().await;
        app(&weir).holds("list", &list).await;
    }

    #[tokio::test]
    async fn manifest_list_by_digest() {
        let (weir, _upstream, _, list, _) = imported().await;
        app(&weir).holds(&list.digest(), &list).await;
    }

    /// No tag means it: the list's does not.
    #[tokio::test]
    async fn sub_manifest_of_manifest_list_by_tag() {
        let (weir, _upstream, _, list, child) = imported().await;
        let pulled = app(&weir).pull("list").await.is(200);
        assert_ne!(pulled.header("docker-content-digest"), child.digest());
        pulled.has("docker-content-digest", list.digest());
    }

    #[tokio::test]
    async fn sub_manifest_of_manifest_list_by_digest() {
        let (weir, _upstream, _, _, child) = imported().await;
        app(&weir).holds(&child.digest(), &child.manifest).await;
        app(&weir).blob(&child.layer.digest).await.is(200).holds(&child.layer.bytes);
    }
}

mod put {
    use super::*;

    /// What is pushed is at once what the API shows.
    async fn shows(weir: &Weir, tag: &str, digest: &str) {
        let shown = weir.get(api(&format!("imagestreamtags/app:{tag}"))).await.is(200).json();
        assert_eq!(shown["image"]["metadata"]["name"], digest);
    }

    #[tokio::test]
    async fn by_tag() {
        let weir = Weir::start();
        let pushed = app(&weir).push_image("latest", "one").await;
        shows(&weir, "latest", &pushed.digest()).await;
    }

    #[tokio::test]
    async fn by_digest() {
        let weir = Weir::start();
        let pushed = app(&weir).push_parts("one").await;
        app(&weir).push(&pushed.digest(), &pushed).await.is(201);
        app(&weir).holds(&pushed.digest(), &pushed).await;
        assert_eq!(app(&weir).tags().await, [""; 0]);
    }

    #[tokio::test]
    async fn manifest_list() {
        let weir = Weir::start();
        let child = app(&weir).push_parts("child").await;
        app(&weir).push(&child.digest(), &child).await.is(201);
        let list = Manifest::docker_list(&[&child]);
        app(&weir).push("latest", &list).await.is(201);
        shows(&weir, "latest", &list.digest()).await;
    }
}
