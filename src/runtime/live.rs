//! The host of a run: wasmtime-wasi's preview 1, on what the operator granted.

use super::authority::Root;
use super::bind;
use super::call::Call;
use super::seam::{Host, Stop};
use crate::abi::{Answer, Function, Gives};
use crate::files::{self, OpenBelow};
use crate::limits;
use crate::reason::Reason;
use crate::skill::Preopen;
use crate::trace::Header;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as _;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wiggle::GuestMemory;

/// Why the live host could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {path} as guest directory {guest}: {cause}")]
pub struct PreopenError {
    /// The host path.
    pub path: String,
    /// The guest path it would have been.
    pub guest: String,
    /// What went wrong.
    pub cause: String,
    /// Whether the host path does not exist.
    pub missing: bool,
}

/// Answers host calls from the world.
pub struct LiveHost {
    context: WasiP1Ctx,
    calls: Vec<Option<bind::Live>>,
}

impl LiveHost {
    /// A host for the invocation in `header`, with `preopens` as its directories, on our own
    /// standard streams.
    ///
    /// # Errors
    /// When a directory cannot be opened, or would lie outside the one that was granted.
    pub fn new(
        header: &Header,
        roots: &[Root],
        preopens: &[Preopen],
        rows: &[&'static Function],
    ) -> Result<Self, PreopenError> {
        let mut builder = WasiCtxBuilder::new();
        builder.inherit_stdio().args(&header.arguments).allow_blocking_current_thread(true);
        for [name, value] in &header.environment {
            builder.env(name, value);
        }
        // Descriptors are numbered by the roots of the header, as the replay numbers them.
        for root in roots {
            let same = |p: &&Preopen| *p.guest == *root.guest;
            let preopen = preopens.iter().find(same).ok_or_else(|| PreopenError {
                path: "no directory".to_owned(),
                guest: root.guest.to_string(),
                cause: "it is granted and not mapped".to_owned(),
                missing: false,
            })?;
            let below = preopen_below_its_root(preopen)?;
            // Both must agree. There is no write-only directory here: the seam refuses the reads.
            let perms =
                if root.write && preopen.write { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            let host = below.as_ref().map_or_else(|| preopen.host.clone(), OpenBelow::path);
            builder
                .preopened_dir(host, &root.guest, perms)
                .map_err(|error| preopen_error(preopen, format!("{error:#}")))?;
        }
        let context = builder.build_p1();
        Ok(Self { context, calls: rows.iter().map(|row| bind::live(row)).collect() })
    }
}

impl Host for LiveHost {
    fn answer(&mut self, call: &Call, memory: &mut [u8]) -> Result<Answer, Stop> {
        let live = match self.calls[call.function] {
            Some(live) if call.row.gives != Gives::Never => live,
            _ => return Ok(Answer::Never),
        };
        // The generated linker wrapper sets this before each call; it starts at 0.
        self.context.set_hostcall_fuel(limits::HOSTCALL_BYTES);
        let mut memory = GuestMemory::Unshared(memory);
        Ok(match live(&mut self.context, &mut memory, &call.args()[..call.row.params.len()]) {
            Ok(bits) => Answer::Value(bits),
            // An errno is a value; what remains is a pointer outside the memory, or a request
            // that wasmtime-wasi answers with a trap.
            Err(_) => Answer::Fault,
        })
    }
}

/// A declared path below the granted one must not lead out of it through a link, whatever others make
/// of it meanwhile: it is opened here, once. `None` when it is the granted directory itself.
fn preopen_below_its_root(preopen: &Preopen) -> Result<Option<OpenBelow>, PreopenError> {
    let opened = match preopen.host.strip_prefix(&preopen.host_root) {
        Ok(below) if !below.as_os_str().is_empty() => {
            OpenBelow::open(&preopen.host_root, below).map(Some)
        }
        _ => files::absolute(&preopen.host).map(|_| None),
    };
    opened.map_err(|error| PreopenError {
        missing: error.reason() == Reason::FileMissing,
        ..preopen_error(preopen, error.to_string())
    })
}

fn preopen_error(preopen: &Preopen, cause: String) -> PreopenError {
    let (path, guest) = (preopen.host.display().to_string(), preopen.guest.clone());
    PreopenError { path, guest, cause, missing: false }
}
