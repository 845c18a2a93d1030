//! Errors on one line of the log.

use std::error::Error;
use std::iter;

/// An error with its causes, outermost first.
pub(super) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
