//! The data directory: nothing in it that nobody owns.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sha2::Digest as _;

use super::{Extent, Observer};
use crate::content::digest_of;
use crate::crash::findings::Subject;

impl Observer {
    pub(super) fn check_files(&mut self, extent: Extent) -> Result<()> {
        if extent == Extent::Everything {
            self.files.clear();
        }
        self.check_uploads()?;
        self.check_blobs()?;
        let plain = |folder: &str, known: fn(&str) -> bool| -> Result<()> {
            for name in names(&self.data.join(folder))? {
                ensure!(known(&name), "{folder}/{name} is of nobody");
            }
            Ok(())
        };
        let journal = plain("journal", |name| {
            name.strip_suffix(".journal")
                .is_some_and(|digits| digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let index = plain("index", |name| name == "sled" || name == "state");
        let top =
            plain("", |name| ["blobs", "uploads", "journal", "index", "format", "lock", "lost+found"].contains(&name));
        for result in [journal, index, top] {
            self.findings.note(Subject::Files, result);
        }
        Ok(())
    }

    /// Each file among the uploads is a session's state, or the data of a session that has one.
    fn check_uploads(&mut self) -> Result<()> {
        let names: HashSet<String> = names(&self.data.join("uploads"))?.into_iter().collect();
        for name in &names {
            let owned = match name.rsplit_once('.') {
                Some((id, "json")) => is_session(id),
                Some((id, "data")) => is_session(id) && names.contains(&format!("{id}.json")),
                _ => false,
            };
            self.findings.looked(Subject::Files);
            if !owned {
                self.findings.wrong(Subject::Files, format_args!("uploads/{name} is of nobody"));
            }
        }
        Ok(())
    }

    /// Each file of content hashes to its name, whether anything refers to it or not.
    fn check_blobs(&mut self) -> Result<()> {
        for algorithm in ["sha256", "sha512"] {
            let folder = self.data.join("blobs").join(algorithm);
            for first in names(&folder)? {
                for name in names(&folder.join(&first))? {
                    let path = folder.join(&first).join(&name);
                    if self.files.contains(&path) {
                        continue;
                    }
                    let result = is_content(&path, algorithm, &first, &name);
                    self.findings.note(Subject::Files, result);
                    self.files.insert(path);
                }
            }
        }
        Ok(())
    }
}

fn is_content(path: &Path, algorithm: &str, first: &str, name: &str) -> Result<()> {
    ensure!(first.len() == 2 && name.starts_with(first), "{} is in the wrong folder", path.display());
    let bytes = fs::read(path)?;
    let digest = match algorithm {
        "sha256" => digest_of(&bytes),
        _ => format!("sha512:{}", hex(&sha2::Sha512::digest(&bytes))),
    };
    ensure!(
        digest == format!("{algorithm}:{name}"),
        "{} holds {} bytes that hash to {digest}",
        path.display(),
        bytes.len()
    );
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// A hyphenated lower-case UUID.
fn is_session(id: &str) -> bool {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
    entries
        .map(|entry| {
            entry?.file_name().into_string().map_err(|name| anyhow::anyhow!("{} is no Unicode", name.display()))
        })
        .collect()
}
