//! When a guard holds.

use super::{absent, commit, conflict, delete, get, prefix_unchanged, put, scan, unchanged, write};
use crate::metadata::{MetadataStore, Revision, Scan};

pub(super) async fn all_guards(store: &dyn MetadataStore) {
    a_guard_on_a_revision_sees_every_write(store).await;
    a_guard_on_absence_judges_the_present(store).await;
    a_guard_on_a_prefix_sees_its_keys_only(store).await;
    a_guard_does_not_see_its_own_commit(store).await;
    check_judges_all_guards(store).await;
}

/// A key's revision moves with every write, also where the value comes back to what it was.
pub async fn a_guard_on_a_revision_sees_every_write(store: &dyn MetadataStore) {
    let first = write(store, [put("revision", "1")]).await;
    let second = commit(store, [unchanged("revision", first)], [put("revision", "1")]).await;
    let second = second.expect("the revision was right");
    conflict(commit(store, [unchanged("revision", first)], [put("revision", "2")]).await);
    write(store, [delete("revision")]).await;
    conflict(commit(store, [unchanged("revision", second)], [put("revision", "2")]).await);
    write(store, [put("revision", "1")]).await;
    conflict(commit(store, [unchanged("revision", second)], [put("revision", "2")]).await);
    conflict(commit(store, [unchanged("revision", Revision::ZERO)], [put("revision", "2")]).await);
    conflict(commit(store, [unchanged("revision/never", Revision::ZERO)], [put("revision", "2")]).await);
}

/// Absence is judged as it is now: a key that came and went in between is absent, one that went and came is not.
pub async fn a_guard_on_absence_judges_the_present(store: &dyn MetadataStore) {
    write(store, [put("absence", "1")]).await;
    conflict(commit(store, [absent("absence")], [put("absence", "2")]).await);
    write(store, [delete("absence")]).await;
    commit(store, [absent("absence")], [put("absence", "3")]).await.expect("the key is absent");
    conflict(commit(store, [absent("absence")], [put("absence", "4")]).await);
    write(store, [delete("absence")]).await;
    write(store, [put("absence", "5")]).await;
    conflict(commit(store, [absent("absence")], [put("absence", "6")]).await);
}

/// Writes and deletions under the prefix break the guard; those beside it do not.
pub async fn a_guard_on_a_prefix_sees_its_keys_only(store: &dyn MetadataStore) {
    write(store, [put("prefix/a", "1"), put("prefix/b", "1")]).await;
    let page = scan(store, Scan::prefix("prefix/")).await;
    let guard = [prefix_unchanged("prefix/", page.revision)];
    write(store, [put("prefix", "1"), put("prefix0", "1"), put("prefiw/", "1")]).await;
    commit(store, guard.clone(), [put("beside", "1")]).await.expect("nothing changed under the prefix");
    write(store, [delete("prefix/a")]).await;
    conflict(commit(store, guard, [put("beside", "2")]).await);

    let page = scan(store, Scan::prefix("prefix/")).await;
    let guard = [prefix_unchanged("prefix/", page.revision)];
    write(store, [put("prefix/c", "1")]).await;
    conflict(commit(store, guard, [put("beside", "2")]).await);
}

/// Guards are judged before the commit's own writes.
pub async fn a_guard_does_not_see_its_own_commit(store: &dyn MetadataStore) {
    let since = store.revision();
    let guards = [absent("own/a"), prefix_unchanged("own/", since)];
    let revision = commit(store, guards, [put("own/a", "1"), put("own/b", "1")]).await;
    let revision = revision.expect("both held before it");
    assert_eq!(get(store, "own/a").await.map(|found| found.revision), Some(revision));
}

/// `check` answers as a commit with the same guards would.
pub async fn check_judges_all_guards(store: &dyn MetadataStore) {
    let revision = write(store, [put("check/a", "1"), put("check/b", "1")]).await;
    let good = [unchanged("check/a", revision), absent("check/c"), prefix_unchanged("check/", revision)];
    store.check(&good).await.expect("all guards hold");
    store.check(&[]).await.expect("no guard always holds");
    let moved = write(store, [put("check/b", "2")]).await;
    let failed = store.check(&good).await.map(|()| Revision::ZERO);
    assert_eq!(conflict(failed), super::bytes("check/"));
    let bad = [unchanged("check/a", revision), unchanged("check/b", revision), absent("check/a")];
    let failed = store.check(&bad).await.map(|()| Revision::ZERO);
    assert_eq!(conflict(failed), super::bytes("check/b"), "the first guard that fails is named");
    store.check(&[unchanged("check/b", moved)]).await.expect("that is its revision");
}
