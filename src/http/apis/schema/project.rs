//! Projects, which are namespaces seen by those who use them.

use super::Identity::PatchKey;
use super::Struct;
use super::Type::{Object, String};
use super::core::{NAMESPACE_CONDITION, PHASE};
use super::describe::{TEXTS, defaulted, list, metadata, object, object_list, optional};

/// A project.
pub(super) static PROJECT: Struct = object(
    "com.github.openshift.api.project.v1.Project",
    "A namespace, as those see it who use it.",
    &[
        metadata(),
        defaulted("spec", Object(&PROJECT_SPEC), "What is wanted of the project."),
        defaulted("status", Object(&PROJECT_STATUS), "How far the project is in its life."),
    ],
);

/// Projects.
pub(super) static PROJECT_LIST: Struct =
    object_list!("com.github.openshift.api.project.v1.ProjectList", "Projects.", PROJECT);

/// What is wanted of a project.
static PROJECT_SPEC: Struct = object(
    "com.github.openshift.api.project.v1.ProjectSpec",
    "What is wanted of a project.",
    &[optional("finalizers", TEXTS, "Who must agree before the project is gone.")],
);

/// How far a project is in its life.
static PROJECT_STATUS: Struct = object(
    "com.github.openshift.api.project.v1.ProjectStatus",
    "How far a project is in its life.",
    &[
        optional("phase", PHASE, "Active, or Terminating while it is being deleted."),
        optional("conditions", list!(PatchKey("type"), NAMESPACE_CONDITION), "What keeps it from being gone."),
    ],
);

/// The wish for a new project.
pub(super) static PROJECT_REQUEST: Struct = object(
    "com.github.openshift.api.project.v1.ProjectRequest",
    "Asks for a new project. It is not kept: the answer is the project.",
    &[
        metadata(),
        optional("displayName", String, "What people call the project."),
        optional("description", String, "What the project is for."),
    ],
);
