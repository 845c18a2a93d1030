//! `get` and `list`.

use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use weir_storage::Revision;

use super::pages::Place;
use super::selection::Selection;
use super::{Exchange, include, show, typed};
use crate::http::apis::negotiate::Shape;
use crate::http::apis::options::ListOptions;
use crate::http::apis::refusal::Refusal;
use crate::http::apis::resource::Resource;
use crate::http::apis::storage::Item;
use crate::http::apis::table;
use crate::http::{Body, respond};
use crate::streams::object::{Status, Typed};

/// How many objects are read from a storage at once.
const CHUNK: usize = 500;

/// `GET` of one object.
pub(super) async fn get(exchange: &Exchange<'_>) -> Result<Response<Body>, Refusal> {
    let object = exchange.storage.get(exchange.context(false)).await?;
    show(exchange, StatusCode::OK, &object)
}

/// `GET` of a collection.
pub(super) async fn list(exchange: &Exchange<'_>) -> Result<Response<Body>, Refusal> {
    if exchange.target.resource.list.is_none() {
        // Clients only want to know whether they may create one.
        return Ok(respond::json(StatusCode::OK, &Typed::new(Status::success(0))));
    }
    let options = ListOptions::parse(&exchange.query)?;
    let page = collect(exchange, &options).await?;
    let metadata = page.metadata(exchange, &options).await?;
    let list = list_of(exchange.target.resource, &metadata, &page.objects);
    let shown = match exchange.form.shape {
        Shape::Object => list,
        Shape::Metadata => table::partial_list(&list),
        Shape::Table => {
            let kind = exchange.target.resource.kind.kind;
            table::render_list(kind, &list, include(&exchange.query)?, exchange.now())
        }
    };
    Ok(exchange.form.respond(StatusCode::OK, &shown))
}

/// Objects as a list of their resource.
pub(super) fn list_of(resource: &Resource, metadata: &Value, objects: &[Value]) -> Value {
    let kind = resource.list.unwrap_or(resource.kind);
    typed(kind.kind, &kind.api_version(), &json!({ "metadata": metadata, "items": objects }))
}

/// The objects of one answer, and how it goes on.
pub(super) struct ListPage {
    pub(super) objects: Vec<Value>,
    /// The key of the last object, where more may follow it.
    next: Option<String>,
    pub(super) revision: Revision,
    /// How many objects came before this page and in it, where nothing was selected.
    counted: Option<u64>,
}

/// Reads a page of a collection.
pub(super) async fn collect(exchange: &Exchange<'_>, options: &ListOptions) -> Result<ListPage, Refusal> {
    let selection = Selection::parse(exchange.target, options)?;
    let mut place = Place::parse(options, exchange.app.records.metadata().revision())?;
    let mut page = ListPage { objects: Vec::new(), next: None, revision: Revision::ZERO, counted: None };
    let mut seen = place.seen;
    loop {
        let room = if options.limit == 0 { CHUNK } else { options.limit.saturating_sub(page.objects.len()).min(CHUNK) };
        let chunk = exchange.storage.list(exchange.context(false), &place.after, room).await?;
        if page.revision == Revision::ZERO {
            page.revision = if place.revision == Revision::ZERO { chunk.revision } else { place.revision };
        }
        for Item { key, object } in chunk.items {
            place.after = key;
            seen = seen.saturating_add(1);
            if selection.takes(&object) {
                page.objects.push(object);
            }
        }
        if !chunk.more {
            break;
        }
        if options.limit > 0 && page.objects.len() >= options.limit {
            page.next = Some(place.after);
            break;
        }
    }
    page.counted = selection.is_everything().then_some(seen);
    Ok(page)
}

impl ListPage {
    async fn metadata(&self, exchange: &Exchange<'_>, options: &ListOptions) -> Result<Value, Refusal> {
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".to_owned(), self.revision.to_string().into());
        if let Some(next) = &self.next {
            let token = Place { after: next.clone(), revision: self.revision, seen: self.counted.unwrap_or_default() };
            metadata.insert("continue".to_owned(), token.print().into());
            let all = exchange.storage.count(exchange.context(false)).await?;
            if let (Some(all), Some(seen), true) = (all, self.counted, options.limit > 0) {
                metadata.insert("remainingItemCount".to_owned(), all.saturating_sub(seen).into());
            }
        }
        Ok(Value::Object(metadata))
    }
}
