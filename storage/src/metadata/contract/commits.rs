//! What one commit does: all or nothing, one revision, sizes.

use super::{absent, bytes, commit, delete, get, put, scan, text, write};
use crate::metadata::{Commit, MAX_KEY, MAX_VALUE, MetadataStore, Revision, Scan, Write};
use crate::{Error, Result};

pub(super) async fn all_commits(store: &dyn MetadataStore) {
    what_was_written_is_read(store).await;
    revisions_have_no_gaps(store).await;
    a_refused_commit_writes_nothing(store).await;
    the_later_write_of_a_key_counts(store).await;
    deleting_what_is_absent_changes_nothing(store).await;
    an_empty_commit_is_a_check(store).await;
    sizes_are_limited(store).await;
    odd_keys_are_keys(store).await;
}

/// A commit's writes are read with its revision, and gone when deleted.
pub async fn what_was_written_is_read(store: &dyn MetadataStore) {
    let first = write(store, [put("read/a", "1"), put("read/b", "1")]).await;
    let second = write(store, [put("read/a", "2"), delete("read/b"), put("read/c", "")]).await;
    let a = get(store, "read/a").await.expect("the key was written");
    assert_eq!((a.value, a.revision), (bytes("2"), second));
    assert!(first < second);
    assert_eq!(get(store, "read/b").await, None);
    assert_eq!(text(store, "read/c").await.as_deref(), Some(""), "an empty value is a value");
    assert_eq!(get(store, "read/d").await, None);
}

/// Every commit that writes takes the next revision, and the store shows it once it has answered.
pub async fn revisions_have_no_gaps(store: &dyn MetadataStore) {
    let before = store.revision();
    for step in 1..=5 {
        let revision = write(store, [put("gaps", "x")]).await;
        assert_eq!(revision, Revision(before.0 + step));
        assert_eq!(store.revision(), revision);
    }
}

/// A failed guard takes no revision and leaves every key of the commit as it was.
pub async fn a_refused_commit_writes_nothing(store: &dyn MetadataStore) {
    write(store, [put("refused/there", "1")]).await;
    let before = store.revision();
    let refused = commit(
        store,
        [absent("refused/not-there"), absent("refused/there")],
        [put("refused/a", "1"), delete("refused/there"), put("refused/b", "1")],
    );
    assert_eq!(super::conflict(refused.await), bytes("refused/there"), "the first guard that fails is named");
    assert_eq!(store.revision(), before);
    let page = scan(store, Scan::prefix("refused/")).await;
    assert_eq!(super::names(&page, "refused/"), ["there"]);
}

/// Of two writes of one key in a commit the later one counts, and it is one change.
pub async fn the_later_write_of_a_key_counts(store: &dyn MetadataStore) {
    let writes = [
        put("later/a", "1"),
        put("later/a", "2"),
        put("later/b", "1"),
        delete("later/b"),
        delete("later/c"),
        put("later/c", "1"),
    ];
    let revision = write(store, writes).await;
    assert_eq!(text(store, "later/a").await.as_deref(), Some("2"));
    assert_eq!(text(store, "later/b").await, None);
    assert_eq!(text(store, "later/c").await.as_deref(), Some("1"));
    let changes = store.changes(Revision(revision.0 - 1), 1).await.expect("the change is kept");
    let keys: Vec<_> = changes.iter().flat_map(|change| &change.keys).map(|changed| &changed.key).collect();
    assert_eq!(keys, [&bytes("later/a"), &bytes("later/c")]);
}

/// Deleting an absent key is no error, and no change of that key.
pub async fn deleting_what_is_absent_changes_nothing(store: &dyn MetadataStore) {
    let since = write(store, [put("absent/other", "1")]).await;
    write(store, [delete("absent/gone"), put("elsewhere", "1")]).await;
    assert_eq!(get(store, "absent/gone").await, None);
    commit(store, [super::prefix_unchanged("absent/", since)], vec![]).await.expect("nothing changed there");
}

/// A commit without writes judges its guards and returns the current revision.
pub async fn an_empty_commit_is_a_check(store: &dyn MetadataStore) {
    let revision = write(store, [put("empty", "1")]).await;
    assert_eq!(commit(store, [super::unchanged("empty", revision)], vec![]).await.ok(), Some(revision));
    assert_eq!(store.commit(Commit::default()).await.ok(), Some(revision));
    super::conflict(commit(store, [absent("empty")], vec![]).await);
    assert_eq!(store.revision(), revision, "a check takes no revision");
}

/// Keys and values up to the limits are taken, larger ones refused before anything is written.
pub async fn sizes_are_limited(store: &dyn MetadataStore) {
    let key = "k".repeat(MAX_KEY);
    let value = "v".repeat(MAX_VALUE);
    write(store, [put(&key, &value)]).await;
    assert_eq!(text(store, &key).await, Some(value.clone()));
    let before = store.revision();
    let too_large = [put(&format!("{key}k"), "1"), put("size", &format!("{value}v")), delete(&format!("{key}k"))];
    for (write, expected) in too_large.into_iter().zip(["key", "value", "key"]) {
        let refused = commit(store, vec![], [put("size/other", "1"), write]).await;
        assert_eq!(size_refused(&refused), Some(expected), "{refused:?}");
    }
    assert_eq!(get(store, "size/other").await, None);
    assert_eq!(store.revision(), before);
    assert_eq!(get(store, &format!("{key}k")).await, None, "what cannot be written is absent");
    write(store, [delete(&key)]).await;
}

fn size_refused(result: &Result<Revision>) -> Option<&'static str> {
    match result {
        Err(Error::TooLarge { what, .. }) => Some(what),
        _ => None,
    }
}

/// Every byte string is a key: the empty one, zeros, and the largest bytes; they are ordered as bytes.
pub async fn odd_keys_are_keys(store: &dyn MetadataStore) {
    let odd: [&'static [u8]; 8] = [b"", b"\0", b"\0\0", b"\0\0\x01", b"\0\x01", b"\x01", b"\xff", b"\xff\xff"];
    let writes: Vec<_> = odd.iter().map(|key| Write::Put { key: (*key).into(), value: (*key).into() }).collect();
    let revision = write(store, writes).await;
    for key in odd {
        let found = store.get(key).await.expect("a key can be read");
        assert_eq!(found.map(|found| found.value.to_vec()), Some(key.to_vec()));
    }
    let page = scan(store, Scan::prefix("")).await;
    let found = page.entries.iter().filter(|entry| entry.revision == revision).map(|entry| entry.key.to_vec());
    assert_eq!(found.collect::<Vec<_>>(), odd);
    write(store, odd.map(|key| Write::Delete { key: key.into() })).await;
    assert_eq!(store.get(b"").await.expect("a key can be read"), None);
}
