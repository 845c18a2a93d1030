//! Which objects of a list are wanted: label selectors and field selectors, with the words in which Kubernetes refuses
//! those that it cannot read.

mod field;
mod label;
mod label_rule;
mod parser;
mod token;

pub(crate) use field::Fields;
pub(crate) use label::Labels;

/// Why a selector cannot be read; the message is the whole answer to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidSelector(String);
