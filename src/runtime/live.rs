//! The host of a run: wasmtime-wasi's preview 1 and the `provenact` interface, on what the operator
//! granted.

use super::authority::Root;
use super::bind::{self, Live};
use super::call::Call;
use super::seam::{Host, Stop};
use super::skill::{self, Skill};
use crate::abi::{Answer, Function, Gives};
use crate::files::{self, OpenBelow};
use crate::limits;
use crate::reason::Reason;
use crate::skill::Preopen;
use crate::trace::{Header, InputBytes};
use std::path::PathBuf;
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
    /// Of the `provenact` interface, when the module imports it.
    skill: Option<Skill>,
    calls: Vec<Option<Live>>,
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
        let mut opened = Vec::new();
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
            let perms = if root.write.is_some() && preopen.write {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            let host = below.as_ref().map_or_else(|| preopen.host.clone(), OpenBelow::path);
            builder
                .preopened_dir(&host, &root.guest, perms)
                .map_err(|error| preopen_error(preopen, format!("{error:#}")))?;
            opened.push(Opened { preopen, host, _below: below });
        }
        let context = builder.build_p1();
        let calls: Vec<_> = rows.iter().map(|row| bind::live(row)).collect();
        let skill = if calls.iter().any(|call| matches!(call, Some(Live::Skill))) {
            let input = header.input.as_ref().map_or(&[][..], InputBytes::as_bytes);
            Some(Skill::new(input, roots, &opened, &header.grants)?)
        } else {
            None
        };
        Ok(Self { context, skill, calls })
    }
}

impl Host for LiveHost {
    fn answer(&mut self, call: &Call, memory: &mut [u8]) -> Result<Answer, Stop> {
        let live = match self.calls[call.function] {
            Some(live) if call.row.gives != Gives::Never => live,
            _ => return Ok(Answer::Never),
        };
        let answered = match (live, &self.skill) {
            (Live::Wasi(function), _) => {
                // The generated linker wrapper sets this before each call; it starts at 0.
                self.context.set_hostcall_fuel(limits::HOSTCALL_BYTES);
                let mut memory = GuestMemory::Unshared(memory);
                function(&mut self.context, &mut memory, &call.args()[..call.row.params.len()])
            }
            (Live::Skill, Some(skill)) => skill::answer(skill, call, memory),
            (Live::Skill, None) => return Ok(Answer::Never),
        };
        Ok(match answered {
            Ok(bits) => Answer::Value(bits),
            // An errno is a value; what remains is a pointer outside the memory, or a request
            // that wasmtime-wasi answers with a trap.
            Err(_) => Answer::Fault,
        })
    }
}

/// A directory of the host at a root, open as long as this is held.
pub(super) struct Opened<'p> {
    pub(super) preopen: &'p Preopen,
    /// Where it is to be opened again.
    pub(super) host: PathBuf,
    _below: Option<OpenBelow>,
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

pub(super) fn preopen_error(preopen: &Preopen, cause: String) -> PreopenError {
    let (path, guest) = (preopen.host.display().to_string(), preopen.guest.clone());
    PreopenError { path, guest, cause, missing: false }
}
