//! Fills that succeed, and those who read along.

use futures_util::future::join_all;

use super::*;
use crate::upstream::fill::following::WITHHELD;

/// However many ask, the source is asked once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_readers_cost_one_download() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::new(&content, []);
    let readers = join_all((0..100).map(|_| async {
        match site.follow(&source).await.unwrap() {
            Fetched::Arriving(following) => read(&following).await.0,
            Fetched::Here(reader) => read_here(reader).await.to_vec(),
        }
    }));
    assert!(readers.await.iter().all(|read| *read == content));
    site.settle().await;
    assert_eq!(source.opened(), [0]);
    assert!(site.stored(&content).await);
    assert_eq!(site.leftovers(), 0);
}

#[tokio::test]
async fn bytes_are_read_as_soon_as_they_are_there() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(CHUNK);
    let following = site.following(&source).await;
    let mut chunks = following.stream(0..following.size());
    let mut got = Vec::new();
    for piece in 1..5 {
        source.up_to(piece * CHUNK);
        while got.len() < piece * CHUNK {
            got.extend_from_slice(&chunks.next().await.unwrap().unwrap());
        }
        assert_eq!(got.len(), piece * CHUNK);
    }
    source.up_to(LARGE);
    let (rest, error) = collect(chunks).await;
    assert_eq!(error, None);
    assert!([got, rest].concat() == content);
}

#[tokio::test]
async fn who_comes_late_reads_all_from_the_beginning() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(LARGE / 2);
    let first = site.following(&source).await;
    let mut chunks = first.stream(0..LARGE as u64);
    let mut got = Vec::new();
    while got.len() < 1_000_000 {
        got.extend_from_slice(&chunks.next().await.unwrap().unwrap());
    }
    let late = site.following(&source).await;
    source.up_to(LARGE);
    let ((rest, _), (all, _)) = tokio::join!(collect(chunks), read(&late));
    assert!([got, rest].concat() == content && all == content);
    assert_eq!(source.opened(), [0]);
}

/// The end of each body waits until all is verified, also that of a part.
#[tokio::test]
async fn no_body_ends_before_all_is_verified() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(LARGE - CHUNK);
    let following = site.following(&source).await;
    let withheld = usize::try_from(WITHHELD).unwrap();
    for (range, free) in [(0..LARGE, LARGE - withheld), (5..500_005, 500_000 - withheld)] {
        let mut chunks = following.stream(range.start as u64..range.end as u64);
        let mut got = Vec::new();
        while got.len() < free {
            got.extend_from_slice(&chunks.next().await.unwrap().unwrap());
        }
        assert_eq!(got.len(), free);
        assert!(futures_util::FutureExt::now_or_never(chunks.next()).is_none(), "more came");
        assert!(got == content[range.start..range.start + free]);
    }
    let part = following.read(7..70);
    tokio::pin!(part);
    assert!(futures_util::FutureExt::now_or_never(part.as_mut()).is_none(), "a small part came");
    source.up_to(LARGE);
    assert!(part.await.unwrap() == content[7..70]);
}

/// Nobody reads small content before its end.
#[tokio::test]
async fn small_content_is_stored_as_such() {
    let site = Site::new();
    for size in [0, 1, 1000, 64 << 10] {
        let content = fresh(size);
        let source = Scripted::new(&content, []);
        let following = site.following(&source).await;
        assert!(following.read(0..following.size()).await.unwrap() == content);
        assert!(read(&following).await.0 == content);
        site.settle().await;
        assert!(site.stored(&content).await);
        assert_eq!(source.opened().len(), usize::from(size > 0), "nothing need not be fetched");
    }
}

/// A source need not say how much it sends.
#[tokio::test]
async fn a_size_that_is_not_stated_is_that_of_the_link() {
    let site = Site::new();
    for size in [1000, LARGE] {
        let content = fresh(size);
        let source = Scripted::new(&content, [Act::State(None)]);
        assert!(read(&site.following(&source).await).await.0 == content);
    }
}

/// What is here by the time that a fill begins is not fetched.
#[tokio::test]
async fn what_was_pushed_meanwhile_is_not_fetched() {
    let site = Site::new();
    let content = fresh(1000);
    site.blobs.put(&wanted(&content).digest, content.clone()).await.unwrap();
    let source = Scripted::new(&content, []);
    match site.follow(&source).await.unwrap() {
        Fetched::Here(reader) => assert_eq!(read_here(reader).await, content),
        Fetched::Arriving(_) => panic!("it is fetched"),
    }
    assert!(source.opened().is_empty());
}

/// A client that leaves is none that gives up: whoever was cut off comes back.
#[tokio::test]
async fn a_fill_goes_on_when_all_have_left() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(CHUNK);
    drop(site.following(&source).await);
    source.up_to(LARGE);
    site.settle().await;
    assert!(site.stored(&content).await);
    assert_eq!(source.opened(), [0]);
}

#[tokio::test]
async fn a_fill_ends_that_nobody_follows_for_too_long() {
    let site = Site::with_grace(Duration::ZERO);
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(CHUNK);
    drop(site.following(&source).await);
    site.settle().await;
    assert!(!site.stored(&content).await);
    source.up_to(LARGE);
    assert!(read(&site.following(&source).await).await.0 == content);
    assert_eq!(source.opened(), [0, 0]);
}
