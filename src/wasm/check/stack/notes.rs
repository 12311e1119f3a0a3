//! What one pass over the code of a function notes down for the rules about the stack.

use super::super::context::Context;
use super::super::effect::effect;
use super::super::operator::{BRANCHES, LEAVES, NOTED, Operator, VECTOR, code};
use super::super::types::{Entry, Form};
use super::Broken;
use super::counted::Walk;
use super::graph::Call;
use super::sequence::Sequence;
use super::site::Site;
use std::ops::Range;

/// The two globals, by index, and what the counter is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Globals {
    pub(in super::super) stack: u32,
    pub(in super::super) trap: u32,
    /// The limit in words.
    pub(in super::super) limit: u32,
}

/// Whom a function calls, what it refers to, and how many words it takes.
#[derive(Default)]
pub(in super::super) struct Notes {
    /// Functions that it calls, and how.
    pub(super) calls: Vec<(u32, Call)>,
    /// Types by which it calls through a table or reference, and how.
    pub(super) types: Vec<(u32, Call)>,
    /// Functions to which it makes a reference.
    pub(super) references: Vec<u32>,
    /// Whether it has a `try_table` with a catch clause.
    pub(super) catches: bool,
    /// Whether it begins by reading the counter, or does so behind a guard.
    pub(super) begins: bool,
    /// Whether it is behind a guard.
    pub(super) waits: bool,
    /// Where the last block ended that was not inside of another.
    ended: Option<usize>,
    /// Its type, and where its body stands.
    body: (u32, Range<usize>),
    /// How it fails to be a counted function, if it begins as one.
    pub(super) broken: Option<Broken>,
    /// The walk over it as a counted function.
    walk: Option<Box<Walk>>,
    /// The local that keeps the counter there.
    counter: Option<u32>,
    /// What stood before a counted call that is yet to come.
    site: Option<Site>,
    /// Before this offset, the globals were used as around a counted call.
    passed: usize,
    /// Where it first uses one of the globals, but for that.
    pub(super) uses: Option<usize>,
    /// Words, as the cost model counts them.
    pub(super) words: u64,
    /// Words that it counts, if it is a counted function.
    pub(super) counts: Option<u32>,
    /// How many instructions have a word of their own.
    givers: u64,
    /// Height below the parameters, and form, of each open block that was reached.
    blocks: Vec<(u32, Form)>,
}

/// Lists that are used again for the next function.
#[derive(Default)]
pub(in super::super) struct Lists {
    calls: Vec<(u32, Call)>,
    types: Vec<(u32, Call)>,
    blocks: Vec<(u32, Form)>,
}

/// Of the operand stack. Two numbers, because it travels through the loop over all operators: more
/// would do so in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Height {
    now: u32,
    greatest: u32,
}

impl Height {
    #[inline]
    fn step(&mut self, pops: u32, pushes: u32) {
        self.rise_to(self.now.saturating_sub(pops).saturating_add(pushes));
    }

    #[inline]
    fn rise_to(&mut self, height: u32) {
        self.now = height;
        self.greatest = self.greatest.max(height);
    }
}

/// Words that each function takes besides what is counted.
const FRAME: u64 = 8;
/// So many instructions take a word.
pub(in super::super) const INSTRUCTIONS: u64 = 16;

impl Notes {
    /// At the beginning of the code of a function of type `ty`, whose body stands in `range`. The lists
    /// come back from [`Notes::finish`].
    pub(in super::super) fn new(
        lists: &mut Lists,
        context: &Context<'_>,
        ty: u32,
        range: Range<usize>,
        code: usize,
        globals: Option<Globals>,
    ) -> Self {
        let form = Form { params: 0, ..context.sections.types.form(ty) };
        let Lists { calls, types, blocks } = std::mem::take(lists);
        let mut notes = Self { calls, types, blocks, body: (ty, range), ..Self::default() };
        notes.blocks.push((0, form));
        if let Some(globals) = globals
            && Sequence::default().global_get(globals.stack).stands_in(context.module, code)
            && Site::begin(context, code, globals).is_none()
        {
            notes.count(context, code, globals);
        }
        notes
    }

    /// Begins to be a counted function at `start`.
    fn count(&mut self, context: &Context<'_>, start: usize, globals: Globals) {
        self.begins = true;
        let (ty, range) = self.body.clone();
        match Walk::begin(context, ty, range, start, globals) {
            Ok(walk) => {
                self.counter = Some(walk.local());
                self.walk = Some(Box::new(walk));
            }
            Err(broken) => self.broken = Some(broken),
        }
    }

    /// Whether the operator at `at`, which is reached, stands behind a guard: before it is a block
    /// that is in no other, nothing was called, nothing can be caught, and the counter not touched.
    fn is_guarded(&self, at: usize) -> bool {
        let calls = !self.calls.is_empty() || !self.types.is_empty();
        let is_first = !self.begins && self.uses.is_none() && !self.catches && !calls;
        is_first && self.blocks.len() == 1 && self.ended == Some(at)
    }

    /// Words, as the cost model counts them.
    #[cfg(test)]
    pub(in super::super) fn words(&self) -> u64 {
        self.words
    }

    /// The next operator, which ends before `next`, and whether it and what follows it can be reached.
    /// Gives the height after it.
    #[inline]
    pub(in super::super) fn operator(
        &mut self,
        context: &Context<'_>,
        found: &Operator,
        next: usize,
        globals: Option<Globals>,
        reached: [bool; 2],
        mut height: Height,
    ) -> Height {
        let shape = found.shape;
        if shape.sets & (NOTED | LEAVES | BRANCHES) != 0 {
            let height = self.note(context, *found, next, globals, reached, height);
            if self.walk.is_some() {
                self.walk(context, *found, next);
            }
            return height;
        }
        if reached[0] {
            height.step(u32::from(shape.pops), u32::from(shape.pushes));
        }
        if Some(found.first) == self.counter {
            self.walk(context, *found, next);
        }
        height
    }

