//! What can be asked for, drawn at random. Everything is named by small numbers, so that operations meet.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::content::{BLOBS, KINDS, MANIFESTS, REPOSITORIES, TAGS};

#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// Pushes a blob that is not there yet, or is.
    Upload {
        repository: usize,
        blob: usize,
        how: Upload,
    },
    Begin {
        repository: usize,
        blob: usize,
    },
    /// Sends more of the blob that the session was begun for.
    Append {
        session: usize,
        bytes: usize,
        out_of_order: bool,
    },
    Status {
        session: usize,
    },
    /// Sends what is left of the blob, and ends the session.
    Finish {
        session: usize,
    },
    Cancel {
        session: usize,
    },
    Mount {
        repository: usize,
        from: Option<usize>,
        blob: usize,
    },
    PullBlob {
        repository: usize,
        blob: usize,
        how: Pull,
    },
    DeleteBlob {
        repository: usize,
        blob: usize,
    },
    /// Pushes all blobs of a manifest that are missing, and then the manifest.
    PushImage {
        repository: usize,
        manifest: usize,
        tag: usize,
    },
    Push {
        repository: usize,
        manifest: usize,
        tags: Tagging,
        condition: Option<Condition>,
    },
    PullManifest {
        repository: usize,
        reference: Reference,
        how: Pull,
    },
    /// Pulls by one tag and pushes what came under another.
    Copy {
        repository: usize,
        from: usize,
        to: usize,
    },
    Delete {
        repository: usize,
        reference: Reference,
    },
    Tags {
        repository: usize,
        n: Option<usize>,
        last: Option<usize>,
    },
    Catalog {
        n: Option<usize>,
        last: Option<usize>,
    },
    Referrers {
        repository: usize,
        subject: usize,
        kind: Option<usize>,
        n: Option<usize>,
    },
    History {
        repository: usize,
        tag: usize,
        n: Option<usize>,
        digest: Option<usize>,
    },
    CreateStream {
        stream: usize,
        tag: usize,
        source: Source,
    },
    /// Sets a spec tag, or takes it away.
    PutStream {
        stream: usize,
        tag: usize,
        source: Option<Source>,
        renew: bool,
        stale: bool,
    },
    Stream {
        stream: usize,
    },
    StreamTag {
        stream: usize,
        tag: usize,
    },
    StreamImage {
        stream: usize,
        manifest: usize,
        short: bool,
    },
    /// Time goes on. Between two of these everything happens at once.
    Tick,
    /// The server is stopped and started again.
    Restart,
    /// The server is not even stopped: another one starts with the files as they are.
    Crash,
    /// Everything that can be seen is compared.
    Compare,
}

/// How a whole blob is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Upload {
    /// A session, and all of it in the closing request.
    Monolithic,
    /// One request.
    Single,
    /// One request, with a digest that is not the blob's.
    Mismatch,
}

/// How something is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pull {
    Get,
    Head,
    /// `If-None-Match`, of this content or of other.
    Conditional {
        known: bool,
    },
    /// A part of a blob. Manifests have none.
    Range {
        first: usize,
        last: Option<usize>,
    },
}

/// What a push moves.
#[derive(Debug, Clone)]
pub(super) enum Tagging {
    ByDigest(Vec<usize>),
    ByTag(usize),
}

