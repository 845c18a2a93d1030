//! Reading pages all over a long list.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::ACCEPT;
use crate::bench::load::{Answer, Request, Script};

/// Of so many pages, one is compared name by name.
const SAMPLE: u64 = 16;

/// GET of pages of a list whose names are known, each at another place.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The list without its query.
    pub(crate) path: &'static str,
    /// The field that holds the names.
    pub(crate) field: &'static str,
    /// What the names begin with; a number of seven digits follows.
    pub(crate) prefix: &'static str,
    /// How many there are, from 0.
    pub(crate) total: u64,
    /// How many a page has.
    pub(crate) size: u64,
    /// Pages so far; another start for each connection spreads them.
    pub(crate) count: u64,
}

/// The name of a number in a list.
pub(crate) fn name(prefix: &str, number: u64) -> String {
    format!("{prefix}{number:07}")
}

impl Page {
    /// The number before the first one of the page: places follow each other without a pattern, and are the same in every run.
    fn last(&self) -> u64 {
        // A page that is whole must fit behind it.
        let places = self.total - self.size;
        self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) % places.max(1)
    }

    fn check(&self, body: &[u8]) -> Result<()> {
        let list: Value = serde_json::from_slice(body)?;
        let names = list[self.field].as_array().with_context(|| format!("no {}", self.field))?;
        let expected = (self.last() + 1..).take(names.len()).map(|number| name(self.prefix, number));
        ensure!(names.len() as u64 == self.size, "a page of {} names, not {}", names.len(), self.size);
        ensure!(names.iter().zip(expected).all(|(name, expected)| *name == expected), "a page has other names");
        Ok(())
    }
}

impl Script for Page {
    fn next(&mut self, request: &mut Request) -> Result<bool> {
        self.count += 1;
        let (path, last) = (self.path, name(self.prefix, self.last()));
        let size = self.size;
        request.ready(format!("GET {path}?n={size}&last={last} HTTP/1.1\r\nHost: bench\r\n{ACCEPT}\r\n").as_bytes());
        if self.count.is_multiple_of(SAMPLE) {
            request.keep_answer();
        }
        Ok(true)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<bool> {
        answer.expect(200)?;
        if let Some(body) = answer.body {
            self.check(body).with_context(|| format!("{} after {}", self.path, self.last()))?;
        }
        Ok(true)
    }
}
