//! Operators and their immediates (Wasm specification, §5.4).

use super::quick::canonical_length;
use super::scribe::Scribe;
use super::typing::Naming;
use crate::wasm::Error;
use crate::wasm::freedom::Freedom;

const ELSE: u8 = 0x05;
const END: u8 = 0x0b;

impl Scribe<'_> {
    /// A constant expression.
    pub(super) fn expression(&mut self) -> Result<(), Error> {
        while self.operator()? != END {}
        Ok(())
    }

    /// Operators up to the end of what there is to read.
    pub(super) fn operators(&mut self) -> Result<(), Error> {
        let keeps_types = matches!(self.naming, Naming::Numbers(n) if n.is_identity);
        let code = self.rest();
        let base = self.at;
        // Operators up to `at` are read, those up to `copied` are written.
        let (mut at, mut copied) = (0, 0);
        self.mark();
        while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(length) = canonical_length(rest, keeps_types) {
                at += length;
                continue;
            }
            self.out.extend_from_slice(code.get(copied..at).unwrap_or_default());
            self.at = base + at;
            self.operator()?;
            // Where nothing moved, this adds nothing to the map.
            self.mark();
            at = self.at - base;
            copied = at;
        }
        self.out.extend_from_slice(code.get(copied..).unwrap_or_default());
        self.at = self.end;
        Ok(())
    }

    /// One operator; gives its first byte.
    fn operator(&mut self) -> Result<u8, Error> {
        let opcode = self.skip()?;
        match opcode {
            ELSE if self.rest().first() == Some(&END) => {
                self.note(Freedom::EmptyElse, 1, 1);
                return Ok(opcode);
            }
            0x1c => return self.select().map(|()| opcode),
            _ => self.put(opcode),
        }
        match opcode {
            0x00 | 0x01 | ELSE | 0x0a | END | 0x0f | 0x1a | 0x1b => {}
            0x45..=0xc4 | 0xd1 | 0xd3 | 0xd4 => {}
            0x02..=0x04 => self.block_type()?,
            // Labels, functions, locals, globals, tables, tags, memories.
            0x08 | 0x0c | 0x0d | 0x10 | 0x12 | 0x20..=0x26 | 0x3f | 0x40 | 0xd2 | 0xd5 | 0xd6 => {
                self.unsigned()?;
            }
            0x0e => {
                for _ in 0..self.unsigned()? {
                    self.unsigned()?;
                }
                self.unsigned()?;
            }
            0x11 | 0x13 => {
                self.type_index()?;
                self.unsigned()?;
            }
            0x14 | 0x15 => self.type_index()?,
            0x1f => self.try_table()?,
            0x28..=0x3e => self.memory_argument()?,
            0x41 | 0x42 => {
                self.signed()?;
            }
            0x43 => self.copy(4)?,
            0x44 => self.copy(8)?,
            0xd0 => self.heap_type()?,
            0xfb => self.garbage_collection()?,
            0xfc => self.bulk()?,
            0xfd => self.vector()?,
            _ => return Err(self.fault("unknown operator")),
        }
        Ok(opcode)
    }

    /// `select` with a type, after its first byte was read.
    fn select(&mut self) -> Result<(), Error> {
        let start = self.at;
        let count = self.read_unsigned()?;
        // Numbers and vectors.
        if count == 1 && matches!(self.peek()?, 0x7b..=0x7f) {
            self.shortened(start, 1);
            self.skip()?;
            self.put(0x1b);
            self.note(Freedom::Select, 1, 2);
            return Ok(());
        }
        self.at = start;
        self.put(0x1c);
        for _ in 0..self.unsigned()? {
            self.value_type()?;
        }
        Ok(())
    }

    fn try_table(&mut self) -> Result<(), Error> {
        self.block_type()?;
        for _ in 0..self.unsigned()? {
            if self.byte()? < 2 {
                self.unsigned()?;
            }
            self.unsigned()?;
        }
        Ok(())
    }

    fn memory_argument(&mut self) -> Result<(), Error> {
        const HAS_MEMORY: u64 = 0x40;
        let start = self.at;
        let alignment = self.read_unsigned()?;
        self.shortened(start, 1);
        if alignment & HAS_MEMORY != 0 {
            let start = self.at;
            let memory = self.read_unsigned()?;
            if memory == 0 {
                self.shortened(start, 1);
                self.note(Freedom::MemoryIndex, 1, 1);
                self.put_unsigned(alignment & !HAS_MEMORY);
            } else {
                self.put_unsigned(alignment);
                self.at = start;
                self.unsigned()?;
            }
        } else {
            self.put_unsigned(alignment);
        }
        self.unsigned().map(drop)
    }

    /// Operators after the byte 0xfb.
    fn garbage_collection(&mut self) -> Result<(), Error> {
        match self.unsigned()? {
            // struct.new, array.new and their kin: a type.
            0 | 1 | 6 | 7 | 11..=14 | 16 => self.type_index(),
            // A type and a field, a length, or an element segment.
            2..=5 | 8 | 10 | 19 => {
                self.type_index()?;
                self.unsigned().map(drop)
            }
            // array.new_data, array.init_data.
            9 | 18 => {
                self.needs_data_count = true;
                self.type_index()?;
                self.unsigned().map(drop)
            }
            17 => {
                self.type_index()?;
                self.type_index()
            }
            // array.len, conversions, i31.
            15 | 26..=30 => Ok(()),
            20..=23 => self.heap_type(),
            // br_on_cast, br_on_cast_fail.
            24 | 25 => {
                self.byte()?;
                self.unsigned()?;
                self.heap_type()?;
                self.heap_type()
            }
            _ => Err(self.fault("unknown operator")),
        }
    }

    /// Operators after the byte 0xfc.
    fn bulk(&mut self) -> Result<(), Error> {
        match self.unsigned()? {
            0..=7 => {}
            // memory.init, data.drop.
            8 => {
                self.needs_data_count = true;
                self.unsigned()?;
                self.unsigned()?;
            }
            9 => {
                self.needs_data_count = true;
                self.unsigned()?;
            }
            10 | 12 | 14 => {
                self.unsigned()?;
                self.unsigned()?;
            }
            11 | 13 | 15..=17 => {
                self.unsigned()?;
            }
            _ => return Err(self.fault("unknown operator")),
        }
        Ok(())
    }

    /// Operators after the byte 0xfd.
    fn vector(&mut self) -> Result<(), Error> {
        match self.unsigned()? {
            0..=11 | 92 | 93 => self.memory_argument(),
            // v128.const, i8x16.shuffle.
            12 | 13 => self.copy(16),
            // Lanes.
            21..=34 => self.byte().map(drop),
            84..=91 => {
                self.memory_argument()?;
                self.byte().map(drop)
            }
            14..=0x113 => Ok(()),
            _ => Err(self.fault("unknown operator")),
        }
    }
}
