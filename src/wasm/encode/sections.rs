//! The contents of sections other than types, code and custom ones (Wasm specification, §5.5).

use super::scribe::Scribe;
use crate::wasm::Error;
use crate::wasm::freedom::Freedom;
use wasm_encoder::SectionId;

/// `ref.null`, `ref.func` and `end`.
const REF_NULL: u8 = 0xd0;
const REF_FUNC: u8 = 0xd2;
const END: u8 = 0x0b;

impl Scribe<'_> {
    /// The contents of a section, which is none of those that have code of their own.
    pub(super) fn contents(&mut self, id: SectionId) -> Result<(), Error> {
        match id {
            SectionId::Import => self.items(Self::import)?,
            SectionId::Function => self.items(Self::type_index)?,
            SectionId::Table => self.items(Self::table)?,
            SectionId::Memory => self.items(Self::limits)?,
            SectionId::Tag => self.items(Self::tag)?,
            SectionId::Global => self.items(Self::global)?,
            SectionId::Export => self.items(Self::export)?,
            SectionId::Element => self.items(Self::element)?,
            SectionId::Start | SectionId::DataCount => self.unsigned().map(drop)?,
            SectionId::Data => self.items(Self::data)?,
            _ => return Err(self.fault("not a section")),
        }
        if self.is_done() { Ok(()) } else { Err(self.fault("the section goes on")) }
    }

    /// A length and as many bytes.
    pub(super) fn string(&mut self) -> Result<(), Error> {
        let length = self.unsigned()?;
        self.copy(length)
    }

    fn import(&mut self) -> Result<(), Error> {
        self.string()?;
        self.string()?;
        match self.byte()? {
            0 => self.type_index(),
            1 => {
                self.value_type()?;
                self.limits()
            }
            2 => self.limits(),
            3 => self.global_type(),
            4 => self.tag(),
            _ => Err(self.fault("unknown import")),
        }
    }

    fn global_type(&mut self) -> Result<(), Error> {
        self.value_type()?;
        self.byte().map(drop)
    }

    fn global(&mut self) -> Result<(), Error> {
        self.global_type()?;
        self.expression()
    }

    fn tag(&mut self) -> Result<(), Error> {
        self.byte()?;
        self.type_index()
    }

    fn export(&mut self) -> Result<(), Error> {
        self.string()?;
        if self.byte()? > 4 {
            return Err(self.fault("unknown export"));
        }
        self.unsigned().map(drop)
    }

    /// A table, whose initialiser is left out when it is a null: then it is what there would be
    /// without one.
    fn table(&mut self) -> Result<(), Error> {
        const INITIALISED: u8 = 0x40;
        if self.peek()? != INITIALISED {
            self.value_type()?;
            return self.limits();
        }
        let opened = self.open();
        let mut ahead = self.fork();
        ahead.copy(2)?;
        ahead.value_type()?;
        ahead.limits()?;
        let is_null = ahead.skip()? == REF_NULL && {
            ahead.heap_type()?;
            ahead.skip()? == END
        };
        if !is_null {
            self.copy(2)?;
            self.value_type()?;
            self.limits()?;
            return self.expression();
        }
        self.skip()?;
        self.skip()?;
        self.value_type()?;
        self.limits()?;
        self.at = ahead.at;
        self.settle(&opened, Freedom::TableInit, 1);
        Ok(())
    }

    fn element(&mut self) -> Result<(), Error> {
        /// Not active; active: with a table; not active: only declared.
        const PASSIVE: u64 = 1;
        const TABLE: u64 = 2;
        const EXPRESSIONS: u64 = 4;
        let opened = self.open();
        let (ty, is_functions) = self.fork().elements()?;
        let start = self.at;
        let old = self.read_unsigned()?;
        self.shortened(start, 1);
        let is_active = old & PASSIVE == 0;
        let mut flags = old & !EXPRESSIONS | if is_functions { 0 } else { EXPRESSIONS };
        let mut table = 0;
        if is_active {
            let start = self.at;
            if old & TABLE != 0 {
                table = self.read_unsigned()?;
                self.shortened(start, crate::wasm::numbers::unsigned_length(table));
            }
            let is_short = table == 0 && (is_functions || ty == Elements::NullableFunctions);
            flags = flags & !TABLE | if is_short { 0 } else { TABLE };
        }
        self.put_unsigned(flags);
        if is_active {
            if flags & TABLE != 0 {
                self.put_unsigned(table);
            }
            self.expression()?;
        }
        let had_type = old & (PASSIVE | TABLE) != 0;
        let had_expressions = old & EXPRESSIONS != 0;
        let has_type = flags & (PASSIVE | TABLE) != 0;
        match (had_type, has_type, is_functions) {
            (true, true, false) => self.value_type()?,
            (_, true, true) => {
                self.forget_type(had_type, had_expressions)?;
                self.put(0);
            }
            (_, false, _) => self.forget_type(had_type, had_expressions)?,
            (false, true, false) => self.put(0x70),
        }
        self.items(|scribe| match (had_expressions, is_functions) {
            (true, true) => {
                scribe.skip()?;
                scribe.unsigned()?;
                scribe.skip().map(drop)
            }
            (true, false) => scribe.expression(),
            (false, _) => scribe.unsigned().map(drop),
        })?;
        self.settle(&opened, Freedom::ElementFlags, u64::from(flags != old));
        Ok(())
    }

    /// Reads the type or kind of an element segment that has one.
    fn forget_type(&mut self, had_type: bool, had_expressions: bool) -> Result<(), Error> {
        if had_type && had_expressions {
            let mut ahead = self.fork();
            ahead.value_type()?;
            self.at = ahead.at;
        } else if had_type {
            self.skip()?;
        }
        Ok(())
    }

    /// Looks through an element segment: its type, and whether it can be a list of functions.
    fn elements(&mut self) -> Result<(Elements, bool), Error> {
        let flags = self.read_unsigned()?;
        if flags > 7 {
            return Err(self.fault("unknown flags"));
        }
        if flags & 4 == 0 {
            return Ok((Elements::Functions, true));
        }
        if flags & 1 == 0 {
            if flags & 2 != 0 {
                self.read_unsigned()?;
            }
            self.expression()?;
        }
        let mut ty = Elements::NullableFunctions;
        if flags & 3 != 0 {
            let written = self.out.len();
            self.value_type()?;
            ty = match self.out.get(written..) {
                Some([0x70]) => Elements::NullableFunctions,
                Some([0x64, 0x70]) => Elements::Functions,
                _ => Elements::Others,
            };
        }
        if ty == Elements::Others {
            return Ok((ty, false));
        }
        for _ in 0..self.read_unsigned()? {
            if self.skip()? != REF_FUNC {
                return Ok((ty, false));
            }
            self.read_unsigned()?;
            if self.skip()? != END {
                return Ok((ty, false));
            }
        }
        Ok((ty, true))
    }

    fn data(&mut self) -> Result<(), Error> {
        /// Active, with a memory index.
        const MEMORY: u64 = 2;
        let start = self.at;
        let flags = self.read_unsigned()?;
        self.shortened(start, 1);
        let start = self.at;
        if flags == MEMORY && self.read_unsigned()? == 0 {
            self.shortened(start, 1);
            self.note(Freedom::DataFlags, 1, 1);
            self.put(0);
        } else {
            self.at = start;
            self.put_unsigned(flags);
            if flags == MEMORY {
                self.unsigned()?;
            }
        }
        if flags != 1 {
            self.expression()?;
        }
        self.string()
    }
}

/// The type of an element segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elements {
    /// `(ref func)`.
    Functions,
    /// `funcref`.
    NullableFunctions,
    Others,
}
