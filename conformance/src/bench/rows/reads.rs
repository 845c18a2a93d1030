//! Rows that read. Everything that is read lies in the page cache; every status and length is checked, every manifest and a part of the
//! small blobs by their bytes, and the larger blobs by their digest before the clock runs.

use std::time::Duration;

use anyhow::{Result, anyhow};
use bytes::Bytes;

use crate::bench::bed::{Bed, READS, Read};
use crate::bench::load::{self, End, Script, Tally};
use crate::bench::measure::{Figures, count, measured};
use crate::bench::work::Fetch;

/// Connections that read what is small.
const MANY: usize = 64;
/// Connections that download.
const FEW: usize = 8;
/// Connections of the open loop: enough that none waits for another at its rate.
const PACED: usize = 16;
/// Requests of the open loop in a second.
const RATE: f64 = 1_000.0;
/// How long downloads go on before the requests beside them begin, and after they end.
const MARGIN: Duration = Duration::from_millis(300);
/// Of so many small blobs, one is compared byte by byte.
const SAMPLE: u64 = 64;

/// A manifest by its tag, as fast as it goes.
pub(super) async fn manifests(bed: &mut Bed) -> Result<Figures> {
    bed.hold(Read::Common).await?;
    let fetch = manifest(bed);
    warm(bed, &fetch, MANY)?;
    Ok(measured(&bed.server, || bed.closed(times(&fetch, MANY), End::Cut(bed.scale.length)))?.units())
}

/// A manifest by its tag, at a fixed rate.
pub(super) async fn paced(bed: &mut Bed) -> Result<Figures> {
    bed.hold(Read::Common).await?;
    let fetch = manifest(bed);
    warm(bed, &fetch, PACED)?;
    Ok(measured(&bed.server, || at_rate(bed, &fetch))?.units())
}

/// The same while others download.
pub(super) async fn beside_downloads(bed: &mut Bed) -> Result<Figures> {
    bed.hold(Read::Common).await?;
    bed.hold(Read::Large).await?;
    let (fetch, download) = (manifest(bed), blob(bed, Read::Large)?);
    warm(bed, &fetch, PACED)?;
    let mut downloaded = Tally::default();
    let work = || {
        let end = End::Cut(bed.scale.length + MARGIN * 2);
        std::thread::scope(|scope| {
            let downloads = scope.spawn(|| load::closed(bed.server.address(), times(&download, FEW), end));
            std::thread::park_timeout(MARGIN);
            let tally = at_rate(bed, &fetch)?;
            downloaded = downloads.join().map_err(|_panic| anyhow!("the downloads panicked"))??;
            Ok(tally)
        })
    };
    let mut figures = measured(&bed.server, work)?.units();
    figures.push(("downloads_mb_per_second", count(downloaded.bytes) / 1e6 / downloaded.elapsed.as_secs_f64()));
    Ok(figures)
}

/// A blob of 64 KiB.
pub(super) async fn small_blobs(bed: &mut Bed) -> Result<Figures> {
    bed.hold(Read::Common).await?;
    let layer = bed.material.layer(Read::Common)?;
    let content = Bytes::from(layer.parts.concat());
    let fetch = Fetch::exact(&format!("/v2/{READS}/blobs/{}", layer.digest), content, SAMPLE);
    warm(bed, &fetch, MANY)?;
    let measured = measured(&bed.server, || bed.closed(times(&fetch, MANY), End::Cut(bed.scale.length)))?;
    let mut figures = measured.units();
    figures.extend(measured.volume(measured.tally.bytes));
    Ok(figures)
}

/// A blob that takes a while.
pub(super) async fn downloads(bed: &mut Bed, read: Read) -> Result<Figures> {
    bed.hold(read).await?;
    let fetch = blob(bed, read)?;
    warm(bed, &fetch, FEW)?;
    let measured = measured(&bed.server, || bed.closed(times(&fetch, FEW), End::Cut(bed.scale.length)))?;
    Ok(measured.volume(measured.tally.bytes))
}

fn manifest(bed: &Bed) -> Fetch {
    let content = bed.material.image(Read::Common).manifest.bytes.clone();
    Fetch::exact(&format!("/v2/{READS}/manifests/{}", Read::Common.tag()), content, 1)
}

fn blob(bed: &Bed, read: Read) -> Result<Fetch> {
    let layer = bed.material.layer(read)?;
    Ok(Fetch::sized(&format!("/v2/{READS}/blobs/{}", layer.digest), layer.size))
}

fn times(fetch: &Fetch, count: usize) -> Vec<Box<dyn Script>> {
    (0..count).map(|_| Box::new(fetch.clone()) as Box<dyn Script>).collect()
}

fn warm(bed: &Bed, fetch: &Fetch, connections: usize) -> Result<()> {
    bed.closed(times(fetch, connections), End::Cut(bed.scale.warm_up())).map(drop)
}

fn at_rate(bed: &Bed, fetch: &Fetch) -> Result<Tally> {
    tokio::task::block_in_place(|| load::open(bed.server.address(), times(fetch, PACED), RATE, bed.scale.length))
}
