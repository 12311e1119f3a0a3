//! Numbers for the locals that are assigned.

/// Numbers from 0, by local.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The number of each local, counted from 1; 0 for none. This outlives the function and only
    /// what is set is reset: a function may have many more locals than operators.
    by_local: Vec<u32>,
    /// The locals that have one, in the order of numbers.
    locals: Vec<u32>,
}

impl Numbers {
    /// Takes all numbers back.
    pub(super) fn clear(&mut self) {
        for local in self.locals.drain(..) {
            if let Some(slot) = self.by_local.get_mut(local as usize) {
                *slot = 0;
            }
        }
    }

    /// The number of a local.
    #[inline]
    pub(super) fn get(&self, local: u32) -> Option<usize> {
        let number = self.by_local.get(local as usize)?.checked_sub(1)?;
        Some(number as usize)
    }

    /// The number of a local: the next one, if it has none.
    pub(super) fn give(&mut self, local: u32) -> usize {
        if let Some(number) = self.get(local) {
            return number;
        }
        let at = local as usize;
        if self.by_local.len() <= at {
            self.by_local.resize(at + 1, 0);
        }
        let number = self.locals.len();
        self.locals.push(local);
        if let Some(slot) = self.by_local.get_mut(at) {
            *slot = u32::try_from(self.locals.len()).unwrap_or(0);
        }
        number
    }
}
