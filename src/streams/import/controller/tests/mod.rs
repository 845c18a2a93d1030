//! Whole repositories that could not be imported at once; [`scheduler`] plays the schedule through.

mod scheduler;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::run;
use crate::config;
use crate::namespaces::Keyring;
use crate::oci::StreamId;
use crate::records::{Decide, Error, Transaction, keys};
use crate::streams::import::{CHECKED, Importer};
use crate::streams::mapping;
use crate::streams::tests::world::{World, stream};
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstreams;

/// A stream that is to be made from a repository.
struct FromRepository<'a>(&'a StreamId, String);

impl Decide for FromRepository<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let mut record = mapping::provision(transaction, self.0, &self.0.repository()).await?;
        record.source_repository = self.1.clone();
        transaction.put(&keys::stream(self.0), &record)
    }
}

#[tokio::test]
async fn a_repository_that_cannot_be_listed_is_tried_again_with_growing_pauses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(Mutex::new("503 -\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n"));
    let told = Arc::clone(&answer);
    let serving = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = format!("HTTP/1.1 {}", *told.lock().unwrap());
            let mut begin = [0; 1024];
            let read = socket.read(&mut begin).await.unwrap_or_default();
            if begin[..read].starts_with(b"GET") {
                // The client may have left.
                drop(socket.write_all(answer.as_bytes()).await);
            }
        }
    });
    let (world, id) = (World::new(), stream("ns/app"));
    world.records.transact(&FromRepository(&id, format!("{address}/team/app"))).await.unwrap();
    let settings = config::Upstreams {
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        insecure: vec![address.parse().unwrap()],
        retries: 0,
        ..config::Upstreams::default()
    };
    let upstreams = Upstreams::new(&settings, 4096, Arc::new(Metrics::new())).unwrap();
    let keys_of_secrets = tempfile::TempDir::new().unwrap();
    let keyring = Arc::new(Keyring::own(keys_of_secrets.path().join("secrets")).unwrap());
    let importer = Importer::new(world.records.clone(), world.names.clone(), keyring, upstreams);
    let checked = async || {
        let found = world.records.get(&keys::stream(&id)).await.unwrap().unwrap();
        found.record.annotations.contains_key(CHECKED)
    };
    let mut pauses: Vec<Duration> = Vec::new();
    for attempts in [0, 5] {
        let postponed = run::run(&importer, &id, &[None], attempts).await.unwrap();
        assert!(matches!(postponed.as_slice(), [(None, _)]), "{postponed:?}");
        pauses.extend(postponed.iter().map(|(_, pause)| *pause));
        assert!(!checked().await, "it is still to be imported");
    }
    assert!(pauses[0] < Duration::from_mins(1) && pauses[1] > Duration::from_mins(10), "{pauses:?}");
    *answer.lock().unwrap() = "200 -\r\nconnection: close\r\ncontent-length: 11\r\n\r\n{\"tags\":[]}";
    assert_eq!(run::run(&importer, &id, &[None], 2).await.unwrap(), []);
    assert!(checked().await);
    serving.abort();
}
