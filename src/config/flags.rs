//! The uppermost layer: what the command line says.

use std::path::PathBuf;

use super::Config;
use super::mistake::Mistake;
use super::tree::{Entries, Node, Place, Step, Value};

/// Flags that are settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--listen`: plain listeners at these addresses, instead of all that file and environment name.
    pub listen: Vec<String>,
    /// `--tls`: what the listeners that have no certificate serve with.
    pub tls: Option<String>,
    /// `--data`: the data directory.
    pub data: Option<PathBuf>,
    /// `--insecure`: listeners beyond this machine are meant.
    pub insecure: bool,
}

impl Flags {
    /// Puts what the flags say over `root`.
    pub(super) fn overlay(self, root: &mut Node, mistakes: &mut Vec<Mistake>) {
        if !self.listen.is_empty() {
            put(root, &["listener"], Place::Flag("--listen"), listeners(self.listen), mistakes);
        }
        if let Some(tls) = self.tls {
            add_tls(root, &tls, mistakes);
        }
        if self.insecure {
            put(root, &["insecure"], Place::Flag("--insecure"), Value::Boolean(true), mistakes);
        }
        match self.data.map(|data| data.into_os_string().into_string()) {
            None => {}
            Some(Ok(data)) => {
                put(root, &["storage", "data"], Place::Flag("--data"), Value::Text(data), mistakes);
            }
            Some(Err(data)) => {
                let problem = format!("the path {} is not UTF-8", data.display());
                mistakes.push(Mistake::new(Place::Flag("--data"), "storage.data", problem));
            }
        }
    }
}

fn listeners(addresses: Vec<String>) -> Value {
    let place = Place::Flag("--listen");
    let listener = |address| {
        let address = Node::new(place.clone(), Value::Text(address));
        Node::new(place.clone(), Value::Section(Entries::from([("address".to_owned(), address)])))
    };
    Value::List(addresses.into_iter().map(listener).collect())
}

/// Gives `tls` to each listener that has none, and to the default one where no layer names any.
fn add_tls(root: &mut Node, tls: &str, mistakes: &mut Vec<Mistake>) {
    let place = Place::Flag("--tls");
    let Value::Section(entries) = &mut root.value else { return };
    if !entries.contains_key("listener") {
        let default = Config::default().listeners.into_iter().map(|listener| listener.address.to_string()).collect();
        put(root, &["listener"], place.clone(), listeners(default), mistakes);
    }
    let Value::Section(entries) = &mut root.value else { return };
    // What is no list of sections has been, or will be, complained about where it was written.
    let Some(Value::List(items)) = entries.get_mut("listener").map(|node| &mut node.value) else { return };
    for item in items {
        if let Value::Section(keys) = &mut item.value {
            let word = || Node::new(place.clone(), Value::Text(tls.to_owned()));
            keys.entry("tls".to_owned()).or_insert_with(word);
        }
    }
}

fn put(root: &mut Node, keys: &[&str], place: Place, value: Value, mistakes: &mut Vec<Mistake>) {
    let steps: Vec<Step> = keys.iter().map(|key| Step::Key((*key).to_owned())).collect();
    if let Err(problem) = root.put(&steps, Node::new(place.clone(), value)) {
        mistakes.push(Mistake::new(place, keys.join("."), problem));
    }
}
