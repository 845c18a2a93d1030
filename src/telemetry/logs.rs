//! Logs: one line an event, on standard error.
//!
//! A line reads well alone. Its fields have dotted names, the same everywhere: `repository.name`, `blob.digest`,
//! `size_bytes`, `duration_ms`. A failure is logged once, where it is handled.

use std::fmt;
use std::io::{IsTerminal, stderr};

use jiff::Timestamp;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Logs that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter has a part that is no directive.
    #[error("the log filter cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// This process logs already.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends the events of this process to standard error from now on. Once per process.
pub fn init(log: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines = lines(log.format, stderr, stderr().is_terminal());
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(())
}

/// How events become lines. Colours are for terminals, and `NO_COLOR` turns them off there.
fn lines<S, W>(format: LogFormat, writer: W, terminal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = layer().with_writer(writer).with_timer(Milliseconds);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text if terminal => lines.with_target(false).boxed(),
        LogFormat::Text => lines.with_target(false).with_ansi(false).boxed(),
    }
}

/// The time in UTC, to the millisecond: finer says nothing to a reader.
struct Milliseconds;

impl FormatTime for Milliseconds {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:.3}", Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written in `format` when a blob is stored.
    fn line(format: LogFormat) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = tracing_subscriber::registry().with(lines(format, move || writer.clone(), false));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(repository.name = "team/app", size_bytes = 7, "stored a blob");
        });
        let bytes = page.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_reads_as_a_sentence_with_fields() {
        let line = line(LogFormat::Text);
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.parse::<Timestamp>().is_ok() && time.len() == "2026-01-02T03:04:05.678Z".len(), "{time}");
        assert_eq!(rest, " INFO stored a blob repository.name=\"team/app\" size_bytes=7\n");
    }

    #[test]
    fn json_is_flat() {
        let line: serde_json::Value = serde_json::from_str(&line(LogFormat::Json)).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "stored a blob");
        assert_eq!(line["repository.name"], "team/app");
        assert_eq!(line["size_bytes"], 7);
        assert!(line["timestamp"].is_string() && line["target"].is_string());
    }
}
