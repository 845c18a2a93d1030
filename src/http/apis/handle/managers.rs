//! Who sets which field: what the verbs tell the bookkeeping of field owners.

use http::header;
use serde_json::Value;

use super::Exchange;
use crate::http::apis::managed_fields::{self, Manager, Operation};
use crate::http::apis::options::WriteOptions;

/// Who the fields of a write belong to.
pub(super) fn manager(exchange: &Exchange<'_>, options: &WriteOptions, operation: Operation) -> Manager {
    let agent = exchange.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let subresource = &exchange.target.subresource;
    Manager {
        name: managed_fields::manager_name(Some(&options.field_manager), agent),
        operation,
        api_version: exchange.kind().api_version(),
        subresource: (!subresource.is_empty()).then(|| subresource.clone()),
        time: exchange.now(),
    }
}

/// Notes in `new` who set what, where the resource keeps that.
pub(super) fn note(exchange: &Exchange<'_>, options: &WriteOptions, old: Option<&Value>, new: &mut Value) {
    if exchange.storage.keeps_managers() {
        let manager = manager(exchange, options, Operation::Update);
        managed_fields::update(old, new, exchange.kind(), &manager);
    }
}
