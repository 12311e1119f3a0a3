//! Writes a canonical module in another way, by chance: the same program with every freedom of the
//! encoding taken somehow. Nothing here comes from the code under test.

use crate::random::Random;
use provenact::wasm::Freedom;
use std::collections::BTreeMap;
use std::ops::Range;

/// A variant of a module, and how often each freedom was taken in it.
pub struct Variant {
    pub bytes: Vec<u8>,
    pub taken: [u64; Freedom::ALL.len()],
}

/// A variant of `canonical`, the `seed`th.
pub fn variant(canonical: &[u8], seed: u64) -> Variant {
    let mut noise = Noise {
        old: canonical,
        at: 8,
        out: Vec::new(),
        random: Random::new(seed),
        levels: [0; Freedom::ALL.len()],
        taken: [0; Freedom::ALL.len()],
        names: Vec::new(),
        own: None,
        signatures: BTreeMap::new(),
        selects: selects(canonical),
    };
    for level in &mut noise.levels {
        // Some freedoms not at all, some everywhere.
        *level = [0, 5, 30, 100][noise.random.below(4)];
    }
    let bytes = noise.module();
    Variant { bytes, taken: noise.taken }
}

struct Noise<'m> {
    old: &'m [u8],
    at: usize,
    out: Vec<u8>,
    random: Random,
    /// Of 100 places at which a freedom could be taken, how many take it.
    levels: [usize; Freedom::ALL.len()],
    taken: [u64; Freedom::ALL.len()],
    /// The new indices of each type.
    names: Vec<Vec<u32>>,
    /// Old and new index of the first type of the group that is written, and its length.
    own: Option<(u32, u32, u32)>,
    /// The new indices of function types, by their bytes in the old module.
    signatures: BTreeMap<Vec<u8>, Vec<u32>>,
    /// The type of each `select` on numbers or vectors.
    selects: BTreeMap<usize, u8>,
}

/// A recursion group of the old module.
struct Group {
    range: Range<usize>,
    /// The composite type of each of its types.
    types: Vec<Range<usize>>,
    refers: Vec<u32>,
    first: u32,
}

