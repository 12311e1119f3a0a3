//! The passes of the profile `portable`, in the order in which they run (spec/portable.md).

mod growth;
mod nan;
mod relaxed_simd;
mod stack;

pub(super) use nan::makes_nans;
pub(super) use relaxed_simd::is_relaxed;
pub use stack::{FrameSize, STACK_TRAP, frame_sizes};

use super::Error;
use super::edit::{Edit, Edited, apply};
use super::layout::Layout;
use crate::profile::{Pass, Profile};
use wasmparser::FunctionBody;

/// What one pass did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which.
    pub pass: Pass,
    /// Functions that it changed.
    pub functions: usize,
    /// Places that it changed, in code and elsewhere.
    pub places: usize,
    /// Bytes that it added; what counts and sizes grew by is left out.
    pub bytes: i64,
}

/// Takes `bytes`, a valid module in canonical form, through the passes of `profile`. The result is
/// valid and not canonical yet; `None` when nothing changed.
///
/// # Errors
/// What a pass refuses, with the offset.
pub(super) fn run(bytes: &[u8], profile: Profile) -> Result<(Option<Edited>, Vec<Applied>), Error> {
    let mut done: Option<Edited> = None;
    let mut applied = Vec::new();
    let passes: Vec<Pass> = profile.passes().collect();
    // `growth` reads and writes limits alone, and nothing else does: it goes with what is before it.
    for passes in passes.chunk_by(|_, next| *next == Pass::Growth) {
        let current = done.as_ref().map_or(bytes, |done| &done.bytes);
        let layout = Layout::of(current).map_err(|error| Error::Reencode {
            what: format!("before {}: {error}", passes.first().map_or("", |pass| pass.name())),
        })?;
        let mut whole = Edit::default();
        for pass in passes {
            let edit = edit(*pass, profile, &layout)?;
            applied.push(Applied {
                pass: *pass,
                functions: edit.bodies.iter().filter(|body| !body.is_empty()).count(),
                places: edit.bodies.iter().map(|body| body.splices.len()).sum::<usize>()
                    + edit.splices.len()
                    + edit.items.len(),
                bytes: edit.added(),
            });
            whole.join(edit)?;
        }
        if whole.is_empty() {
            continue;
        }
        let Edited { bytes, mut offsets } = apply(&layout, &whole)?;
        if let Some(older) = &done {
            offsets = offsets.then(&older.offsets);
        }
        done = Some(Edited { bytes, offsets });
    }
    Ok((done, applied))
}

/// What `pass` wants changed.
fn edit(pass: Pass, profile: Profile, layout: &Layout<'_>) -> Result<Edit, Error> {
    match pass {
        Pass::RelaxedSimd => relaxed_simd::edit(layout),
        Pass::Nan => nan::edit(layout),
        Pass::Stack => stack::edit(layout, profile.stack_words()),
        Pass::Growth => growth::edit(layout),
    }
}

/// The number of parameters and locals of a function.
fn locals(body: &FunctionBody<'_>, params: usize) -> wasmparser::Result<u32> {
    let mut total = u32::try_from(params).unwrap_or(u32::MAX);
    for group in body.get_locals_reader()? {
        total = total.saturating_add(group?.0);
    }
    Ok(total)
}

/// A module that was valid before a pass read it, and then was not: a defect.
fn unreadable(pass: &str, error: &wasmparser::Error) -> Error {
    Error::Reencode { what: format!("{pass}: {error}") }
}
