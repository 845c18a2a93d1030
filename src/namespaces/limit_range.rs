//! Limit ranges: kept and shown. What they limit is looked at elsewhere, by [`Namespaces::most`].

use std::collections::BTreeMap;

use super::keeper::{Keep, Place, Stored, Wanted, find, unless_valid};
use super::object::{LimitRange, LimitRangeItem, LimitRangeSpec};
use super::{Error, Listed, Namespaces, keeper, validation};
use crate::records::{self, Kept, Key, LimitRangeContent, Prefix, keys};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::write::Precondition;

/// The kind of these objects.
const KIND: &str = "LimitRange";

/// Limit ranges as they are kept.
pub(super) struct LimitRangeKind;

impl Keep for LimitRangeKind {
    const RESOURCE: &'static str = "limitranges";
    type Content = LimitRangeContent;

    fn key(place: &Place) -> Key<Kept<LimitRangeContent>> {
        keys::limit_range(&place.namespace, &place.name)
    }

    fn prefix(namespace: Option<&str>) -> Prefix<Kept<LimitRangeContent>> {
        keys::limit_ranges_in(namespace)
    }
}

impl Namespaces<'_> {
    /// A limit range.
    pub(crate) async fn limit_range(&self, namespace: &str, name: &str) -> Result<LimitRange, Error> {
        shown(&find::<LimitRangeKind>(self.records, Place::new(namespace, name)).await?)
    }

    /// Limit ranges, in the order of their names.
    pub(crate) async fn limit_ranges(&self, wanted: &Wanted<'_>) -> Result<Listed<LimitRange>, Error> {
        let Listed { items, more, revision } = self.all::<LimitRangeKind>(wanted).await?;
        Ok(Listed { items: items.iter().map(shown).collect::<Result<_, _>>()?, more, revision })
    }

    /// How much there may be of each resource at most in a thing of a type, as the limit ranges of a namespace say: the least counts.
    pub(crate) async fn most(&self, namespace: &str, kind: &str) -> Result<BTreeMap<String, u64>, records::Error> {
        let found = self.records.scan(&keys::limit_ranges_in(Some(namespace)), |scan| scan).await?;
        let limits = found.records.into_iter().flat_map(|found| found.record.content.limits);
        let mut most = BTreeMap::new();
        for limit in limits {
            let item: LimitRangeItem = serde_json::from_value(limit).map_err(unreadable_record)?;
            for (resource, quantity) in item.max.into_iter().filter(|_| item.kind == kind) {
                let count = quantity.count();
                most.entry(resource).and_modify(|least: &mut u64| *least = count.min(*least)).or_insert(count);
            }
        }
        Ok(most)
    }

    /// Makes a limit range.
    pub(crate) async fn create_limit_range(&self, mut object: LimitRange) -> Result<LimitRange, Error> {
        keeper::name(&mut object.metadata);
        let name = object.metadata.name.clone();
        let mut errors = validation::name(&name);
        errors.extend(refusals(&object.spec));
        unless_valid(KIND, &name, errors)?;
        let place = Place::new(&object.metadata.namespace, &name);
        shown(&self.keep::<LimitRangeKind>(place, &object.metadata, kept(&object.spec)?).await?)
    }

    /// Replaces a limit range.
    pub(crate) async fn update_limit_range(
        &self,
        namespace: &str,
        name: &str,
        object: LimitRange,
    ) -> Result<LimitRange, Error> {
        unless_valid(KIND, name, refusals(&object.spec))?;
        let content = kept(&object.spec)?;
        let place = Place::new(namespace, name);
        shown(&self.change::<LimitRangeKind>(place, &object.metadata, |_| Ok(content.clone())).await?)
    }

    /// Deletes a limit range. Returns its identity.
    pub(crate) async fn delete_limit_range(
        &self,
        namespace: &str,
        name: &str,
        only: &Precondition,
    ) -> Result<uuid::Uuid, Error> {
        self.discard::<LimitRangeKind>(Place::new(namespace, name), only).await
    }
}

/// Each type is limited once, and says what it is.
fn refusals(spec: &LimitRangeSpec) -> Vec<FieldError> {
    let limits = Path::new("spec").child("limits");
    let mut errors = Vec::new();
    for (index, item) in spec.limits.iter().enumerate() {
        let path = limits.index(index).child("type");
        if item.kind.is_empty() {
            errors.push(path.required(""));
        } else if spec.limits.iter().take(index).any(|earlier| earlier.kind == item.kind) {
            errors.push(path.duplicate(item.kind.as_str()));
        }
    }
    errors
}

fn kept(spec: &LimitRangeSpec) -> Result<LimitRangeContent, Error> {
    let limits = spec.limits.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    Ok(LimitRangeContent { limits: limits.map_err(unreadable)? })
}

pub(super) fn shown(stored: &Stored<LimitRangeContent>) -> Result<LimitRange, Error> {
    let limits = stored.record.content.limits.iter().cloned().map(serde_json::from_value::<LimitRangeItem>);
    let limits = limits.collect::<Result<_, _>>().map_err(unreadable)?;
    Ok(LimitRange { metadata: stored.metadata(), spec: LimitRangeSpec { limits } })
}

fn unreadable(source: serde_json::Error) -> Error {
    Error::Records(unreadable_record(source))
}

fn unreadable_record(source: serde_json::Error) -> records::Error {
    records::Error::Record { key: "limitrange".to_owned(), source }
}
