//! What is uploaded.

use std::fs::File;
use std::io;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// How many bytes a file has as the only one of a zip archive, but for some hundred of headings.
pub fn zipped(file: &Path) -> io::Result<u64> {
    let mut archive = DeflateEncoder::new(Bytes::default(), Compression::best());
    io::copy(&mut File::open(file)?, &mut archive)?;
    Ok(archive.finish()?.0)
}

/// Counts what is written to it.
#[derive(Default)]
struct Bytes(u64);

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
