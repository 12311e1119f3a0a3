//! What answered calls did: to descriptors, which authority follows, and outside, for the evidence.
//!
//! The same code follows a run and its replay, from calls and answers alone.

use super::act::Act;
use super::authority::{
    Authority, Descriptor, OPEN_CREATE, OPEN_EXCLUSIVE, OPEN_TRUNCATE, join, normal_path,
};
use super::call::Call;
use super::own;
use crate::abi::Answer;
use std::sync::Arc;

/// `fdflags`: `append` (WASI preview 1).
const FD_APPEND: u64 = 1;

/// What a successful call did to things outside the guest.
#[derive(Debug)]
pub enum Effect<'a> {
    /// Bytes of standard input were delivered.
    Stdin(&'a [u8]),
    /// Bytes were accepted for standard output.
    Stdout(&'a [u8]),
    /// Bytes were accepted for standard error.
    Stderr(&'a [u8]),
    /// Bytes of a file were delivered; the offset is unknown after appending.
    Read(&'a Arc<str>, Option<u64>, &'a [u8]),
    /// Bytes were accepted for a file.
    Written(&'a Arc<str>, Option<u64>, &'a [u8]),
    /// A file was opened with `creat` or `trunc`; true if it is empty now.
    Created(&'a Arc<str>, bool),
    /// A file was given a size.
    Resized(&'a Arc<str>, u64),
    /// A path was renamed.
    Renamed(Arc<str>, Arc<str>),
    /// A file or directory was removed.
    Removed(Arc<str>),
    /// The environment list was delivered.
    Environment,
    /// These bytes are the output now.
    Output(&'a [u8]),
}

impl Effect<'_> {
    /// Bytes that left the guest.
    pub(super) fn bytes_out(&self) -> u64 {
        match self {
            Self::Stdout(data)
            | Self::Stderr(data)
            | Self::Output(data)
            | Self::Written(_, _, data) => data.len() as u64,
            _ => 0,
        }
    }
}

impl Authority {
    /// Follows a successful call: what it did to descriptors here, what it did outside to `note`.
    ///
    /// `handed` are the ranges that the host read, `memory` is as the answer left it.
    pub fn effects(
        &mut self,
        (call, answer): (&Call, Answer),
        handed: &[&[u8]],
        memory: &[u8],
        note: &mut dyn FnMut(Effect<'_>),
    ) {
        let path = |at: usize| handed.get(at).copied().unwrap_or_default();
        match call.act {
            Act::Read => self.transfer(call.arg(0), None, buffer(call, 3, memory), Way::In, note),
            Act::ReadAt => {
                let data = buffer(call, 4, memory);
                self.transfer(call.arg(0), Some(call.arg(3)), data, Way::In, note);
            }
            Act::Write => {
                let data = accepted(path(0), call.u32_at(3, memory));
                self.transfer(call.arg(0), None, data, Way::Out, note);
            }
            Act::WriteAt => {
                let data = accepted(path(0), call.u32_at(4, memory));
                self.transfer(call.arg(0), Some(call.arg(3)), data, Way::Out, note);
            }
            Act::Seek => self.set_position(call.arg(0), call.u64_at(3, memory)),
            Act::Tell => self.set_position(call.arg(0), call.u64_at(1, memory)),
            Act::SetFlags => {
                if let Some(Descriptor::Path { append, .. }) =
                    self.descriptors.get_mut(&call.arg(0))
                {
                    *append = call.arg(1) & FD_APPEND != 0;
                }
            }
            Act::Close => {
                self.descriptors.remove(&call.arg(0));
            }
            Act::Renumber if call.arg(0) != call.arg(1) => {
                if let Some(moved) = self.descriptors.remove(&call.arg(0)) {
                    self.descriptors.insert(call.arg(1), moved);
                }
            }
            Act::SetSize => {
                if let Some(Descriptor::Path { path, .. }) = self.descriptors.get(&call.arg(0)) {
                    note(Effect::Resized(path, call.arg(1)));
                }
            }
            Act::Open => self.opened(call, path(0), memory, note),
            Act::Remove => {
                if let Some((full, _)) = self.resolve(call.arg(0), path(0)) {
                    note(Effect::Removed(full));
                }
            }
            Act::Rename => {
                let from = self.resolve(call.arg(0), path(0));
                let to = self.resolve(call.arg(3), path(1));
                if let (Some(from), Some(to)) = (from, to) {
                    self.renamed((&from.0, from.1), (&to.0, to.1));
                    note(Effect::Renamed(from.0, to.0));
                }
            }
            Act::Environment => note(Effect::Environment),
            Act::Output => note(Effect::Output(path(0))),
            Act::ReadFile | Act::WriteFile => {
                let Some(file) = normal(path(0)) else { return };
                if call.act == Act::ReadFile {
                    let (written, _) = call.written(answer, memory);
                    note(Effect::Read(&file, Some(0), written[0].of(memory)));
                } else {
                    note(Effect::Created(&file, true));
                    note(Effect::Written(&file, Some(0), path(1)));
                }
            }
            Act::Trace => note(Effect::Stderr(own::trace_line(call, path(0)).as_bytes())),
            _ => {}
        }
    }

    fn opened(
        &mut self,
        call: &Call,
        path: &[u8],
        memory: &[u8],
        note: &mut dyn FnMut(Effect<'_>),
    ) {
        let Some((full, root)) = self.resolve(call.arg(0), path) else { return };
        let oflags = call.arg(4);
        if oflags & (OPEN_CREATE | OPEN_TRUNCATE) != 0 {
            note(Effect::Created(&full, oflags & (OPEN_EXCLUSIVE | OPEN_TRUNCATE) != 0));
        }
        let mut descriptor = Descriptor::at(full, root, false);
        if let Descriptor::Path { append, .. } = &mut descriptor {
            *append = call.arg(7) & FD_APPEND != 0;
        }
        self.descriptors.insert(call.u32_at(8, memory), descriptor);
    }

    /// Descriptors follow what they stand for under its new name: those that were opened below the
    /// same root. A path by text can be that of something else below another root, whose rights are
    /// its own.
    fn renamed(&mut self, (from, old_root): (&str, usize), (to, new_root): (&str, usize)) {
        for descriptor in self.descriptors.values_mut() {
            let Descriptor::Path { path, root, preopened: false, .. } = descriptor else {
                continue;
            };
            if *root != old_root {
                continue;
            }
            let below = match path.strip_prefix(from) {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
                _ => continue,
            };
            (*path, *root) = (format!("{to}{below}").into(), new_root);
        }
    }

    /// Bytes went through descriptor `fd`, at `offset` or where the descriptor stood.
    fn transfer(
        &mut self,
        fd: u64,
        offset: Option<u64>,
        data: &[u8],
        way: Way,
        note: &mut dyn FnMut(Effect<'_>),
    ) {
        match self.descriptors.get_mut(&fd) {
            Some(Descriptor::Stdin) => note(Effect::Stdin(data)),
            Some(Descriptor::Stdout) => note(Effect::Stdout(data)),
            Some(Descriptor::Stderr) => note(Effect::Stderr(data)),
            Some(Descriptor::Path { path, position, append, .. }) => {
                let appends = *append && matches!(way, Way::Out);
                let at = if appends { None } else { offset.or(*position) };
                if offset.is_none() {
                    *position = if appends {
                        None
                    } else {
                        position.map(|at| at.saturating_add(data.len() as u64))
                    };
                }
                note(match way {
                    Way::In => Effect::Read(path, at, data),
                    Way::Out => Effect::Written(path, at, data),
                });
            }
            None => {}
        }
    }

    fn set_position(&mut self, fd: u64, to: u64) {
        if let Some(Descriptor::Path { position, .. }) = self.descriptors.get_mut(&fd) {
            *position = Some(to);
        }
    }

    fn resolve(&self, fd: u64, path: &[u8]) -> Option<(Arc<str>, usize)> {
        match self.descriptors.get(&fd) {
            Some(Descriptor::Path { path: directory, root, .. }) => {
                Some((join(directory, path).into(), *root))
            }
            _ => None,
        }
    }
}

/// The file that a call of the `provenact` interface is about.
fn normal(path: &[u8]) -> Option<Arc<str>> {
    std::str::from_utf8(path).ok().and_then(normal_path).map(Into::into)
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// The bytes that a read has put into its buffer: the count stands at parameter `count`.
fn buffer<'m>(call: &Call, count: usize, memory: &'m [u8]) -> &'m [u8] {
    let span = call.writes().next().unwrap_or_default();
    accepted(span.of(memory), call.u32_at(count, memory))
}

fn accepted(data: &[u8], count: u64) -> &[u8] {
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(data.len());
    &data[..count]
}
