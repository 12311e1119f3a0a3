//! Source lines from the DWARF of a debug companion: hints for people, never an error.
//!
//! Only line programs are read (DWARF 5, §6.2), one after the other, so that the time is linear in
//! their bytes whatever they say. Addresses are offsets into the contents of the code section
//! (DWARF for WebAssembly, "Code addresses").

use super::companion::Companion;
use crate::limits;
use gimli::{
    AttributeValue, DebugLine, DebugLineOffset, DebugLineStr, DebugStr, EndianSlice, LittleEndian,
};
use serde::Serialize;
use std::collections::BTreeMap;
use wasmparser::{Parser, Payload};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Characters of a file's name that are kept, from its end.
const NAME: usize = 120;

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// The file, as the compiler named it.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, if the compiler gave one.
    pub column: Option<u64>,
}

/// `src/main.rs:12:5`.
impl std::fmt::Display for SourceLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", crate::abi::show::visible(&self.file, false), self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// Where the contents of a module's code section begin.
#[must_use]
pub fn code_start(module: &[u8]) -> Option<u64> {
    Parser::new(0).parse_all(module).map_while(Result::ok).find_map(|payload| match payload {
        Payload::CodeSectionStart { range, .. } => Some(range.start as u64),
        _ => None,
    })
}

/// The sections that lines are found in.
#[derive(Default)]
struct Sections<'a> {
    line: &'a [u8],
    strings: &'a [u8],
    line_strings: &'a [u8],
}

impl Companion {
    /// The lines of code at `offsets` of the canonical module, whose code begins at `code`, by offset.
    #[must_use]
    pub fn lines(&self, code: u64, offsets: &[u64]) -> BTreeMap<u64, SourceLine> {
        let start = self.origin(code);
        let mut wanted: BTreeMap<u64, u64> = BTreeMap::new();
        for offset in offsets {
            if let Some(address) = self.origin(*offset).checked_sub(start) {
                wanted.insert(address, *offset);
            }
        }
        let mut sections = Sections::default();
        for payload in Parser::new(0).parse_all(self.bytes()).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            match section.name() {
                ".debug_line" => sections.line = section.data(),
                ".debug_str" => sections.strings = section.data(),
                ".debug_line_str" => sections.line_strings = section.data(),
                _ => {}
            }
        }
        let mut found = BTreeMap::new();
        if !wanted.is_empty() && sections.line.len() <= limits::DEBUG_LINES_BYTES {
            sections.search(&wanted, &mut found);
        }
        found
    }
}

impl<'a> Sections<'a> {
    fn search(&self, wanted: &BTreeMap<u64, u64>, found: &mut BTreeMap<u64, SourceLine>) {
        let mut rest = self.line;
        while let Some((program, header, after)) = split(rest) {
            rest = after;
            if header <= limits::DEBUG_LINE_HEADER {
                // What cannot be read gives no lines; the next program may.
                let _unreadable = self.program(program, wanted, found);
            }
        }
    }

    fn program(
        &self,
        program: &'a [u8],
        wanted: &BTreeMap<u64, u64>,
        found: &mut BTreeMap<u64, SourceLine>,
    ) -> gimli::Result<()> {
        let program = DebugLine::new(program, LittleEndian);
        let mut rows = program.program(DebugLineOffset(0), 4, None, None)?.rows();
        // The row before, unless it ended a sequence: address, file, line, column.
        let mut before: Option<(u64, u64, u64, Option<u64>)> = None;
        // Linkers leave code that they removed at address 0.
        let mut removed = true;
        let mut first = true;
        while let Some((header, row)) = rows.next_row()? {
            let address = row.address();
            if first {
                (first, removed) = (false, address == 0);
            }
            if let Some((start, file, line, column)) = before.filter(|_| !removed) {
                for (_, offset) in wanted.range(start..address.max(start)) {
                    if let Some(file) = header.file(file).and_then(|f| self.name(header, f)) {
                        found.entry(*offset).or_insert(SourceLine { file, line, column });
                    }
                }
            }
            let column = match row.column() {
                gimli::ColumnType::LeftEdge => None,
                gimli::ColumnType::Column(column) => Some(column.get()),
            };
            before = row.line().map(|line| (address, row.file_index(), line.get(), column));
            if row.end_sequence() {
                (before, first) = (None, true);
            }
        }
        Ok(())
    }

    fn name(
        &self,
        header: &gimli::LineProgramHeader<Bytes<'a>>,
        file: &gimli::FileEntry<Bytes<'a>>,
    ) -> Option<String> {
        let name = self.text(file.path_name())?;
        let absolute = name.starts_with('/');
        let directory = file.directory(header).and_then(|directory| self.text(directory));
        let whole = match directory.filter(|directory| !absolute && !directory.is_empty()) {
            Some(directory) => format!("{directory}/{name}"),
            None => name,
        };
        let length = whole.chars().count();
        let cut: String = whole.chars().skip(length.saturating_sub(NAME)).collect();
        Some(if length > NAME { format!("…{cut}") } else { cut })
    }

    fn text(&self, value: AttributeValue<Bytes<'a>>) -> Option<String> {
        let text = match value {
            AttributeValue::String(text) => text,
            AttributeValue::DebugStrRef(at) => {
                DebugStr::new(self.strings, LittleEndian).get_str(at).ok()?
            }
            AttributeValue::DebugLineStrRef(at) => {
                DebugLineStr::new(self.line_strings, LittleEndian).get_str(at).ok()?
            }
            _ => return None,
        };
        // A name is a few hundred bytes; one that is not is not copied.
        let bytes = text.slice();
        let kept = bytes.get(bytes.len().saturating_sub(16 * NAME)..).unwrap_or_default();
        Some(String::from_utf8_lossy(kept).into_owned())
    }
}

/// The first line program of `bytes`, the length of its header, and what follows.
fn split(bytes: &[u8]) -> Option<(&[u8], u64, &[u8])> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let (start, length, wide) = match word(0)? {
        u32::MAX => (12, long(4)?, true),
        length => (4, u64::from(length), false),
    };
    let end = usize::try_from(length).ok()?.checked_add(start)?;
    let (program, rest) = bytes.split_at_checked(end)?;
    let version = u16::from_le_bytes(*bytes.get(start..)?.first_chunk()?);
    let at = start + if version >= 5 { 4 } else { 2 };
    let header = if wide { long(at)? } else { u64::from(word(at)?) };
    Some((program, header, rest))
}
