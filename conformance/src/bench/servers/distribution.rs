//! distribution, version 3 or Debian's version 2: a directory as its store, and the blob descriptor cache that its example has.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::Place;

/// JSON is YAML, and needs no rules for quoting.
pub(super) fn command(program: &Path, place: &Place<'_>) -> Result<Command> {
    let file = place.home.join("registry.yml");
    let configuration = json!({
        "version": 0.1,
        "log": { "level": "error", "accesslog": { "disabled": true } },
        "storage": {
            "filesystem": { "rootdirectory": place.data },
            "cache": { "blobdescriptor": "inmemory" },
            "maintenance": { "uploadpurging": { "enabled": false } },
        },
        "http": { "addr": place.address, "secret": "the same for every run" },
    });
    fs::write(&file, configuration.to_string())?;
    let mut command = Command::new(program);
    // Version 3 sends traces to a collector unless it is told not to.
    command.arg("serve").arg(file).env("OTEL_TRACES_EXPORTER", "none");
    Ok(command)
}
