//! Bodies that come in chunks, as some servers send their lists.

use anyhow::{Result, ensure};

/// Takes the chunks in `raw` apart, if the last has arrived: then the body stands in their place. Fails on what is not chunked.
pub(super) fn join(raw: &mut Vec<u8>) -> Result<bool> {
    let mut body = Vec::with_capacity(raw.len());
    let mut rest = raw.as_slice();
    loop {
        let parsed = httparse::parse_chunk_size(rest).map_err(|_invalid| anyhow::anyhow!("a chunk without a size"))?;
        let httparse::Status::Complete((start, size)) = parsed else { return Ok(false) };
        let size = usize::try_from(size)?;
        let Some(chunk) = rest.get(start..start + size + 2) else { return Ok(false) };
        ensure!(chunk.ends_with(b"\r\n"), "a chunk is longer than it says, or trailers follow");
        if size == 0 {
            *raw = body;
            return Ok(true);
        }
        body.extend_from_slice(&chunk[..size]);
        rest = &rest[start + size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_once_the_last_is_there() -> Result<()> {
        let whole = b"5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            assert!(!join(&mut whole[..cut].to_vec())?, "{cut}");
        }
        let mut raw = whole.to_vec();
        assert!(join(&mut raw)?);
        assert_eq!(raw, b"hello, world");
        assert!(join(&mut b"2\r\nhello\r\n".to_vec()).is_err());
        Ok(())
    }
}