    #[inline(never)]
    fn walk(&mut self, context: &Context<'_>, found: Operator, next: usize) {
        if let Some(walk) = &mut self.walk
            && let Err(broken) = walk.operator(context, &found, next)
        {
            self.broken = Some(broken);
            self.walk = None;
        }
    }

    /// At the end of the function: `others` are the words for its parameters and locals and for its
    /// length, and `has_vectors` says whether a vector is among those.
    pub(in super::super) fn finish(
        &mut self,
        lists: &mut Lists,
        ty: &Entry,
        others: u64,
        has_vectors: bool,
        sets: u8,
        height: Height,
    ) {
        let is_wide = has_vectors || ty.has_vectors || sets & VECTOR != 0;
        let height = u64::from(height.greatest) << u32::from(is_wide);
        self.words =
            others.saturating_add(height).saturating_add(self.givers).saturating_add(FRAME);
        lists.calls = settle(&mut self.calls);
        lists.types = settle(&mut self.types);
        self.references.sort_unstable();
        self.references.dedup();
        lists.blocks = std::mem::take(&mut self.blocks);
        lists.blocks.clear();
        self.stray();
        if let Some(walk) = self.walk.take() {
            self.counts = Some(walk.words());
        }
    }

    #[inline(never)]
    fn note(
        &mut self,
        context: &Context<'_>,
        found: Operator,
        next: usize,
        globals: Option<Globals>,
        [was_reached, is_reached]: [bool; 2],
        mut height: Height,
    ) -> Height {
        let first = found.first;
        self.givers += u64::from(matches!(found.code, code::GLOBAL_GET | code::VECTOR_CONST));
        match found.code {
            code::BLOCK | code::LOOP | code::IF | code::TRY_TABLE => {
                self.catches |= found.code == code::TRY_TABLE && first > 0;
                if was_reached {
                    self.begin(&found, &mut height);
                }
                return height;
            }
            code::ELSE | code::END => {
                if is_reached {
                    self.leave(&found, &mut height);
                }
                return height;
            }
            code::CALL => {
                let call = self.call(context, found.at, next);
                self.calls.push((first, call));
            }
            code::CALL_INDIRECT | code::CALL_REF => {
                let call = self.call(context, found.at, next);
                self.types.push((first, call));
            }
            code::RETURN_CALL => self.calls.push((first, Call::Tail)),
            code::RETURN_CALL_INDIRECT | code::RETURN_CALL_REF => {
                self.types.push((first, Call::Tail));
            }
            code::GLOBAL_GET | code::GLOBAL_SET => {
                if let Some(globals) = globals
                    && [globals.stack, globals.trap].contains(&first)
                    && found.at >= self.passed
                {
                    let reads = found.code == code::GLOBAL_GET && first == globals.stack;
                    self.global(context, found.at, globals, reads, was_reached);
                }
            }
            code::REF_FUNC => self.references.push(first),
            _ => {}
        }
        if was_reached {
            let effect = effect(&found, context.sections);
            height.step(effect.params, effect.results);
        }
        height
    }

    /// A call at `at`, no tail call, that ends before `next`.
    fn call(&mut self, context: &Context<'_>, at: usize, next: usize) -> Call {
        let Some(site) = self.site.take_if(|site| site.call == at) else { return Call::Nested };
        match site.end(context, next) {
            Some(end) => {
                self.passed = end;
                Call::Counted(site.words)
            }
            None => {
                self.uses.get_or_insert(site.at);
                Call::Nested
            }
        }
    }

    /// A use of one of the globals, which `reads` the counter or not.
    fn global(
        &mut self,
        context: &Context<'_>,
        at: usize,
        globals: Globals,
        reads: bool,
        is_reached: bool,
    ) {
        self.stray();
        if reads
            && !self.begins
            && let Some(site) = Site::begin(context, at, globals)
        {
            self.passed = site.call;
            self.site = Some(site);
            return;
        }
        if reads && is_reached && self.is_guarded(at) {
            self.waits = true;
            self.count(context, at, globals);
        }
        self.uses.get_or_insert(at);
    }

    /// What stood before a counted call was followed by no call.
    fn stray(&mut self) {
        if let Some(site) = self.site.take() {
            self.uses.get_or_insert(site.at);
        }
    }

    fn begin(&mut self, found: &Operator, height: &mut Height) {
        height.step(u32::from(found.shape.pops), 0);
        let base = height.now.saturating_sub(found.form.params);
        self.blocks.push((base, found.form));
    }

    /// An `else` or `end` of a block that was reached.
    fn leave(&mut self, found: &Operator, height: &mut Height) {
        if found.code == code::ELSE {
            let last = self.blocks.last();
            height.now = last.map_or(0, |(base, form)| base.saturating_add(form.params));
        } else if let Some((base, form)) = self.blocks.pop() {
            height.rise_to(base.saturating_add(form.results));
            self.ended = (self.blocks.len() == 1).then(|| found.at.saturating_add(1));
        }
    }
}

/// Makes a list of calls one in order, with each once and no more room than it needs. Gives back the list
/// that had the room, empty.
fn settle(list: &mut Vec<(u32, Call)>) -> Vec<(u32, Call)> {
    list.sort_unstable();
    list.dedup();
    let mut room = std::mem::take(list);
    list.extend_from_slice(&room);
    room.clear();
    room
}
