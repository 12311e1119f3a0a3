//! Where things stand in a valid module, as far as the passes need to know.

use super::module::parser;
use std::ops::Range;
use wasmparser::{
    BlockType, ContType, Export, FrameKind, FuncType, FunctionBody, MemoryType, ModuleArity,
    Payload, RefType, SubType, Table, TypeRef,
};

/// A walk over the sections of a valid module. Indices are those of the module: imports first.
pub(super) struct Layout<'a> {
    pub(super) bytes: &'a [u8],
    /// Every section by id and the range of its contents, custom sections included, in order.
    pub(super) sections: Vec<(u8, Range<usize>)>,
    pub(super) types: Vec<SubType>,
    /// The type of each function.
    pub(super) functions: Vec<u32>,
    pub(super) imported_functions: u32,
    pub(super) imported_memories: u32,
    pub(super) imported_tables: u32,
    /// The type of each tag.
    pub(super) tags: Vec<u32>,
    /// How many globals there are.
    pub(super) globals: u32,
    /// The module's own memories, with the offset of each.
    pub(super) memories: Vec<(usize, MemoryType)>,
    /// The module's own tables, with the offset of each.
    pub(super) tables: Vec<(usize, Table<'a>)>,
    pub(super) exports: Vec<(usize, Export<'a>)>,
    pub(super) start: Option<u32>,
    /// The module's own functions.
    pub(super) bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Layout<'a> {
    /// Reads the sections of `bytes`.
    ///
    /// # Errors
    /// What the parser says of a module that is not valid.
    pub(super) fn of(bytes: &'a [u8]) -> wasmparser::Result<Self> {
        let mut layout = Self {
            bytes,
            sections: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
            imported_functions: 0,
            imported_memories: 0,
            imported_tables: 0,
            tags: Vec::new(),
            globals: 0,
            memories: Vec::new(),
            tables: Vec::new(),
            exports: Vec::new(),
            start: None,
            bodies: Vec::new(),
        };
        for payload in parser().parse_all(bytes) {
            layout.note(payload?)?;
        }
        Ok(layout)
    }

    /// The type of function `index`.
    pub(super) fn function_type(&self, index: u32) -> Option<&FuncType> {
        self.func_type(*self.functions.get(index as usize)?)
    }

    /// The function type at type index `ty`.
    pub(super) fn func_type(&self, ty: u32) -> Option<&FuncType> {
        match &self.types.get(ty as usize)?.composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The control frames of a function of type index `ty`, at its beginning.
    pub(super) fn frames(&self, ty: u32) -> Frames<'_, 'a> {
        Frames { layout: self, labels: vec![(BlockType::FuncType(ty), FrameKind::Block)] }
    }

    fn note(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        if let Some((id, range)) = payload.as_section() {
            self.sections.push((id, range));
        }
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?.ty);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.into_iter_with_offsets() {
                    self.tables.push(table?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.into_iter_with_offsets() {
                    self.memories.push(memory?);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::GlobalSection(section) => {
                self.globals = self.globals.saturating_add(section.count());
            }
            Payload::ExportSection(section) => {
                for export in section.into_iter_with_offsets() {
                    self.exports.push(export?);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                self.imported_functions += 1;
            }
            TypeRef::Memory(_) => self.imported_memories += 1,
            TypeRef::Table(_) => self.imported_tables += 1,
            TypeRef::Global(_) => self.globals += 1,
            TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
        }
    }
}

/// The open labels of a function while its operators are read, for
/// [`wasmparser::Operator::operator_arity`].
pub(super) struct Frames<'l, 'a> {
    layout: &'l Layout<'a>,
    labels: Vec<(BlockType, FrameKind)>,
}

impl Frames<'_, '_> {
    /// Opens a label.
    pub(super) fn push(&mut self, ty: BlockType, kind: FrameKind) {
        self.labels.push((ty, kind));
    }

    /// Closes the innermost label.
    pub(super) fn pop(&mut self) -> Option<(BlockType, FrameKind)> {
        self.labels.pop()
    }
}

impl ModuleArity for Frames<'_, '_> {
    fn sub_type_at(&self, type_idx: u32) -> Option<&SubType> {
        self.layout.types.get(type_idx as usize)
    }

    fn tag_type_arity(&self, at: u32) -> Option<(u32, u32)> {
        self.sub_type_arity(self.sub_type_at(*self.layout.tags.get(at as usize)?)?)
    }

    fn type_index_of_function(&self, function_idx: u32) -> Option<u32> {
        self.layout.functions.get(function_idx as usize).copied()
    }

    fn func_type_of_cont_type(&self, c: &ContType) -> Option<&FuncType> {
        self.layout.func_type(c.0.as_module_index()?)
    }

    fn sub_type_of_ref_type(&self, rt: &RefType) -> Option<&SubType> {
        self.sub_type_at(rt.type_index()?.as_module_index()?)
    }

    fn control_stack_height(&self) -> u32 {
        u32::try_from(self.labels.len()).unwrap_or(u32::MAX)
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let at = self.labels.len().checked_sub(1)?.checked_sub(depth as usize)?;
        self.labels.get(at).copied()
    }
}
