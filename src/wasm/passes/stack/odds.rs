//! How likely it is that a call of a function comes by a place in it, before anybody has run it.

use wasmparser::FrameKind;

/// Certainty.
pub(super) const SURE: u32 = 1 << 24;
/// How often what stands in a loop is gone through, for each time that the loop is begun.
const ROUNDS: u32 = 8;

/// Follows the likelihood through a function. Every way that a branch can go is as likely as another,
/// and a loop is left in the end.
#[derive(Debug)]
pub(super) struct Odds {
    /// That control comes here, in parts of [`SURE`].
    now: u32,
    /// The blocks that are open, the function the first.
    levels: Vec<Level>,
    /// Which of them are loops.
    loops: Vec<usize>,
}

#[derive(Debug, Default)]
struct Level {
    is_loop: bool,
    /// Of control that has gone to its end.
    arrived: u32,
    /// Of the other arm of an `if`, until that begins.
    other: u32,
    /// The level to whose end a branch left it last, for a loop.
    exit: Option<usize>,
}

impl Odds {
    /// At the beginning of a function.
    pub(super) fn new() -> Self {
        Self { now: SURE, levels: vec![Level::default()], loops: Vec::new() }
    }

    /// How often a call of the function comes here, in parts of [`SURE`]: in a loop that can be more
    /// than once.
    pub(super) fn here(&self) -> u32 {
        if self.loops.is_empty() { self.now } else { self.now.saturating_mul(ROUNDS) }
    }

    /// A block begins.
    pub(super) fn open(&mut self, kind: FrameKind) {
        let other = if kind == FrameKind::If { self.now / 2 } else { 0 };
        self.now -= other;
        let is_loop = kind == FrameKind::Loop;
        if is_loop {
            self.loops.push(self.levels.len());
        }
        self.levels.push(Level { is_loop, other, ..Level::default() });
    }

    /// `else`.
    pub(super) fn turn(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.arrived = level.arrived.saturating_add(self.now);
            self.now = std::mem::take(&mut level.other);
        }
    }

    /// `end`.
    pub(super) fn close(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        let arrived = level.arrived.saturating_add(level.other);
        self.now = self.now.saturating_add(arrived).min(SURE);
        if level.is_loop {
            self.loops.pop();
            level.exit.into_iter().for_each(|to| self.exits(to));
        }
    }

    /// A branch to `label` that is taken or not.
    pub(super) fn may_branch(&mut self, label: u32) {
        // What goes back to a loop comes by here again.
        if self.level(label).is_some_and(|at| !self.levels[at].is_loop) {
            let part = self.now / 2;
            self.now -= part;
            self.arrive(label, part);
        }
    }

    /// A branch to one of `labels`, of which there are so many.
    pub(super) fn branch(&mut self, labels: impl Iterator<Item = u32>, count: u32) {
        let part = self.now / count.max(1);
        labels.for_each(|label| self.arrive(label, part));
    }

    /// What follows in the block is not reached.
    pub(super) fn leave(&mut self) {
        self.now = 0;
    }

    /// Which of the open blocks is `label`.
    fn level(&self, label: u32) -> Option<usize> {
        self.levels.len().checked_sub(1)?.checked_sub(label as usize)
    }

    fn arrive(&mut self, label: u32, part: u32) {
        let Some(mut at) = self.level(label) else { return };
        if self.levels[at].is_loop {
            // One day it leaves the loop.
            let Some(exit) = self.levels[at].exit else { return };
            at = exit;
        } else {
            self.exits(at);
        }
        self.levels[at].arrived = self.levels[at].arrived.saturating_add(part);
    }

    /// Notes that control goes to the end of level `to`, out of the innermost loop if that is inside.
    fn exits(&mut self, to: usize) {
        if let Some(inner) = self.loops.last().filter(|inner| **inner > to) {
            self.levels[*inner].exit = Some(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Odds, ROUNDS, SURE};
    use wasmparser::FrameKind::{Block, If, Loop};

    #[test]
    fn an_if_has_two_arms_and_its_end_has_both() {
        let mut odds = Odds::new();
        odds.open(If);
        assert_eq!(odds.here(), SURE / 2);
        odds.open(If);
        assert_eq!(odds.here(), SURE / 4);
        odds.close();
        assert_eq!(odds.here(), SURE / 2);
        odds.turn();
        assert_eq!(odds.here(), SURE / 2);
        odds.leave();
        assert_eq!(odds.here(), 0);
        odds.close();
        assert_eq!(odds.here(), SURE / 2);
    }

    #[test]
    fn branches_meet_where_their_block_ends() {
        let mut odds = Odds::new();
        odds.open(Block);
        odds.open(Block);
        odds.may_branch(1);
        odds.may_branch(0);
        assert_eq!(odds.here(), SURE / 4);
        odds.leave();
        odds.close();
        assert_eq!(odds.here(), SURE / 4);
        odds.branch([0, 0, 1, 7].into_iter(), 4);
        odds.leave();
        odds.close();
        assert_eq!(odds.here(), SURE / 2 + SURE / 8);
    }

    #[test]
    fn a_loop_is_left_by_its_exit_however_often_it_turns() {
        let mut odds = Odds::new();
        odds.open(Block);
        odds.open(Loop);
        assert_eq!(odds.here(), SURE * ROUNDS);
        odds.may_branch(1);
        odds.open(Loop);
        odds.may_branch(2);
        odds.may_branch(0);
        assert_eq!(odds.here(), SURE / 4 * ROUNDS);
        odds.close();
        odds.branch([0].into_iter(), 1);
        odds.leave();
        odds.close();
        assert_eq!(odds.here(), 0);
        odds.close();
        assert_eq!(odds.here(), SURE);
    }
}
