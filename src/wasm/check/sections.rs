//! A walk over the sections: the freedoms of everything but code, and where things stand.

use super::super::freedom::Freedom;
use super::code::Code;
use super::cursor::{Cursor, Fault};
use super::operator::{code, constant};
use super::segments;
use super::types::Types;
use std::ops::Range;

/// A global of the module's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Global {
    pub(super) at: usize,
    /// Its bytes, to be compared.
    pub(super) end: usize,
}

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) types: Types,
    /// The type of each function, imports first.
    pub(super) functions: Vec<u32>,
    pub(super) imported_functions: usize,
    /// The type of each tag.
    pub(super) tags: Vec<u32>,
    pub(super) imported_globals: u32,
    pub(super) globals: Vec<Global>,
    /// Whether the module imports a table.
    pub(super) imports_table: bool,
    /// The first memory or table of its own that may grow without bound.
    pub(super) unbounded: Option<(usize, &'static str)>,
    /// Functions to which a segment or a constant expression makes a reference.
    pub(super) references: Vec<u32>,
    pub(super) start: Option<u32>,
    pub(super) data_count: Option<usize>,
    pub(super) bodies: Vec<Range<usize>>,
}

impl Sections {
    /// Walks over `module` until something is not canonical, which is handed back with what was
    /// found until there.
    pub(super) fn read(module: &[u8]) -> (Self, Option<Fault>) {
        let mut sections = Self::default();
        let fault = sections.walk(module).err();
        (sections, fault)
    }

    fn walk(&mut self, module: &[u8]) -> Result<(), Fault> {
        const HEADER: usize = 8;
        let mut cursor = Cursor::new(module, HEADER, module.len());
        let mut customs = super::customs::Customs::default();
        while !cursor.is_done() {
            let at = cursor.at();
            let id = cursor.byte()?;
            let length = cursor.index()?;
            let mut contents = cursor.part(length as usize)?;
            if id == 0 {
                customs.section(at, &mut contents)?;
                continue;
            }
            customs.pass()?;
            const LISTS: [u8; 11] = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13];
            if LISTS.contains(&id) && contents.peek() == Some(0) {
                return Err(Fault::freedom(
                    at,
                    Freedom::EmptySections,
                    "a section without contents",
                ));
            }
            self.section(id, at, &mut contents)?;
            if !contents.is_done() {
                return Err(Fault::unread(contents.at()));
            }
        }
        Ok(())
    }

    fn section(&mut self, id: u8, at: usize, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        match id {
            1 => self.types = Types::read(cursor)?,
            8 => self.start = Some(cursor.index()?),
            12 => {
                self.data_count = Some(at);
                cursor.index()?;
            }
            _ => {
                for _ in 0..cursor.index()? {
                    self.item(id, cursor)?;
                }
            }
        }
        Ok(())
    }

    fn item(&mut self, id: u8, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        match id {
            2 => self.import(cursor),
            3 => {
                self.functions.push(self.types.used(cursor)?);
                Ok(())
            }
            4 => self.table(cursor),
            5 => {
                let at = cursor.at();
                if !limits(cursor)? {
                    self.unbounded.get_or_insert((at, "memory"));
                }
                Ok(())
            }
            6 => {
                let at = cursor.at();
                self.global_type(cursor)?;
                self.constant(cursor)?;
                self.globals.push(Global { at, end: cursor.at() });
                Ok(())
            }
            7 => {
                cursor.sized()?;
                cursor.byte()?;
                cursor.index().map(|_| ())
            }
            9 => segments::element(cursor, &self.types, &mut self.references),
            10 => {
                let length = cursor.index()?;
                let body = cursor.at();
                cursor.take(length as usize)?;
                self.bodies.push(body..cursor.at());
                Ok(())
            }
            11 => segments::data(cursor, &self.types),
            13 => self.tag(cursor),
            _ => Err(Fault::unread(cursor.at())),
        }
    }

    fn import(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        cursor.sized()?;
        cursor.sized()?;
        let at = cursor.at();
        match cursor.byte()? {
            0 => {
                self.functions.push(self.types.used(cursor)?);
                self.imported_functions += 1;
            }
            1 => {
                self.types.value_type(cursor)?;
                limits(cursor)?;
                self.imports_table = true;
            }
            2 => {
                limits(cursor)?;
            }
            3 => {
                self.global_type(cursor)?;
                self.imported_globals = self.imported_globals.saturating_add(1);
            }
            4 => self.tag(cursor)?,
            _ => return Err(Fault::unread(at)),
        }
        Ok(())
    }

    fn tag(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        cursor.byte()?;
        self.tags.push(self.types.used(cursor)?);
        Ok(())
    }

    fn global_type(&self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.types.value_type(cursor)?;
        cursor.byte().map(|_| ())
    }

    fn table(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        const INITIALISED: u8 = 0x40;
        let at = cursor.at();
        let is_initialised = cursor.peek() == Some(INITIALISED);
        if is_initialised {
            cursor.take(2)?;
        }
        self.types.value_type(cursor)?;
        if !limits(cursor)? {
            self.unbounded.get_or_insert((at, "table"));
        }
        if is_initialised {
            let mut codes = [0; 2];
            let mut count = 0;
            constant(cursor, &self.types, |operator| {
                if let Some(slot) = codes.get_mut(count) {
                    *slot = operator.code;
                }
                count += 1;
                if operator.code == code::REF_FUNC {
                    self.references.push(operator.first);
                }
            })?;
            if count == 1 && codes[0] == code::REF_NULL {
                let what = "a table that is initialised with null, which it is anyway";
                return Err(Fault::freedom(at, Freedom::TableInit, what));
            }
        }
        Ok(())
    }

    fn constant(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let references = &mut self.references;
        constant(cursor, &self.types, |operator| {
            if operator.code == code::REF_FUNC {
                references.push(operator.first);
            }
        })
    }

    /// Holds what the code needs or uses to what the sections before it have.
    pub(super) fn check_with(&self, code: &Code, end: Option<usize>) -> Result<(), Fault> {
        self.types.check_order(end)?;
        match self.data_count {
            Some(at) if end.is_none() && !code.needs_data_count() => {
                Err(Fault::freedom(at, Freedom::DataCount, "a data count that nothing needs"))
            }
            _ => Ok(()),
        }
    }
}

/// Passes the limits of a memory or table. Whether there is a maximum.
fn limits(cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
    const MAXIMUM: u8 = 1;
    let has_maximum = cursor.byte()? & MAXIMUM != 0;
    cursor.unsigned()?;
    if has_maximum {
        cursor.unsigned()?;
    }
    Ok(has_maximum)
}
