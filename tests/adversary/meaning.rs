//! What a module says, however it is encoded: everything as text, in which a type is named by what
//! it is and not by its number. Read with wasmparser, none of the code under test.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmparser::{
    BlockType, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, FunctionBody,
    Operator, Parser, Payload, RefType, SubType, TableInit,
};

/// The lines of a module, and the offset of each of its operators in code with its line.
#[derive(Default)]
pub struct Meaning {
    pub lines: Vec<String>,
    pub operators: Vec<(u64, String)>,
    types: Vec<(SubType, u64)>,
}

pub fn meaning(module: &[u8]) -> Meaning {
    let mut meaning = Meaning::default();
    for payload in Parser::new(0).parse_all(module) {
        meaning.section(payload.unwrap());
    }
    meaning
}

impl Meaning {
    fn section(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.group(group.unwrap().into_types().collect());
                }
            }
            Payload::ImportSection(section) => {
                section.into_imports().for_each(|i| self.line("import", &i.unwrap()));
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.line("function", &format_args!("type_index: {}", ty.unwrap()));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table.unwrap();
                    self.line("table", &table.ty);
                    match table.init {
                        TableInit::Expr(init) if !self.is_null(&init) => self.expression(&init),
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => {
                section.into_iter().for_each(|m| self.line("memory", &m.unwrap()));
            }
            Payload::TagSection(section) => {
                for tag in section {
                    let index = tag.unwrap().func_type_idx;
                    self.line("tag", &format_args!("type_index: {index}"));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.unwrap();
                    self.line("global", &global.ty);
                    self.expression(&global.init_expr);
                }
            }
            Payload::ExportSection(section) => {
                section.into_iter().for_each(|e| self.line("export", &e.unwrap()));
            }
            Payload::StartSection { func, .. } => self.line("start", &func),
            Payload::ElementSection(section) => {
                section.into_iter().for_each(|element| self.element(element.unwrap()));
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.unwrap();
                    self.line("data", &data.data);
                    if let DataKind::Active { memory_index, offset_expr } = data.kind {
                        self.line("memory", &memory_index);
                        self.expression(&offset_expr);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.function(&body),
            _ => {}
        }
    }

    fn element(&mut self, element: wasmparser::Element<'_>) {
        match element.kind {
            ElementKind::Active { table_index, offset_expr } => {
                self.line("elements for", &table_index.unwrap_or(0));
                self.expression(&offset_expr);
            }
            kind => self.line("elements", &matches!(kind, ElementKind::Passive)),
        }
        match element.items {
            ElementItems::Functions(list) => {
                list.into_iter().for_each(|f| {
                    self.line("item", &Operator::RefFunc { function_index: f.unwrap() })
                });
            }
            ElementItems::Expressions(ty, list) => {
                let (before, mut is_list) =
                    (self.lines.len(), [RefType::FUNCREF, RefType::FUNC].contains(&ty));
                for item in list {
                    let mut operators = item.unwrap().get_operators_reader();
                    while !operators.is_end_then_eof() {
                        let operator = operators.read().unwrap();
                        is_list &= matches!(operator, Operator::RefFunc { .. });
                        self.line("item", &operator);
                    }
                }
                if !is_list {
                    self.lines.insert(before, self.named(&format!("of {ty:?}")));
                }
            }
        }
    }

    fn function(&mut self, body: &FunctionBody<'_>) {
        for local in body.get_locals_reader().unwrap() {
            let (count, ty) = local.unwrap();
            (0..count).for_each(|_| self.line("local", &ty));
        }
        for operator in body.get_operators_reader().unwrap().into_iter_with_offsets() {
            let (operator, at) = operator.unwrap();
            let is_end = matches!(operator, Operator::End);
            if is_end && self.operators.last().is_some_and(|(_, last)| last == "Else") {
                self.operators.pop();
            }
            let text = match operator {
                Operator::TypedSelect { ty } if !ty.is_reference_type() => "Select".to_owned(),
                Operator::Block { blockty } => format!("Block {}", self.block(blockty)),
                Operator::Loop { blockty } => format!("Loop {}", self.block(blockty)),
                Operator::If { blockty } => format!("If {}", self.block(blockty)),
                Operator::TryTable { try_table } => {
                    format!("TryTable {} {:?}", self.block(try_table.ty), try_table.catches)
                }
                // What stands where matters only for the offsets.
                Operator::BrTable { targets } => {
                    let labels: Vec<u32> = targets.targets().map(Result::unwrap).collect();
                    format!("BrTable {labels:?} {}", targets.default())
                }
                operator => self.named(&format!("{operator:?}")),
            };
            self.operators.push((at as u64, text));
        }
        self.operators.push((0, "end of function".to_owned()));
    }

    fn block(&self, ty: BlockType) -> String {
        match ty {
            BlockType::Empty => "[] []".to_owned(),
            BlockType::Type(ty) => self.named(&format!("[] [{ty:?}]")),
            BlockType::FuncType(index) => {
                match &self.types[index as usize].0.composite_type.inner {
                    CompositeInnerType::Func(ty) => {
                        self.named(&format!("{:?} {:?}", ty.params(), ty.results()))
                    }
                    _ => panic!("a block of type {index}"),
                }
            }
        }
    }

    fn is_null(&self, expression: &ConstExpr<'_>) -> bool {
        let mut operators = expression.get_operators_reader();
        matches!(operators.read(), Ok(Operator::RefNull { .. })) && operators.is_end_then_eof()
    }

    fn expression(&mut self, expression: &ConstExpr<'_>) {
        let mut operators = expression.get_operators_reader();
        while !operators.eof() {
            let operator = operators.read().unwrap();
            self.line("constant", &operator);
        }
    }

    fn line(&mut self, what: &str, value: &dyn std::fmt::Debug) {
        let line = self.named(&format!("{what} {value:?}"));
        self.lines.push(line);
    }

    /// Names the types of a group by its contents.
    fn group(&mut self, group: Vec<SubType>) {
        let first = self.types.len();
        let own: BTreeMap<usize, String> =
            (0..group.len()).map(|at| (first + at, format!("own {at}"))).collect();
        let text: Vec<_> = group.iter().map(|ty| self.rename(&format!("{ty:?}"), &own)).collect();
        for (at, ty) in group.into_iter().enumerate() {
            let mut hasher = DefaultHasher::new();
            (at, &text).hash(&mut hasher);
            self.types.push((ty, hasher.finish()));
        }
    }

    fn named(&self, text: &str) -> String {
        self.rename(text, &BTreeMap::new())
    }

    /// Replaces the numbers of types in a debug text.
    fn rename(&self, text: &str, own: &BTreeMap<usize, String>) -> String {
        const BEFORE: [&str; 8] = [
            "type_index: ",
            "index_dst: ",
            "index_src: ",
            "func_type_idx: ",
            "kind: \"module\", index: ",
            "Func(",
            "Module(",
            "(module ",
        ];
        let (mut rest, mut out) = (text, String::new());
        loop {
            let found =
                BEFORE.iter().filter_map(|before| Some(rest.find(before)? + before.len())).min();
            let Some(at) = found else { return out + rest };
            out += &rest[..at];
            rest = &rest[at..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if let Ok(index) = rest[..digits].parse::<usize>() {
                match own.get(&index) {
                    Some(own) => out += own,
                    None => out += &format!("{:x}", self.types[index].1),
                }
                rest = &rest[digits..];
            }
        }
    }
}
