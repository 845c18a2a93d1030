//! Questions about who is asking and what they may do.

use super::Identity::Atomic;
use super::Struct;
use super::Type::{Boolean, Map, Object, String};
use super::describe::{TEXTS, defaulted, list, metadata, object, object_list, optional, required};

/// Who am I?
pub(super) static SELF_SUBJECT_REVIEW: Struct = object(
    "io.k8s.api.authentication.v1.SelfSubjectReview",
    "Asks who is asking. It is not kept.",
    &[metadata(), defaulted("status", Object(&SELF_SUBJECT_REVIEW_STATUS), "The answer.")],
);

/// Who you are.
static SELF_SUBJECT_REVIEW_STATUS: Struct = object(
    "io.k8s.api.authentication.v1.SelfSubjectReviewStatus",
    "Who is asking.",
    &[defaulted("userInfo", Object(&USER_INFO), "The user.")],
);

/// What is known of a user.
static USER_INFO: Struct = object(
    "io.k8s.api.authentication.v1.UserInfo",
    "What is known of a user.",
    &[
        optional("username", String, "The user's name."),
        optional("uid", String, "Tells the user from earlier ones of that name."),
        optional("groups", TEXTS, "The groups that the user is in."),
        optional("extra", Map(&TEXTS), "What else the authentication told."),
    ],
);

/// May I?
pub(super) static SELF_SUBJECT_ACCESS_REVIEW: Struct = object(
    "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    "Asks whether the one who asks may do something. It is not kept.",
    &[
        metadata(),
        required("spec", Object(&SELF_SUBJECT_ACCESS_REVIEW_SPEC), "What is to be done: one of the two."),
        defaulted("status", Object(&SUBJECT_ACCESS_REVIEW_STATUS), "The answer."),
    ],
);

/// What is to be done.
static SELF_SUBJECT_ACCESS_REVIEW_SPEC: Struct = object(
    "io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec",
    "What is to be done: one of the two.",
    &[
        optional("resourceAttributes", Object(&RESOURCE_ATTRIBUTES), "Something with a resource."),
        optional("nonResourceAttributes", Object(&NON_RESOURCE_ATTRIBUTES), "A request of a path that is no resource."),
    ],
);

/// Whether it may be done.
static SUBJECT_ACCESS_REVIEW_STATUS: Struct = object(
    "io.k8s.api.authorization.v1.SubjectAccessReviewStatus",
    "Whether it may be done.",
    &[
        required("allowed", Boolean, "Whether it is allowed."),
        optional("denied", Boolean, "Whether it is forbidden, whatever else would allow it."),
        optional("reason", String, "Why."),
        optional("evaluationError", String, "What went wrong while the answer was looked for."),
    ],
);

/// Something done with a resource.
static RESOURCE_ATTRIBUTES: Struct = object(
    "io.k8s.api.authorization.v1.ResourceAttributes",
    "Something done with a resource.",
    &[
        optional("namespace", String, "The namespace; empty for all, or where the resource has none."),
        optional("verb", String, "What is done, such as get or create; * for everything."),
        optional("group", String, "The API group; * for all."),
        optional("version", String, "The version of the API; * for all."),
        optional("resource", String, "The resource, in the plural; * for all."),
        optional("subresource", String, "The subresource, if one is meant."),
        optional("name", String, "The name of the object; empty for all."),
        optional("fieldSelector", Object(&FIELD_SELECTOR_ATTRIBUTES), "Only objects with such fields."),
        optional("labelSelector", Object(&LABEL_SELECTOR_ATTRIBUTES), "Only objects with such labels."),
    ],
);

/// A request of a path that is no resource.
static NON_RESOURCE_ATTRIBUTES: Struct = object(
    "io.k8s.api.authorization.v1.NonResourceAttributes",
    "A request of a path that is no resource.",
    &[optional("path", String, "The path."), optional("verb", String, "The method, in small letters.")],
);

