//! The data of a module in the order of its addresses.

use std::ops::Range;

/// Zero bytes that are put between two segments which stand this near: toolchains leave out zeros.
const GAP: u64 = 4096;

/// All data segments in a row: those of the first memory by address, then the others as they come.
#[derive(Default)]
pub(super) struct Image<'a> {
    segments: Vec<Segment<'a>>,
    /// The bytes in a row, zeros between neighbours included.
    pub(super) bytes: Vec<u8>,
    /// Where each segment begins in the row.
    starts: Vec<usize>,
}

struct Segment<'a> {
    /// `None`: passive, of another memory, or at a place that is no constant.
    address: Option<u64>,
    /// Offset of its contents in the file.
    file: usize,
    index: u32,
    bytes: &'a [u8],
}

/// Where a byte of the row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: Option<u64>,
    pub(super) file: u64,
    pub(super) segment: u32,
}

impl<'a> Image<'a> {
    pub(super) fn add(&mut self, address: Option<u64>, file: usize, bytes: &'a [u8]) {
        let index = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        self.segments.push(Segment { address, file, index, bytes });
    }

    /// Puts the segments in a row. The zeros between take no more room than the data.
    pub(super) fn finish(&mut self) {
        self.segments.sort_by_key(|segment| (segment.address.unwrap_or(u64::MAX), segment.index));
        let mut room = self.segments.iter().map(|s| s.bytes.len()).sum::<usize>();
        let mut end = None;
        for segment in &self.segments {
            if let (Some(end), Some(start)) = (end, segment.address)
                && let Some(gap @ 1..=GAP) = start.checked_sub(end)
                && let Ok(gap) = usize::try_from(gap)
                && let Some(left) = room.checked_sub(gap)
            {
                room = left;
                self.bytes.resize(self.bytes.len() + gap, 0);
            }
            self.starts.push(self.bytes.len());
            self.bytes.extend_from_slice(segment.bytes);
            end = segment.address.map(|start| start.saturating_add(segment.bytes.len() as u64));
        }
    }

    /// The first address of data.
    pub(super) fn start(&self) -> u64 {
        self.segments.first().and_then(|first| first.address).unwrap_or(0)
    }

    /// The address behind the last byte of data.
    pub(super) fn end(&self) -> u64 {
        let ends = self.segments.iter().filter_map(|segment| {
            Some(segment.address?.saturating_add(segment.bytes.len() as u64))
        });
        ends.max().unwrap_or(0)
    }

    /// Where the byte at an address stands in the row.
    pub(super) fn at(&self, address: u64) -> Option<usize> {
        let after = self.segments.partition_point(|s| s.address.is_some_and(|a| a <= address));
        let at = after.checked_sub(1)?;
        let (segment, start) = (self.segments.get(at)?, self.starts.get(at)?);
        let inside = usize::try_from(address.checked_sub(segment.address?)?).ok()?;
        // What follows in the row follows in memory up to where the next segment begins.
        let end = self.starts.get(at + 1).copied().unwrap_or(self.bytes.len());
        let place = start.checked_add(inside)?;
        (place < end).then_some(place)
    }

    /// Where a byte of the row stands; what was put between segments stands behind the one before.
    pub(super) fn place(&self, at: usize) -> Place {
        let after = self.starts.partition_point(|start| *start <= at);
        let found = after
            .checked_sub(1)
            .and_then(|at| Some((self.segments.get(at)?, *self.starts.get(at)?)));
        match found {
            None => Place { address: None, file: 0, segment: 0 },
            Some((segment, start)) => {
                let inside = at - start;
                Place {
                    address: segment.address.map(|a| a.saturating_add(inside as u64)),
                    file: (segment.file + inside.min(segment.bytes.len())) as u64,
                    segment: segment.index,
                }
            }
        }
    }

    /// The bytes of a part of the row.
    pub(super) fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}
