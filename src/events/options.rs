//! What a watch is asked for: the parameters that only watches have, and how they are refused.
//!
//! Source: `ListOptions` of Kubernetes and how kube-apiserver reads and validates them for a watch.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use weir_storage::Revision;

use super::object::Traits;
use super::projection::Watched;

/// How long a watch lasts that does not say so, at least; it is at most twice as long, and not the same for all, so that
/// clients do not come back all at once.
const LASTS: Duration = Duration::from_mins(30);

/// What a watch is to be told.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) resource: Watched,
    pub(crate) selection: Selection,
    pub(crate) options: Options,
    pub(crate) representation: Representation,
}

/// Whether an object is selected beyond its namespace and name: by labels, and by other fields. It gets the
/// [`Traits::object`].
pub(crate) type Filter = Arc<dyn Fn(&Value) -> bool + Send + Sync>;

/// Which objects are watched.
#[derive(Clone, Default)]
pub(crate) struct Selection {
    /// Only those of a namespace.
    pub(crate) namespace: Option<String>,
    /// Only that one, as the field selector `metadata.name` has it.
    pub(crate) name: Option<String>,
    /// Only those that this lets through.
    pub(crate) filter: Option<Filter>,
}

impl Selection {
    pub(crate) fn selects(&self, traits: &Traits) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == traits.namespace)
            && self.name.as_ref().is_none_or(|name| *name == traits.name)
            && self.filter.as_ref().is_none_or(|filter| filter(&traits.object))
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, filter } = self;
        f.debug_struct("Selection")
            .field("namespace", namespace)
            .field("name", name)
            .field("filtered", &filter.is_some())
            .finish()
    }
}

/// Makes of an object what stands for it in an event; it is told whether that is the first event of its watch.
pub(crate) type Printer = Arc<dyn Fn(&Value, bool) -> Value + Send + Sync>;

/// What stands for an object in an event.
#[derive(Clone, Default)]
pub(crate) enum Representation {
    /// The object itself.
    #[default]
    Object,
    /// What a printer makes of it, such as a table.
    Printed {
        print: Printer,
        /// Whether all that say so print the same, the first event aside: then it is printed once for all of them.
        alike: bool,
    },
}

impl fmt::Debug for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "Object",
            Self::Printed { .. } => "Printed",
        })
    }
}

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is there, each object as if it had just been added.
    Initial {
        /// A bookmark says where that ends.
        marked: bool,
    },
    /// With what happens from now on.
    Now,
    /// With what happened after a revision.
    After(Revision),
}

/// The parameters that only watches have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) start: Start,
    /// Whether the watcher wants to be told now and then how far it has come.
    pub(crate) bookmarks: bool,
    /// How long it lasts.
    pub(crate) lasts: Duration,
}

/// Why parameters were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptionsError {
    /// The revision is none. kube-apiserver answers 500 to a watch, and 400 to a list.
    #[error("resourceVersion: Invalid value: {0:?}: strconv.ParseUint: parsing {0:?}: invalid syntax")]
    Version(String),
    /// The time is no number: 400.
    #[error("strconv.ParseInt: parsing {0:?}: invalid syntax")]
    Timeout(String),
    /// Parameters do not go together: 422, `ListOptions.meta.k8s.io "" is invalid`, the cause at `resourceVersionMatch`.
    #[error("resourceVersionMatch: Forbidden: {0}")]
    Match(&'static str),
}

impl Options {
    /// Reads the query of a watch; `parameter` gives the value of a parameter, where it is there.
    pub(crate) fn parse<'q>(parameter: impl Fn(&str) -> Option<&'q str>) -> Result<Self, OptionsError> {
        let text = |name| parameter(name).unwrap_or_default();
        let initial = parameter("sendInitialEvents").map(is_true);
        match (initial, text("resourceVersionMatch")) {
            (Some(_), "NotOlderThan") | (None, "") => {}
            (Some(_), _) => {
                return Err(OptionsError::Match(
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                ));
            }
            (None, _) => {
                return Err(OptionsError::Match(
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                ));
            }
        }
        Ok(Self {
            start: start(text("resourceVersion"), initial)?,
            bookmarks: parameter("allowWatchBookmarks").is_some_and(is_true),
            lasts: lasts(text("timeoutSeconds"))?,
        })
    }
}

