//! What a client gets for each fault of an upstream: with cached content always the content; without it, what stands in the table.
//!
//! Each row is played with an imported tag of the reference policy Local and behind a mirror prefix. The manifests of what was
//! imported are here since then, so that only layers can be missing.

use futures_util::future::join_all;
use serde_json::json;

use super::*;

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    Content,
    /// A refusal.
    Status(u16),
    /// The beginning of the content, and then the end of the connection.
    Cut,
}

use Gets::{Content, Cut, Status};

/// What the upstream does from some moment on.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Down,
    Becomes(Mood),
    /// Sends whoever asks to another host, which has it.
    Elsewhere,
    /// Refuses the tokens that it gave out.
    ExpiresTokens,
}

use Fault::{Becomes, Down, Elsewhere, ExpiresTokens};

impl Fault {
    /// How long a first byte may take, and the next one: short only where that is what the fault is about.
    fn deadlines(self) -> (Duration, Duration) {
        let (short, long) = (Duration::from_secs(1), Duration::from_mins(1));
        match self {
            Becomes(Mood::Hangs) => (2 * short, long),
            Becomes(Mood::Stalls(_)) => (long, short),
            _ => (long, long),
        }
    }
}

/// So much of a layer was passed on before the fault.
const MIDDLE: usize = 200_000;

const SOON: Duration = Duration::from_millis(50);

/// The fault; what a client gets of a layer and of a tag that are not cached.
const FAULTS: [(&str, Fault, Gets, Gets); 22] = [
    ("down", Down, Status(502), Status(502)),
    ("hangs up", Becomes(Mood::Drops), Status(502), Status(502)),
    ("slow first byte", Becomes(Mood::Lingers(SOON)), Content, Content),
    ("no first byte", Becomes(Mood::Hangs), Status(504), Status(504)),
    ("slow body", Becomes(Mood::Trickles(SOON)), Content, Content),
    ("no more of a body, early", Becomes(Mood::Stalls(10)), Cut, Status(504)),
    ("no more of a body, late", Becomes(Mood::Stalls(MIDDLE)), Cut, Content),
    ("cut early", Becomes(Mood::Cuts(10)), Cut, Status(502)),
    ("cut late", Becomes(Mood::Cuts(MIDDLE)), Cut, Content),
    ("cut once", Becomes(Mood::CutsOnce(MIDDLE)), Content, Content),
    ("wrong bytes", Becomes(Mood::Spoils), Cut, Status(502)),
    ("short Content-Length", Becomes(Mood::Shortens), Status(502), Status(502)),
    ("missing Content-Length", Becomes(Mood::Unstated), Content, Content),
    ("401 after success", Becomes(Mood::Refuses(401, "X-A: b")), Status(502), Status(502)),
    ("403", Becomes(Mood::Refuses(403, "X-A: b")), Status(502), Status(502)),
    // A registry knows which tags it has; of a layer that an image needs nobody says that there is no such thing.
    ("404", Becomes(Mood::Refuses(404, "Docker-Distribution-Api-Version: registry/2.0")), Status(502), Status(404)),
    ("429 with Retry-After", Becomes(Mood::Refuses(429, "Retry-After: 7")), Status(429), Status(429)),
    ("500", Becomes(Mood::Refuses(500, "X-A: b")), Status(502), Status(502)),
    ("503", Becomes(Mood::Refuses(503, "Retry-After: 7")), Status(503), Status(503)),
    ("redirect to another host", Elsewhere, Content, Content),
    ("redirect loop", Becomes(Mood::Loops), Status(502), Status(502)),
    ("expired token", ExpiresTokens, Content, Content),
];

/// Three images behind one upstream, which fails from some moment on: one is cached, of one only the manifest is, and of one
/// nothing.
struct Play {
    site: Site,
    /// One that begins a connection for each pull: those that break off take no other along.
    client: reqwest::Client,
    cached: Image,
    known: Image,
    unknown: Image,
}

