//! The tag algorithm: what a new event does to a tag.
//!
//! Source: `AddTagEventToImageStream` and `ResolveImageID` of openshift-apiserver, restated.

use weir_storage::{Algorithm, Digest};

use crate::records::{AmendedImage, Amendment, Item};

/// What happens to the items of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The tag already means that.
    Nothing,
    /// The top item changes in place; its time stays.
    Amend(Amendment),
    /// A new top item.
    Prepend,
}

/// Compares the item on top with the one that is to be there.
///
/// An item counts as new only where both its image and its reference differ. History is not searched: an image that
/// lies deeper in it gets a new item on top.
pub(crate) fn step(top: Option<&Item>, next: &Item) -> Step {
    let Some(top) = top else { return Step::Prepend };
    let same_image = top.image == next.image;
    let same_reference = top.reference == next.reference;
    if !same_image && !same_reference {
        return Step::Prepend;
    }
    if same_image && same_reference && top.generation == next.generation {
        return Step::Nothing;
    }
    let image = next.image.clone().map_or(AmendedImage::None, AmendedImage::Image);
    Step::Amend(Amendment {
        generation: next.generation,
        image: (!same_image).then_some(image),
        reference: (!same_reference).then(|| next.reference.clone()),
    })
}

/// An item with an amendment.
pub(crate) fn amended(item: &Item, amendment: &Amendment) -> Item {
    Item {
        created: item.created,
        reference: amendment.reference.clone().unwrap_or_else(|| item.reference.clone()),
        image: match &amendment.image {
            None => item.image.clone(),
            Some(AmendedImage::None) => None,
            Some(AmendedImage::Image(image)) => Some(image.clone()),
        },
        generation: amendment.generation,
    }
}

/// Two amendments of one item as one; `later` came after `earlier`.
pub(crate) fn combined(earlier: &Amendment, later: &Amendment) -> Amendment {
    Amendment {
        generation: later.generation,
        image: later.image.clone().or_else(|| earlier.image.clone()),
        reference: later.reference.clone().or_else(|| earlier.reference.clone()),
    }
}

/// Whether an image is meant by an id as people type it: a whole digest, the beginning of one, or the beginning of its
/// hexadecimal part.
pub(crate) fn image_matches(image: &Digest, id: &str) -> bool {
    image.as_str().starts_with(id) || image.hex().starts_with(id)
}

/// How the digests begin that [`image_matches`] may take for an id.
pub(crate) fn beginnings(id: &str) -> Vec<String> {
    let mut beginnings = vec![id.to_owned()];
    beginnings.extend(Algorithm::ALL.iter().map(|algorithm| format!("{}:{id}", algorithm.name())));
    beginnings
}
