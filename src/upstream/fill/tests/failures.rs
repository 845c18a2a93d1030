//! Fills that meet with trouble.

use weir_storage::blob::faulty::{BlobFault, BlobOperation};

use super::*;

async fn refused(site: &Site, source: &Arc<Scripted>) -> FillError {
    match site.follow(source).await {
        Err(error) => error,
        Ok(_) => panic!("something came"),
    }
}

/// What was received is not received again.
#[tokio::test]
async fn a_download_goes_on_where_it_broke() {
    let site = Site::new();
    let content = fresh(LARGE);
    for act in [Act::Break as fn(u64) -> Act, Act::End] {
        let source = Scripted::new(&content, [act(1_234_567), act(1_234_567), act(2_000_001)]);
        let (got, error) = read(&site.following(&source).await).await;
        assert_eq!(error, None);
        assert!(got == content);
        assert_eq!(source.opened(), [0, 1_234_567, 1_234_567, 2_000_001]);
        site.settle().await;
        site.blobs.delete(&wanted(&content).digest).await.unwrap();
    }
}

/// A source that is gone is waited for a little, and then all who read are cut off. The next one begins anew.
#[tokio::test]
async fn a_source_that_does_not_come_back_cuts_its_readers_off() {
    let site = Site::new();
    let content = fresh(LARGE);
    let gone = std::iter::repeat_n(Act::Fail(broken()), 3);
    let source = Scripted::new(&content, [Act::Break(1_500_000)].into_iter().chain(gone));
    let (one, two) = (site.following(&source).await, site.following(&source).await);
    for (got, error) in [read(&one).await, read(&two).await] {
        assert!(error.unwrap().contains("the connection broke"));
        assert!(got == content[..got.len()] && got.len() <= 1_500_000);
    }
    site.settle().await;
    assert_eq!((source.opened(), site.leftovers()), (vec![0, 1_500_000, 1_500_000, 1_500_000], 0));
    assert!(read(&site.following(&source).await).await.0 == content);
}

/// One that breaks off after each few bytes is no better than one that is gone.
#[tokio::test]
async fn a_source_that_always_breaks_is_given_up() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::new(&content, (1..100).map(|at| Act::Break(100_000 + at)));
    let (_, error) = read(&site.following(&source).await).await;
    assert!(error.is_some());
    assert_eq!(source.opened().len(), 4);
}

/// A login that was taken back, or content that was deleted, does not come back by waiting.
#[tokio::test]
async fn what_does_not_pass_is_not_waited_for() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::new(&content, [Act::Break(1_000_000), Act::Fail(UpstreamError::NotFound)]);
    let (_, error) = read(&site.following(&source).await).await;
    assert!(error.unwrap().contains("unknown there"));
    assert_eq!(source.opened(), [0, 1_000_000]);
}

#[tokio::test]
async fn wrong_bytes_reach_nobody_whole_and_are_not_kept() {
    let site = Site::new();
    for at in [0, 2_000_000, LARGE - 1] {
        let content = fresh(LARGE);
        let source = Scripted::new(&content, [Act::Spoil(at)]);
        let following = site.following(&source).await;
        let ((got, error), part) = tokio::join!(read(&following), following.read(0..10));
        assert!(error.unwrap().contains("content integrity error"));
        assert!(got.len() < LARGE);
        assert!(part.unwrap_err().to_string().contains("content integrity error"));
        site.settle().await;
        assert!(!site.stored(&content).await);
        assert_eq!(site.leftovers(), 0);
        assert!(read(&site.following(&source).await).await.0 == content);
    }
}

#[tokio::test]
async fn small_content_that_is_wrong_is_an_error_from_the_start() {
    let site = Site::new();
    let content = fresh(1000);
    let source = Scripted::new(&content, [Act::Spoil(7)]);
    assert!(matches!(refused(&site, &source).await, FillError::Upstream { error: UpstreamError::Integrity(_), .. }));
    assert!(!site.stored(&content).await);
    assert!(read(&site.following(&source).await).await.0 == content);
}

/// A size that is not that of the link is found before anybody was told anything.
#[tokio::test]
async fn another_size_is_an_error_from_the_start() {
    let site = Site::new();
    let content = fresh(LARGE);
    for stated in [0, 1000, LARGE as u64 + 1] {
        let source = Scripted::new(&content, [Act::State(Some(stated))]);
        let error = refused(&site, &source).await;
        assert!(error.to_string().contains("integrity"), "{error}");
    }
}

