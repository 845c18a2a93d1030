//! `weir healthcheck`: whether a server is well, asked from within its container, where no other client is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use reqwest::{Client, ClientBuilder, Url};

use super::api::server_url;
use super::failure::Failure;
use super::output;
use super::settings::{self, ConfigFile};
use crate::config::{Config, Flags, Listener};

/// A server that needs longer to say that it is well is not.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ask this server; without it, the first listener that the configuration names.
    #[arg(long, value_name = "URL", value_parser = server_url)]
    server: Option<Url>,
    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let builder = Client::builder().no_proxy().timeout(DEADLINE);
    let (server, builder) = match arguments.server {
        // The system's certificates are not needed, and a container may have none.
        Some(url) if url.scheme() == "http" => (url, builder.tls_certs_only([])),
        Some(url) => (url, builder),
        // Our own listener at our own address: its certificate names another host, and nothing secret is said.
        None => {
            (own(&settings::load(arguments.config, Flags::default())?)?, builder.tls_danger_accept_invalid_certs(true))
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the runtime")?.block_on(check(server, builder))
}

async fn check(server: Url, builder: ClientBuilder) -> Result<(), Failure> {
    let url = server.join("/healthz").context("failed to form the address")?;
    let client = builder.build().context("failed to set up the client")?;
    let answer = client.get(url.clone()).send().await.map_err(|error| {
        let error = anyhow!(error.without_url()).context(format!("no answer from {url}"));
        Failure::Answer(format!("{error:#}"))
    })?;
    match answer.status() {
        status if status.is_success() => output::print("ok\n"),
        status => Err(Failure::Answer(format!("{url} answered {status}"))),
    }
}

/// Where this machine reaches the first listener.
fn own(config: &Config) -> Result<Url, Failure> {
    let Listener { address, tls, .. } = config.listeners.first().context("the configuration has no listener")?;
    if address.port() == 0 {
        return Err(Failure::Answer("the system chooses the port of the first listener: say --server URL".to_owned()));
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", reachable(*address));
    Ok(Url::parse(&url).with_context(|| format!("failed to form the address {url}"))?)
}

/// A listener on all networks is reached on the loopback one.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_listener_is_asked_on_this_machine() {
        for (listener, url) in [
            ("0.0.0.0:5000", "http://127.0.0.1:5000/"),
            ("[::]:5000", "http://[::1]:5000/"),
            ("127.0.0.1:80", "http://127.0.0.1/"),
            ("192.0.2.1:5000", "http://192.0.2.1:5000/"),
        ] {
            let listeners = vec![Listener { address: listener.parse().unwrap(), tls: None, mirror: None }];
            let config = Config { listeners, insecure: true, ..Config::default() };
            assert_eq!(own(&config).unwrap().as_str(), url);
        }
    }

    #[test]
    fn a_port_that_nobody_knows_is_not_asked() {
        let listeners = vec![Listener { address: "127.0.0.1:0".parse().unwrap(), tls: None, mirror: None }];
        assert!(matches!(own(&Config { listeners, ..Config::default() }), Err(Failure::Answer(_))));
    }
}
