//! The code section: function bodies, many at a time.
//!
//! The functions are divided into runs by their sizes alone, so that the result does not depend on
//! how many threads there are.

use super::scribe::{Scribe, difference};
use super::typing::{Naming, Numbering};
use crate::wasm::Error;
use crate::wasm::freedom::{Changes, Freedom};
use crate::wasm::numbers::{unsigned_length, write_unsigned};
use crate::wasm::offsets::Offsets;
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of code that are given to a thread at a time.
const RUN: usize = 128 << 10;

/// Consecutive functions, written.
pub(super) struct Run {
    /// Where they stand in the module, sizes included.
    range: Range<usize>,
    pub(super) out: Vec<u8>,
    /// From offsets in `out` to offsets in the module.
    pub(super) offsets: Offsets,
    pub(super) changes: Changes,
    pub(super) needs_data_count: bool,
    /// Classes of types that had no number yet, in order of use. What was written for them is
    /// nothing to keep.
    met: Vec<u32>,
}

/// Writes the functions of the code section whose contents stand at `section`, after their count;
/// types that are used there first get numbers.
pub(super) fn write(
    bytes: &[u8],
    section: Range<usize>,
    numbers: &mut Numbering,
) -> Result<Vec<Run>, Error> {
    let ranges = divide(bytes, section)?;
    let write = |numbers: &Numbering, range: &Range<usize>| run(bytes, range.clone(), numbers);
    let mut runs: Vec<Run> = ranges
        .par_iter()
        .map(|range| write(numbers, range))
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Result<_, _>>()?;
    if runs.iter().any(|run| !run.met.is_empty()) {
        numbers.extend(runs.iter().flat_map(|run| run.met.iter().copied()));
        let numbers = &*numbers;
        runs = runs
            .into_par_iter()
            .map(|run| if run.met.is_empty() { Ok(run) } else { write(numbers, &run.range) })
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<_, _>>()?;
    }
    match runs.iter().find(|run| !run.met.is_empty()) {
        None => Ok(runs),
        Some(run) => Err(Error::Malformed {
            offset: run.range.start as u64,
            what: "a type that was not met before".to_owned(),
        }),
    }
}

/// Where runs of functions begin and end.
fn divide(bytes: &[u8], section: Range<usize>) -> Result<Vec<Range<usize>>, Error> {
    let numbers = Numbering::default();
    let mut scribe = Scribe::new(bytes, section, Naming::Numbers(&numbers));
    let count = scribe.read_unsigned()?;
    let mut runs = Vec::new();
    let mut start = scribe.at;
    for _ in 0..count {
        let size = scribe.read_index()? as usize;
        scribe.at = scribe.at.saturating_add(size);
        if scribe.at > scribe.end {
            return Err(scribe.fault("a function ends too late"));
        }
        if scribe.at - start >= RUN {
            runs.push(start..scribe.at);
            start = scribe.at;
        }
    }
    if start < scribe.at {
        runs.push(start..scribe.at);
    }
    if !scribe.is_done() {
        return Err(scribe.fault("the code section goes on"));
    }
    Ok(runs)
}

fn run(bytes: &[u8], range: Range<usize>, numbers: &Numbering) -> Result<Run, Error> {
    let mut scribe = Scribe::new(bytes, range.clone(), Naming::Numbers(numbers));
    scribe.out.reserve(range.len());
    while !scribe.is_done() {
        function(&mut scribe)?;
    }
    let Scribe { out, offsets, changes, needs_data_count, met, .. } = scribe;
    Ok(Run { range, out, offsets, changes, needs_data_count, met })
}

/// A function with its size.
fn function(scribe: &mut Scribe<'_>) -> Result<(), Error> {
    scribe.mark();
    let (size_at, section_end) = (scribe.at, scribe.end);
    let size = scribe.read_index()? as usize;
    scribe.shortened(size_at, unsigned_length(size as u64));
    let (start, written) = (scribe.at, scribe.out.len());
    scribe.end = start.saturating_add(size).min(section_end);

    // The size is not known yet. Most sizes keep their length.
    let room = unsigned_length(size as u64);
    scribe.out.resize(written + room, 0);
    locals(scribe)?;
    scribe.operators()?;
    scribe.end = section_end;

    let new = scribe.out.len() - written - room;
    let mut prefix = Vec::with_capacity(5);
    write_unsigned(&mut prefix, new as u64);
    let moved = difference(prefix.len(), room);
    scribe.out.splice(written..written + room, prefix);
    scribe.offsets.shift((written + room) as u64, start as u64, moved);
    scribe.note(Freedom::Leb128, 0, -moved);
    Ok(())
}

/// Locals: neighbours of one type are one group, and no group is empty.
fn locals(scribe: &mut Scribe<'_>) -> Result<(), Error> {
    scribe.mark();
    let opened = scribe.open();
    let written = scribe.out.len();
    let start = scribe.at;
    let count = scribe.read_index()?;
    scribe.shortened(start, unsigned_length(count.into()));
    // The groups so far, encoded, without the last one, which may grow.
    let (mut groups, mut done) = (0_u32, Vec::new());
    let (mut last, mut length) = (Vec::new(), 0_u64);
    for _ in 0..count {
        let start = scribe.at;
        let more = scribe.read_index()?;
        scribe.shortened(start, unsigned_length(more.into()));
        scribe.out.truncate(written);
        scribe.value_type()?;
        let ty = scribe.out.get(written..).unwrap_or_default();
        if more == 0 {
            continue;
        }
        if ty != last.as_slice() {
            groups += u32::from(finish(&mut done, length, &last));
            last.clear();
            last.extend_from_slice(ty);
            length = 0;
        }
        length = length.saturating_add(more.into());
    }
    groups += u32::from(finish(&mut done, length, &last));
    scribe.out.truncate(written);
    scribe.put_unsigned(groups.into());
    scribe.out.extend_from_slice(&done);
    scribe.settle(&opened, Freedom::Locals, u64::from(count.saturating_sub(groups)));
    Ok(())
}

/// Writes a group of locals; says whether there was one.
fn finish(done: &mut Vec<u8>, length: u64, ty: &[u8]) -> bool {
    if length > 0 {
        write_unsigned(done, length);
        done.extend_from_slice(ty);
    }
    length > 0
}
