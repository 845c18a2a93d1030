//! The messages that clients send in protobuf, as tables of fields. Numbers and names are those of Kubernetes' `.proto`
//! files; fields that a server sets itself and ignores in requests are left out.

/// The fields of a message.
#[derive(Debug)]
pub(super) struct Message(pub(super) &'static [Field]);

/// A field of a message, and what it is in JSON.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// How a field is written in JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Text, left out where it is empty.
    Text,
    /// A number.
    Integer,
    /// A number, left out where it is zero.
    Count,
    Boolean,
    /// Seconds since 1970, as RFC 3339.
    Time,
    /// JSON text within.
    Json,
    Texts,
    Message(&'static Message),
    Messages(&'static Message),
    TextMap,
    /// Bytes by name, in base64.
    BytesMap,
}

const fn field(number: u32, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}

/// `runtime.Unknown`: what is around every object.
pub(super) static ENVELOPE: Message =
    Message(&[field(1, "typeMeta", Shape::Message(&TYPE_META)), field(3, "contentEncoding", Shape::Text)]);

/// The number of the field of the envelope that holds the object.
pub(super) const RAW: u32 = 2;

static TYPE_META: Message = Message(&[field(1, "apiVersion", Shape::Text), field(2, "kind", Shape::Text)]);

/// The message of a kind, if it is one that clients send in protobuf.
pub(super) fn of(api_version: &str, kind: &str) -> Option<&'static Message> {
    Some(match (api_version, kind) {
        ("v1", "Namespace") => &NAMESPACE,
        ("v1", "Secret") => &SECRET,
        ("authentication.k8s.io/v1", "SelfSubjectReview") => &SELF_SUBJECT_REVIEW,
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => &SELF_SUBJECT_ACCESS_REVIEW,
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => &SELF_SUBJECT_RULES_REVIEW,
        // Sent under the version of whatever is deleted.
        (_, "DeleteOptions") => &DELETE_OPTIONS,
        _ => return None,
    })
}

static NAMESPACE: Message = Message(&[
    field(1, "metadata", Shape::Message(&OBJECT_META)),
    field(2, "spec", Shape::Message(&NAMESPACE_SPEC)),
    field(3, "status", Shape::Message(&NAMESPACE_STATUS)),
]);

static NAMESPACE_SPEC: Message = Message(&[field(1, "finalizers", Shape::Texts)]);

static NAMESPACE_STATUS: Message = Message(&[field(1, "phase", Shape::Text)]);

static SECRET: Message = Message(&[
    field(1, "metadata", Shape::Message(&OBJECT_META)),
    field(2, "data", Shape::BytesMap),
    field(3, "type", Shape::Text),
    field(4, "stringData", Shape::TextMap),
    field(5, "immutable", Shape::Boolean),
]);

static SELF_SUBJECT_REVIEW: Message = Message(&[field(1, "metadata", Shape::Message(&OBJECT_META))]);

static SELF_SUBJECT_ACCESS_REVIEW: Message =
    Message(&[field(1, "metadata", Shape::Message(&OBJECT_META)), field(2, "spec", Shape::Message(&ACCESS_SPEC))]);

static ACCESS_SPEC: Message = Message(&[
    field(1, "resourceAttributes", Shape::Message(&RESOURCE_ATTRIBUTES)),
    field(2, "nonResourceAttributes", Shape::Message(&NON_RESOURCE_ATTRIBUTES)),
]);

static RESOURCE_ATTRIBUTES: Message = Message(&[
    field(1, "namespace", Shape::Text),
    field(2, "verb", Shape::Text),
    field(3, "group", Shape::Text),
    field(4, "version", Shape::Text),
    field(5, "resource", Shape::Text),
    field(6, "subresource", Shape::Text),
    field(7, "name", Shape::Text),
    field(8, "fieldSelector", Shape::Message(&SELECTOR)),
    field(9, "labelSelector", Shape::Message(&SELECTOR)),
]);

static NON_RESOURCE_ATTRIBUTES: Message = Message(&[field(1, "path", Shape::Text), field(2, "verb", Shape::Text)]);

static SELECTOR: Message =
    Message(&[field(1, "rawSelector", Shape::Text), field(2, "requirements", Shape::Messages(&REQUIREMENT))]);

static REQUIREMENT: Message =
    Message(&[field(1, "key", Shape::Text), field(2, "operator", Shape::Text), field(3, "values", Shape::Texts)]);

static SELF_SUBJECT_RULES_REVIEW: Message =
    Message(&[field(1, "metadata", Shape::Message(&OBJECT_META)), field(2, "spec", Shape::Message(&RULES_SPEC))]);

static RULES_SPEC: Message = Message(&[field(1, "namespace", Shape::Text)]);

static DELETE_OPTIONS: Message = Message(&[
    field(1, "gracePeriodSeconds", Shape::Integer),
    field(2, "preconditions", Shape::Message(&PRECONDITIONS)),
    field(3, "orphanDependents", Shape::Boolean),
    field(4, "propagationPolicy", Shape::Text),
    field(5, "dryRun", Shape::Texts),
    field(6, "ignoreStoreReadErrorWithClusterBreakingPotential", Shape::Boolean),
]);

static PRECONDITIONS: Message = Message(&[field(1, "uid", Shape::Text), field(2, "resourceVersion", Shape::Text)]);

static OBJECT_META: Message = Message(&[
    field(1, "name", Shape::Text),
    field(2, "generateName", Shape::Text),
    field(3, "namespace", Shape::Text),
    field(4, "selfLink", Shape::Text),
    field(5, "uid", Shape::Text),
    field(6, "resourceVersion", Shape::Text),
    field(7, "generation", Shape::Count),
    field(8, "creationTimestamp", Shape::Time),
    field(9, "deletionTimestamp", Shape::Time),
    field(10, "deletionGracePeriodSeconds", Shape::Integer),
    field(11, "labels", Shape::TextMap),
    field(12, "annotations", Shape::TextMap),
    field(13, "ownerReferences", Shape::Messages(&OWNER_REFERENCE)),
    field(14, "finalizers", Shape::Texts),
    field(17, "managedFields", Shape::Messages(&MANAGED_FIELDS)),
]);

static OWNER_REFERENCE: Message = Message(&[
    field(1, "kind", Shape::Text),
    field(3, "name", Shape::Text),
    field(4, "uid", Shape::Text),
    field(5, "apiVersion", Shape::Text),
    field(6, "controller", Shape::Boolean),
    field(7, "blockOwnerDeletion", Shape::Boolean),
]);

static MANAGED_FIELDS: Message = Message(&[
    field(1, "manager", Shape::Text),
    field(2, "operation", Shape::Text),
    field(3, "apiVersion", Shape::Text),
    field(4, "time", Shape::Time),
    field(6, "fieldsType", Shape::Text),
    field(7, "fieldsV1", Shape::Json),
    field(8, "subresource", Shape::Text),
]);
