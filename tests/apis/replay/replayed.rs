//! Sending recorded requests to a server.

use bytes::Bytes;
use http::Method;

use super::answers;
use super::difference::Difference;
use super::scenario::{Command, Exchange};
use super::translation::Translation;
use super::watch;
use crate::harness::{Call, Weir};

/// A server that scenarios are replayed on, and what is known of it.
#[derive(Debug)]
pub(super) struct Server<'a> {
    weir: &'a Weir,
    known: Translation,
}

impl<'a> Server<'a> {
    pub(super) fn new(weir: &'a Weir) -> Self {
        Self { weir, known: Translation::default() }
    }

    /// Sends the requests of a command; what differs in the answer of each, by its number. Watches run while the requests
    /// behind them are made, and are read when the command has nothing more to say.
    pub(super) async fn run(&mut self, command: &Command) -> Vec<(usize, Vec<Difference>)> {
        let mut found = Vec::new();
        let mut watches = Vec::new();
        for (request, exchange) in command.http.iter().enumerate() {
            let call = self.call(exchange);
            if exchange.events.is_some() {
                watches.push((request, exchange, call.open().await));
            } else {
                let answer = watch::read(call).await;
                found.push((request, answers::compare(&mut self.known, exchange, &answer)));
            }
        }
        for (request, exchange, watch) in watches {
            let recorded = exchange.events.as_ref().map_or(0, Vec::len);
            let ends = exchange.path.contains("timeoutSeconds=");
            let (answer, events) = watch::events(watch, recorded, ends).await;
            found.push((request, answers::compare_events(&mut self.known, exchange, &answer, events)));
        }
        found.sort_by_key(|(request, _)| *request);
        found
    }

    fn call(&self, exchange: &Exchange) -> Call {
        let method: Method = exchange.method.parse().unwrap();
        let call = self.weir.call(method, self.known.path(&exchange.path));
        let call = exchange.headers.iter().fold(call, |call, (name, value)| {
            let value = if name == "if-none-match" { self.known.value(value) } else { value.clone() };
            call.header(name, value)
        });
        match self.body(exchange) {
            Some(body) => call.body(body),
            None => call,
        }
    }

    fn body(&self, exchange: &Exchange) -> Option<Bytes> {
        if let Some(json) = &exchange.json {
            return Some(self.known.body(json).to_string().into());
        }
        let text = exchange.text.as_ref().map(|text| Bytes::from(self.known.text(text)));
        text.or_else(|| exchange.bytes().map(Bytes::from))
    }
}