fn start(version: &str, initial: Option<bool>) -> Result<Start, OptionsError> {
    let after = match version {
        "" | "0" => None,
        version => Some(version.parse().map_err(|_| OptionsError::Version(version.to_owned()))?),
    };
    Ok(match (initial, after.map(Revision)) {
        (Some(true), _) => Start::Initial { marked: true },
        (None, None | Some(Revision::ZERO)) => Start::Initial { marked: false },
        (Some(false), None) => Start::Now,
        (_, Some(after)) => Start::After(after),
    })
}

fn lasts(seconds: &str) -> Result<Duration, OptionsError> {
    let seconds = match seconds {
        "" => 0,
        seconds => seconds.parse::<i64>().map_err(|_| OptionsError::Timeout(seconds.to_owned()))?,
    };
    Ok(match u64::try_from(seconds) {
        Ok(0) | Err(_) => LASTS + jitter(),
        Ok(seconds) => Duration::from_secs(seconds),
    })
}

/// A part of [`LASTS`] that nobody can foretell.
fn jitter() -> Duration {
    use std::hash::BuildHasher as _;
    let random = std::hash::RandomState::new().hash_one(0_u8);
    Duration::from_millis(random % u64::try_from(LASTS.as_millis()).unwrap_or(1))
}

/// How Kubernetes reads a boolean parameter: whatever is not false is true.
fn is_true(text: &str) -> bool {
    text != "0" && !text.eq_ignore_ascii_case("false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Options, OptionsError> {
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        Options::parse(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    fn start_of(query: &str) -> Start {
        parse(query).unwrap().start
    }

    #[test]
    fn a_watch_begins_where_it_is_told_to() {
        for query in ["watch=true", "resourceVersion=", "resourceVersion=0"] {
            assert_eq!(start_of(query), Start::Initial { marked: false }, "{query}");
        }
        assert_eq!(start_of("resourceVersion=7"), Start::After(Revision(7)));
        let list = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
        assert_eq!(start_of(list), Start::Initial { marked: true });
        assert_eq!(start_of(&format!("{list}&resourceVersion=7")), Start::Initial { marked: true });
        let none = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
        assert_eq!(start_of(none), Start::Now);
        assert_eq!(start_of(&format!("{none}&resourceVersion=7")), Start::After(Revision(7)));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let message = |query| parse(query).unwrap_err().to_string();
        assert_eq!(
            message("resourceVersion=abc"),
            "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax"
        );
        assert!(message("sendInitialEvents=true").contains("requires setting resourceVersionMatch to NotOlderThan"));
        assert!(message("resourceVersionMatch=Exact").contains("forbidden for watch unless sendInitialEvents"));
        assert_eq!(message("timeoutSeconds=soon"), "strconv.ParseInt: parsing \"soon\": invalid syntax");
    }

    #[test]
    fn a_watch_lasts_as_long_as_it_asks_for_or_half_an_hour_to_a_whole_one() {
        assert_eq!(parse("timeoutSeconds=5").unwrap().lasts, Duration::from_secs(5));
        for query in ["", "timeoutSeconds=0", "timeoutSeconds=-3"] {
            let lasts = parse(query).unwrap().lasts;
            assert!((LASTS..=2 * LASTS).contains(&lasts), "{lasts:?}");
        }
        assert!(parse("allowWatchBookmarks=true").unwrap().bookmarks);
        assert!(!parse("allowWatchBookmarks=false").unwrap().bookmarks);
    }
}