/// A condition of a push.
#[derive(Debug, Clone, Copy)]
pub(super) enum Condition {
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: *`
    Exists,
    /// `If-Match: "<digest>"`
    Means(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Reference {
    Tag(usize),
    Manifest(usize),
}

/// Where a spec tag points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// At a tag of a stream, its own or another; `reference` keeps the pull spec of that one.
    Tag { stream: usize, tag: usize, reference: bool },
    /// At an image that a stream has had: a permanent tag.
    Image { stream: usize, manifest: usize },
    /// At a pull spec, which is only handed on.
    Pointer(usize),
    /// At an upstream, which nothing imports from here.
    Upstream(usize),
}

fn repository() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(0_usize), 2 => Just(1), 1 => Just(2), 1 => Just(3)]
        .prop_filter("in range", |r| *r < REPOSITORIES.len())
}

fn stream() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0_usize), 2 => Just(1), 1 => Just(2)]
}

fn tag() -> impl Strategy<Value = usize> {
    0..TAGS.len()
}

fn pull() -> impl Strategy<Value = Pull> {
    prop_oneof![
        3 => Just(Pull::Get),
        1 => Just(Pull::Head),
        1 => any::<bool>().prop_map(|known| Pull::Conditional { known }),
        2 => (0_usize..2_500, option::of(0_usize..2_500)).prop_map(|(first, last)| Pull::Range { first, last }),
    ]
}

fn reference() -> impl Strategy<Value = Reference> {
    prop_oneof![2 => tag().prop_map(Reference::Tag), 1 => (0..MANIFESTS).prop_map(Reference::Manifest)]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        5 => (stream(), tag(), prop::bool::weighted(0.2))
            .prop_map(|(stream, tag, reference)| Source::Tag { stream, tag, reference }),
        4 => (stream(), 0..MANIFESTS).prop_map(|(stream, manifest)| Source::Image { stream, manifest }),
        3 => (0..2_usize).prop_map(Source::Pointer),
        1 => (0..2_usize).prop_map(Source::Upstream),
    ]
}

/// A source in a stream itself, where it is to be: tags follow others of their stream only.
fn within(own: usize, source: Source, wanted: bool) -> Source {
    match source {
        Source::Tag { tag, .. } if wanted => Source::Tag { stream: own, tag, reference: false },
        Source::Image { manifest, .. } if wanted => Source::Image { stream: own, manifest },
        other => other,
    }
}

fn blobs() -> impl Strategy<Value = Operation> {
    let how = prop_oneof![Just(Upload::Monolithic), Just(Upload::Single), Just(Upload::Mismatch)];
    let session = || 0..6_usize;
    prop_oneof![
        4 => (repository(), 0..BLOBS, how)
            .prop_map(|(repository, blob, how)| Operation::Upload { repository, blob, how }),
        2 => (repository(), 0..BLOBS).prop_map(|(repository, blob)| Operation::Begin { repository, blob }),
        3 => (session(), 1..1_500_usize, prop::bool::weighted(0.2))
            .prop_map(|(session, bytes, out_of_order)| Operation::Append { session, bytes, out_of_order }),
        1 => session().prop_map(|session| Operation::Status { session }),
        2 => session().prop_map(|session| Operation::Finish { session }),
        1 => session().prop_map(|session| Operation::Cancel { session }),
        3 => (repository(), option::of(repository()), 0..BLOBS)
            .prop_map(|(repository, from, blob)| Operation::Mount { repository, from, blob }),
        4 => (repository(), 0..BLOBS, pull())
            .prop_map(|(repository, blob, how)| Operation::PullBlob { repository, blob, how }),
        1 => (repository(), 0..BLOBS).prop_map(|(repository, blob)| Operation::DeleteBlob { repository, blob }),
    ]
}

fn manifests() -> impl Strategy<Value = Operation> {
    let tags = || prop_oneof![2 => tag().prop_map(Tagging::ByTag), 1 => vec(tag(), 0..4).prop_map(Tagging::ByDigest)];
    let condition = prop_oneof![
        1 => Just(Condition::Absent),
        1 => Just(Condition::Exists),
        2 => (0..MANIFESTS).prop_map(Condition::Means),
    ];
    prop_oneof![
        8 => (repository(), 0..MANIFESTS, tag())
            .prop_map(|(repository, manifest, tag)| Operation::PushImage { repository, manifest, tag }),
        8 => (repository(), 0..MANIFESTS, tags(), option::weighted(0.2, condition))
            .prop_map(|(repository, manifest, tags, condition)| Operation::Push { repository, manifest, tags, condition }),
        4 => (repository(), reference(), pull())
            .prop_map(|(repository, reference, how)| Operation::PullManifest { repository, reference, how }),
        2 => (repository(), tag(), tag()).prop_map(|(repository, from, to)| Operation::Copy { repository, from, to }),
        4 => (repository(), reference()).prop_map(|(repository, reference)| Operation::Delete { repository, reference }),
    ]
}

fn listings() -> impl Strategy<Value = Operation> {
    let n = || option::of(0..4_usize);
    prop_oneof![
        2 => (repository(), n(), option::of(tag()))
            .prop_map(|(repository, n, last)| Operation::Tags { repository, n, last }),
        1 => (n(), option::of(repository())).prop_map(|(n, last)| Operation::Catalog { n, last }),
        2 => (repository(), prop_oneof![Just(0_usize), Just(3), 0..MANIFESTS], option::of(0..KINDS.len()), n())
            .prop_map(|(repository, subject, kind, n)| Operation::Referrers { repository, subject, kind, n }),
        3 => (repository(), tag(), n(), option::weighted(0.2, 0..MANIFESTS))
            .prop_map(|(repository, tag, n, digest)| Operation::History { repository, tag, n, digest }),
    ]
}

fn streams() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => (stream(), tag(), source(), any::<bool>())
            .prop_map(|(stream, tag, source, own)| Operation::CreateStream { stream, tag, source: within(stream, source, own) }),
        8 => (stream(), tag(), option::weighted(0.9, source()), prop::bool::weighted(0.15), 0..10_usize)
            .prop_map(|(stream, tag, source, renew, luck)| {
                let source = source.map(|source| within(stream, source, luck < 6));
                Operation::PutStream { stream, tag, source, renew, stale: luck == 9 }
            }),
        1 => stream().prop_map(|stream| Operation::Stream { stream }),
        2 => (stream(), tag()).prop_map(|(stream, tag)| Operation::StreamTag { stream, tag }),
        1 => (stream(), 0..MANIFESTS, any::<bool>())
            .prop_map(|(stream, manifest, short)| Operation::StreamImage { stream, manifest, short }),
    ]
}

/// A sequence of one client.
pub(super) fn sequence(longest: usize, restarts: bool) -> impl Strategy<Value = Vec<Operation>> {
    let of_server = if restarts {
        prop_oneof![Just(Operation::Restart), Just(Operation::Crash)].boxed()
    } else {
        Just(Operation::Compare).boxed()
    };
    let operation = prop_oneof![
        60 => blobs(),
        110 => manifests(),
        45 => listings(),
        60 => streams(),
        20 => Just(Operation::Tick),
        2 => Just(Operation::Compare),
        2 => of_server,
    ];
    vec(operation, 1..=longest)
}
