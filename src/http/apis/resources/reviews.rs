//! Who somebody is and what they may do: answers that are made from the question and kept nowhere.
//!
//! An open server knows one user, whatever token is sent, and allows everything.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::storage::{Context, Storage, Written};
use crate::streams::image::time;

/// The group of those who did not say who they are.
const GROUP: &str = "system:unauthenticated";

/// `selfsubjectreviews`: who asks?
#[derive(Debug)]
pub(super) struct SelfSubjectReviews;

/// `selfsubjectaccessreviews`: may who asks do this?
#[derive(Debug)]
pub(super) struct SelfSubjectAccessReviews;

/// `selfsubjectrulesreviews`: what may who asks do?
#[derive(Debug)]
pub(super) struct SelfSubjectRulesReviews;

/// `users`, of which `~` is whoever asks, and the only one.
#[derive(Debug)]
pub(super) struct Users;

#[async_trait]
impl Storage for SelfSubjectReviews {
    async fn create(&self, cx: Context<'_>, _: Value) -> Result<Written, Refusal> {
        Ok(created(json!({
            "metadata": { "creationTimestamp": time(cx.app.records.now()) },
            "status": { "userInfo": { "username": cx.actor().as_str(), "groups": [GROUP] } },
        })))
    }
}

#[async_trait]
impl Storage for SelfSubjectAccessReviews {
    async fn create(&self, _: Context<'_>, object: Value) -> Result<Written, Refusal> {
        Ok(created(answered(&object, json!({ "allowed": true }))))
    }

    fn keeps_managers(&self) -> bool {
        true
    }
}

#[async_trait]
impl Storage for SelfSubjectRulesReviews {
    async fn create(&self, _: Context<'_>, object: Value) -> Result<Written, Refusal> {
        let mut object = object;
        if let Some(members) = object.as_object_mut() {
            members.insert("spec".to_owned(), json!({}));
        }
        let everything = json!({
            "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
            "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }],
            "incomplete": false,
        });
        Ok(created(answered(&object, everything)))
    }
}

#[async_trait]
impl Storage for Users {
    async fn get(&self, cx: Context<'_>) -> Result<Value, Refusal> {
        let name = cx.actor().as_str();
        if cx.target.name != "~" && cx.target.name != name {
            return Err(Refusal::not_found(Named::of(cx.target)));
        }
        Ok(json!({ "metadata": { "name": name }, "groups": [GROUP] }))
    }
}

/// A question with its answer.
fn answered(question: &Value, status: Value) -> Value {
    let members = ["metadata", "spec"].into_iter().map(|name| {
        let said = question.get(name).filter(|value| !value.is_null()).cloned();
        (name.to_owned(), said.unwrap_or_else(|| json!({})))
    });
    let mut answer: Map<String, Value> = members.collect();
    answer.insert("status".to_owned(), status);
    Value::Object(answer)
}

fn created(object: Value) -> Written {
    Written::Object { object, created: true }
}
