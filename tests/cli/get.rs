//! `weir get` and `weir delete`

use serde_json::Value;

use super::run;
use crate::harness::Weir;

/// The cells of a table, without the blanks between them.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect()
}

#[tokio::test]
async fn streams_and_tags_are_tables() {
    let weir = Weir::start();
    let digest = weir.repository("team/app").push_image("v1", "first").await.digest();
    let table = run(&weir, "get is").done();
    let rows = cells(&table);
    assert_eq!(rows[0], ["NAME", "IMAGE REPOSITORY", "TAGS", "UPDATED"]);
    assert_eq!((rows[1][0], rows[1][2]), ("app", "v1"));
    assert!(rows[1][1].ends_with("/team/app"), "{table}");
    let tags = run(&weir, "get istag app:v1 -o wide").done();
    let rows = cells(&tags);
    assert_eq!(rows[0], ["NAME", "IMAGE REFERENCE", "UPDATED", "IMAGE NAME"]);
    assert_eq!((rows[1][0], rows[1][3]), ("app:v1", digest.as_str()));
    let both = run(&weir, "get is,istag --no-headers").done();
    assert!(both.starts_with("imagestream.image.openshift.io/app "), "{both}");
    assert!(both.contains("\n\nimagestreamtag.image.openshift.io/app:v1 "), "{both}");
}

#[tokio::test]
async fn objects_are_printed_whole() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    let yaml = run(&weir, "get is app -o yaml").done();
    assert!(yaml.starts_with("apiVersion: image.openshift.io/v1\nkind: ImageStream\nmetadata:\n"), "{yaml}");
    assert!(yaml.contains("\n    tag: v1\n"), "{yaml}");
    let json: Value = serde_json::from_str(&run(&weir, "get is -o json").done()).unwrap();
    assert_eq!((&json["kind"], &json["items"][0]["metadata"]["name"]), (&"List".into(), &"app".into()));
    assert_eq!(
        run(&weir, "get is/app istag/app:v1 -o name").done(),
        "imagestream.image.openshift.io/app\nimagestreamtag.image.openshift.io/app:v1\n"
    );
}

#[tokio::test]
async fn lists_are_selected() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    weir.repository("team/web").push_image("v1", "first").await;
    weir.repository("other/app").push_image("v1", "first").await;
    assert_eq!(
        run(&weir, "get is --field-selector metadata.name!=app -o name").done(),
        "imagestream.image.openshift.io/web\n"
    );
    let all = run(&weir, "get is -A").done();
    assert_eq!(cells(&all)[1][..2], ["other", "app"]);
    assert_eq!(all.lines().count(), 4);
    let none = run(&weir, "get is -l nosuch");
    assert_eq!((none.code, none.stderr.as_str()), (Some(0), "No resources found in team namespace.\n"));
    let refused = run(&weir, "get is --field-selector nosuch=x").refused();
    let words = "\"nosuch\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    assert_eq!(refused, format!("Error from server (BadRequest): {words}\n"));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let weir = Weir::start();
    let missing = "Error from server (NotFound): imagestreams.image.openshift.io \"nosuch\" not found\n";
    assert_eq!(run(&weir, "get is nosuch").refused(), missing);
    assert_eq!(run(&weir, "get is nosuch -o yaml").refused(), missing);
    assert_eq!(run(&weir, "get pods").refused(), "error: the server doesn't have a resource type \"pods\"\n");
}

#[tokio::test]
async fn objects_are_deleted() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    app.push_image("v1", "first").await;
    app.push_image("v2", "second").await;
    let dry = run(&weir, "delete istag app:v1 --dry-run=server").done();
    assert_eq!(dry, "imagestreamtag.image.openshift.io \"app:v1\" deleted from team namespace (server dry run)\n");
    assert_eq!(app.tags().await, ["v1", "v2"]);
    let said = run(&weir, "delete istag app:nosuch app:v1");
    assert_eq!(said.stdout, "imagestreamtag.image.openshift.io \"app:v1\" deleted from team namespace\n");
    let missing = "Error from server (NotFound): imagestreamtags.image.openshift.io \"app:nosuch\" not found\n";
    assert_eq!(said.refused(), missing);
    assert_eq!(app.tags().await, ["v2"]);
    assert_eq!(run(&weir, "delete istag app:nosuch --ignore-not-found").done(), "");
    run(&weir, "delete is/app").done();
    assert_eq!(run(&weir, "get is").stderr, "No resources found in team namespace.\n");
    let told = run(&weir, "delete is").refused();
    assert_eq!(told, "error: resource(s) were provided, but no name was specified\n");
}
