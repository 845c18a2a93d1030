//! What names a repository and what is in it.

use crate::oci::{Algorithm, Digest, Reference, RepositoryName, StreamId, Tag};
use weir_storage::Hasher;

/// A repository's name, or two of them with a line break between, and likewise image streams.
pub fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found: Vec<RepositoryName> = text.split('\n').filter_map(checked_name).collect();
    for one in &found {
        for other in &found {
            let same = StreamId::from(one) == StreamId::from(other);
            assert_eq!(same, canonical(one.as_str()) == canonical(other.as_str()), "{one} and {other}");
        }
    }
    text.split('\n').for_each(checked_stream);
}

/// What `default/app` and `app` have in common.
fn canonical(name: &str) -> &str {
    name.strip_prefix("default/").filter(|rest| !rest.contains('/')).unwrap_or(name)
}

fn checked_name(text: &str) -> Option<RepositoryName> {
    let found = text.parse::<RepositoryName>();
    assert_eq!(found.is_ok(), text.len() <= 255 && text.split('/').all(is_component), "{text:?}");
    let name = found.ok()?;
    assert_eq!(name.as_str(), text);
    assert_eq!(name.to_string().parse().as_ref(), Ok(&name));
    let id = StreamId::from(&name);
    assert_eq!(StreamId::new(name.namespace(), &name.stream()).as_ref(), Ok(&id), "{name} has a valid stream");
    assert_eq!(id.repository().as_str(), canonical(text));
    assert_eq!(StreamId::from(&id.repository()), id);
    assert_eq!(id.to_string().parse().as_ref(), Ok(&id));
    Some(name)
}

fn checked_stream(text: &str) {
    let Ok(id) = text.parse::<StreamId>() else { return };
    assert_eq!(id.to_string(), text);
    let repository = id.repository();
    assert_eq!(repository.as_str().parse().as_ref(), Ok(&repository), "{id} has a valid repository");
    assert_eq!(StreamId::from(&repository), id);
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, one character after the other.
fn is_component(text: &str) -> bool {
    let mut separator = String::from("/");
    for character in text.chars() {
        if matches!(character, 'a'..='z' | '0'..='9') {
            separator.clear();
            continue;
        }
        separator.push(character);
        if !matches!(separator.as_str(), "." | "_" | "__") && separator.chars().any(|character| character != '-') {
            return false;
        }
    }
    separator.is_empty()
}

/// A tag.
pub fn tag(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = text.parse::<Tag>();
    assert_eq!(found.is_ok(), is_tag(text), "{text:?}");
    if let Ok(tag) = found {
        assert_eq!(tag.as_str(), text);
        assert_eq!(text.parse::<Reference>(), Ok(Reference::Tag(tag)));
        assert!(text.parse::<Digest>().is_err(), "no text is both");
    }
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.chars().count())
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// A tag or a digest.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = text.parse::<Reference>();
    assert_eq!(found.is_ok(), is_tag(text) || is_digest(text), "{text:?}");
    if let Ok(reference) = found {
        assert_eq!(matches!(reference, Reference::Digest(_)), is_digest(text));
        assert_eq!(reference.as_str(), text);
        assert_eq!(reference.to_string().parse(), Ok(reference));
    }
}

/// A digest; and the same bytes as content, hashed in two parts with the state put aside between them.
pub fn digest(data: &[u8]) {
    for algorithm in Algorithm::ALL {
        let whole = algorithm.digest(data);
        assert_eq!(whole.as_str().parse().as_ref(), Ok(&whole));
        let (first, second) = data.split_at(usize::from(data.first().copied().unwrap_or_default()).min(data.len()));
        let mut hasher = Hasher::new(algorithm);
        hasher.update(first);
        let restored = Hasher::restore(algorithm, &hasher.save());
        let parts = restored.map(|mut hasher| {
            hasher.update(second);
            hasher.finish()
        });
        assert_eq!(parts, Some(whole), "a state that was put aside is taken up again");
        if let Some(hasher) = Hasher::restore(algorithm, data) {
            assert_eq!(hasher.algorithm(), algorithm);
            assert_eq!(hasher.finish().hex().len(), algorithm.hex_length());
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = text.parse::<Digest>();
    assert_eq!(found.is_ok(), is_digest(text), "{text:?}");
    if let Ok(digest) = found {
        assert_eq!(digest.as_str(), text);
        assert_eq!(format!("{}:{}", digest.algorithm().name(), digest.hex()), text);
    }
}

/// Whether a text is a digest, read plainly.
pub(super) fn is_digest(text: &str) -> bool {
    [("sha256:", 64), ("sha512:", 128)].iter().any(|(prefix, length)| {
        text.strip_prefix(prefix).is_some_and(|hex| {
            hex.chars().count() == *length && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        })
    })
}
