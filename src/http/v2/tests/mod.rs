//! The API over a real listener, where a test needs what no client can do: such as linking what an import would.

mod mirrored;
mod pull_through;
