//! Kinds of the core group: namespaces, secrets, limits and quotas.

use super::Identity::{Atomic, Key};
use super::Struct;
use super::Type::{Boolean, Bytes, Enum, Map, Object, Quantity, String, Time};
use super::describe::{TEXTS, TEXTS_BY_NAME, defaulted, list, metadata, object, object_list, optional, required};

/// How far a namespace is in its life.
pub(super) const PHASE: super::Type = Enum(&["Active", "Terminating"]);

/// A namespace.
pub(super) static NAMESPACE: Struct = object(
    "io.k8s.api.core.v1.Namespace",
    "A scope for names: streams, secrets and limits are in one.",
    &[
        metadata(),
        defaulted("spec", Object(&NAMESPACE_SPEC), "What is wanted of the namespace."),
        defaulted("status", Object(&NAMESPACE_STATUS), "How far the namespace is in its life."),
    ],
);

/// Namespaces.
pub(super) static NAMESPACE_LIST: Struct = object_list!("io.k8s.api.core.v1.NamespaceList", "Namespaces.", NAMESPACE);

/// What is wanted of a namespace.
static NAMESPACE_SPEC: Struct = object(
    "io.k8s.api.core.v1.NamespaceSpec",
    "What is wanted of a namespace.",
    &[optional("finalizers", TEXTS, "Who must agree before the namespace is gone.")],
);

/// How far a namespace is in its life.
static NAMESPACE_STATUS: Struct = object(
    "io.k8s.api.core.v1.NamespaceStatus",
    "How far a namespace is in its life.",
    &[
        optional("phase", PHASE, "Active, or Terminating while it is being deleted."),
        optional("conditions", list!(Key("type"), NAMESPACE_CONDITION), "What keeps it from being gone."),
    ],
);

/// What keeps a namespace from being gone.
pub(super) static NAMESPACE_CONDITION: Struct = object(
    "io.k8s.api.core.v1.NamespaceCondition",
    "What keeps a namespace from being gone.",
    &[
        required("type", String, "What it is about."),
        required("status", String, "True, False or Unknown."),
        optional("lastTransitionTime", Time, "Since when."),
        optional("reason", String, "Why, in a word for programs."),
        optional("message", String, "Why, for people."),
    ],
);

/// A secret.
pub(super) static SECRET: Struct = object(
    "io.k8s.api.core.v1.Secret",
    "Something to keep secret, such as the credentials for an upstream.",
    &[
        metadata(),
        optional("immutable", Boolean, "Whether the data can no longer be changed."),
        optional("data", Map(&Bytes), "The secret values, by their names."),
        optional("stringData", TEXTS_BY_NAME, "Values as plain text: written into data, and never shown."),
        optional("type", String, "What the data is for, such as kubernetes.io/dockerconfigjson."),
    ],
);

/// Secrets.
pub(super) static SECRET_LIST: Struct = object_list!("io.k8s.api.core.v1.SecretList", "Secrets.", SECRET);

/// Limits of a namespace.
pub(super) static LIMIT_RANGE: Struct = object(
    "io.k8s.api.core.v1.LimitRange",
    "Limits for what is put into a namespace.",
    &[metadata(), defaulted("spec", Object(&LIMIT_RANGE_SPEC), "The limits.")],
);

/// Limits of namespaces.
pub(super) static LIMIT_RANGE_LIST: Struct =
    object_list!("io.k8s.api.core.v1.LimitRangeList", "Limits of namespaces.", LIMIT_RANGE);

/// The limits of a namespace.
static LIMIT_RANGE_SPEC: Struct = object(
    "io.k8s.api.core.v1.LimitRangeSpec",
    "The limits of a namespace.",
    &[required("limits", list!(Atomic, LIMIT_RANGE_ITEM), "The limits, one for each kind of thing.")],
);

/// The limits for one kind of thing.
static LIMIT_RANGE_ITEM: Struct = object(
    "io.k8s.api.core.v1.LimitRangeItem",
    "The limits for one kind of thing.",
    &[
        required("type", String, "The kind of thing: openshift.io/Image or openshift.io/ImageStream."),
        optional("max", AMOUNTS, "The most that is allowed, by resource."),
        optional("min", AMOUNTS, "The least that is allowed, by resource."),
        optional("default", AMOUNTS, "What limits are where none are given, by resource."),
        optional("defaultRequest", AMOUNTS, "What requests are where none are given, by resource."),
        optional("maxLimitRequestRatio", AMOUNTS, "How many times the request a limit may be, by resource."),
    ],
);

/// Amounts by resource.
const AMOUNTS: super::Type = Map(&Quantity);

/// A quota of a namespace.
pub(super) static RESOURCE_QUOTA: Struct = object(
    "io.k8s.api.core.v1.ResourceQuota",
    "How much a namespace may use in all. None are kept here: clients that describe a namespace ask for them.",
    &[
        metadata(),
        defaulted("spec", Object(&RESOURCE_QUOTA_SPEC), "What may be used."),
        defaulted("status", Object(&RESOURCE_QUOTA_STATUS), "What is used."),
    ],
);

/// Quotas of namespaces.
pub(super) static RESOURCE_QUOTA_LIST: Struct =
    object_list!("io.k8s.api.core.v1.ResourceQuotaList", "Quotas of namespaces.", RESOURCE_QUOTA);

/// What a namespace may use.
static RESOURCE_QUOTA_SPEC: Struct = object(
    "io.k8s.api.core.v1.ResourceQuotaSpec",
    "What a namespace may use.",
    &[
        optional("hard", AMOUNTS, "The most that may be used, by resource."),
        optional("scopes", TEXTS, "What is counted; everything where nothing is said."),
    ],
);

/// What a namespace uses.
static RESOURCE_QUOTA_STATUS: Struct = object(
    "io.k8s.api.core.v1.ResourceQuotaStatus",
    "What a namespace uses.",
    &[
        optional("hard", AMOUNTS, "The most that may be used, by resource."),
        optional("used", AMOUNTS, "What is used, by resource."),
    ],
);
