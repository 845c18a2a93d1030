//! Sets of names.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of names, which JSON writes as an object with an empty object for each: `{"8080/tcp": {}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameSet(pub BTreeSet<String>);

impl Serialize for NameSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Nothing {}
        serializer.collect_map(self.0.iter().map(|name| (name, Nothing {})))
    }
}

impl<'de> Deserialize<'de> for NameSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = BTreeMap::<String, IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(members.into_keys().collect()))
    }
}
