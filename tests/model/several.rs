//! Many clients at once on few tags.
//!
//! Each push has a manifest of its own, each tag is deleted by one client only, and each manifest by whoever pushed it: so
//! each entry of a history belongs to one operation. The order that the histories give, together with that of each
//! client and that in which answers came before requests, must be one order of all operations; and the model, which does
//! them one after the other in that order, must then hold what the server holds.

use std::time::Instant;

use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::content::{MANIFESTS, TAGS, UNIQUE, piece, stream_of};
use super::operation::{Pull, Reference, Source, Upload};
use super::order::ordered;
use super::run::{Run, path};
use super::server::Backend;
use crate::harness::{Weir, sha256};

/// How many clients there are, and how many operations each makes at a time.
const CLIENTS: usize = 6;
const OPERATIONS: usize = 12;

/// How often they come.
const PHASES: usize = UNIQUE / (CLIENTS * OPERATIONS);

/// The clients before this one delete tags, each its own.
const DELETERS: usize = 3;

/// What a client may do.
#[derive(Debug, Clone)]
enum Wish {
    Push {
        repository: usize,
        tags: Vec<usize>,
    },
    /// Deletes the client's own tag.
    DeleteTag {
        repository: usize,
    },
    /// Deletes what the client pushed last.
    DeleteManifest,
    Pull {
        repository: usize,
        tag: usize,
    },
}

/// What was done, and acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) effect: Effect,
    pub(super) sent: Instant,
    pub(super) answered: Instant,
}

/// What an acknowledged operation changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    Push { repository: usize, manifest: usize, tags: Vec<usize> },
    DeleteTag { repository: usize, tag: usize },
    DeleteManifest { repository: usize, manifest: usize },
}

fn wish() -> impl Strategy<Value = Wish> {
    let tags =
        prop_oneof![4 => (0..TAGS.len()).prop_map(|tag| vec![tag]), 1 => Just(vec![0, 1]), 1 => Just(vec![2, 0])];
    prop_oneof![
        8 => (0..2_usize, tags).prop_map(|(repository, tags)| Wish::Push { repository, tags }),
        2 => (0..2_usize).prop_map(|repository| Wish::DeleteTag { repository }),
        2 => Just(Wish::DeleteManifest),
        3 => (0..2_usize, 0..TAGS.len()).prop_map(|(repository, tag)| Wish::Pull { repository, tag }),
    ]
}

/// Lets clients make so many operations, each group on a server of its own.
pub(super) fn check(backend: Backend, operations: usize) {
    let each = PHASES * CLIENTS * OPERATIONS;
    let config = Config {
        cases: u32::try_from(operations.div_ceil(each)).unwrap(),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let phase = vec(vec(wish(), OPERATIONS..=OPERATIONS), CLIENTS..=CLIENTS);
    let result = TestRunner::new(config).run(&vec(phase, PHASES..=PHASES), |phases| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(backend, &phases));
        Ok(())
    });
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
}

async fn run(backend: Backend, phases: &[Vec<Vec<Wish>>]) {
    let mut run = Run::start(backend, false);
    for repository in 0..2 {
        for blob in [0, 1] {
            run.whole(repository, blob, Upload::Single).await;
        }
    }
    // One tag follows another all the time.
    run.create_stream(0, 3, Source::Tag { stream: 0, tag: 0, reference: false }).await;
    for (number, wishes) in phases.iter().enumerate() {
        let first = MANIFESTS + number * CLIENTS * OPERATIONS;
        let clients = wishes
            .iter()
            .enumerate()
            .map(|(client, wishes)| act(&run.weir, client, wishes, first + client * OPERATIONS));
        let done: Vec<Done> = join_all(clients).await.into_iter().flatten().collect();
        let order = ordered(&run, &done).await;
        for effect in order {
            apply(&mut run, &effect);
        }
        compare(&mut run, &done).await;
        match backend {
            Backend::Sled if number % 2 == 0 => run.crash(),
            Backend::Sled => run.weir.restart(),
            Backend::Memory => {}
        }
        compare(&mut run, &done).await;
        run.tick();
    }
}

