//! Which columns the tables of a kind have.

use serde_json::{Value, json};

use super::{cells, image_stream, image_tag};
use crate::streams::object::Time;

/// How objects of a kind become rows.
pub(super) struct Layout {
    /// The group and version of the kind; empty where a kind has no columns of its own.
    api_version: &'static str,
    kind: &'static str,
    columns: &'static [Column],
    /// The cells of an object, one for each column.
    pub(super) cells: fn(&Value, Time) -> Vec<Value>,
}

/// A column of a table.
struct Column {
    name: &'static str,
    /// As OpenAPI names types: `string`, `number`, `date`.
    of: &'static str,
    /// `name` for the one column that names the object.
    format: &'static str,
    /// 0 is always shown, 1 only in a wide table.
    priority: u8,
    description: &'static str,
}

const NAME: Column = Column {
    name: "Name",
    of: "string",
    format: "name",
    priority: 0,
    description: "The name of the object, which no other object of its kind and namespace has.",
};

const fn column(name: &'static str, description: &'static str) -> Column {
    Column { name, of: "string", format: "", priority: 0, description }
}

const fn wide(name: &'static str, description: &'static str) -> Column {
    Column { priority: 1, ..column(name, description) }
}

const AGE: Column = column("Age", "How long ago the object was created, by the clock of the server.");
const UPDATED: Column = column("Updated", "How long ago it last changed.");
const REFERENCE: &str = "The pull spec by which the image can be fetched.";

const IMAGE: &str = "image.openshift.io/v1";

const LAYOUTS: &[Layout] = &[
    Layout {
        api_version: IMAGE,
        kind: "Image",
        columns: &[NAME, column("Image Reference", REFERENCE)],
        cells: cells::image,
    },
    Layout {
        api_version: IMAGE,
        kind: "ImageStream",
        columns: &[
            NAME,
            column("Image Repository", "Where the stream can be pulled from; empty while nothing serves it."),
            column("Tags", "The tags that changed last, and how many more there are."),
            UPDATED,
        ],
        cells: image_stream::cells,
    },
    Layout {
        api_version: IMAGE,
        kind: "ImageStreamTag",
        columns: &[
            NAME,
            column("Image Reference", REFERENCE),
            UPDATED,
            wide("Image Name", "The digest of the image that the tag means."),
        ],
        cells: cells::image_stream_tag,
    },
    Layout {
        api_version: IMAGE,
        kind: "ImageStreamImage",
        columns: &[NAME, UPDATED, wide("Image Reference", REFERENCE), wide("Image Name", "The digest of the image.")],
        cells: cells::image_stream_image,
    },
    Layout {
        api_version: IMAGE,
        kind: "ImageTag",
        columns: &[
            NAME,
            column("Spec", "How the tag is fed: Tag, Track, Ref, Scheduled or Push; empty where nothing feeds it."),
            column("Status", "What the tag means, or what became of its import."),
            Column { of: "number", ..column("History", "How many images the tag has meant.") },
            UPDATED,
        ],
        cells: image_tag::cells,
    },
    Layout {
        api_version: "v1",
        kind: "Namespace",
        columns: &[NAME, column("Status", "Whether the namespace is in use or going away."), AGE],
        cells: cells::namespace,
    },
    Layout {
        api_version: "v1",
        kind: "Secret",
        columns: &[NAME, column("Type", "What the secret is for."), column("Data", "How many keys it has."), AGE],
        cells: cells::secret,
    },
    Layout {
        api_version: "project.openshift.io/v1",
        kind: "Project",
        columns: &[
            NAME,
            column("Display Name", "The name of the project for people."),
            column("Status", "Whether the project is in use or going away."),
        ],
        cells: cells::project,
    },
    Layout {
        api_version: "user.openshift.io/v1",
        kind: "User",
        columns: &[
            NAME,
            column("UID", "The identity of the user."),
            column("Full Name", "The name of the user for people."),
            column("Identities", "Under which names providers of identities know the user."),
        ],
        cells: cells::user,
    },
];

/// For kinds without columns of their own.
const OTHER: Layout = Layout {
    api_version: "",
    kind: "",
    columns: &[
        NAME,
        Column { of: "date", ..column("Created At", "When the object was created, by the clock of the server.") },
    ],
    cells: cells::other,
};

impl Layout {
    /// The layout of a kind.
    pub(super) fn of(kind: &str) -> &'static Self {
        LAYOUTS.iter().find(|layout| layout.kind == kind).unwrap_or(&OTHER)
    }

    /// The columns as the table says them.
    pub(super) fn definitions(&self) -> Value {
        self.columns.iter().map(Column::definition).collect()
    }

    /// The object with its kind, which items of a list lack.
    pub(super) fn typed(&self, object: &Value) -> Value {
        let Some(fields) = object.as_object().filter(|fields| !fields.contains_key("kind") && !self.kind.is_empty())
        else {
            return object.clone();
        };
        let mut typed = serde_json::Map::new();
        typed.insert("kind".to_owned(), self.kind.into());
        typed.insert("apiVersion".to_owned(), self.api_version.into());
        typed.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        Value::Object(typed)
    }
}

impl Column {
    fn definition(&self) -> Value {
        let Self { name, of, format, priority, description } = self;
        json!({"name": name, "type": of, "format": format, "description": description, "priority": priority})
    }
}
