//! The client against servers that do one thing wrong: each must be an error, or be seen in the figures.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{End, Script, closed, open};
use crate::bench::work::Fetch;

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Answers each request of each connection: `answer` is told which one of its connection it is.
fn server(answer: impl Fn(usize) -> Option<&'static [u8]> + Copy + Send + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                for number in 0.. {
                    // Requests are small, and one comes at a time.
                    let Ok(1..) = stream.read(&mut request) else { break };
                    let Some(answer) = answer(number) else { break };
                    if stream.write_all(answer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(address)
}

fn fetch(every: u64) -> Vec<Box<dyn Script>> {
    vec![Box::new(Fetch::exact("/", bytes::Bytes::from_static(b"hello"), every))]
}

fn brief(address: SocketAddr, every: u64) -> Result<super::Tally> {
    closed(address, fetch(every), End::Cut(Duration::from_millis(100)))
}

#[test]
fn right_answers_are_counted_once_each() -> Result<()> {
    let tally = brief(server(|_| Some(GOOD))?, 1)?;
    assert!(tally.units > 10, "{}", tally.units);
    assert!((tally.units * 5..=tally.units * 5 + 5).contains(&tally.bytes), "{} of {}", tally.bytes, tally.units);
    Ok(())
}

#[test]
fn wrong_answers_end_the_run() -> Result<()> {
    let wrong: [(&str, &[u8]); 5] = [
        ("bytes", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo"),
        ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell"),
        ("status", b"HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nhello"),
        ("more than was asked for", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world"),
        ("the end", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
    ];
    for (what, bytes) in wrong {
        // Not the first one: the client has to look at all of them.
        let address = server(move |number| Some(if number == 7 { bytes } else { GOOD }))?;
        assert!(brief(address, 1).is_err(), "wrong {what} pass");
    }
    assert!(brief(server(|number| (number < 7).then_some(GOOD))?, 1).is_err(), "a connection that ends passes");
    Ok(())
}

#[test]
fn a_sample_is_compared() -> Result<()> {
    let wrong = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo";
    let address = server(move |number| Some(if number == 8 { wrong } else { GOOD }))?;
    assert!(brief(address, 4).is_err(), "the ninth answer is one of the sample");
    let address = server(move |number| Some(if number == 7 { wrong } else { GOOD }))?;
    brief(address, 4).context("the eighth answer is none of the sample").map(drop)
}

#[test]
fn everybody_who_would_have_come_during_a_stall_is_charged_with_it() -> Result<()> {
    let address = server(|number| {
        if number == 100 {
            std::thread::park_timeout(Duration::from_millis(300));
        }
        Some(GOOD)
    })?;
    let length = Duration::from_secs(1);
    let tally = open(address, fetch(1), 1_000.0, length)?;
    assert_eq!(tally.units, 1_000, "every request that was due is sent and answered");
    // A stall of 300 ms hits 300 of the 1,000; a client that waited with its requests would have seen one.
    let late = tally.latencies.quantile(0.8).context("all were answered")?;
    assert!(late > 50_000.0, "the slowest fifth took no more than {late} µs");
    Ok(())
}