/// One client: its operations one after the other, with manifests from `first` on.
async fn act(weir: &Weir, client: usize, wishes: &[Wish], first: usize) -> Vec<Done> {
    let mut done: Vec<Done> = Vec::new();
    let mut held = Vec::new();
    for (number, wish) in wishes.iter().enumerate() {
        let effect = match wish {
            Wish::Push { repository, tags } => {
                Some(Effect::Push { repository: *repository, manifest: first + number, tags: tags.clone() })
            }
            Wish::DeleteTag { repository } if client < DELETERS => {
                Some(Effect::DeleteTag { repository: *repository, tag: client })
            }
            Wish::DeleteManifest => {
                held.pop().map(|(repository, manifest)| Effect::DeleteManifest { repository, manifest })
            }
            Wish::Pull { repository, tag } => {
                pull(weir, *repository, *tag).await;
                None
            }
            Wish::DeleteTag { .. } => None,
        };
        let Some(effect) = effect else { continue };
        if let Effect::Push { repository, manifest, .. } = &effect {
            held.push((*repository, *manifest));
        }
        let sent = Instant::now();
        if send(weir, &effect).await {
            done.push(Done { effect, sent, answered: Instant::now() });
        }
    }
    done
}

/// Sends an operation. Returns whether it changed something.
async fn send(weir: &Weir, effect: &Effect) -> bool {
    match effect {
        Effect::Push { repository, manifest, tags } => {
            let piece = piece(*manifest);
            let reference = match tags.as_slice() {
                [tag] => TAGS[*tag].to_owned(),
                tags => {
                    let tags: Vec<String> = tags.iter().map(|tag| format!("tag={}", TAGS[*tag])).collect();
                    format!("{}?{}", piece.digest, tags.join("&"))
                }
            };
            let call = weir.put(path(*repository, &format!("manifests/{reference}")));
            let call = call.header("content-type", &piece.manifest.media_type).body(piece.manifest.bytes.clone());
            call.await.is(201).has("docker-content-digest", &piece.digest);
            true
        }
        Effect::DeleteTag { repository, tag } => {
            // Others delete what it means at the same time.
            let reply = weir.delete(path(*repository, &format!("manifests/{}", TAGS[*tag]))).await;
            assert!([202, 404].contains(&reply.status.as_u16()), "{reply:?}");
            reply.status == 202
        }
        Effect::DeleteManifest { repository, manifest } => {
            weir.delete(path(*repository, &format!("manifests/{}", piece(*manifest).digest))).await.is(202);
            true
        }
    }
}

/// Whatever a tag means, it is whole.
async fn pull(weir: &Weir, repository: usize, tag: usize) {
    let reply = weir.get(path(repository, &format!("manifests/{}", TAGS[tag]))).await;
    if reply.status == 404 {
        return;
    }
    let reply = reply.is(200);
    assert_eq!(reply.header("docker-content-digest"), sha256(&reply.body));
}

/// What the operation does to the model.
fn apply(run: &mut Run, effect: &Effect) {
    match effect {
        Effect::Push { repository, manifest, tags } => {
            assert_eq!(run.model.push(*repository, *manifest, tags, None), Ok(Vec::new()));
        }
        Effect::DeleteTag { repository, tag } => {
            assert!(run.model.delete_tag(stream_of(*repository), *tag), "{effect:?} was acknowledged");
        }
        Effect::DeleteManifest { repository, manifest } => {
            assert!(run.model.delete_manifest(stream_of(*repository), *manifest), "{effect:?} was acknowledged");
        }
    }
}

/// Compares everything, and the manifests that were pushed.
async fn compare(run: &mut Run, done: &[Done]) {
    run.compare().await;
    for one in done {
        if let Effect::Push { repository, manifest, .. } = &one.effect {
            run.pull_manifest(*repository, Reference::Manifest(*manifest), Pull::Get).await;
        }
    }
}