/// A mirror that has wrong bytes does not stand between clients and those that are right: nobody notices where nobody read
/// any, and else the next one is served.
#[tokio::test]
async fn a_mirror_with_wrong_bytes_is_left_out() {
    let site = Site::new();
    for (size, wrong, noticed) in
        [(1000, Act::Spoil(7), false), (LARGE, Act::State(Some(1)), false), (LARGE, Act::Spoil(7), true)]
    {
        let content = fresh(size);
        let itself = Scripted::new(&content, []);
        let mirror = Scripted::new(&content, std::iter::repeat_n(wrong, 9)).before(&itself);
        let (got, error) = read(&site.following(&mirror).await).await;
        assert_eq!(error.is_some(), noticed);
        assert_eq!(got == content, !noticed);
        site.settle().await;
        if noticed {
            assert!(read(&site.following(&mirror).await).await.0 == content);
        }
        assert_eq!((mirror.opened(), itself.opened()), (vec![0], vec![0]));
        site.settle().await;
        assert_eq!(site.leftovers(), 0);
    }
}

/// It is told as it is, to all who wait, and nothing is remembered of it.
#[tokio::test]
async fn a_failure_before_the_first_byte_is_told_to_all() {
    let site = Site::new();
    let content = fresh(LARGE);
    let busy = UpstreamError::TooManyRequests { retry_after: Some(Duration::from_secs(7)) };
    let source = Scripted::new(&content, [Act::Fail(busy.clone())]);
    let (one, two) = tokio::join!(refused(&site, &source), refused(&site, &source));
    for error in [one, two] {
        assert!(matches!(error, FillError::Upstream { error, .. } if error == busy));
    }
    assert_eq!((source.opened(), site.leftovers()), (vec![0], 0));
    assert!(read(&site.following(&source).await).await.0 == content);
}

/// Two repositories may have the same content from different places.
#[tokio::test]
async fn who_has_another_source_tries_it() {
    let site = Site::new();
    let content = fresh(LARGE);
    let bad = Scripted::new(&content, [Act::Fail(UpstreamError::NotFound)]);
    let good = Scripted::of("other.example/team/app", &content, []);
    let (one, two) = tokio::join!(refused(&site, &bad), site.following(&good));
    assert!(matches!(one, FillError::Upstream { error: UpstreamError::NotFound, .. }));
    assert!(read(&two).await.0 == content);
}

/// The bytes were right, so that those who read them are served; and nothing is said to be here that is not.
#[tokio::test]
async fn a_store_that_fails_at_the_end_costs_readers_nothing() {
    let site = Site::new();
    for (size, operation) in [(LARGE, BlobOperation::Commit), (1000, BlobOperation::Put)] {
        let content = fresh(size);
        site.blobs.fail(BlobFault::NthOf(operation, 1), full);
        let source = Scripted::new(&content, []);
        assert!(read(&site.following(&source).await).await.0 == content);
        site.settle().await;
        site.blobs.heal();
        assert!(!site.stored(&content).await);
        assert!(read(&site.following(&source).await).await.0 == content);
        assert_eq!(source.opened(), [0, 0]);
        site.settle().await;
    }
}

#[tokio::test]
async fn a_store_that_fails_before_is_told_as_such() {
    let site = Site::new();
    let content = fresh(LARGE);
    for operation in [BlobOperation::Size, BlobOperation::Begin, BlobOperation::Follow, BlobOperation::Flush] {
        site.blobs.fail(BlobFault::NthOf(operation, 1), full);
        let error = refused(&site, &Scripted::new(&content, [])).await;
        assert!(matches!(&error, FillError::Storage(error) if matches!(**error, weir_storage::Error::Full { .. })));
        site.blobs.heal();
        assert_eq!(site.leftovers(), 0, "after {operation:?}");
    }
}

/// A server that stops waits for no upstream.
#[tokio::test]
async fn a_stop_ends_what_is_under_way() {
    let site = Site::new();
    let content = fresh(LARGE);
    let source = Scripted::held(&content, []);
    source.up_to(LARGE / 2);
    let following = site.following(&source).await;
    site.fills.stop().await;
    let (_, error) = read(&following).await;
    assert!(error.unwrap().contains("given up"));
    assert!(matches!(refused(&site, &source).await, FillError::GivenUp));
    assert_eq!(site.leftovers(), 0);
}

fn full() -> weir_storage::Error {
    weir_storage::Error::Full { detail: "for a test".to_owned() }
}
