//! Which image of a manifest list is taken, where only one can be.

use std::collections::BTreeMap;

use crate::oci::{Descriptor, Platform};

/// The annotations of a spec tag that say which platform its image should be for.
const PREFER_ARCHITECTURE: &str = "importer.image.openshift.io/prefer-arch";
const PREFER_OS: &str = "importer.image.openshift.io/prefer-os";

/// The platform that most images are for.
const USUAL: (&str, &str) = ("linux", "amd64");

/// The platform that an image should be for. What is empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Preference {
    os: String,
    architecture: String,
}

impl Preference {
    /// What the annotations of a spec tag say.
    pub(super) fn of(annotations: &BTreeMap<String, String>) -> Self {
        let said = |name: &str| annotations.get(name).cloned().unwrap_or_default();
        Self { os: said(PREFER_OS), architecture: said(PREFER_ARCHITECTURE) }
    }

    /// As text: empty where anything will do.
    pub(super) fn text(&self) -> String {
        if *self == Self::default() { String::new() } else { format!("{}/{}", self.os, self.architecture) }
    }

    /// Chooses among the manifests of a list: the first one that fits, else the first for the usual platform, else the
    /// first. Without a preference, this server's platform is preferred.
    ///
    /// Source: the importer of openshift-apiserver, restated.
    pub(super) fn choose<'a>(&self, manifests: &'a [Descriptor]) -> Option<&'a Descriptor> {
        let (os, architecture) = if *self == Self::default() {
            ("linux", own_architecture())
        } else {
            (self.os.as_str(), self.architecture.as_str())
        };
        let first = |os: &str, architecture: &str| manifests.iter().find(|found| fits(found, os, architecture));
        first(os, architecture).or_else(|| first(USUAL.0, USUAL.1)).or_else(|| manifests.first())
    }
}

fn fits(descriptor: &Descriptor, os: &str, architecture: &str) -> bool {
    let like = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    let said = |platform: &Platform| like(os, &platform.os) && like(architecture, &platform.architecture);
    descriptor.platform.as_ref().is_some_and(said)
}

/// The architecture of this server, as images name it.
fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(platforms: &[(&str, &str)]) -> Vec<Descriptor> {
        let one = |(index, (os, architecture)): (usize, &(&str, &str))| Descriptor {
            media_type: String::new(),
            artifact_type: None,
            digest: format!("sha256:{index:064x}").parse().unwrap(),
            size: 0,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            platform: (!os.is_empty()).then(|| Platform {
                os: (*os).to_owned(),
                architecture: (*architecture).to_owned(),
                ..Platform::default()
            }),
        };
        platforms.iter().enumerate().map(one).collect()
    }

    fn chosen(preference: (&str, &str), platforms: &[(&str, &str)]) -> Option<usize> {
        let preference = Preference { os: preference.0.to_owned(), architecture: preference.1.to_owned() };
        let manifests = list(platforms);
        let found = preference.choose(&manifests)?;
        manifests.iter().position(|manifest| manifest == found)
    }

    #[test]
    fn what_is_preferred_is_taken_where_it_is_there() {
        let all = [("linux", "s390x"), ("windows", "amd64"), ("linux", "amd64"), ("linux", "arm64")];
        assert_eq!(chosen(("linux", "arm64"), &all), Some(3));
        assert_eq!(chosen(("", "s390x"), &all), Some(0));
        assert_eq!(chosen(("windows", ""), &all), Some(1));
        assert_eq!(chosen(("plan9", "mips"), &all), Some(2), "the usual platform");
        assert_eq!(chosen(("linux", "mips"), &[("", ""), ("linux", "arm64")]), Some(0), "whatever there is");
        assert_eq!(chosen(("linux", "mips"), &[]), None);
    }

    #[test]
    fn annotations_say_what_is_preferred() {
        let annotations = [(PREFER_OS, "linux"), (PREFER_ARCHITECTURE, "s390x")];
        let annotations = annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(Preference::of(&annotations).text(), "linux/s390x");
        assert_eq!(Preference::of(&BTreeMap::new()).text(), "");
    }
}
