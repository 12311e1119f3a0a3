//! Functions and expressions.

use super::Noise;
use provenact::wasm::Freedom;
use std::collections::BTreeMap;

impl Noise<'_> {
    pub(super) fn function(&mut self) {
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

    pub(super) fn locals(&mut self) {
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

    pub(super) fn expression(&mut self) {
        while self.operator(&mut Vec::new()) != 0x0b {}
    }

    /// `open` says of each open block whether it is an `if` without `else`.
    pub(super) fn operator(&mut self, open: &mut Vec<bool>) -> u8 {
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
                self.u(5);
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

    pub(super) fn prefixed(&mut self, prefix: u8) {
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

    pub(super) fn memory_argument(&mut self) {
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

    pub(super) fn block_type(&mut self) {
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
        if first == 0x40 {
            self.byte();
        } else {
            self.value_type();
        }
    }

    /// A block of function type `index`, or of any like it.
    pub(super) fn other_block(&mut self, index: u32) {
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
}

/// Where each `select` on numbers or vectors stands, with the type of its operands.
pub(super) fn selects(module: &[u8]) -> BTreeMap<usize, u8> {
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
