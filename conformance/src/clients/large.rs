//! A layer that neither side can hold in memory.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use tempfile::TempDir;

use super::round_trip::Copier as _;
use super::skopeo::Skopeo;
use crate::api::expect;
use crate::content::LargeLayer;
use crate::history::Event;
use crate::report::Checks;
use crate::server::peak_memory;
use crate::target::Target;

/// Size of the layer's file: past 2 GiB, where signed 32-bit lengths end.
pub(super) const DEFAULT: u64 = 2112 << 20;
/// The most memory that the server may ever have held, this layer and every client before it included.
const MEMORY: u64 = 200 << 20;
/// Two gibibytes over a busy disk take their time.
const DEADLINE: Duration = Duration::from_mins(20);
/// Bytes that are read from the layer's end.
const END: u64 = 100_000;

/// Drives it.
pub(super) async fn drive(target: &Target, size: u64, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let skopeo = Skopeo::find(&home)?;
    let layout = TempDir::new()?;
    let directory = layout.path().to_owned();
    let layer = tokio::task::spawn_blocking(move || LargeLayer::write(&directory, "large", size)).await??;
    let repository = target.repository("large");

    let to = target.reference(&repository, "latest");
    let name = format!("push a layer of {} MiB", layer.size >> 20);
    checks.step_within(DEADLINE, &name, skopeo.push(layout.path(), "large", &to)).await;
    checks.step_within(DEADLINE, "read and hash all of it", read(target, &repository, &layer)).await;
    checks.step("read its end alone", read_end(target, &repository, &layer, layout.path())).await;
    let event = [Event::tagged(&layer.manifest.digest)];
    target.check_history(checks, "the push", (&repository, "latest"), &event).await;
    let name = "the server's memory stays bounded";
    let Some(process) = target.process else {
        checks.leave_out(name, "the server's process is not known");
        return Ok(());
    };
    checks.step(name, async move { memory(process) }).await;
    Ok(())
}

async fn read(target: &Target, repository: &str, layer: &LargeLayer) -> Result<()> {
    let length = target.api.stream_blob(repository, &layer.digest).await?;
    ensure!(length == layer.size, "{length} bytes, not {}", layer.size);
    Ok(())
}

async fn read_end(target: &Target, repository: &str, layer: &LargeLayer, layout: &std::path::Path) -> Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let path = format!("/v2/{repository}/blobs/{}", layer.digest);
    let range = format!("bytes={}-", layer.size - END);
    let answer = target.api.request(Method::GET, &path).header("range", range).send().await?;
    let found = expect(answer, StatusCode::PARTIAL_CONTENT).await?.bytes().await?;
    let mut file = std::fs::File::open(layout.join("blobs").join(layer.digest.replace(':', "/")))?;
    file.seek(SeekFrom::End(-i64::try_from(END)?))?;
    let mut expected = Vec::new();
    file.read_to_end(&mut expected)?;
    ensure!(found == expected, "the last {END} bytes differ");
    Ok(())
}

fn memory(process: u32) -> Result<String> {
    let peak = peak_memory(process)?;
    ensure!(peak < MEMORY, "the server held {} MiB, and may hold {}", peak >> 20, MEMORY >> 20);
    Ok(format!("it never held more than {} MiB", peak >> 20))
}

/// Reads a size such as `512MiB` or `3GiB`.
pub(crate) fn size(text: &str) -> Result<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let (number, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift))).context("no KiB, MiB or GiB")?;
    let number: u64 = number.trim().parse()?;
    let size = number.checked_mul(1 << shift).context("too large")?;
    ensure!(size > END, "too small");
    Ok(size)
}
