//! `images`

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use weir_storage::Revision;

use super::record::SingleRecord;
use super::{Extent, Source};
use crate::events::object::Traits;
use crate::records::{Error, Found, ImageRecord, Span, keys};
use crate::streams::object::{Image, Typed};
use crate::streams::view::ViewError;

/// Images. They have no namespace.
#[derive(Debug)]
pub(super) struct Images;

impl SingleRecord for Images {
    type Record = ImageRecord;
    type Object = Typed<Image>;

    fn family(&self) -> &'static str {
        "image"
    }

    fn span(&self, extent: Extent<'_>) -> Span {
        match extent.name {
            Some(name) => Span::key(&keys::image_named(name)),
            None => Span::of(&keys::images_all()),
        }
    }

    fn object<'a>(
        &'a self,
        source: &'a Source,
        key: &'a [u8],
        record: &'a ImageRecord,
        revision: Revision,
    ) -> BoxFuture<'a, Result<Option<(Traits, Typed<Image>)>, Error>> {
        async move {
            let name = keys::part(key, 0).to_owned();
            let key = Bytes::copy_from_slice(key);
            let found = Found { key, record: record.clone(), revision };
            // How the repository of a stream is spelled never changes while there is one.
            let image = match source.view().image_object(&found).await {
                Ok(image) => image,
                Err(ViewError::Records(error)) => return Err(error),
                Err(_) => return Ok(None),
            };
            let traits = Traits::new("", &name, &image.metadata.labels);
            Ok(Some((traits, Typed::new(image))))
        }
        .boxed()
    }
}
