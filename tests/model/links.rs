//! What a stream may serve once an image of another was tagged in it.

use super::content::piece;
use super::state::Model;

impl Model {
    /// Links an image of `from`, with everything under it, into `into`; or restores one that `into` itself has had.
    pub(super) fn link_image(&mut self, from: usize, into: usize, image: usize) {
        let mut seen = vec![image];
        let mut pending = vec![image];
        while let Some(manifest) = pending.pop() {
            if !self.link_one(from, into, manifest) {
                continue;
            }
            for child in &piece(manifest).children {
                if !seen.contains(child) {
                    seen.push(*child);
                    pending.push(*child);
                }
            }
        }
    }

    /// Links one manifest, and the blobs of it that `from` may serve. Returns whether it is known.
    fn link_one(&mut self, from: usize, into: usize, manifest: usize) -> bool {
        let has = |stream: usize| self.streams.get(&stream).is_some_and(|stream| stream.manifests.contains(&manifest));
        let had = |stream: usize| self.streams.get(&stream).is_some_and(|stream| stream.removed.contains(&manifest));
        if !has(into) && !has(from) && !had(from) && !had(into) {
            return false;
        }
        if let Some(stream) = self.streams.get_mut(&into) {
            stream.link(manifest);
        }
        for blob in &piece(manifest).blobs {
            if self.blobs.contains(&(from, *blob)) {
                self.blobs.insert((into, *blob));
            }
        }
        true
    }
}
