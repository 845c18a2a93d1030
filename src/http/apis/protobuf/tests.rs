//! Recorded bodies, damaged ones, and ones that mean something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const ANY: Expected<'static> = Expected { api_version: "v1", kind: "Namespace" };

/// Bodies that `oc` and `kubectl` sent, each with the JSON that it stands for.
fn recorded() -> Vec<(Vec<u8>, Value)> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        (BASE64.decode(line["base64"].as_str().unwrap()).unwrap(), line["json"].take())
    };
    include_str!("recorded.ndjson").lines().map(line).collect()
}

#[test]
fn what_clients_sent_is_read() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 6);
    for (body, expected) in recorded {
        assert_eq!(decode(&body, ANY), Ok(expected));
    }
}

#[test]
fn a_body_that_ends_early_is_refused() {
    for (body, _) in recorded() {
        let envelope = 4..body.len();
        let errors = envelope.filter(|end| decode(&body[..*end], ANY).is_err()).count();
        assert!(errors > body.len() / 2, "{errors} of {}", body.len());
        assert_eq!(decode(&body[1..], ANY), Err(ProtobufError::Magic));
    }
}

/// A field of bytes.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    field.extend_from_slice(content);
    field
}

fn body(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let types = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC, &bytes(1, &types), &bytes(2, object)].concat()
}

#[test]
fn numbers_that_are_set_to_zero_stay() {
    let grace = body("v1", "DeleteOptions", &[1 << 3, 0]);
    let expected = json!({ "kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0 });
    assert_eq!(decode(&grace, ANY), Ok(expected));
    let minus_one = [&[1 << 3][..], &[0xff; 9], &[1]].concat();
    assert_eq!(decode(&body("v1", "DeleteOptions", &minus_one), ANY).unwrap()["gracePeriodSeconds"], json!(-1));
}

#[test]
fn preconditions_and_dry_run_of_a_delete_are_read() {
    let object = [bytes(2, &bytes(2, b"7")), bytes(5, b"All"), vec![6 << 3, 1]].concat();
    let options = decode(&body("image.openshift.io/v1", "DeleteOptions", &object), ANY).unwrap();
    assert_eq!(options["preconditions"], json!({ "resourceVersion": "7" }));
    assert_eq!(options["dryRun"], json!(["All"]));
    assert_eq!(options["apiVersion"], "image.openshift.io/v1");
}

#[test]
fn the_path_says_what_a_body_without_a_kind_is() {
    let secret = [MAGIC, &bytes(2, &bytes(3, b"Opaque"))].concat();
    let expected = Expected { api_version: "v1", kind: "Secret" };
    assert_eq!(decode(&secret, expected), Ok(json!({ "kind": "Secret", "apiVersion": "v1", "type": "Opaque" })));
}

#[test]
fn times_are_whole_seconds() {
    let time = [8, 0x80, 0xa3, 0x05, 16, 5];
    let namespace = decode(&body("v1", "Namespace", &bytes(1, &bytes(8, &time))), ANY).unwrap();
    assert_eq!(namespace["metadata"]["creationTimestamp"], "1970-01-02T00:00:00Z");
}

#[test]
fn each_kind_of_damage_is_told_apart() {
    let refusal = |object: &[u8]| decode(&body("v1", "Secret", object), ANY).unwrap_err().to_string();
    let cases: [(&[u8], &str); 9] = [
        (&[0x0a], "unexpected EOF"),
        (&[0x0a, 5, 1], "unexpected EOF"),
        (&[0x00, 0], "proto: illegal tag 0"),
        (&[0x0b], "proto: illegal wireType 3"),
        (&[0xff; 11], "proto: integer overflow"),
        (&[2 << 3, 1], "proto: wrong wireType for field data"),
        (&[3 << 3 | 2, 1, 0xff], "proto: field type contains invalid UTF-8"),
        (&[5 << 3 | 2, 0], "proto: wrong wireType for field immutable"),
        (&[1 << 3 | 2, 4, 8 << 3 | 2, 2, 8, 0x80], "unexpected EOF"),
    ];
    for (object, message) in cases {
        assert_eq!(refusal(object), message, "{object:?}");
    }
}

#[test]
fn kinds_that_nobody_sends_so_are_refused_by_name() {
    let pod = decode(&body("v1", "Pod", &[]), ANY).unwrap_err();
    assert_eq!(pod.to_string(), "no kind \"Pod\" is registered for version \"v1\" in protobuf");
    let compressed = [MAGIC, &bytes(3, b"gzip")].concat();
    assert_eq!(decode(&compressed, ANY), Err(ProtobufError::Encoding("gzip".to_owned())));
}

proptest! {
    #[test]
    fn nothing_panics(body in any::<Vec<u8>>(), object in any::<Vec<u8>>()) {
        let _ = decode(&[MAGIC, &body].concat(), ANY);
        for kind in ["Secret", "Namespace", "DeleteOptions"] {
            let _ = decode(&self::body("v1", kind, object.get(..100).unwrap_or(&object)), ANY);
        }
    }
}
