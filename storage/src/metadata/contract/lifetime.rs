//! The end of a store, and what the next one finds.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Write, bytes, commit, put, scan, unchanged, write};
use crate::Error;
use crate::metadata::{MetadataStore, Revision, Scan};

/// After its end a store answers nothing and takes nothing; ending it again is no error.
pub async fn a_closed_store_refuses(store: &dyn MetadataStore) {
    let before = store.revision();
    store.close().await.expect("it closes");
    store.close().await.expect("it may be closed twice");
    let refusals = [
        store.get(b"closed").await.map(|_| ()),
        store.scan(Scan::prefix("closed")).await.map(|_| ()),
        store.check(&[]).await,
        store.changes(Revision::ZERO, 1).await.map(|_| ()),
        commit(store, vec![], [put("closed", "1")]).await.map(|_| ()),
        commit(store, vec![], vec![]).await.map(|_| ()),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Err(Error::Unavailable(_))), "{refusal:?}");
    }
    assert_eq!(store.revision(), before);
}

/// Opens the same store again and again; for backends that are durable.
///
/// `open` is called when the store before it was closed, or dropped without that.
pub async fn what_was_acknowledged_is_found_again<F>(open: F)
where
    F: Fn() -> BoxFuture<'static, Arc<dyn MetadataStore>>,
{
    let mut expected = None;
    for round in 0_u8..6 {
        let store = open().await;
        let page = scan(store.as_ref(), Scan::prefix("durable/")).await;
        let feed = store.changes(Revision::ZERO, usize::MAX).await.expect("it is kept");
        if let Some((revision, entries, changes)) = expected.take() {
            assert_eq!(store.revision(), revision);
            assert_eq!(page.entries, entries);
            assert_eq!(feed, changes);
        }
        expected = Some(change_a_little(store.as_ref(), round).await);
        if round % 2 == 0 {
            store.close().await.expect("it closes");
        }
    }
}

type Contents = (Revision, Vec<crate::metadata::Entry>, Vec<Arc<crate::metadata::Change>>);

async fn change_a_little(store: &dyn MetadataStore, round: u8) -> Contents {
    let own = format!("durable/{round}");
    let first = write(store, [put(&own, "1"), put("durable/all", &own)]).await;
    let before = Write::Delete { key: bytes(&format!("durable/{}", round.saturating_sub(2))) };
    commit(store, [unchanged(&own, first)], [before, put("durable/last", &own)]).await.expect("nobody else writes");
    let page = scan(store, Scan::prefix("durable/")).await;
    let changes = store.changes(Revision::ZERO, usize::MAX).await.expect("it is kept");
    (store.revision(), page.entries, changes)
}
