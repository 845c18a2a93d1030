//! Watches: what commits did to the objects of the API, told to everyone who asked.
//!
//! The change feed of the metadata store is the only source: what a watcher is told follows from the same commit that
//! moved the tag, and nothing else has to be written for it.
//!
//! # From a commit to an event
//!
//! - [`projection`]: what a change of the store did to the objects of one resource. It sees every change in order and
//!   keeps what it needs of the objects that changed lately; what it does not have it reads as it was.
//! - [`projector`]: one task for each resource that is watched. It follows the feed and puts events into the
//!   [`ring`] of the resource's [`channel`].
//! - [`ring`]: the latest events, bounded in bytes and in number.
//! - [`watcher`]: one watch: a position in the feed, what it selects, and how it prints.
//! - [`replay`]: what happened before the ring begins, for those who resume from there.
//! - [`object`]: an object as it was at a revision, printed once for all who watch it.
//!
//! # What is promised to a watcher
//!
//! It is told of each commit that touches what it selects, in order, with the object as it was at that revision and that
//! revision as its `resourceVersion`. Where that cannot be kept, because it read too slowly or asks for what is too long
//! ago, it is told so (410 `Expired`) and lists anew; nothing is ever skipped in silence.
//!
//! One commit may do several things that a watcher is told of: move several tags, or take a whole namespace away. All of
//! them carry its revision, and are handed on as one piece. Still a connection may break within such a piece, and its
//! client then knows the revision and not all that happened in it. So a watch that resumes from a revision is first told
//! again what that commit did, where that was more than one thing: objects are then as they were at that very revision,
//! so that a client that knows it already loses nothing by hearing it twice. Otherwise each thing is told once. Watches of
//! single objects, and of streams and images while no namespace is deleted, have one event a commit and never hear it
//! again.
//!
//! # What it costs
//!
//! A watcher costs its position, and what its connection buffers: it holds no queue. All watchers of a resource read one
//! ring, so memory is bounded by the ring's limit, however slow they are and however many. Those with the same namespace
//! and name share an index into it, and only those whom a commit concerns are woken, a few at a time. A writer never waits: the
//! projector is behind the store, not in it; when it is [too far behind](projector::MOST_BEHIND) it gives up what lies
//! between, and its watchers list anew.
//!
//! # What else could have been done
//!
//! - **A queue for each watcher**, as etcd and kube-apiserver have it: a thousand slow watchers hold a thousand queues,
//!   and each must be cut by a limit of its own. A ring has one limit, and one event for all.
//! - **To read the present state at each event** and take it back to the event's revision, without keeping any state:
//!   simpler, but a push to a stream of 10,000 tags would read 10,000 heads. States are kept for streams that changed
//!   lately; one that is not there is read just so.
//! - **A whole copy of the state in memory**, as kube-apiserver's watch cache: resumes and lists become trivial, and
//!   memory grows with what is stored.
//! - **Events written by the commit itself**, as an outbox: a second record of what the feed already says, and every
//!   writer would pay for objects that nobody watches.

mod channel;
pub(crate) mod hub;
pub(crate) mod object;
pub(crate) mod options;
pub(crate) mod projection;
mod projector;
mod replay;
mod ring;
#[cfg(test)]
mod tests;
pub(crate) mod watcher;

pub(crate) use hub::Events;
