//! nginx as a file server: the yardstick for reads. The files lie under the paths of the registry's URLs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Place;
use crate::content::MANIFEST;

/// Two workers, for a machine of the smallest kind; more would only take turns. `open_file_cache` stays off, as it is by default.
pub(super) fn command(program: &Path, place: &Place<'_>) -> Result<Command> {
    let Place { address, home, data } = place;
    fs::create_dir_all(data)?;
    fs::create_dir_all(home.join("temporary"))?;
    // Started by root, its workers would be somebody who cannot read the files. Others may not name a user.
    let user = if rustix::process::geteuid().is_root() { "user root root;\n" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {}/temporary/{kind};\n", home.display()))
        .concat();
    let text = format!(
        "{user}worker_processes 2;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log error;
events {{
    worker_connections 4096;
}}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    default_type application/octet-stream;
{temporary}    server {{
        listen {address};
        root {data};
        location ~ /manifests/ {{
            default_type {MANIFEST};
        }}
    }}
}}
",
        home = home.display(),
        data = data.display(),
    );
    let file = home.join("nginx.conf");
    fs::write(&file, text)?;
    let mut command = Command::new(program);
    command.arg("-e").arg(home.join("error.log")).arg("-c").arg(file);
    Ok(command)
}
