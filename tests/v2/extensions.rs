//! `GET /v2/_oci/ext/discover`

use weir::config::TagHistory;

use crate::harness::Weir;
use crate::harness_more::strings;

#[tokio::test]
async fn the_tag_history_is_announced() {
    let weir = Weir::start();
    let reply = weir.get("/v2/_oci/ext/discover").await.is(200).has("content-type", "application/json").json();
    let extension = &reply["extensions"][0];
    assert_eq!(extension["name"], "_oci");
    for member in ["url", "description"] {
        assert!(extension[member].as_str().is_some_and(|text| !text.is_empty()), "{member}");
    }
    assert!(strings(&extension["endpoints"]).contains(&"_oci/tag-history".to_owned()), "{extension}");
}

#[tokio::test]
async fn a_history_that_is_switched_off_is_neither_announced_nor_served() {
    let weir = Weir::with(|config| config.registry.tag_history = TagHistory::Off);
    weir.repository("team/app").push_image("v1", "content").await;
    weir.get("/v2/_oci/ext/discover").await.is_oci_error(404, "UNSUPPORTED");
    weir.get("/v2/team/app/_oci/tag-history/v1").await.is_oci_error(404, "UNSUPPORTED");
}

#[tokio::test]
async fn a_history_that_is_switched_on_again_was_kept_meanwhile() {
    let mut weir = Weir::durable();
    weir.restart_with(|config| config.registry.tag_history = TagHistory::Off);
    weir.repository("team/app").push_image("v1", "content").await;
    weir.restart_with(|config| config.registry.tag_history = TagHistory::Draft);
    assert_eq!(weir.repository("team/app").history("v1").await.len(), 1);
}
