//! Namespaces, projects, secrets and limit ranges

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::Value;
use weir_storage::Revision;

use super::record::SingleRecord;
use super::{Extent, Source};
use crate::events::object::Traits;
use crate::namespaces::{KeptKind, Namespaces};
use crate::records::{Actor, Error, Span};

/// Objects that are kept as clients describe them.
#[derive(Debug)]
pub(super) struct KeptObjects(pub(super) KeptKind);

impl SingleRecord for KeptObjects {
    type Record = Value;
    type Object = Value;

    fn family(&self) -> &'static str {
        self.0.family()
    }

    fn span(&self, extent: Extent<'_>) -> Span {
        self.0.span(extent.namespace)
    }

    fn object<'a>(
        &'a self,
        source: &'a Source,
        key: &'a [u8],
        record: &'a Value,
        revision: Revision,
    ) -> BoxFuture<'a, Result<Option<(Traits, Value)>, Error>> {
        let nobody = Actor::anonymous();
        let namespaces =
            Namespaces { records: &source.records, keyring: &source.keyring, actor: &nobody, dry_run: true };
        let printed = namespaces.print(self.0, key, record.clone(), revision);
        ready(printed.map(|object| Some((traits(&object), object)))).boxed()
    }
}

fn traits(object: &Value) -> Traits {
    let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let labels: BTreeMap<String, String> =
        labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    Traits::new(text("/metadata/namespace"), text("/metadata/name"), &labels)
}
