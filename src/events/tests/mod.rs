//! Tests of watches, in this process: random writers against several watchers, whose events are compared with what a
//! plain [`model`] makes of the same commits; what happens at the limits; and how events are printed.

mod forms;
mod limits;
mod model;
mod random;
mod resumes;
mod site;
