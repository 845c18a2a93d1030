//! Weir: the durable default, silent.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Place;

/// Everything but address, data and silence is the default.
pub(super) fn command(program: &Path, place: &Place<'_>) -> Result<Command> {
    let file = place.home.join("weir.toml");
    let Place { address, data, .. } = place;
    let data = toml_string(data)?;
    let text = format!(
        "[[listener]]\naddress = \"{address}\"\n\n[storage]\ndata = {data}\n\n[log]\nfilter = \"error\"\naccess = false\n"
    );
    fs::write(&file, text)?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--config").arg(file);
    Ok(command)
}

/// A path as TOML writes it; a JSON string is one of its strings.
fn toml_string(path: &Path) -> Result<String> {
    Ok(serde_json::to_string(path)?)
}
