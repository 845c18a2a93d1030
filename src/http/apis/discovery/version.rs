//! `/version`.

use serde_json::{Value, json};

/// The version of the Kubernetes API that is spoken. Clients compare theirs with it.
const MAJOR: &str = "1";
const MINOR: &str = "34";

/// What the server is.
pub(super) fn version() -> Value {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": "33",
        "gitVersion": format!("v{MAJOR}.{MINOR}.1+weir-{}", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "",
        // Builds are reproducible, so that none has a date of its own.
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{architecture}", std::env::consts::OS),
    })
}
