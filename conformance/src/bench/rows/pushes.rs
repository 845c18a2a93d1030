//! Rows that push. Every push is of content that the server has never seen, and durable when it is answered.

use anyhow::{Result, ensure};

use crate::bench::bed::{Bed, MIB_10, READS, Read};
use crate::bench::load::{End, Script, Tally};
use crate::bench::material::{Image, Large};
use crate::bench::measure::{Figures, measured};
use crate::bench::work::{Item, Push};

/// Clients that push small images.
const SMALL_CLIENTS: u64 = 16;
/// Clients that push chunks.
const CHUNK_CLIENTS: u64 = 8;
/// Of the 10 MiB, so much travels in one request.
const CHUNK: u64 = 2 * 1024 * 1024;

/// Small images a second, over seven requests each. A sample is read back.
pub(super) async fn small(bed: &Bed) -> Result<Figures> {
    push_small(bed, "warm", bed.scale.warm_up())?;
    let measured = measured(&bed.server, || push_small(bed, "small", bed.scale.length))?;
    for client in 0..SMALL_CLIENTS {
        let (repository, name) = small_image("small", client, 0);
        let image = Image::small(&name);
        let served = bed.api.manifest(&repository, "t0").await?;
        ensure!(served.bytes == image.manifest.bytes, "{repository}:t0 is not what was pushed");
        for blob in image.blobs() {
            bed.api.blob(&repository, &blob.digest).await?;
        }
    }
    Ok(measured.units())
}

fn push_small(bed: &Bed, run: &'static str, length: std::time::Duration) -> Result<Tally> {
    let client = |client| -> Box<dyn Script> {
        Box::new(Push::new(move |number| {
            let (repository, name) = small_image(run, client, number);
            Some((repository, Item::image(&Image::small(&name), &format!("t{number}"))))
        }))
    };
    bed.closed((0..SMALL_CLIENTS).map(client).collect(), End::Finish(length))
}

/// The repository and the name of a client's image.
fn small_image(run: &str, client: u64, number: u64) -> (String, String) {
    (format!("bench/{run}-{client}"), format!("{run} {client} {number}"))
}

/// Blobs of 10 MiB in chunks.
pub(super) async fn chunked(bed: &Bed) -> Result<Figures> {
    push_chunked(bed, "warm", bed.scale.warm_up())?;
    let measured = measured(&bed.server, || push_chunked(bed, "chunked", bed.scale.length))?;
    let blob = Large::new("chunked 0 0", MIB_10);
    bed.api.blob("bench/chunked-0", &blob.digest).await?;
    let mut figures = measured.units();
    figures.extend(measured.volume(measured.tally.units * MIB_10));
    Ok(figures)
}

fn push_chunked(bed: &Bed, run: &'static str, length: std::time::Duration) -> Result<Tally> {
    let client = |client| -> Box<dyn Script> {
        Box::new(Push::new(move |number| {
            let blob = Large::new(&format!("{run} {client} {number}"), MIB_10);
            Some((format!("bench/{run}-{client}"), vec![Item::Blob(blob, Some(CHUNK))]))
        }))
    };
    bed.closed((0..CHUNK_CLIENTS).map(client).collect(), End::Finish(length))
}

/// One blob of the largest size in one PATCH. The reads of it come later.
pub(super) async fn large(bed: &mut Bed) -> Result<Figures> {
    let blob = bed.material.layer(Read::Large)?.clone();
    let (size, digest) = (blob.size, blob.digest.clone());
    let measured = measured(&bed.server, || bed.push(READS, vec![Item::Blob(blob, None)]))?;
    bed.pushed.push(digest);
    bed.hold(Read::Large).await?;
    Ok(measured.volume(size))
}
