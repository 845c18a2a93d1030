//! What the connections of the load client do: reads and pushes of the OCI API.

mod fetch;
mod page;
mod push;

pub(crate) use fetch::Fetch;
pub(crate) use page::{Page, name as page_name};
pub(crate) use push::{Item, Push};

/// Every kind of manifest: some servers answer 404 to a client that does not name the kind that they hold.
pub(crate) const ACCEPT: &str =
    "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json\r\n";
