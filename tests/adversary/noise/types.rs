//! The type section, and types wherever they stand.

use super::Noise;
use provenact::wasm::Freedom;
use std::ops::Range;

/// A recursion group of the old module.
pub(super) struct Group {
    range: Range<usize>,
    /// The composite type of each of its types.
    types: Vec<Range<usize>>,
    refers: Vec<u32>,
    first: u32,
}

impl Noise<'_> {
    pub(super) fn value_type(&mut self) {
        let byte = self.old[self.at];
        if matches!(byte, 0x63 | 0x64) {
            self.byte();
            return self.heap_type();
        }
        if !matches!(byte, 0x77..=0x7f) && self.takes(Freedom::RefTypes) {
            self.out.push(0x63);
        }
        self.byte();
    }

    pub(super) fn heap_type(&mut self) {
        if self.old[self.at] & 0xc0 == 0x40 {
            self.byte();
            return;
        }
        let index = self.read_s() as u32;
        let name = self.name(index);
        self.put_s(name.into(), 5);
    }

    pub(super) fn type_index(&mut self) {
        let index = self.read_u() as u32;
        let name = self.name(index);
        self.put_u(name.into(), 5);
    }

    pub(super) fn name(&mut self, index: u32) -> u32 {
        if let Some((old, new, length)) = self.own
            && (old..old + length).contains(&index)
        {
            return new + index - old;
        }
        let names = &self.names[index as usize];
        names[self.random.below(names.len())]
    }

    pub(super) fn limits(&mut self) {
        let flags = self.byte();
        self.u(10);
        if flags & 1 != 0 {
            self.u(10);
        }
    }

    pub(super) fn types(&mut self) {
        let groups = self.groups();
        let end = self.at;
        let (mut count, mut next) = (0, 0);
        self.names =
            groups.iter().flat_map(|group| group.types.iter().map(|_| Vec::new())).collect();
        let mut open: Vec<usize> = (0..groups.len()).collect();
        while !open.is_empty() {
            if self.takes(Freedom::Types) {
                self.other_type(&mut next);
                count += 1;
            }
            let reorders = self.takes(Freedom::Types);
            let ready = |at: &usize| {
                groups[open[*at]].refers.iter().all(|ty| !self.names[*ty as usize].is_empty())
            };
            let ready: Vec<usize> =
                (0..open.len()).filter(ready).take(if reorders { 50 } else { 1 }).collect();
            let at = open.remove(ready[self.random.below(ready.len())]);
            let copies = 1 + usize::from(self.takes(Freedom::Types));
            for _ in 0..copies {
                self.group(&groups[at], &mut next);
                count += 1;
            }
        }
        // Types for blocks: of no and one value, and others of each function type.
        for ty in [&[][..], &[0x7f], &[0x7e], &[0x7d], &[0x7c], &[0x7b], &[0x70], &[0x6f]] {
            if self.takes(Freedom::BlockTypes) {
                let signature = [&[0x60, 0, ty.len() as u8], ty].concat();
                self.out.extend(&signature);
                self.signatures.entry(signature).or_default().push(next);
                (next, count) = (next + 1, count + 1);
            }
        }
        for ty in groups.iter().flat_map(|group| &group.types) {
            if self.old[ty.start] == 0x60 && self.takes(Freedom::BlockTypes) {
                self.out.extend([0x50, 0]);
                self.at = ty.start;
                self.composite();
                self.signatures.entry(self.old[ty.clone()].to_vec()).or_default().push(next);
                (next, count) = (next + 1, count + 1);
            }
        }
        let contents = std::mem::take(&mut self.out);
        self.put_u(count, 5);
        self.out.extend(contents);
        self.at = end;
    }

    pub(super) fn groups(&mut self) -> Vec<Group> {
        let (mut groups, mut first) = (Vec::new(), 0);
        let count = self.read_u();
        for _ in 0..count {
            let start = self.at;
            let length = if self.old[start] == 0x4e {
                self.at += 1;
                self.read_u()
            } else {
                1
            };
            let mut refers = Vec::new();
            let mut types = Vec::new();
            for _ in 0..length {
                if matches!(self.old[self.at], 0x4f | 0x50) {
                    self.at += 1;
                    for _ in 0..self.read_u() {
                        refers.push(self.read_u() as u32);
                    }
                }
                let from = self.at;
                self.references(&mut refers);
                types.push(from..self.at);
            }
            let own = first..first + length as u32;
            refers.retain(|ty| !own.contains(ty));
            groups.push(Group { range: start..self.at, types, refers, first });
            first = own.end;
        }
        groups
    }

    /// Passes a composite type and notes the types that it refers to.
    pub(super) fn references(&mut self, refers: &mut Vec<u32>) {
        let kind = self.read();
        let lists = match kind {
            0x60 => 2,
            _ => 1,
        };
        for _ in 0..lists {
            let count = if kind == 0x5e { 1 } else { self.read_u() };
            for _ in 0..count {
                if matches!(self.read(), 0x63 | 0x64) {
                    if self.old[self.at] & 0xc0 == 0x40 {
                        self.at += 1;
                    } else {
                        refers.push(self.read_s() as u32);
                    }
                }
                self.at += usize::from(kind != 0x60);
            }
        }
    }

    pub(super) fn group(&mut self, group: &Group, next: &mut u32) {
        let length = group.types.len() as u32;
        self.own = Some((group.first, *next, length));
        self.at = group.range.start;
        if length > 1 {
            self.byte();
            self.u(5);
        } else if self.takes(Freedom::RecGroups) {
            self.out.push(0x4e);
            self.put_u(1, 5);
        }
        for (at, ty) in group.types.iter().enumerate() {
            let kind = self.old[self.at];
            match kind {
                0x4f | 0x50 => {
                    self.byte();
                    for _ in 0..self.u(5) {
                        self.type_index();
                    }
                }
                _ if self.takes(Freedom::FinalTypes) => {
                    self.out.push(0x4f);
                    self.put_u(0, 5);
                }
                _ => {}
            }
            self.composite();
            if self.old[ty.start] == 0x60 {
                let name = *next + at as u32;
                self.signatures.entry(self.old[ty.clone()].to_vec()).or_default().push(name);
            }
        }
        self.own = None;
        for at in 0..length {
            self.names[(group.first + at) as usize].push(*next + at);
        }
        *next += length;
    }

    pub(super) fn composite(&mut self) {
        let kind = self.byte();
        for _ in 0..if kind == 0x60 { 2 } else { 1 } {
            let count = if kind == 0x5e { 1 } else { self.u(5) };
            for _ in 0..count {
                self.value_type();
                if kind != 0x60 {
                    self.byte();
                }
            }
        }
    }

    /// A group that nothing uses.
    pub(super) fn other_type(&mut self, next: &mut u32) {
        let types: [(&[u8], u32); 5] = [
            (&[0x60, 3, 0x7f, 0x7b, 0x7c, 1, 0x7d], 1),
            (&[0x5e, 0x78, 0x01], 1),
            (&[0x4e, 0x02, 0x5f, 0x00, 0x50, 0x00, 0x60, 0x00, 0x01, 0x6f], 2),
            (&[0x4e, 0x00], 0),
            (&[0x60, 0, 0], 1),
        ];
        let (bytes, length) = types[self.random.below(types.len())];
        self.out.extend(bytes);
        *next += length;
    }
}
