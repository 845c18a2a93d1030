//! `TestTagGet` and its kin: tags of streams, imported ones among them.

use super::*;

async fn imported() -> (Weir, Upstream, Image) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "latest")]).await;
    (weir, upstream, image)
}

mod tag_get {
    use super::*;

    #[tokio::test]
    async fn get_valid_tag_from_managed_image() {
        let weir = Weir::start();
        let own = app(&weir).push_image("latest", "own").await;
        app(&weir).pull("latest").await.is(200).has("docker-content-digest", own.digest());
    }

    #[tokio::test]
    async fn get_missing_tag() {
        let (weir, _upstream, _) = imported().await;
        app(&weir).pull("latest-no-found").await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
}

#[tokio::test]
async fn tag_get_without_image_stream() {
    let weir = Weir::start();
    app(&weir).pull("latest").await.is_oci_error(404, "NAME_UNKNOWN");
}

mod tag_get_all {
    use super::*;

    #[tokio::test]
    async fn get_all_tags() {
        let (weir, _upstream, _) = imported().await;
        app(&weir).push_image("own", "own").await;
        assert_eq!(app(&weir).tags().await, ["latest", "own"]);
    }
}

#[tokio::test]
async fn tag_get_all_without_image_stream() {
    let weir = Weir::start();
    weir.get(app(&weir).path("tags/list")).await.is_oci_error(404, "NAME_UNKNOWN");
}

/// Tags are looked up by their digest when that is deleted: all of them go that mean it, and no others.
mod tag_lookup {
    use super::*;

    #[tokio::test]
    async fn lookup_tags_with_pullthrough() {
        let (weir, _upstream, image) = imported().await;
        app(&weir).push_image("own", "own").await;
        app(&weir).delete(&image.digest()).await.is(202);
        assert_eq!(app(&weir).tags().await, ["own"]);
    }

    #[tokio::test]
    async fn lookup_tags_by_missing_digest() {
        let (weir, _upstream, _) = imported().await;
        app(&weir).delete(&Image::of("missing").digest()).await.is_oci_error(404, "MANIFEST_UNKNOWN");
        assert_eq!(app(&weir).tags().await, ["latest"]);
    }
}

#[tokio::test]
async fn tag_lookup_without_image_stream() {
    let weir = Weir::start();
    app(&weir).delete(&Image::of("missing").digest()).await.is_oci_error(404, "NAME_UNKNOWN");
}
