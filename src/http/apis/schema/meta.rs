//! What every object and list has, and the objects with which the API itself is spoken.

use super::Identity::{Atomic, Key, Set};
use super::Struct;
use super::Type::{Boolean, Int32, Int64, List, Object, OwnedFields, String, Time};
use super::describe::{TEXTS, TEXTS_BY_NAME, atomic, defaulted, list, object, optional, required};

/// What every object has.
pub(crate) static OBJECT_META: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    "What every stored object has, whatever its kind.",
    &[
        optional("name", String, "What the object is called: unique within its namespace and kind, and for good."),
        optional(
            "generateName",
            String,
            "A prefix: the server makes the name by adding to it, where no name is given.",
        ),
        optional("namespace", String, "The namespace that the object is in. Empty where the kind has none."),
        optional("selfLink", String, "Not used any more; always empty."),
        optional(
            "uid",
            String,
            "Tells this object from all others, also from earlier ones of its name. Set by the server.",
        ),
        optional(
            "resourceVersion",
            String,
            "Changes with each change of the object. Sent back with an update, it makes sure that nobody else's change is lost.",
        ),
        optional("generation", Int64, "Counts the changes of what is wanted. Set by the server."),
        optional("creationTimestamp", Time, "When the object was created. Set by the server."),
        optional("deletionTimestamp", Time, "When the object is to be gone, once its deletion was asked for."),
        optional("deletionGracePeriodSeconds", Int64, "How many seconds the object may take to end."),
        optional("labels", TEXTS_BY_NAME, "Short texts by which objects are selected."),
        optional("annotations", TEXTS_BY_NAME, "Texts of any kind, kept for tools and people."),
        optional(
            "ownerReferences",
            list!(Key("uid"), OWNER_REFERENCE),
            "The objects that this one belongs to, and without which it has no reason to be.",
        ),
        optional(
            "finalizers",
            List(&super::List { of: String, identity: Set }),
            "Who must agree before the object is gone.",
        ),
        optional("managedFields", list!(Atomic, MANAGED_FIELDS_ENTRY), "Who set which fields. Kept by the server."),
    ],
);

/// What every list has.
pub(crate) static LIST_META: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
    "What is known of a list as a whole.",
    &[
        optional("selfLink", String, "Not used any more; always empty."),
        optional("resourceVersion", String, "The version of the whole that the list shows; a watch can start from it."),
        optional("continue", String, "Asks for the next page, where there is one."),
        optional("remainingItemCount", Int64, "How many objects the next pages hold, where that is known."),
    ],
);

/// The owner of an object.
static OWNER_REFERENCE: Struct = atomic(
    "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    "The owner of an object, in the same namespace or in none.",
    &[
        required("apiVersion", String, "The owner's API version."),
        required("kind", String, "The owner's kind."),
        required("name", String, "The owner's name."),
        required("uid", String, "The owner's uid."),
        optional("controller", Boolean, "Whether this owner is the one that looks after the object."),
        optional("blockOwnerDeletion", Boolean, "Whether the owner stays until this object is gone."),
    ],
);

/// The fields that a manager set.
static MANAGED_FIELDS_ENTRY: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
    "The fields that one manager set, in one way.",
    &[
        optional("manager", String, "Who: the name that a client gives itself."),
        optional("operation", String, "How: Apply for server-side apply, Update for everything else."),
        optional("apiVersion", String, "The version of the API in which the fields are named."),
        optional("time", Time, "When the manager last set one of the fields."),
        optional("fieldsType", String, "How the fields are written down: FieldsV1."),
        optional("fieldsV1", OwnedFields, "The fields."),
        optional("subresource", String, "The subresource through which they were set, if any."),
    ],
);

/// How a request ended.
pub(crate) static STATUS: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
    "How a request ended, where no object tells it.",
    &[
        defaulted("metadata", Object(&LIST_META), "Empty."),
        optional("status", String, "Success or Failure."),
        optional("message", String, "What happened, for people."),
        optional("reason", String, "Why it failed, in a word for programs."),
        optional("details", Object(&STATUS_DETAILS), "What it was about."),
        optional("code", Int32, "The HTTP status."),
    ],
);

