//! The types that keys have, and how each is read from what was written.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::tree::Value;
use super::{ByteSize, HumanDuration};

/// A type that a key can have.
pub(super) trait Setting: Sized {
    /// Reads a value, or says what was expected.
    fn read(value: Value) -> Result<Self, String>;
}

/// The text of a value, or what was expected instead.
pub(super) fn text(value: Value, expected: &str) -> Result<String, String> {
    match value {
        Value::Text(text) | Value::Untyped(text) => Ok(text),
        other => Err(format!("expected {expected}, found {}", other.kind())),
    }
}

/// The one of `choices` that a value names.
pub(super) fn choice<T: Copy>(value: Value, choices: &[(&'static str, T)]) -> Result<T, String> {
    let names: Vec<&'static str> = choices.iter().map(|(name, _)| *name).collect();
    let expected = format!("\"{}\"", names.join("\" or \""));
    let written = text(value, &expected)?;
    let chosen = choices.iter().find(|(name, _)| *name == written);
    chosen.map(|(_, choice)| *choice).ok_or_else(|| format!("expected {expected}, found {written:?}"))
}

impl Setting for bool {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Boolean(boolean) => Ok(boolean),
            Value::Untyped(text) => text.parse().map_err(|_| format!("expected true or false, found {text:?}")),
            other => Err(format!("expected true or false, found {}", other.kind())),
        }
    }
}

impl Setting for usize {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Integer(integer) => {
                integer.try_into().map_err(|_| format!("expected a whole number from 0, found {integer}"))
            }
            Value::Untyped(text) => text.parse().map_err(|_| format!("expected a whole number from 0, found {text:?}")),
            other => Err(format!("expected a whole number, found {}", other.kind())),
        }
    }
}

impl<T: Setting> Setting for Vec<T> {
    /// A list; in the environment, with commas between its items.
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::List(items) => items.into_iter().map(|item| T::read(item.value)).collect(),
            Value::Untyped(text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.map(|item| T::read(Value::Untyped(item.to_owned()))).collect()
            }
            other => Err(format!("expected a list, found {}", other.kind())),
        }
    }
}

impl Setting for ByteSize {
    fn read(value: Value) -> Result<Self, String> {
        if let Value::Integer(integer) = value {
            return integer.try_into().map(Self).map_err(|_| format!("expected a size, found {integer}"));
        }
        let written = text(value, "a size such as \"64MiB\"")?;
        written.parse().map_err(|error| format!("{written:?} is no size: {error}"))
    }
}

impl Setting for HumanDuration {
    fn read(value: Value) -> Result<Self, String> {
        if let Value::Integer(integer) = value {
            return Err(format!("{integer} has no unit: write a duration such as \"30s\""));
        }
        let written = text(value, "a duration such as \"30s\"")?;
        written.parse().map_err(|error| format!("{written:?} is no duration: {error}"))
    }
}

impl Setting for PathBuf {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a path")?;
        if written.is_empty() {
            return Err("the path is empty".to_owned());
        }
        if written.contains('\0') {
            return Err("the path holds a NUL character".to_owned());
        }
        Ok(Self::from(written))
    }
}

impl Setting for SocketAddr {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "an address such as \"127.0.0.1:5000\"")?;
        written.parse().map_err(|_| format!("{written:?} is no address: {}", address_hint(&written)))
    }
}

/// What is most likely wrong with an address.
fn address_hint(written: &str) -> &'static str {
    let (host, port) = written.rsplit_once(':').unwrap_or((written, ""));
    if port.parse::<u16>().is_err() {
        "it ends in a colon and a port from 0 to 65535, as in 127.0.0.1:5000"
    } else if host.is_empty() || host == "*" {
        "write 127.0.0.1 for this machine only, or 0.0.0.0 for all its networks"
    } else if host.contains(':') {
        "an IPv6 address stands in brackets, as in [::1]:5000"
    } else if host.chars().any(char::is_alphabetic) {
        "names are not looked up, write the IP address, as in 127.0.0.1:5000"
    } else {
        "it reads like 127.0.0.1:5000 or [::1]:5000"
    }
}