/// Only objects with such fields.
static FIELD_SELECTOR_ATTRIBUTES: Struct = object(
    "io.k8s.api.authorization.v1.FieldSelectorAttributes",
    "Only objects with such fields: in one of the two forms.",
    &[
        optional("rawSelector", String, "The selector as text."),
        optional("requirements", list!(Atomic, FIELD_SELECTOR_REQUIREMENT), "The selector taken apart."),
    ],
);

/// What a field must be.
static FIELD_SELECTOR_REQUIREMENT: Struct =
    object("io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement", "What a field must be.", REQUIREMENT);

/// Only objects with such labels.
static LABEL_SELECTOR_ATTRIBUTES: Struct = object(
    "io.k8s.api.authorization.v1.LabelSelectorAttributes",
    "Only objects with such labels: in one of the two forms.",
    &[
        optional("rawSelector", String, "The selector as text."),
        optional("requirements", list!(Atomic, LABEL_SELECTOR_REQUIREMENT), "The selector taken apart."),
    ],
);

/// What a label must be.
static LABEL_SELECTOR_REQUIREMENT: Struct =
    object("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", "What a label must be.", REQUIREMENT);

/// What the value of a key must be.
const REQUIREMENT: &[super::Field] = &[
    required("key", String, "The key."),
    required("operator", String, "In, NotIn, Exists or DoesNotExist."),
    optional("values", TEXTS, "The values, for In and NotIn."),
];

/// What may I?
pub(super) static SELF_SUBJECT_RULES_REVIEW: Struct = object(
    "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
    "Asks for everything that the one who asks may do in a namespace. It is not kept.",
    &[
        metadata(),
        required("spec", Object(&SELF_SUBJECT_RULES_REVIEW_SPEC), "Where."),
        defaulted("status", Object(&SUBJECT_RULES_REVIEW_STATUS), "The answer."),
    ],
);

/// Where it is asked about.
static SELF_SUBJECT_RULES_REVIEW_SPEC: Struct = object(
    "io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec",
    "Where rules are asked about.",
    &[optional("namespace", String, "The namespace.")],
);

/// Everything that may be done.
static SUBJECT_RULES_REVIEW_STATUS: Struct = object(
    "io.k8s.api.authorization.v1.SubjectRulesReviewStatus",
    "Everything that may be done.",
    &[
        required("resourceRules", list!(Atomic, RESOURCE_RULE), "What may be done with resources."),
        required("nonResourceRules", list!(Atomic, NON_RESOURCE_RULE), "Which other paths may be asked for."),
        required("incomplete", Boolean, "Whether there may be more."),
        optional("evaluationError", String, "Why there may be more."),
    ],
);

/// What may be done with resources.
static RESOURCE_RULE: Struct = object(
    "io.k8s.api.authorization.v1.ResourceRule",
    "What may be done with some resources.",
    &[
        required("verbs", TEXTS, "What may be done; * for everything."),
        optional("apiGroups", TEXTS, "The groups of the resources; * for all."),
        optional("resources", TEXTS, "The resources; * for all."),
        optional("resourceNames", TEXTS, "The objects; all where empty."),
    ],
);

/// Which other paths may be asked for.
static NON_RESOURCE_RULE: Struct = object(
    "io.k8s.api.authorization.v1.NonResourceRule",
    "Which paths that are no resources may be asked for, and how.",
    &[
        required("verbs", TEXTS, "The methods, in small letters; * for all."),
        optional("nonResourceURLs", TEXTS, "The paths; * at the end of one for all that begin so."),
    ],
);

/// A user.
pub(super) static USER: Struct = object(
    "com.github.openshift.api.user.v1.User",
    "A user. The name ~ asks for the one who asks.",
    &[
        metadata(),
        optional("fullName", String, "What people call the user."),
        optional("identities", TEXTS, "How the user logs in."),
        required("groups", TEXTS, "The groups that the user is in."),
    ],
);

/// Users.
pub(super) static USER_LIST: Struct = object_list!("com.github.openshift.api.user.v1.UserList", "Users.", USER);
