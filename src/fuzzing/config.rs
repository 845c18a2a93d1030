//! The operator's file.

use std::path::Path;

use crate::config::{ByteSize, Config, HumanDuration};

/// A whole file.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = |text: &str| Config::parse(Path::new("weir.toml"), text);
    match read(text) {
        Ok(config) => {
            let shown = config.to_toml();
            match read(&shown) {
                Ok(again) => assert_eq!(again, config, "{shown}"),
                Err(errors) => assert_eq!(errors.to_string(), "", "what is shown is read back: {shown}"),
            }
            assert!(!config.listeners.is_empty(), "a server listens somewhere");
            let local = config.listeners.iter().all(crate::config::Listener::is_local);
            assert!(local || config.insecure, "only who says so is reached from elsewhere");
        }
        Err(errors) => {
            assert!(!errors.mistakes().is_empty(), "a refusal says why");
            assert_eq!(errors.to_string().lines().count(), errors.mistakes().len(), "a line each: {errors}");
        }
    }
    if let Ok(size) = text.parse::<ByteSize>() {
        assert_eq!(size.to_string().parse(), Ok(size));
    }
    if let Ok(duration) = text.parse::<HumanDuration>() {
        assert_eq!(duration.to_string().parse(), Ok(duration));
    }
}
