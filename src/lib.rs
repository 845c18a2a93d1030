//! An OCI registry in which every tag remembers.
//!
//! Weir takes what docker, podman and skopeo push, turns each push by tag into an image stream mapping, and keeps the
//! whole history of every tag. This page is its architecture: read it once, and each module will look familiar.
//!
//! # Layout
//!
//! Imports run one way, from the top of this list to its end. [`oci`] is pure and open to all; the domain never sees
//! hyper.
//!
//! - [`cli`]: the command line. One file a subcommand.
//! - [`config`]: what an operator may say, raw and then checked. One file a section.
//! - [`server`]: puts stores, domain, handlers and listeners together, and takes them apart again.
//! - [`http`]: listeners, TLS, the tower stack, and the two APIs: `v2` (OCI) and `apis` (Kubernetes style).
//! - `auth`: who is asking, and what they may do. Handlers need the proof that it makes.
//! - `registry`: the distribution domain: uploads, blobs, manifests, tags, referrers, catalogue.
//! - [`streams`]: the image stream domain: tag algorithm, history, mapping, and the objects of `image.openshift.io/v1`.
//! - `namespaces`: namespaces, and the secrets and limit ranges in them.
//! - `upstream`: the client of other registries, with their mirrors, tokens, limits and failures, and the fetch that is
//!   shared by all who ask.
//! - `records`: every key and value that is kept, typed, and the transaction that reads, decides and commits.
//! - [`weir_storage`]: a crate of its own: blob stores and metadata stores, in bytes, keys and digests.
//! - `events`: watches: what commits did to the objects of the API.
//! - `lifecycle`: what becomes of content as time goes by: eviction of what is cached.
//! - [`telemetry`]: logs and metrics.
//!
//! # One truth
//!
//! A tag of the OCI API and the top tag event of the image stream tag are one record. A push by tag commits, in one
//! metadata transaction, the manifest's link, its referrer entry, the image, the tag event with its cause and actor, and
//! the moves of all tags that follow it. Watchers read the change feed of the same store. There is no second place that
//! could disagree, and after a crash all of it is there or nothing.
//!
//! # The life of a push
//!
//! 1. A connection is accepted ([`http::listener`]) and its first bytes must come within a deadline. The request passes
//!    the tower stack ([`http::stack`]): request id, log, metrics, limits that count bodies.
//! 2. Method and path become a `Route`, in one pure parse; the route says which access it needs, and the policy makes a
//!    permit for it. Only then is the body asked for: a client that waits with `Expect: 100-continue` hears a refusal
//!    before it sends anything.
//! 3. A blob's bytes stream through the hasher into a file of the upload session, a MiB at a time, on a blocking thread.
//!    Those of a MiB and more do not stay in the page cache, which belongs to what is pulled. The closing request
//!    verifies the digest; the file is synchronised, gets its name, and the directory is synchronised. A blob of at most
//!    64 KiB has no session file: it is appended to a log that is synchronised once for all that wait, and then gets its
//!    file. Then one metadata commit links the blob to the repository, and the client gets its 201.
//! 4. A manifest is read whole, under a limit, and parsed by a lenient view; its bytes become a blob and are never
//!    written anew. The image is derived from it and its config. The transaction then reads what the push rests on (the
//!    stream, the links of its blobs, the tag's head, the tags that follow it), decides, and commits with guards on all
//!    it read. Where another push was faster, it reads and decides again: concurrent pushes of one tag all succeed.
//! 5. The metadata store takes the commits that wait, judges their guards in order, appends them to its journal, and
//!    synchronises it once for all of them. Only then are they applied to the index that readers see, and answered.
//!
//! # The life of a pull
//!
//! Route, permit, then: tag → digest (the tag's head), digest → link of this repository, file → socket. A manifest that
//! was read lately comes from memory, as long as neither head nor link has another revision. The file is open, and its
//! first bytes are read, before a status is chosen. Bodies are read without blocking where the page cache has them, and
//! yield once per MiB, so that a small request never waits behind a large download. No lock is held, and nothing is
//! awaited that another request could stall.
//!
//! # The life of an import
//!
//! A request, a change of a spec, a failure some time ago, or a schedule: whatever asks for an import, manifests and configs are
//! read from the upstream, verified, and stored as blobs. Then one transaction compares what was found with what the tags
//! mean, and commits the spec, the links, the images and the events of all its tags, or the conditions that say why there are
//! none. Layers are not read: their links say which upstream has them. Where nothing is new, nothing is written.
//!
//! # The life of a miss
//!
//! What was imported is linked like what was pushed, and its link says which repository of another registry has it. A HEAD
//! is answered from the link. A GET of what is not here starts a fill, or joins the one under way for the same digest
//! (`upstream::fill`): the bytes come into an upload session, and all who asked read the growing file behind it. They are
//! verified before the last of them are handed out and before the content gets its name. A client that leaves does not
//! stop a fill, and a connection that breaks is taken up where it broke. Where an upstream fails, clients are told so, with
//! a status above 500 or with 429 and never as if there were no such content; where answers have begun, they break off.
//!
//! Behind a mirror prefix (`registry::mirror`) a pull of what is not linked asks another registry once for all who ask, and
//! commits manifest, links and the tag's event before it answers; the tag is asked about again beyond its window, and served
//! as it is known whenever that fails. What refers to a manifest is carried along: listed as its registry lists it, and fetched
//! when it is asked for.
//!
//! # What is durable when
//!
//! | answer | what survives a power cut from then on |
//! |---|---|
//! | 201 for a blob | its bytes, its name, and its link to the repository |
//! | 201 for a manifest | its bytes, its link, its image, every tag it moved, and their log |
//! | 202 for a delete | the deletion, with its entry in the log of each tag it took away |
//! | 202 for a chunk | nothing: a session survives a stop; one of more than 64 KiB survives a crash of the process, too |
//!
//! What a reader has seen is durable too: nothing becomes visible before it is.
//!
//! # What is kept when something is deleted
//!
//! Deleting is a move that the log remembers. A deleted tag leaves every list and keeps its history; a deleted manifest
//! is 404 at once and its link is put aside; a deleted blob is unlinked from its repository. A deleted stream takes its
//! tags and links with it and puts all of them aside, its own record included. A rollback reads the tag's log and brings
//! the tag back in one commit, with whatever of stream, links and image object it needs. Bytes are not collected.
//!
//! # What gives way
//!
//! Blobs that were fetched for a pull are cached, and an operator may limit their size: those that were not used for longest
//! are evicted (`lifecycle::eviction`), also where the disk is about to be full; their links stay, and the next pull fetches
//! them again. What was pushed or mounted is kept, as are all manifests, imported configs, and the blobs of pushed images and of
//! those in pushed lists: a push fetches what it names and only an upstream has. Cached and kept content lie in different
//! folders, and an eviction knows no other than the first.

pub(crate) mod auth;
pub mod cli;
pub mod config;
pub(crate) mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod http;
pub(crate) mod lifecycle;
pub(crate) mod namespaces;
pub mod oci;
pub(crate) mod records;
pub(crate) mod registry;
pub mod server;
pub mod streams;
pub mod telemetry;
pub(crate) mod upstream;
