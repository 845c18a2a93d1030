//! Pushing images and blobs, as clients do: POST, PATCH and PUT for each blob, then PUT of the manifest.

use std::collections::VecDeque;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use crate::bench::load::{Answer, Request, Script};
use crate::bench::material::{Image, Large};
use crate::content::Blob;

/// One thing of a push.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// A blob, in one PATCH or in chunks of this size.
    Blob(Large, Option<u64>),
    /// A manifest under a tag or its digest.
    Manifest(String, Blob),
}

impl Item {
    /// An image under a tag: every blob, then the manifest.
    pub(crate) fn image(image: &Image, tag: &str) -> Vec<Self> {
        let blobs = image.blobs().map(|blob| Self::Blob(blob.clone(), None));
        blobs.chain([Self::Manifest(tag.to_owned(), image.manifest.clone())]).collect()
    }
}

/// What goes to one repository in one push.
pub(crate) type Pushed = (String, Vec<Item>);

/// One push after the other over one connection. Each is a unit.
pub(crate) struct Push {
    /// Makes the push of a number, as long as there is one.
    make: Box<dyn FnMut(u64) -> Option<Pushed> + Send>,
    repository: String,
    made: u64,
    items: VecDeque<Item>,
    step: Step,
}

#[derive(Debug, Clone)]
enum Step {
    Begin,
    /// The session goes on there, with the byte at this place.
    Patch(String, u64),
    Close(String),
}

impl Push {
    /// Pushes what `make` makes of 0, 1, 2 and so on, until it makes nothing.
    pub(crate) fn new(make: impl FnMut(u64) -> Option<Pushed> + Send + 'static) -> Self {
        Self { make: Box::new(make), repository: String::new(), made: 0, items: VecDeque::new(), step: Step::Begin }
    }

    fn begin(&self, request: &mut Request) {
        request.write("POST", &format!("/v2/{}/blobs/uploads/", self.repository), "", &[]);
    }

    /// Whether the item that an answer belongs to is done.
    fn judge(&mut self, answer: &Answer<'_>) -> Result<bool> {
        match (self.items.front().context("an answer to nothing")?, &self.step) {
            (Item::Manifest(_, manifest), _) => {
                answer.expect(201)?;
                check_digest(answer, &manifest.digest)?;
                Ok(true)
            }
            (Item::Blob(..), Step::Begin) => {
                answer.expect(202)?;
                self.step = Step::Patch(location(answer)?, 0);
                Ok(false)
            }
            (Item::Blob(blob, chunk), Step::Patch(_, from)) => {
                answer.expect(202)?;
                let to = end_of_chunk(blob, *chunk, *from);
                let location = location(answer)?;
                self.step = if to == blob.size { Step::Close(location) } else { Step::Patch(location, to) };
                Ok(false)
            }
            (Item::Blob(blob, _), Step::Close(_)) => {
                answer.expect(201)?;
                check_digest(answer, &blob.digest)?;
                self.step = Step::Begin;
                Ok(true)
            }
        }
    }
}

impl Script for Push {
    fn next(&mut self, request: &mut Request) -> Result<bool> {
        if self.items.is_empty() {
            let Some((repository, items)) = (self.make)(self.made) else { return Ok(false) };
            self.repository = repository;
            self.items = items.into();
            self.made += 1;
        }
        match (self.items.front().context("a push of nothing")?, &self.step) {
            (Item::Manifest(reference, manifest), _) => {
                let path = format!("/v2/{}/manifests/{reference}", self.repository);
                let fields = format!("Content-Type: {}\r\n", manifest.media_type);
                request.write("PUT", &path, &fields, std::slice::from_ref(&manifest.bytes));
            }
            (Item::Blob(..), Step::Begin) => self.begin(request),
            (Item::Blob(blob, chunk), Step::Patch(location, from)) => {
                let to = end_of_chunk(blob, *chunk, *from);
                let mut fields = "Content-Type: application/octet-stream\r\n".to_owned();
                if chunk.is_some() {
                    write!(fields, "Content-Range: {from}-{}\r\n", to - 1)?;
                }
                request.write("PATCH", location, &fields, &blob.range(*from, to));
            }
            (Item::Blob(blob, _), Step::Close(location)) => {
                let separator = if location.contains('?') { '&' } else { '?' };
                request.write("PUT", &format!("{location}{separator}digest={}", blob.digest), "", &[]);
            }
        }
        Ok(true)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<bool> {
        let done = self.judge(answer).with_context(|| format!("a push to {} at {:?}", self.repository, self.step))?;
        if done {
            self.items.pop_front();
        }
        Ok(done && self.items.is_empty())
    }
}

fn end_of_chunk(blob: &Large, chunk: Option<u64>, from: u64) -> u64 {
    chunk.map_or(blob.size, |chunk| blob.size.min(from + chunk))
}

/// Where the upload goes on, as a path: some servers put their address before it.
fn location(answer: &Answer<'_>) -> Result<String> {
    let location = answer.location.context("an upload without a Location")?;
    let path = location.strip_prefix("http://").map_or(Some(location), |rest| rest.find('/').map(|at| &rest[at..]));
    path.filter(|path| path.starts_with('/')).map(str::to_owned).with_context(|| format!("the Location {location}"))
}

fn check_digest(answer: &Answer<'_>, digest: &str) -> Result<()> {
    ensure!(answer.digest.is_none_or(|found| found == digest), "{digest} is called {:?}", answer.digest);
    Ok(())
}