impl Play {
    async fn begin(hub: &Hub, (first_byte, idle): (Duration, Duration)) -> Self {
        let (cached, known, unknown) = (hub.image("cached"), hub.image("known"), hub.image("unknown"));
        for (tag, image) in [("cached", &cached), ("known", &known), ("unknown", &unknown)] {
            hub.tag(&format!("team/app:{tag}"), &image.digest);
        }
        let site = Site::with(hub.address, |config| {
            config.mirrored[0].fresh_for = Duration::ZERO;
            config.upstreams.import.automatic = false;
            (config.upstreams.first_byte, config.upstreams.idle) = (first_byte, idle);
        });
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let play = Self { site: site.await, client, cached, known, unknown };
        play.import(hub).await;
        for name in ["team/app", "hub.io/team/app"] {
            for path in all_of(&play.cached, "cached").map(|(path, _)| path) {
                assert_eq!(play.get(&format!("{name}/{path}")).await.0, StatusCode::OK, "{name}/{path}");
            }
            assert_eq!(play.get(&format!("{name}/manifests/known")).await.0, StatusCode::OK);
        }
        // Configs follow manifests, and are none of the table's business.
        for blob in [&play.cached.config, &play.cached.layer, &play.known.config] {
            while play.site.records.blobs().size(blob).await.unwrap().is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        play
    }

    async fn import(&self, hub: &Hub) {
        let image = |tag: &str| {
            json!({
                "from": { "kind": "DockerImage", "name": format!("{}/team/app:{tag}", hub.address) },
                "to": { "name": tag },
                "importPolicy": { "insecure": true },
                "referencePolicy": { "type": "Local" },
            })
        };
        let body = json!({
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": "app" },
            "spec": { "import": true, "images": [image("cached"), image("known")] },
        });
        let url = format!("http://{}/apis/image.openshift.io/v1/namespaces/team/imagestreamimports", self.site.address);
        let answer = self.site.client.post(url).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        for image in answer["status"]["images"].as_array().unwrap() {
            assert_eq!(image["status"]["status"], "Success", "{answer:#}");
        }
    }

    /// A pull; `None` where the answer broke off.
    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, Option<Bytes>) {
        let url = format!("http://{}/v2/{path}", self.site.address);
        let answer = match self.client.get(url).send().await {
            Ok(answer) => answer,
            Err(error) => panic!("{path}: {error:?}"),
        };
        (answer.status(), answer.headers().clone(), answer.bytes().await.ok())
    }

    /// What a client gets under a path, where this is the content.
    async fn gets(&self, path: &str, content: &Bytes) -> Gets {
        match self.get(path).await {
            (StatusCode::OK, _, Some(body)) => {
                assert_eq!(body, content, "{path}: no client completes wrong content");
                Content
            }
            (StatusCode::OK, _, None) => Cut,
            (status, headers, Some(body)) => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let code = body["errors"][0]["code"].as_str().unwrap();
                let expected = match status.as_u16() {
                    404 => "MANIFEST_UNKNOWN",
                    429 => "TOOMANYREQUESTS",
                    _ => "UNAVAILABLE",
                };
                assert_eq!(code, expected, "{path}");
                assert_eq!(headers.contains_key("retry-after"), matches!(status.as_u16(), 429 | 503), "{path}");
                Status(status.as_u16())
            }
            (status, _, None) => panic!("{path}: {status} broke off"),
        }
    }

    /// What clients get that should get something else.
    async fn mistakes(&self, fault: &str, layer: Gets, tag: Gets) -> Vec<String> {
        let mut wanted = Vec::new();
        for name in ["team/app", "hub.io/team/app"] {
            wanted.extend(
                all_of(&self.cached, "cached").map(|(path, content)| (format!("{name}/{path}"), content, Content)),
            );
            wanted.push((format!("{name}/blobs/{}", self.known.layer), self.known.layer_bytes.clone(), layer));
        }
        wanted.push(("hub.io/team/app/manifests/unknown".to_owned(), self.unknown.manifest.clone(), tag));
        // Nobody imported it.
        wanted.push(("team/app/manifests/unknown".to_owned(), self.unknown.manifest.clone(), Status(404)));
        let pulls = wanted.into_iter().map(async |(path, content, wanted)| {
            let gets = self.gets(&path, &content).await;
            (gets != wanted).then(|| format!("{fault}: {path}: {gets:?} instead of {wanted:?}"))
        });
        join_all(pulls).await.into_iter().flatten().collect()
    }
}

/// All that there is to pull of an image.
fn all_of(image: &Image, tag: &str) -> [(String, Bytes); 4] {
    [
        (format!("manifests/{tag}"), image.manifest.clone()),
        (format!("manifests/{}", image.digest), image.manifest.clone()),
        (format!("blobs/{}", image.config), image.config_bytes.clone()),
        (format!("blobs/{}", image.layer), image.layer_bytes.clone()),
    ]
}

async fn row((name, fault, layer, tag): (&str, Fault, Gets, Gets)) -> Vec<String> {
    let (hub, other) = (Hub::start().await, Hub::start().await);
    if let ExpiresTokens = fault {
        hub.becomes(Mood::Tokens);
    }
    let play = Play::begin(&hub, fault.deadlines()).await;
    let mut running = Some(hub);
    match (fault, &running) {
        (Becomes(mood), Some(hub)) => hub.becomes(mood),
        (Elsewhere, Some(hub)) => {
            other.has_all_of(hub);
            hub.becomes(Mood::Redirects(other.address));
        }
        (ExpiresTokens, Some(hub)) => hub.expire_tokens(),
        (Down, _) | (_, None) => {
            if let Some(hub) = running.take() {
                hub.stop().await;
            }
        }
    }
    let mistakes = play.mistakes(name, layer, tag).await;
    play.site.stop().await;
    mistakes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_has_its_answer() {
    let mistakes = join_all(FAULTS.map(row)).await.concat();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
