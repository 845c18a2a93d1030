//! Resources of which there is never an object

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use weir_storage::{Change, Revision};

use super::{Extent, Projection};
use crate::events::object::{Happening, Object};
use crate::records::{Error, Records};

/// Nothing is listed, and no change does anything.
#[derive(Debug)]
pub(super) struct Nothing {
    pub(super) records: Records,
}

impl Projection for Nothing {
    fn list<'a>(&'a self, _: Extent<'a>) -> BoxFuture<'a, Result<(Vec<Object>, Revision), Error>> {
        ready(Ok((Vec::new(), self.records.metadata().revision()))).boxed()
    }

    fn project<'a>(&'a mut self, _: &'a Change) -> BoxFuture<'a, Result<Vec<Happening>, Error>> {
        ready(Ok(Vec::new())).boxed()
    }
}
