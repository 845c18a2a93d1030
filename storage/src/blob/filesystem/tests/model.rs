//! Random sequences of what callers do with a session, against a plain vector.

use bytes::Bytes;
use proptest::prelude::*;

use super::Fixture;
use crate::blob::contract::{fresh, read_all};
use crate::{Algorithm, BlobStore, Upload};

#[derive(Debug, Clone)]
enum Step {
    /// Appends so many bytes.
    Append(usize),
    Expect(u64),
    Save,
    RollBack,
    /// Drops the upload and takes the session up again.
    Resume,
    /// Drops the upload and opens the store anew.
    Restart,
    /// Commits under a wrong digest, and takes the session up again.
    Mismatch,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![0_usize..100, 4000_usize..5000, 100_000_usize..300_000, 900_000_usize..2_500_000].prop_map(Step::Append),
        1 => (0_u64..10_000_000).prop_map(Step::Expect),
        2 => Just(Step::Save),
        2 => Just(Step::RollBack),
        1 => Just(Step::Resume),
        1 => Just(Step::Restart),
        1 => Just(Step::Mismatch),
    ]
}

/// What a session should hold.
#[derive(Default)]
struct Model {
    content: Vec<u8>,
    /// How much of it was saved.
    saved: usize,
}

impl Model {
    /// What was not saved may be there or not; what is there counts as saved.
    fn resumed(&mut self, upload: &dyn Upload) {
        let offset = usize::try_from(upload.offset()).unwrap();
        assert!((self.saved..=self.content.len()).contains(&offset), "{offset} is no offset that was reached");
        self.content.truncate(offset);
        self.saved = offset;
    }
}

async fn run(algorithm: Algorithm, steps: Vec<Step>) {
    let mut fixture = Fixture::new();
    let mut model = Model::default();
    let mut upload = fixture.store.begin("model", algorithm).await.unwrap();
    let id = upload.id();
    for step in steps {
        match step {
            Step::Append(size) => {
                let bytes: Bytes = fresh(size);
                model.content.extend_from_slice(&bytes);
                upload.append(bytes).await.unwrap();
            }
            Step::Expect(bytes) => upload.expect(bytes),
            Step::Save => {
                upload.save().await.unwrap();
                model.saved = model.content.len();
            }
            Step::RollBack => {
                upload.roll_back().await.unwrap();
                model.content.truncate(model.saved);
            }
            Step::Resume => {
                drop(upload);
                upload = fixture.store.resume(id).await.unwrap();
                model.resumed(upload.as_ref());
            }
            Step::Restart => {
                drop(upload);
                // A process that ends waits for its blocking threads; here another claim does.
                drop(fixture.store.resume(id).await.unwrap());
                fixture = fixture.restart().await;
                upload = fixture.store.resume(id).await.unwrap();
                model.resumed(upload.as_ref());
            }
            Step::Mismatch => {
                upload.commit(&algorithm.digest(b"something else")).await.unwrap_err();
                model.content.truncate(model.saved);
                upload = fixture.store.resume(id).await.unwrap();
            }
        }
        assert_eq!(upload.offset(), model.content.len() as u64);
    }
    let digest = algorithm.digest(&model.content);
    assert_eq!(upload.commit(&digest).await.unwrap(), model.content.len() as u64);
    assert!(read_all(&fixture.store, &digest).await.unwrap() == model.content);
    assert!(fixture.leftovers().is_empty(), "{:?}", fixture.leftovers());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_holds_what_a_vector_would(
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
        steps in prop::collection::vec(step(), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(algorithm, steps));
    }
}