/// What a status is about.
static STATUS_DETAILS: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails",
    "What a status is about.",
    &[
        optional("name", String, "The name of the object."),
        optional("group", String, "Its API group."),
        optional("kind", String, "Its kind or its resource."),
        optional("uid", String, "Its uid."),
        optional("causes", list!(Atomic, STATUS_CAUSE), "The single reasons of a refusal."),
        optional("retryAfterSeconds", Int32, "After how many seconds to try again."),
    ],
);

/// One reason of a refusal.
static STATUS_CAUSE: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause",
    "One reason of a refusal.",
    &[
        optional("reason", String, "The reason, in a word for programs."),
        optional("message", String, "The reason, for people."),
        optional("field", String, "The field that is to blame."),
    ],
);

/// How to delete.
pub(crate) static DELETE_OPTIONS: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "How to delete an object.",
    &[
        optional("gracePeriodSeconds", Int64, "How many seconds the object may take to end."),
        optional("preconditions", Object(&PRECONDITIONS), "What must hold for the deletion to take place."),
        optional("orphanDependents", Boolean, "Older form of the propagation policy."),
        optional(
            "propagationPolicy",
            String,
            "What becomes of the objects that belong to it: Orphan, Background or Foreground.",
        ),
        optional("dryRun", TEXTS, "All: everything is checked, and nothing is deleted."),
        optional(
            "ignoreStoreReadErrorWithClusterBreakingPotential",
            Boolean,
            "Accepted, and without meaning here: objects are never deleted unread.",
        ),
    ],
);

/// What must hold for a change to take place.
static PRECONDITIONS: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
    "What must hold for a change to take place.",
    &[
        optional("uid", String, "The object has this uid."),
        optional("resourceVersion", String, "The object has this resourceVersion."),
    ],
);

/// What a group and version serves.
pub(crate) static API_RESOURCE_LIST: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList",
    "What a group and version of the API serves.",
    &[
        required("groupVersion", String, "The group and version."),
        required("resources", list!(Atomic, API_RESOURCE), "The resources."),
    ],
);

/// One resource that is served.
static API_RESOURCE: Struct = object(
    "io.k8s.apimachinery.pkg.apis.meta.v1.APIResource",
    "A resource, and what can be done with it.",
    &[
        required("name", String, "Its name in paths: the plural, and behind a slash the subresource."),
        required("singularName", String, "Its name in the singular."),
        required("namespaced", Boolean, "Whether its objects are in namespaces."),
        optional("group", String, "The group of its objects, where it is another."),
        optional("version", String, "The version of its objects, where it is another."),
        required("kind", String, "The kind of its objects."),
        required("verbs", TEXTS, "What can be done."),
        optional("shortNames", TEXTS, "Short names for the command line."),
        optional("categories", TEXTS, "Groups of resources that can be asked for at once, such as all."),
        optional("storageVersionHash", String, "Changes when the stored form does."),
    ],
);

/// A reference to an object, whatever its kind.
pub(super) static OBJECT_REFERENCE: Struct = atomic(
    "io.k8s.api.core.v1.ObjectReference",
    "Points at an object.",
    &[
        optional("kind", String, "The kind of the object."),
        optional("namespace", String, "Its namespace; the own one where empty."),
        optional("name", String, "Its name."),
        optional("uid", String, "Its uid."),
        optional("apiVersion", String, "Its API version."),
        optional("resourceVersion", String, "The version of it that is meant."),
        optional("fieldPath", String, "The part of it that is meant."),
    ],
);

/// A reference to an object of a known kind in the same namespace.
pub(super) static LOCAL_OBJECT_REFERENCE: Struct = atomic(
    "io.k8s.api.core.v1.LocalObjectReference",
    "Points at an object in the same namespace, whose kind is clear from where it stands.",
    &[defaulted("name", String, "Its name.")],
);