impl Noise<'_> {
    fn takes(&mut self, freedom: Freedom) -> bool {
        let takes = self.random.below(100) < self.levels[freedom as usize];
        self.taken[freedom as usize] += u64::from(takes);
        takes
    }

    fn module(&mut self) -> Vec<u8> {
        let mut sections: BTreeMap<u8, Range<usize>> = BTreeMap::new();
        let mut customs = Vec::new();
        while self.at < self.old.len() {
            let start = self.at;
            let id = self.read();
            let size = self.read_u() as usize;
            let range = self.at..self.at + size;
            self.at = range.end;
            if id == 0 {
                customs.push(start..range.end);
            } else {
                sections.insert(id, range);
            }
        }
        let mut pieces = Vec::new();
        for id in [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11] {
            let range = sections.get(&id).cloned();
            let count = sections.get(&11).map(|data| self.count(data.start));
            let count = count.filter(|_| id == 12 && range.is_none());
            if let Some(count) = count.filter(|_| self.takes(Freedom::DataCount)) {
                self.put_u(count, 5);
                pieces.push(self.section(id));
            }
            let Some(range) = range else {
                if id != 8 && id != 12 && self.takes(Freedom::EmptySections) {
                    self.put_u(0, 5);
                    pieces.push(self.section(id));
                }
                continue;
            };
            self.at = range.start;
            self.contents(id);
            assert_eq!(self.at, range.end, "section {id}");
            pieces.push(self.section(id));
        }
        self.customs(&customs, &mut pieces);
        [b"\0asm\x01\0\0\0".to_vec(), pieces.concat()].concat()
    }

    /// Puts the custom sections somewhere, some twice, and others between them.
    fn customs(&mut self, customs: &[Range<usize>], pieces: &mut Vec<Vec<u8>>) {
        for custom in customs {
            let twice = self.takes(Freedom::CustomSections);
            for _ in 0..=u8::from(twice) {
                self.at = custom.start + 1;
                let size = self.read_u() as usize;
                let end = self.at + size;
                let name = self.read_u();
                self.put_u(name, 5);
                self.out.extend(&self.old[self.at..end]);
                let is_first = self.old[self.at..end].starts_with(b"dylink.0");
                let to = if is_first || twice {
                    self.random.below(pieces.len() + 1)
                } else {
                    pieces.len()
                };
                let piece = self.section(0);
                pieces.insert(to, piece);
            }
        }
        while self.takes(Freedom::CustomSections) && self.random.below(8) > 0 {
            let names =
                ["name", "producers", "target_features", ".debug_info", "metadata.code.x", "x", ""];
            let name = names[self.random.below(names.len())];
            self.put_u(name.len() as u64, 5);
            self.out.extend(name.as_bytes());
            for _ in 0..self.random.below(20) {
                let byte = self.random.below(256) as u8;
                self.out.push(byte);
            }
            let piece = self.section(0);
            let to = self.random.below(pieces.len() + 1);
            pieces.insert(to, piece);
        }
    }

    /// A section with what was written so far.
    fn section(&mut self, id: u8) -> Vec<u8> {
        let contents = std::mem::take(&mut self.out);
        self.out.push(id);
        self.put_u(contents.len() as u64, 5);
        [std::mem::take(&mut self.out), contents].concat()
    }

    fn contents(&mut self, id: u8) {
        match id {
            1 => return self.types(),
            8 | 12 => return drop(self.u(5)),
            _ => {}
        }
        for _ in 0..self.u(5) {
            match id {
                2 => self.import(),
                3 => self.type_index(),
                4 => self.table(),
                5 => self.limits(),
                6 => {
                    self.value_type();
                    self.byte();
                    self.expression();
                }
                7 => {
                    self.string();
                    self.byte();
                    self.u(5);
                }
                9 => self.element(),
                10 => self.function(),
                11 => self.data(),
                13 => {
                    self.byte();
                    self.type_index();
                }
                _ => panic!("section {id}"),
            }
        }
    }

    fn import(&mut self) {
        self.string();
        self.string();
        match self.byte() {
            0 => self.type_index(),
            1 => {
                self.value_type();
                self.limits();
            }
            2 => self.limits(),
            3 => {
                self.value_type();
                self.byte();
            }
            _ => {
                self.byte();
                self.type_index();
            }
        }
    }

    fn table(&mut self) {
        let heap = match self.old[self.at..] {
            [0x40, ..] => {
                self.byte();
                self.byte();
                self.value_type();
                self.limits();
                return self.expression();
            }
            [0x63, ..] => self.at + 1,
            [0x64, ..] => return self.plain_table(),
            _ => self.at,
        };
        if !self.takes(Freedom::TableInit) {
            return self.plain_table();
        }
        self.out.extend([0x40, 0]);
        self.plain_table();
        let end = std::mem::replace(&mut self.at, heap);
        self.out.push(0xd0);
        self.heap_type();
        self.out.push(0x0b);
        self.at = end;
    }

    fn plain_table(&mut self) {
        self.value_type();
        self.limits();
    }

    fn element(&mut self) {
        let old = self.read_u();
        let mut flags = old;
        let (active, lists) = (old & 1 == 0, old & 4 == 0);
        if lists && self.takes(Freedom::ElementFlags) {
            flags |= 4;
        }
        if active && old & 2 == 0 && self.takes(Freedom::ElementFlags) {
            flags |= 2;
        }
        self.put_u(flags, 5);
        if active {
            let table = if old & 2 == 0 { 0 } else { self.read_u() };
            if flags & 2 != 0 {
                self.put_u(table, 5);
            }
            self.expression();
        }
        if lists && old & 3 != 0 {
            self.read();
        }
        match (lists, flags & 4 != 0) {
            // A list of functions may say that none is null, or keep that to itself.
            (true, true) if flags & 3 != 0 => {
                let forms: [&[u8]; 3] = [&[0x64, 0x70], &[0x70], &[0x63, 0x70]];
                let form = forms[self.random.below(3)];
                self.out.extend(form);
            }
            (true, false) if flags & 3 != 0 => self.out.push(0),
            (false, _) if old & 3 != 0 => self.value_type(),
            (false, _) if flags & 3 != 0 => self.out.push(0x70),
            _ => {}
        }
        for _ in 0..self.u(5) {
            match (lists, flags & 4 != 0) {
                (true, true) => {
                    self.out.push(0xd2);
                    self.u(5);
                    self.out.push(0x0b);
                }
                (true, false) => drop(self.u(5)),
                (false, _) => self.expression(),
            }
        }
    }

    fn data(&mut self) {
        let mut flags = self.read_u();
        if flags == 0 && self.takes(Freedom::DataFlags) {
            flags = 2;
            self.put_u(flags, 5);
            self.put_u(0, 5);
        } else {
            self.put_u(flags, 5);
            if flags == 2 {
                self.u(5);
            }
        }
        if flags != 1 {
            self.expression();
        }
        self.string();
    }

    fn function(&mut self) {
        let size = self.read_u() as usize;
        let end = self.at + size;
        let before = std::mem::take(&mut self.out);
        self.locals();
        let mut open = Vec::new();
        while self.at < end {
            self.operator(&mut open);
        }
        let body = std::mem::replace(&mut self.out, before);
        self.put_u(body.len() as u64, 5);
        self.out.extend(body);
    }

    fn locals(&mut self) {
        let before = std::mem::take(&mut self.out);
        let mut groups = 0;
        for _ in 0..self.read_u() {
            let mut left = self.read_u();
            let ty = self.at;
            loop {
                if self.takes(Freedom::Locals) {
                    self.put_u(0, 5);
                    let byte = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f][self.random.below(7)];
                    self.out.push(byte);
                    groups += 1;
                }
                let split = left > 1 && self.takes(Freedom::Locals);
                let part =
                    if split { 1 + self.random.below(left as usize - 1) as u64 } else { left };
                self.put_u(part, 5);
                self.at = ty;
                self.value_type();
                groups += 1;
                left -= part;
                if left == 0 {
                    break;
                }
            }
        }
        let written = std::mem::replace(&mut self.out, before);
        self.put_u(groups, 5);
        self.out.extend(written);
    }

    fn expression(&mut self) {
        while self.operator(&mut Vec::new()) != 0x0b {}
    }

    /// `open` says of each open block whether it is an `if` without `else`.
    fn operator(&mut self, open: &mut Vec<bool>) -> u8 {
        let at = self.at;
        let opcode = self.read();
        match opcode {
            0x1b if self.selects.contains_key(&at) && self.takes(Freedom::Select) => {
                self.out.push(0x1c);
                self.put_u(1, 5);
                self.out.push(self.selects[&at]);
                return opcode;
            }
            0x0b if open.pop() == Some(true) && self.takes(Freedom::EmptyElse) => {
                self.out.push(0x05)
            }
            _ => {}
        }
        self.out.push(opcode);
        match opcode {
            0x02..=0x04 => {
                open.push(opcode == 0x04);
                self.block_type();
            }
            0x05 => drop(open.last_mut().map(|is_if| *is_if = false)),
            0x1f => {
                open.push(false);
                self.block_type();
                for _ in 0..self.u(5) {
                    if self.byte() < 2 {
                        self.u(5);
                    }
                    self.u(5);
                }
            }
            0x0e => {
                for _ in 0..=self.u(5) {
                    self.u(5);
                }
            }
            0x08 | 0x0c | 0x0d | 0x10 | 0x12 | 0x20..=0x26 | 0x3f | 0x40 | 0xd2 | 0xd5 | 0xd6 => {
                drop(self.u(5))
            }
            0x11 | 0x13 => {
                self.type_index();
                self.u(5);
            }
            0x14 | 0x15 => self.type_index(),
            0x1c => {
                self.u(5);
                self.value_type();
            }
            0x28..=0x3e => self.memory_argument(),
            0x41 => self.s(5),
            0x42 => self.s(10),
            0x43 => self.copy(4),
            0x44 => self.copy(8),
            0xd0 => self.heap_type(),
            0xfb..=0xfd => self.prefixed(opcode),
            _ => {}
        }
        opcode
    }

    fn prefixed(&mut self, prefix: u8) {
        match (prefix, self.u(5)) {
            (0xfb, 0 | 1 | 6 | 7 | 11..=14 | 16) => self.type_index(),
            (0xfb, 2..=5 | 8..=10 | 18 | 19) => {
                self.type_index();
                self.u(5);
            }
            (0xfb, 17) => {
                self.type_index();
                self.type_index();
            }
            (0xfb, 20..=23) => self.heap_type(),
            (0xfb, 24 | 25) => {
                self.byte();
                self.u(5);
                self.heap_type();
                self.heap_type();
            }
            (0xfc, 8 | 10 | 12 | 14) => {
                self.u(5);
                self.u(5);
            }
            (0xfc, 9 | 11 | 13 | 15..) => drop(self.u(5)),
            (0xfd, 0..=11 | 92 | 93) => self.memory_argument(),
            (0xfd, 12 | 13) => self.copy(16),
            (0xfd, 21..=34) => self.copy(1),
            (0xfd, 84..=91) => {
                self.memory_argument();
                self.copy(1);
            }
            _ => {}
        }
    }

    fn memory_argument(&mut self) {
        let flags = self.read_u();
        if flags & 0x40 != 0 {
            self.put_u(flags, 5);
            self.u(5);
        } else if self.takes(Freedom::MemoryIndex) {
            self.put_u(flags | 0x40, 5);
            self.put_u(0, 5);
        } else {
            self.put_u(flags, 5);
        }
        self.u(10);
    }

    fn block_type(&mut self) {
        let start = self.at;
        let first = self.old[start];
        let signature = if first == 0x40 {
            self.at += 1;
            vec![0x60, 0, 0]
        } else if first & 0xc0 == 0x40 {
            let mut signature = vec![0x60, 0, 1];
            let out = self.out.len();
            self.value_type();
            self.out.truncate(out);
            signature.extend(&self.old[start..self.at]);
            signature
        } else {
            let index = self.read_u() as u32;
            return self.other_block(index);
        };
        let names = self.signatures.get(&signature).cloned().unwrap_or_default();
        if !names.is_empty() && self.takes(Freedom::BlockTypes) {
            let name = names[self.random.below(names.len())];
            return self.put_s(name.into(), 5);
        }
        self.at = start;
        if first == 0x40 { drop(self.byte()) } else { self.value_type() }
    }

    /// A block of function type `index`, or of any like it.
    fn other_block(&mut self, index: u32) {
        let name = self.names[index as usize][0];
        let alike = self.signatures.values().find(|names| names.contains(&name)).unwrap().clone();
        let names = if self.takes(Freedom::BlockTypes) {
            alike
        } else {
            self.names[index as usize].clone()
        };
        let name = names[self.random.below(names.len())];
        self.put_s(name.into(), 5);
    }

    fn value_type(&mut self) {
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

    fn heap_type(&mut self) {
        if self.old[self.at] & 0xc0 == 0x40 {
            self.byte();
            return;
        }
        let index = self.read_s() as u32;
        let name = self.name(index);
        self.put_s(name.into(), 5);
    }

    fn type_index(&mut self) {
        let index = self.read_u() as u32;
        let name = self.name(index);
        self.put_u(name.into(), 5);
    }

    fn name(&mut self, index: u32) -> u32 {
        if let Some((old, new, length)) = self.own
            && (old..old + length).contains(&index)
        {
            return new + index - old;
        }
        let names = &self.names[index as usize];
        names[self.random.below(names.len())]
    }

    fn limits(&mut self) {
        let flags = self.byte();
        self.u(10);
        if flags & 1 != 0 {
            self.u(10);
        }
    }

    // The type section.

    fn types(&mut self) {
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

    fn groups(&mut self) -> Vec<Group> {
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
    fn references(&mut self, refers: &mut Vec<u32>) {
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

    fn group(&mut self, group: &Group, next: &mut u32) {
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

    fn composite(&mut self) {
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
    fn other_type(&mut self, next: &mut u32) {
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

    // Bytes and numbers.

    fn read(&mut self) -> u8 {
        self.at += 1;
        self.old[self.at - 1]
    }

    fn byte(&mut self) -> u8 {
        let byte = self.read();
        self.out.push(byte);
        byte
    }

    fn copy(&mut self, length: usize) {
        self.out.extend(&self.old[self.at..self.at + length]);
        self.at += length;
    }

    fn string(&mut self) {
        let length = self.u(5);
        self.copy(length as usize);
    }

    fn count(&self, at: usize) -> u64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[at..], 0);
        reader.read_var_u64().unwrap()
    }

    fn read_u(&mut self) -> u64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[self.at..], 0);
        let value = reader.read_var_u64().unwrap();
        self.at += reader.original_position();
        value
    }

    fn read_s(&mut self) -> i64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[self.at..], 0);
        let value = reader.read_var_i64().unwrap();
        self.at += reader.original_position();
        value
    }

    fn u(&mut self, greatest: usize) -> u64 {
        let value = self.read_u();
        self.put_u(value, greatest);
        value
    }

    fn s(&mut self, greatest: usize) {
        let value = self.read_s();
        self.put_s(value, greatest);
    }

    /// Writes an unsigned integer in at most `greatest` bytes.
    fn put_u(&mut self, value: u64, greatest: usize) {
        let shortest = (1..10).find(|n| value >> (7 * n) == 0).unwrap_or(10);
        self.number(shortest, greatest, |at| if at < 10 { value >> (7 * at) } else { 0 });
    }

    /// Writes a signed integer in at most `greatest` bytes.
    fn put_s(&mut self, value: i64, greatest: usize) {
        let fits = |n: &usize| (value >> (7 * n - 1)) == 0 || (value >> (7 * n - 1)) == -1;
        let shortest = (1..10).find(fits).unwrap_or(10);
        self.number(shortest, greatest, |at| (value >> (7 * at).min(63)) as u64);
    }

    fn number(&mut self, shortest: usize, greatest: usize, part: impl Fn(usize) -> u64) {
        let mut length = shortest;
        if shortest < greatest && self.takes(Freedom::Leb128) {
            length += 1 + self.random.below(greatest - shortest);
        }
        for at in 0..length {
            let more = if at + 1 < length { 0x80 } else { 0 };
            self.out.push((part(at) & 0x7f) as u8 | more);
        }
    }
}

/// Where each `select` on numbers or vectors stands, with the type of its operands.
fn selects(module: &[u8]) -> BTreeMap<usize, u8> {
    use wasmparser::{Operator, Parser, ValType, ValidPayload, Validator, WasmFeatures};
    let mut validator = Validator::new_with_features(WasmFeatures::WASM3);
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload.unwrap()).unwrap() {
            functions.push((function, body));
        }
    }
    let mut selects = BTreeMap::new();
    for (function, body) in functions {
        let mut validator =
            function.into_validator(wasmparser::FuncValidatorAllocations::default());
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader).unwrap();
        let operators = body.get_operators_reader().unwrap().into_iter_with_offsets();
        for entry in operators {
            let (operator, at) = entry.unwrap();
            if let (Operator::Select, Some(Some(ty))) = (&operator, validator.get_operand_type(1)) {
                let byte = match ty {
                    ValType::I32 => 0x7f,
                    ValType::I64 => 0x7e,
                    ValType::F32 => 0x7d,
                    ValType::F64 => 0x7c,
                    ValType::V128 => 0x7b,
                    ValType::Ref(_) => panic!("a select on references without type"),
                };
                selects.insert(at, byte);
            }
            validator.op(at, &operator).unwrap();
        }
    }
    selects
}
