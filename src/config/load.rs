//! From the three layers to a checked configuration.

use std::path::{Path, PathBuf};

use super::mistake::{ConfigErrors, Mistake};
use super::reader::Section;
use super::tree::{Entries, Node, Place, Value};
use super::{
    Cache, Config, Flags, Limits, Log, Names, Registry, Secrets, Storage, Upstreams, document, environment, listener,
    mirror_prefix,
};

/// Where a configuration comes from. Each layer goes over the one before it.
#[derive(Debug, Clone, Default)]
pub struct Sources<E> {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables, as names and values. Those that do not begin with
    /// [`ENVIRONMENT_PREFIX`](super::ENVIRONMENT_PREFIX) are not looked at.
    pub environment: E,
    /// Flags of the command line.
    pub flags: Flags,
}

impl Config {
    /// Reads and checks all layers. Either all is right, or every mistake is reported.
    pub fn load<E>(sources: Sources<E>) -> Result<Self, ConfigErrors>
    where
        E: IntoIterator<Item = (String, String)>,
    {
        let name = sources.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
        let (root, mistakes) = match sources.file.as_deref().map(std::fs::read) {
            None => (empty(), Vec::new()),
            Some(Ok(bytes)) => read(&bytes),
            Some(Err(error)) => (empty(), vec![unreadable(&error)]),
        };
        build(root, mistakes, sources.environment, sources.flags).map_err(|mistakes| ConfigErrors::new(name, mistakes))
    }

    /// Reads and checks the text of a file alone; `name` is what messages call it.
    pub fn parse(name: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let (root, mistakes) = document::parse(text);
        build(root, mistakes, [], Flags::default())
            .map_err(|mistakes| ConfigErrors::new(name.display().to_string(), mistakes))
    }
}

fn empty() -> Node {
    Node::new(Place::File, Value::Section(Entries::new()))
}

fn read(bytes: &[u8]) -> (Node, Vec<Mistake>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => document::parse(text),
        Err(error) => {
            let problem = format!("not UTF-8 from byte {} on", error.valid_up_to());
            (empty(), vec![Mistake::new(Place::File, "", problem)])
        }
    }
}

fn unreadable(error: &std::io::Error) -> Mistake {
    Mistake::new(Place::File, "", format!("cannot be read: {error}"))
}

fn build(
    mut root: Node,
    mut mistakes: Vec<Mistake>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Flags,
) -> Result<Config, Vec<Mistake>> {
    let broken: Vec<Place> = mistakes.iter().map(|mistake| mistake.place.clone()).collect();
    environment::overlay(&mut root, environment, &mut mistakes);
    flags.overlay(&mut root, &mut mistakes);
    let config = sections(root, &mut mistakes);
    // What could be made of a line that is not TOML says nothing about what was meant.
    mistakes.retain(|mistake| mistake.key.is_empty() || !broken.contains(&mistake.place));
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

fn sections(root: Node, mistakes: &mut Vec<Mistake>) -> Config {
    let default = Config::default();
    let mut root = Section::new(String::new(), root, mistakes);
    let mirrored = mirror_prefix::read(&mut root);
    let (listeners, insecure) = listener::read(&mut root, default.listeners, &mirrored);
    let config = Config {
        listeners,
        insecure,
        storage: Storage::read(root.section("storage"), default.storage),
        names: Names::read(root.section("names"), default.names),
        registry: Registry::read(root.section("registry"), &default.registry),
        secrets: Secrets::read(root.section("secrets"), default.secrets),
        upstreams: Upstreams::read(root.section("upstreams"), default.upstreams),
        cache: Cache::read(root.section("cache"), &default.cache),
        mirrored,
        limits: Limits::read(root.section("limits"), &default.limits),
        log: Log::read(root.section("log"), default.log),
    };
    root.finish();
    config
}
