//! Server-side apply: an owner says all that it wants, and gives up what it no longer says.
//!
//! Source: the updater of Kubernetes' structured merge and diff, and the field manager of its API machinery.

use serde_json::{Map, Value};

use super::compare::Change;
use super::conflict::Conflicts;
use super::entries::{Entries, Entry, Operation};
use super::last_applied;
use super::merge::merged;
use super::owned::{owned, with_holders};
use super::remove::without;
use super::set::Paths;
use super::structure::Structure;
use super::update::{record, strip, unowned};
use super::{ApplyError, Manager, validate};
use crate::http::apis::schema::Kind;

/// Who owns what an object had before anybody was recorded.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The object that comes of applying `applied` to the live one, or of making it, with its owners.
///
/// Of what others own, nothing is changed unless `force` takes it from them. What the manager applied before and leaves
/// out now goes, unless somebody else owns it. The object is not defaulted.
pub(crate) fn apply(
    live: Option<&Value>,
    applied: &Value,
    kind: &Kind,
    manager: &Manager,
    force: bool,
) -> Result<Value, ApplyError> {
    check(applied, kind)?;
    let mut owners = live.and_then(Entries::of).unwrap_or_default();
    let mut object = live.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    strip(&mut object);
    if owners.0.is_empty() && live.is_some() {
        let nobody = Manager { name: BEFORE_FIRST_APPLY.to_owned(), operation: Operation::Update, ..manager.clone() };
        record(&mut owners, None, &object, kind, &nobody);
    }
    let applying = Applying { live: object, applied, structure: Structure::Struct(kind.object), manager };
    let (mut object, owners) = match applying.attempt(owners.clone(), force) {
        Ok(done) => done,
        Err(lost) => {
            let lost = last_applied::remaining(lost, &applying.live, kind, manager);
            if !lost.is_empty() {
                return Err(ApplyError::Conflicts(conflicts(&lost)));
            }
            applying.attempt(owners, true).map_err(|lost| ApplyError::Conflicts(conflicts(&lost)))?
        }
    };
    last_applied::renew(&mut object, applied, manager);
    owners.put_into(&mut object);
    Ok(object)
}

/// Refuses what cannot be applied.
fn check(applied: &Value, kind: &Kind) -> Result<(), ApplyError> {
    let text = |pointer: &str| applied.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (version, name) = (text("/apiVersion"), text("/kind"));
    let core = if version.contains('/') { "" } else { "/" };
    let found = format!("{core}{version}, Kind={name}");
    if version != kind.api_version() || name != kind.kind {
        return Err(ApplyError::Malformed(format!("invalid object type: {found}")));
    }
    if applied.pointer("/metadata/managedFields").is_some_and(|list| !list.is_null()) {
        return Err(ApplyError::Malformed("metadata.managedFields must be nil".to_owned()));
    }
    let problems = validate::problems(applied, kind.object);
    if problems.is_empty() {
        return Ok(());
    }
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let problems = validate::joined(&problems);
    Err(ApplyError::Failed(format!("failed to create typed patch object ({namespace}/{name}; {found}): {problems}")))
}

/// What owners would lose.
pub(super) type Lost = Vec<(Entry, Paths)>;

fn conflicts(lost: &Lost) -> Conflicts {
    let mut conflicts = Conflicts::default();
    for (owner, paths) in lost {
        conflicts.add(owner, paths);
    }
    conflicts.sort();
    conflicts
}

/// One apply.
struct Applying<'a> {
    live: Value,
    applied: &'a Value,
    structure: Structure,
    manager: &'a Manager,
}

impl Applying<'_> {
    /// The object and its owners after the apply, or what owners would lose if it is not forced.
    fn attempt(&self, mut owners: Entries, force: bool) -> Result<(Value, Entries), Lost> {
        let mut mine = self.manager.entry();
        mine.paths = owned(self.applied, self.structure).difference(&unowned());
        mine.paths.member = false;
        let last = owners.0.iter().position(|entry| entry.is_same(&mine)).map(|at| owners.0.remove(at));
        let mut object = merged(self.live.clone(), self.applied, self.structure);
        if let Some(last) = &last {
            let all = owners.0.iter().fold(mine.paths.clone(), |all, entry| all.union(&entry.paths));
            object = self.pruned(object, &last.paths, &all);
        }
        let change = Change::between(Some(&self.live), Some(&object), self.structure);
        let touched = change.modified.union(&change.added);
        if !force {
            let against = owners.0.iter().map(|entry| (entry, entry.paths.intersection(&touched)));
            let against = against.filter(|(_, paths)| !paths.is_empty());
            let against: Lost = against.map(|(entry, paths)| (entry.clone(), paths)).collect();
            if !against.is_empty() {
                return Err(against);
            }
        }
        for entry in &mut owners.0 {
            entry.paths = std::mem::take(&mut entry.paths).difference(&touched).difference(&change.removed);
        }
        if object == self.live
            && let Some(last) = last
        {
            mine.time = last.time;
        }
        owners.0.push(mine);
        Ok((object, owners))
    }

    /// The object without what the manager applied last time and nobody wants any more.
    fn pruned(&self, object: Value, last: &Paths, all: &Paths) -> Value {
        let structure = self.structure;
        let holders = |paths: &Paths| with_holders(paths, structure);
        let paths_of = |object: &Value| holders(&owned(object, structure));
        let (last, before) = (holders(last), paths_of(&object));
        let kept = paths_of(&without(object.clone(), &last, structure)).union(&holders(all));
        let wanted = paths_of(&without(object.clone(), &before.clone().difference(&kept), structure));
        // What nobody owns stays, though it lies within what goes.
        let gone = before.difference(&wanted).intersection(&last);
        without(object, &gone, structure)
    }
}
