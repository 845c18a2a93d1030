//! Replays recorded exchanges with an OpenShift API server against Weir, and compares what comes back.
//!
//! A scenario ([`scenario`]) is sent request by request ([`replayed`], [`watch`]), with the identities and revisions that
//! Weir gave in place of the recorded ones ([`translation`]). Status, headers and bodies are compared structurally
//! ([`answers`], [`difference`], [`text`]). Every difference has a place, such as `@status` or `/items/[app]/metadata/uid`, and must be covered by
//! the table of departures ([`departures`], `departures.toml`); a departure that covers nothing fails the test, too.
//!
//! To see what differs, ask for it:
//!
//! ```text
//! WEIR_REPLAY=summary cargo test --all-features --test api replay:: -- --nocapture
//! WEIR_REPLAY=08      … every difference of scenario 08 that no departure covers
//! WEIR_REPLAY=08.12   … of its command 12
//! WEIR_REPLAY=all     … of all scenarios
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod answers;
mod departures;
mod difference;
mod place;
mod replayed;
mod report;
mod scenario;
mod text;
mod translation;
mod upstreams;
mod watch;

use weir::config::Config;

use self::departures::Departures;
use self::replayed::Server;
use self::report::{Outcome, Wanted};
use self::scenario::Scenario;
use self::upstreams::Upstreams;
use crate::harness::Weir;

/// What the registry of the recorded cluster called itself, inside and out.
const INTERNAL: &str = "image-registry.openshift-image-registry.svc:5000";
const EXTERNAL: &str = "registry.apps.test";

/// Scenarios whose answers must be the recorded ones, departures aside.
const ASSERTED: &[&str] = &["00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "11", "13", "14", "15", "15b"];

/// Replays scenarios one after the other on one server.
async fn replay(names: &[&str], configure: impl FnOnce(&mut Config)) {
    let upstreams = Upstreams::start().await;
    let weir = Weir::with(|config| {
        configure(config);
        upstreams.configure(config);
    });
    let mut server = Server::new(&weir);
    let wanted = Wanted::from_environment();
    let departures = Departures::read();
    let mut failures = Vec::new();
    for name in names {
        let mut outcome = Outcome::new(name, departures.of(name));
        for command in Scenario::read(name, &upstreams).commands {
            for (request, exchange) in server.run(&command).await {
                outcome.judge(&command, request, exchange);
            }
        }
        wanted.show(&outcome);
        if ASSERTED.contains(name) && !outcome.holds() {
            failures.push(outcome.failure());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn one_server_answers_as_recorded() {
    let chain = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "11"];
    replay(&chain, |config| config.names.internal = Some(INTERNAL.to_owned())).await;
}

#[tokio::test]
async fn a_server_with_an_external_host_name_answers_as_recorded() {
    let names = |config: &mut Config| {
        config.names.internal = Some(INTERNAL.to_owned());
        config.names.public = Some(EXTERNAL.to_owned());
    };
    replay(&["13"], names).await;
}

#[tokio::test]
async fn a_server_without_a_configured_name_answers_as_recorded() {
    replay(&["14"], |_| {}).await;
}

#[tokio::test]
async fn a_server_that_reads_few_registries_answers_as_recorded() {
    replay(&["15"], few).await;
}

/// What the operator of the recorded cluster changed in its configuration before the last commands of 15.
#[tokio::test]
async fn a_server_that_blocks_a_registry_answers_as_recorded() {
    let blocking = |config: &mut Config| {
        few(config);
        config.upstreams.blocked = vec!["upstream.test:5000".parse().unwrap()];
        config.upstreams.insecure = vec!["plain.test:5000".parse().unwrap()];
    };
    replay(&["15b"], blocking).await;
}

fn few(config: &mut Config) {
    config.names.internal = Some(INTERNAL.to_owned());
    config.upstreams.allow = ["upstream.test:5000", "*.allowed.test"].map(|registry| registry.parse().unwrap()).into();
}

#[test]
fn departures_name_scenarios_that_are_replayed() {
    let replayed = ["00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "11", "13", "14", "15", "15b"];
    for scenario in Departures::read().scenarios() {
        assert!(replayed.contains(&scenario.as_str()), "no scenario {scenario} is replayed");
    }
}
