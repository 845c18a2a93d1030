//! Which entries a scan returns.

use super::{delete, names, put, scan, write};
use crate::metadata::{MetadataStore, Order, Scan};

pub(super) async fn all_scans(store: &dyn MetadataStore) {
    scans_are_ordered(store).await;
    scans_are_limited(store).await;
    scans_begin_and_end_where_they_are_told(store).await;
    a_key_may_be_the_prefix_of_another(store).await;
    pages_join_without_gap_or_overlap(store).await;
    a_page_carries_values_and_revisions(store).await;
}

/// Entries come in the order of their bytes, or against it.
pub async fn scans_are_ordered(store: &dyn MetadataStore) {
    write(store, ["b", "a", "c", "B", "aa"].map(|name| put(&format!("ordered/{name}"), "1"))).await;
    let page = scan(store, Scan::prefix("ordered/")).await;
    assert_eq!(names(&page, "ordered/"), ["B", "a", "aa", "b", "c"]);
    assert!(!page.more);
    let page = scan(store, Scan::prefix("ordered/").descending()).await;
    assert_eq!(names(&page, "ordered/"), ["c", "b", "aa", "a", "B"]);
    assert!(scan(store, Scan::prefix("orderee/")).await.entries.is_empty());
}

/// A limit leaves out the rest and says so, and does not say so where nothing is left.
pub async fn scans_are_limited(store: &dyn MetadataStore) {
    write(store, ["a", "b", "c"].map(|name| put(&format!("limited/{name}"), "1"))).await;
    write(store, [put("limited0", "1")]).await;
    let range = Scan::prefix("limited/");
    let cases: [(usize, &[&str], bool); 5] = [
        (0, &[], true),
        (1, &["a"], true),
        (2, &["a", "b"], true),
        (3, &["a", "b", "c"], false),
        (4, &["a", "b", "c"], false),
    ];
    for (limit, expected, more) in cases {
        let page = scan(store, range.clone().limit(limit)).await;
        assert_eq!(names(&page, "limited/"), expected);
        assert_eq!(page.more, more);
    }
    let page = scan(store, range.descending().limit(2)).await;
    assert_eq!(names(&page, "limited/"), ["c", "b"]);
    assert!(page.more);
    assert!(!scan(store, Scan::prefix("limited/none").limit(0)).await.more);
}

/// `after` leaves its key out, `before` too, and neither widens the range.
pub async fn scans_begin_and_end_where_they_are_told(store: &dyn MetadataStore) {
    write(store, ["a", "b", "b0", "c"].map(|name| put(&format!("between/{name}"), "1"))).await;
    let range = Scan::prefix("between/");
    let page = scan(store, range.clone().after(b"between/b")).await;
    assert_eq!(names(&page, "between/"), ["b0", "c"]);
    let page = scan(store, range.clone().before("between/b")).await;
    assert_eq!(names(&page, "between/"), ["a"]);
    let page = scan(store, range.clone().after(b"between/a").before("between/c").descending()).await;
    assert_eq!(names(&page, "between/"), ["b0", "b"]);
    let page = scan(store, range.clone().after(b"a").before("z")).await;
    assert_eq!(page.entries.len(), 4);
    for order in [Order::Ascending, Order::Descending] {
        let mut empty = range.clone().after(b"between/c").before("between/a");
        empty.order = order;
        assert!(scan(store, empty).await.entries.is_empty(), "an end before the start is an empty range");
    }
}

/// A key that is another's prefix comes before it, and neither hides the other.
pub async fn a_key_may_be_the_prefix_of_another(store: &dyn MetadataStore) {
    write(store, [put("nested/a/b", "2"), put("nested/a", "1"), put("nested/a\0", "3")]).await;
    let page = scan(store, Scan::prefix("nested/a")).await;
    assert_eq!(names(&page, "nested/"), ["a", "a\0", "a/b"]);
    let page = scan(store, Scan::prefix("nested/a").after(b"nested/a")).await;
    assert_eq!(names(&page, "nested/"), ["a\0", "a/b"]);
    write(store, [delete("nested/a")]).await;
    assert_eq!(super::text(store, "nested/a/b").await.as_deref(), Some("2"));
    assert_eq!(super::get(store, "nested/a").await, None);
}

/// Reading page after page gives every entry once, in either direction.
pub async fn pages_join_without_gap_or_overlap(store: &dyn MetadataStore) {
    let all: Vec<_> = (0..257).map(|number| format!("{number:04}")).collect();
    write(store, all.iter().map(|name| put(&format!("paged/{name}"), name)).collect::<Vec<_>>()).await;
    for limit in [1, 7, 64, 65, 256, 257] {
        let mut found = Vec::new();
        let mut range = Scan::prefix("paged/").limit(limit);
        loop {
            let page = scan(store, range.clone()).await;
            found.extend(names(&page, "paged/"));
            let Some(last) = page.entries.last().filter(|_| page.more) else { break };
            range = range.after(&last.key);
        }
        assert_eq!(found, all);
    }
    let mut found = Vec::new();
    let mut range = Scan::prefix("paged/").descending().limit(100);
    loop {
        let page = scan(store, range.clone()).await;
        found.extend(names(&page, "paged/"));
        let Some(last) = page.entries.last().filter(|_| page.more) else { break };
        range = range.before(last.key.clone());
    }
    found.reverse();
    assert_eq!(found, all);
}

/// A page shows values and their revisions, and the revision at which all of it was true.
pub async fn a_page_carries_values_and_revisions(store: &dyn MetadataStore) {
    let first = write(store, [put("carried/a", "1"), put("carried/b", "1")]).await;
    let second = write(store, [put("carried/b", "2")]).await;
    let page = scan(store, Scan::prefix("carried/")).await;
    let found: Vec<_> = page.entries.iter().map(|entry| (entry.value.as_ref(), entry.revision)).collect();
    assert_eq!(found, [(b"1".as_slice(), first), (b"2".as_slice(), second)]);
    assert_eq!(page.revision, second);
}
