//! What the passes' rules need to know of the module around a function.

use super::super::module::parser;
use super::sections::Sections;
use std::ops::Range;
use wasmparser::{CompositeInnerType, FuncType, Payload, SubType};

/// A module in canonical form.
pub(super) struct Context<'a> {
    pub(super) module: &'a [u8],
    pub(super) sections: &'a Sections,
    /// Every type, as the parser has it.
    pub(super) types: Vec<SubType>,
}

impl<'a> Context<'a> {
    /// Reads the types of `module`.
    pub(super) fn new(module: &'a [u8], sections: &'a Sections) -> wasmparser::Result<Self> {
        let mut types = Vec::new();
        for payload in parser().parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group?.into_types());
                    }
                    break;
                }
                Payload::Version { .. } | Payload::CustomSection(_) => {}
                _ => break,
            }
        }
        Ok(Self { module, sections, types })
    }

    /// The function type at type index `ty`.
    pub(super) fn function_type(&self, ty: u32) -> Option<&FuncType> {
        match &self.types.get(ty as usize)?.composite_type.inner {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The type of the module's own function `at`, and where its locals and code stand.
    pub(super) fn body(&self, at: usize) -> Option<(u32, Range<usize>)> {
        let index = self.sections.imported_functions.checked_add(at)?;
        Some((*self.sections.functions.get(index)?, self.sections.bodies.get(at)?.clone()))
    }
}
