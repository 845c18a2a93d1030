//! What is cached, who reads it, and when it was last used.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use crate::{CachedContent, Digest};

/// What two uses differ by at least.
const TICK: Duration = Duration::from_nanos(1);

/// Cached content in memory. Its truth is the folder; whoever changes that changes this.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: HashMap<Digest, Entry>,
    /// What nobody reads, by last use.
    idle: BTreeSet<(SystemTime, Digest)>,
    /// How many read what. Apart from the entries, since a reader outlives the name of what it reads.
    readers: HashMap<Digest, usize>,
    bytes: u64,
    /// The latest use of all.
    latest: Option<SystemTime>,
}

#[derive(Debug)]
struct Entry {
    size: u64,
    last_use: SystemTime,
    /// Whether the file says when it was last used, too.
    remembered: bool,
}

impl Table {
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.entries.contains_key(digest)
    }

    /// Of all cached content.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A time for a use now: later than every use before, also where the clock stands still or goes back.
    fn stamp(&mut self, now: SystemTime) -> SystemTime {
        let next = self.latest.and_then(|latest| latest.checked_add(TICK));
        let stamp = next.map_or(now, |next| next.max(now));
        self.latest = Some(stamp);
        stamp
    }

    /// Content came.
    pub(super) fn arrive(&mut self, digest: Digest, size: u64, now: SystemTime) {
        let last_use = self.stamp(now);
        self.insert(CachedContent { digest, size, last_use }, false);
    }

    /// Content is there, as it was when it was looked at.
    pub(super) fn insert(&mut self, content: CachedContent, remembered: bool) {
        let CachedContent { digest, size, last_use } = content;
        self.remove(&digest);
        self.latest = self.latest.max(Some(last_use));
        self.bytes = self.bytes.saturating_add(size);
        if !self.readers.contains_key(&digest) {
            self.idle.insert((last_use, digest.clone()));
        }
        self.entries.insert(digest, Entry { size, last_use, remembered });
    }

    /// Content goes. Whether there was any.
    pub(super) fn remove(&mut self, digest: &Digest) -> bool {
        let Some(Entry { size, last_use, .. }) = self.entries.remove(digest) else { return false };
        self.bytes = self.bytes.saturating_sub(size);
        self.idle.remove(&(last_use, digest.clone()));
        true
    }

    /// Whether content still is as it was when it was looked at, and nobody reads it.
    pub(super) fn is_unused(&self, content: &CachedContent) -> bool {
        self.idle.contains(&(content.last_use, content.digest.clone()))
    }

    /// At most `limit` of what nobody reads, that which was not used for longest first.
    pub(super) fn unused(&self, limit: usize) -> Vec<CachedContent> {
        let known = |(last_use, digest): &(SystemTime, Digest)| {
            let size = self.entries.get(digest)?.size;
            Some(CachedContent { digest: digest.clone(), size, last_use: *last_use })
        };
        self.idle.iter().filter_map(known).take(limit).collect()
    }

    pub(super) fn begin_use(&mut self, digest: &Digest, now: SystemTime) {
        let readers = self.readers.entry(digest.clone()).or_default();
        *readers = readers.saturating_add(1);
        self.used(digest, now);
    }

    pub(super) fn end_use(&mut self, digest: &Digest, now: SystemTime) {
        if let Some(readers) = self.readers.get_mut(digest) {
            *readers = readers.saturating_sub(1);
            if *readers == 0 {
                self.readers.remove(digest);
            }
        }
        self.used(digest, now);
    }

    fn used(&mut self, digest: &Digest, now: SystemTime) {
        let stamp = self.stamp(now);
        let Some(entry) = self.entries.get_mut(digest) else { return };
        self.idle.remove(&(entry.last_use, digest.clone()));
        (entry.last_use, entry.remembered) = (stamp, false);
        if !self.readers.contains_key(digest) {
            self.idle.insert((stamp, digest.clone()));
        }
    }

    /// What was used since this was last asked, and when. From now on its file is taken to say so.
    pub(super) fn take_forgotten(&mut self) -> Vec<(Digest, SystemTime)> {
        let forgotten = self.entries.iter_mut().filter(|(_, entry)| !entry.remembered);
        forgotten
            .map(|(digest, entry)| {
                entry.remembered = true;
                (digest.clone(), entry.last_use)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn content(name: &str, size: u64, last_use: u64) -> CachedContent {
        CachedContent { digest: Algorithm::Sha256.digest(name.as_bytes()), size, last_use: at(last_use) }
    }

    fn table(contents: &[&CachedContent]) -> Table {
        let mut table = Table::default();
        for content in contents {
            table.insert((*content).clone(), true);
        }
        table
    }

    #[test]
    fn what_was_not_used_for_longest_comes_first() {
        let (a, b, c) = (content("a", 1, 3), content("b", 2, 1), content("c", 4, 2));
        let mut table = table(&[&a, &b, &c]);
        assert_eq!(table.unused(9), [b.clone(), c.clone(), a.clone()]);
        assert_eq!(table.unused(1), std::slice::from_ref(&b));
        assert_eq!(table.bytes(), 7);
        table.begin_use(&b.digest, at(7));
        assert_eq!(table.unused(9), [c.clone(), a.clone()]);
        table.end_use(&b.digest, at(8));
        let b_now = CachedContent { last_use: at(8), ..b.clone() };
        assert_eq!(table.unused(9), [c, a, b_now.clone()]);
        assert!(!table.is_unused(&b), "it was used since");
        assert!(table.is_unused(&b_now));
    }

    #[test]
    fn a_use_is_later_than_all_before_whatever_the_clock_says() {
        let mut table = Table::default();
        let (a, b) = (content("a", 1, 5), content("b", 1, 5));
        table.arrive(a.digest.clone(), 1, at(5));
        table.arrive(b.digest.clone(), 1, at(4));
        let seen = table.unused(9);
        assert_eq!(seen.iter().map(|cached| &cached.digest).collect::<Vec<_>>(), [&a.digest, &b.digest]);
        table.begin_use(&a.digest, at(5));
        table.end_use(&a.digest, at(5));
        assert!(!table.is_unused(&seen[0]));
        assert_eq!(table.unused(1)[0].digest, b.digest);
    }

    #[test]
    fn is_read_until_the_last_reader_lets_go() {
        let a = content("a", 1, 1);
        let mut table = table(&[&a]);
        table.begin_use(&a.digest, at(2));
        table.begin_use(&a.digest, at(3));
        table.end_use(&a.digest, at(4));
        assert!(table.unused(9).is_empty());
        table.end_use(&a.digest, at(5));
        assert_eq!(table.unused(9), [CachedContent { last_use: at(5), ..a }]);
    }

    #[test]
    fn readers_of_what_went_count_for_what_comes_again() {
        let a = content("a", 5, 1);
        let mut table = table(&[&a]);
        table.begin_use(&a.digest, at(2));
        assert!(table.remove(&a.digest) && !table.has(&a.digest));
        assert_eq!(table.bytes(), 0);
        table.insert(a.clone(), false);
        assert!(table.unused(9).is_empty(), "somebody reads it");
        table.end_use(&a.digest, at(3));
        assert_eq!(table.unused(9).len(), 1);
    }

    #[test]
    fn what_comes_twice_is_counted_once() {
        let a = content("a", 5, 1);
        let mut table = table(&[&a, &CachedContent { last_use: at(2), ..a.clone() }]);
        assert_eq!((table.bytes(), table.unused(9).len()), (5, 1));
        assert!(table.remove(&a.digest) && !table.remove(&a.digest));
        assert!(table.unused(9).is_empty());
    }

    #[test]
    fn tells_once_of_each_use_that_is_not_written_down() {
        let (a, b) = (content("a", 1, 1), content("b", 1, 1));
        let mut table = table(&[&a, &b]);
        assert!(table.take_forgotten().is_empty());
        table.begin_use(&a.digest, at(2));
        assert_eq!(table.take_forgotten(), [(a.digest.clone(), at(2))]);
        table.end_use(&a.digest, at(3));
        assert_eq!(table.take_forgotten(), [(a.digest, at(3))]);
        assert!(table.take_forgotten().is_empty());
    }
}
