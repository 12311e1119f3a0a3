//! Instructions as the bytes that the canonical form has for them.

/// A sequence of instructions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sequence(Vec<u8>);

impl Sequence {
    /// An instruction without immediates, or with those given.
    pub(super) fn plain(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(super) fn local_get(self, local: u32) -> Self {
        self.indexed(0x20, local)
    }

    pub(super) fn local_set(self, local: u32) -> Self {
        self.indexed(0x21, local)
    }

    pub(super) fn local_tee(self, local: u32) -> Self {
        self.indexed(0x22, local)
    }

    pub(super) fn global_get(self, global: u32) -> Self {
        self.indexed(0x23, global)
    }

    pub(super) fn global_set(self, global: u32) -> Self {
        self.indexed(0x24, global)
    }

    /// `i32.const`.
    pub(super) fn constant(mut self, value: u32) -> Self {
        self.0.push(0x41);
        let mut value = value.cast_signed();
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
                self.0.push(byte);
                return self;
            }
            self.0.push(byte | 0x80);
        }
    }

    /// Compares what is on top of the stack with `words`, and stops with the trap code if it is less.
    pub(super) fn stop_below(self, words: u32, trap: u32) -> Self {
        const LT_U_IF: [u8; 3] = [0x49, 0x04, 0x40];
        const UNREACHABLE_END: [u8; 2] = [0x00, 0x0b];
        self.constant(words).plain(&LT_U_IF).constant(1).global_set(trap).plain(&UNREACHABLE_END)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it stands at `at` in `module`.
    pub(super) fn stands_in(&self, module: &[u8], at: usize) -> bool {
        module.get(at..).is_some_and(|rest| rest.starts_with(self.bytes()))
    }

    fn indexed(mut self, operator: u8, mut index: u32) -> Self {
        self.0.push(operator);
        while index > 0x7f {
            self.0.push((index & 0x7f) as u8 | 0x80);
            index >>= 7;
        }
        self.0.push(index as u8);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn integers_are_in_their_shortest_form() {
        let constants: [(u32, &[u8]); 5] = [
            (0, &[0x41, 0]),
            (63, &[0x41, 63]),
            (64, &[0x41, 0xc0, 0]),
            (1 << 20, &[0x41, 0x80, 0x80, 0xc0, 0]),
            (u32::MAX, &[0x41, 0x7f]),
        ];
        for (value, expected) in constants {
            assert_eq!(Sequence::default().constant(value).bytes(), expected);
        }
        assert_eq!(Sequence::default().local_get(300).bytes(), [0x20, 0xac, 2]);
    }
}
