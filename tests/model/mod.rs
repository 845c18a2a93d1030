//! Random requests, against a plain model of the registry and of the history of tags.
//!
//! The model says what each request is answered: status, headers that matter, body. After each sequence all that can be
//! seen is compared with it. It is made of maps and vectors and shares no code with the server.
//!
//! - [`content`]: the blobs and manifests that all sequences use, few enough that they meet.
//! - [`operation`]: what can be asked for, drawn at random.
//! - [`state`], [`streams`], [`links`], [`tags`]: the model: what there is, and how each request changes it.
//! - [`run`]: sends operations one after the other and compares each answer; [`uploads`], [`writes`], [`reads`] and
//!   [`objects`] know the requests and what they are answered.
//! - [`whole`]: compares everything that can be seen.
//! - [`several`]: many clients at once. Their operations are put in an [`order`] that the histories tell, and replayed.
//!
//! `WEIR_MODEL_OPERATIONS` says how many operations each test makes, where a few hundred are not enough.

#![expect(clippy::unwrap_used, reason = "an answer that does not read fails the test")]

mod content;
mod links;
mod objects;
mod operation;
mod order;
mod reads;
mod run;
mod server;
mod several;
mod state;
mod streams;
mod tags;
mod uploads;
mod whole;
mod writes;

use proptest::test_runner::{Config, TestRunner};

use operation::Operation;
use run::Run;
use server::Backend;

/// How many operations a sequence has at most.
const LONGEST: usize = 160;

/// How many operations a test makes.
fn operations(short: usize) -> usize {
    let asked = std::env::var("WEIR_MODEL_OPERATIONS").ok();
    asked.map_or(short, |asked| asked.parse().expect("WEIR_MODEL_OPERATIONS is a number"))
}

/// Random sequences of one client, each against a server of its own.
fn one_client(backend: Backend, restarts: bool, short: usize) {
    // Sequences have any length up to the longest.
    let sequences = u32::try_from(operations(short).div_ceil(LONGEST / 2)).unwrap();
    let config = Config { cases: sequences, failure_persistence: None, ..Config::default() };
    let strategy = (proptest::bool::ANY, operation::sequence(LONGEST, restarts));
    let made = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&strategy, |(sparse, sequence)| {
        made.set(made.get() + sequence.len());
        check(backend, sparse, &sequence);
        Ok(())
    });
    assert!(made.get() > 0, "nothing was tried");
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
}

fn check(backend: Backend, sparse: bool, sequence: &[Operation]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::start(backend, sparse);
        for operation in sequence {
            run.step(operation).await;
        }
        run.compare().await;
    });
}

#[test]
fn one_client_in_memory() {
    one_client(Backend::Memory, false, 480);
}

#[test]
fn one_client_on_sled_with_restarts() {
    one_client(Backend::Sled, true, 480);
}

#[test]
fn several_clients_in_memory() {
    several::check(Backend::Memory, operations(288));
}

#[test]
fn several_clients_on_sled_with_restarts() {
    several::check(Backend::Sled, operations(288));
}
