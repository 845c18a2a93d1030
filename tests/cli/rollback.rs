//! `weir rollback`

use super::run;
use crate::harness::Weir;

#[tokio::test]
async fn a_tag_goes_back_by_steps_image_and_time() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let first = app.push_image("v1", "first").await;
    let second = app.push_image("v1", "second").await;
    let third = app.push_image("v1", "third").await;
    let said = run(&weir, "rollback app:v1").done();
    assert_eq!(said, format!("imagestreamtag.image.openshift.io/app:v1 rolled back to {}\n", second.digest()));
    app.holds("v1", &second).await;
    run(&weir, &format!("rollback app:v1 --to-image {}", third.digest())).done();
    app.holds("v1", &third).await;
    run(&weir, &format!("rollback app:v1 --to-image {} --dry-run=server", first.digest())).done();
    app.holds("v1", &third).await;
    let told = run(&weir, "rollback app:v1 --to-time 2001-01-01T00:00:00Z").refused();
    assert!(told.starts_with("Error from server") || told.starts_with("The "), "{told}");
    let told = run(&weir, "rollback app:nosuch").refused();
    assert_eq!(told, "Error from server (NotFound): imagestreamtags.image.openshift.io \"app:nosuch\" not found\n");
    let told = run(&weir, "rollback nosuch --deleted").refused();
    assert_eq!(told, "Error from server (NotFound): imagestreams.image.openshift.io \"nosuch\" not found\n");
}

#[tokio::test]
async fn a_deleted_tag_comes_back() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let image = app.push_image("v1", "first").await;
    run(&weir, "tag -d app:v1").done();
    app.pull("v1").await.is(404);
    run(&weir, "rollback app:v1").done();
    app.holds("v1", &image).await;
}

#[tokio::test]
async fn a_deleted_stream_comes_back_whole() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let (one, other) = (app.push_image("v1", "first").await, app.push_image("v2", "second").await);
    run(&weir, "delete is app").done();
    app.pull("v1").await.is(404);
    let tag = run(&weir, "rollback app:v1 --dry-run=server").done();
    let would = format!("imagestreamtag.image.openshift.io/app:v1 rolled back to {} (server dry run)\n", one.digest());
    assert_eq!(tag, would, "also of a stream that is gone");
    let names = run(&weir, "rollback app --deleted --dry-run=server -o json").done();
    assert!(names.contains(&one.digest()) && names.contains(&other.digest()), "{names}");
    app.pull("v1").await.is(404);
    let said = run(&weir, "rollback app --deleted").done();
    assert_eq!(said, "imagestream.image.openshift.io/app restored\n");
    app.holds("v1", &one).await;
    app.holds("v2", &other).await;
    let layer = one.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
    app.blob(&layer).await.is(200);
    let told = run(&weir, "rollback app --deleted").refused();
    let why = "the image stream team/app is not deleted";
    let refused = format!("Operation cannot be fulfilled on imagestreams.image.openshift.io \"app\": {why}");
    assert_eq!(told, format!("Error from server (Conflict): {refused}\n"));
}
