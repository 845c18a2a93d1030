//! The parameters of requests.

use serde_json::{Value, json};

use super::Dialect;
use crate::http::apis::resource::Verb;

/// A parameter of a query: its name, its type, and what it does.
type Parameter = (&'static str, &'static str, &'static str);

const ALLOW_BOOKMARKS: Parameter =
    ("allowWatchBookmarks", "boolean", "Whether a watch also tells how far it has come when nothing changes.");
const CONTINUE: Parameter =
    ("continue", "string", "Asks for the next page of a list: what the last one gave in its metadata.");
const DRY_RUN: Parameter = ("dryRun", "string", "All: everything is checked, and nothing is kept.");
const FIELD_MANAGER: Parameter =
    ("fieldManager", "string", "The name under which the client owns the fields that it sets.");
const FIELD_SELECTOR: Parameter = ("fieldSelector", "string", "Only objects with such fields.");
const FIELD_VALIDATION: Parameter = (
    "fieldValidation",
    "string",
    "What becomes of unknown and repeated fields: Ignore drops them, Warn drops them and says so, Strict refuses the request.",
);
const FORCE: Parameter = ("force", "boolean", "Whether server-side apply takes over fields that others own.");
const GRACE: Parameter = ("gracePeriodSeconds", "integer", "How many seconds the object may take to end.");
const IGNORE_READ_ERROR: Parameter = (
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "Accepted, and without meaning here: objects are never deleted unread.",
);
const LABEL_SELECTOR: Parameter = ("labelSelector", "string", "Only objects with such labels.");
const LIMIT: Parameter = ("limit", "integer", "How many objects a page of a list holds at most.");
const ORPHANS: Parameter = ("orphanDependents", "boolean", "Older form of the propagation policy.");
const PROPAGATION: Parameter =
    ("propagationPolicy", "string", "What becomes of the objects that belong to it: Orphan, Background or Foreground.");
const RESOURCE_VERSION: Parameter =
    ("resourceVersion", "string", "How new the answer has to be; for a watch, behind which change it starts.");
const VERSION_MATCH: Parameter =
    ("resourceVersionMatch", "string", "Whether resourceVersion is meant exactly, or as the oldest that will do.");
const INITIAL_EVENTS: Parameter =
    ("sendInitialEvents", "boolean", "Whether a watch begins with what is there, and a bookmark behind it.");
const TIMEOUT: Parameter = ("timeoutSeconds", "integer", "After how many seconds a list or a watch ends.");
const WATCH: Parameter = ("watch", "boolean", "Whether changes are told as they happen, instead of a list.");

/// Whether indented text is wanted, which every path can be asked.
const PRETTY: Parameter = ("pretty", "string", "Whether the answer is indented, for people.");

/// The parameters of a path.
pub(super) fn of_path(dialect: Dialect, named: bool, namespaced: bool) -> Value {
    let mut parameters = Vec::new();
    if named {
        parameters.push(in_path(dialect, "name", "The name of the object."));
    }
    if namespaced {
        parameters.push(in_path(dialect, "namespace", "The namespace of the object."));
    }
    parameters.push(in_query(dialect, PRETTY));
    parameters.into()
}

/// The parameters of a verb.
pub(super) fn of_verb(dialect: Dialect, verb: Verb) -> Vec<Value> {
    verb_parameters(verb).iter().map(|parameter| in_query(dialect, *parameter)).collect()
}

fn verb_parameters(verb: Verb) -> &'static [Parameter] {
    match verb {
        Verb::Get => &[],
        Verb::List | Verb::Watch => &[
            ALLOW_BOOKMARKS,
            CONTINUE,
            FIELD_SELECTOR,
            LABEL_SELECTOR,
            LIMIT,
            RESOURCE_VERSION,
            VERSION_MATCH,
            INITIAL_EVENTS,
            TIMEOUT,
            WATCH,
        ],
        Verb::Create | Verb::Update => &[DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
        Verb::Patch => &[DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE],
        Verb::Delete => &[DRY_RUN, GRACE, IGNORE_READ_ERROR, ORPHANS, PROPAGATION],
        Verb::DeleteCollection => &[
            CONTINUE,
            DRY_RUN,
            FIELD_SELECTOR,
            GRACE,
            IGNORE_READ_ERROR,
            LABEL_SELECTOR,
            LIMIT,
            ORPHANS,
            PROPAGATION,
            RESOURCE_VERSION,
            VERSION_MATCH,
            INITIAL_EVENTS,
            TIMEOUT,
        ],
    }
}

fn in_query(dialect: Dialect, (name, of, description): Parameter) -> Value {
    match dialect {
        Dialect::V2 => json!({"name": name, "in": "query", "description": description, "type": of}),
        Dialect::V3 => json!({"name": name, "in": "query", "description": description, "schema": {"type": of}}),
    }
}

fn in_path(dialect: Dialect, name: &str, description: &str) -> Value {
    match dialect {
        Dialect::V2 => {
            json!({"name": name, "in": "path", "description": description, "required": true, "type": "string"})
        }
        Dialect::V3 => {
            json!({"name": name, "in": "path", "description": description, "required": true, "schema": {"type": "string"}})
        }
    }
}
