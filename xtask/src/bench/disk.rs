//! The disk itself: how often a second it can be told to keep 4 KiB. No durable commit is faster than that alone; many
//! in one commit are.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::machine;

const FOR: Duration = Duration::from_secs(2);
const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Appends and flushes (fdatasync), one after another.
pub fn flushes_per_s(folder: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let started = machine::now();
    let mut flushes = 0.0;
    while started.elapsed() < FOR {
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        flushes += 1.0;
    }
    Ok(flushes / started.elapsed().as_secs_f64())
}
