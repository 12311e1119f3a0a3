//! Sections other than types and code.

use super::Noise;
use provenact::wasm::Freedom;

impl Noise<'_> {
    pub(super) fn contents(&mut self, id: u8) {
        match id {
            1 => return self.types(),
            8 | 12 => {
                self.u(5);
                return;
            }
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

    pub(super) fn import(&mut self) {
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

    pub(super) fn table(&mut self) {
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

    pub(super) fn plain_table(&mut self) {
        self.value_type();
        self.limits();
    }

    pub(super) fn element(&mut self) {
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

    pub(super) fn data(&mut self) {
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
}
