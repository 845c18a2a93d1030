//! The server around the APIs: what it tells of itself, which protocols it speaks, how it starts and stops.

mod client;
mod full_disk;
mod lifecycle;
mod paths;
mod probes;
mod protocols;
mod restarts;
