//! stack (spec/portable.md): calls that can nest without end count how deep they are.
//!
//! [`Notes`] are taken while the code is read. Here, the calls become a [`Graph`]; counted functions
//! and entries are held to their exact form, and all others to what they may do.

mod counted;
mod entry;
mod graph;
mod notes;
mod sequence;
mod site;
#[cfg(test)]
mod tests;

pub(super) use notes::{Globals, Height, INSTRUCTIONS, Lists, Notes};

use super::super::Error;
use super::super::module::Module;
use super::code::Code;
use super::context::Context;
use super::sections::Sections;
use crate::profile::Pass;
use graph::{Call, Components, Graph};
use sequence::Sequence;
use wasmparser::ExternalKind;

/// Words that functions on one path may have without being counted.
const UNCOUNTED_WORDS: u64 = 262_144;
/// Words that a function has at most which may be left before it counts them.
const GUARDED_WORDS: u64 = 1024;
/// Names under which this pass exports.
const STACK: &str = "provenact:stack";
const TRAP: &str = "provenact:trap";
const RESERVED: &str = "provenact:";

/// What a module does that the rules forbid, and where.
pub(super) type Broken = Box<Error>;

fn broken(at: usize, what: impl Into<String>) -> Broken {
    let (offset, pass) = (at as u64, Pass::Stack);
    Box::new(Error::NotPortable { offset, pass, what: what.into() })
}

impl From<wasmparser::Error> for Broken {
    fn from(error: wasmparser::Error) -> Self {
        Self::new(error.into())
    }
}

/// The two globals, as far as the exports have them, of a module with so many words.
pub(super) fn globals(module: &Module, limit: u32) -> Option<Globals> {
    let find = |name| {
        let mut exports = module.facts.exports.iter();
        let export = exports.find(|export| export.name == name)?;
        (export.kind == ExternalKind::Global).then_some(export.index)
    };
    Some(Globals { stack: find(STACK)?, trap: find(TRAP)?, limit })
}

/// Holds a canonical module to the rules; its globals are those that the notes were taken with.
///
/// # Errors
/// [`Error::NotPortable`] with a place that breaks one.
pub(super) fn check(
    module: &Module,
    context: &Context<'_>,
    code: &Code,
    globals: Option<Globals>,
) -> Result<(), Error> {
    Rules::new(module, context, code, globals)
        .and_then(|rules| rules.check())
        .map_err(|broken| *broken)
}

/// What a function of the module's own is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Import,
    Plain,
    Counted,
    Entry,
}

struct Rules<'r, 'a> {
    module: &'r Module,
    context: &'r Context<'a>,
    code: &'r Code,
    graph: Graph,
    components: Components,
    /// By function index.
    kinds: Vec<Kind>,
}

impl<'r, 'a> Rules<'r, 'a> {
    fn new(
        module: &'r Module,
        context: &'r Context<'a>,
        code: &'r Code,
        globals: Option<Globals>,
    ) -> Result<Self, Broken> {
        exports(module, context.sections, globals)?;
        let referenced = referenced(context.sections, code);
        let edges = edges(context, code, &referenced);
        let nodes = context.sections.functions.len().saturating_add(context.types.len());
        let graph = Graph::new(nodes, &edges);
        let components = graph.components();
        let kinds = kinds(module, context, code, globals, &referenced);
        Ok(Self { module, context, code, graph, components, kinds })
    }

    fn check(&self) -> Result<(), Broken> {
        self.forms()?;
        let paths = self.recursion()?;
        self.carried(&paths)?;
        self.calls(&paths)?;
        self.counted_below()?;
        self.depth(&paths)
    }

    /// stack-1 to stack-4: what uses the globals is as it must be.
    fn forms(&self) -> Result<(), Broken> {
        for at in 0..self.code.functions.len() {
            let Some(notes) = self.notes(at) else { continue };
            match (self.kind(self.index(at)), &notes.broken, notes.uses) {
                (Kind::Counted, Some(broken), _) => return Err(broken.clone()),
                (Kind::Plain, _, Some(at)) => {
                    let what = "a function that is not counted uses the counter or the trap code";
                    return Err(broken(at, what));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// stack-6. Gives the greatest weight of a path from each node that stays in its region and on
    /// which nothing is counted.
    fn recursion(&self) -> Result<Vec<u64>, Broken> {
        let is_counted = |node: usize| self.kind(node) == Kind::Counted;
        let uncounted = self.graph.uncounted(&self.components, |node| !is_counted(node));
        let circles = uncounted.components();
        let wrong = |at: &usize| circles.is_recursive(self.index(*at));
        if let Some(at) = (0..self.code.functions.len()).find(wrong) {
            return Err(self.about(at, "can call itself, and nothing on the way is counted"));
        }
        let words = |node: usize| match self.kind(node) {
            Kind::Plain => {
                self.own(node).and_then(|at| self.notes(at)).map_or(0, |notes| notes.words)
            }
            _ => 0,
        };
        Ok(uncounted.deepest(&circles, words))
    }

    /// stack-2 and stack-10: a counted function counts for those that are not and lie between it and another.
    fn carried(&self, paths: &[u64]) -> Result<(), Broken> {
        for at in 0..self.code.functions.len() {
            let (index, notes) = (self.index(at), self.notes(at));
            let counts = notes.and_then(|notes| notes.counts.map(|counts| (notes.words, counts)));
            let Some((words, counts)) = counts.filter(|_| self.kind(index) == Kind::Counted) else {
                continue;
            };
            if notes.is_some_and(|notes| notes.waits) && words > GUARDED_WORDS {
                let what = format!(
                    "can be left before it counts its {words} words; the limit is {GUARDED_WORDS}"
                );
                return Err(self.about(at, &what));
            }
            let inside = self.graph.neighbours(index, &self.components);
            let called = inside.filter(|node| self.kind(*node) != Kind::Counted);
            let carried = called.filter_map(|node| paths.get(node).copied()).max();
            let needed = words.saturating_add(carried.unwrap_or_default());
            if u64::from(counts) < needed {
                let what = format!("counts {counts} words and has, with what it carries, {needed}");
                return Err(self.about(at, &what));
            }
        }
        Ok(())
    }

    /// stack-11: a counted call stays in its region, and counts for those that are not counted and lie
    /// between it and the next that is.
    fn calls(&self, paths: &[u64]) -> Result<(), Broken> {
        for at in 0..self.code.functions.len() {
            let index = self.index(at);
            for (to, words) in self.graph.counted_calls(index) {
                if !self.components.has_both(index, to) {
                    return Err(self.about(at, "counts a call that cannot come back to it"));
                }
                let needed = paths.get(to).copied().unwrap_or_default();
                if u64::from(words) < needed {
                    let what = format!("counts {words} words for a call that carries {needed}");
                    return Err(self.about(at, &what));
                }
            }
        }
        Ok(())
    }

    /// stack-5 and stack-8: from where counted functions and calls can be reached.
    fn counted_below(&self) -> Result<(), Broken> {
        let counts = |node: usize| {
            self.kind(node) == Kind::Counted || self.graph.counted_calls(node).next().is_some()
        };
        let reaches = self.graph.reaches(&self.components, counts);
        let reaches = |index: usize| reaches.get(index).copied().unwrap_or_default();
        for export in &self.module.facts.exports {
            let index = export.index as usize;
            let is_function = export.kind == ExternalKind::Func;
            let is_own = !matches!(self.kind(index), Kind::Import | Kind::Entry);
            if is_function && is_own && reaches(index) {
                let at = usize::try_from(export.offset).unwrap_or_default();
                let what = "an exported function can reach a counted one and is no entry";
                return Err(broken(at, what));
            }
        }
        let wrong = |at: &usize| {
            let index = self.index(*at);
            let catches = self.notes(*at).is_some_and(|notes| notes.catches);
            catches && self.kind(index) == Kind::Plain && reaches(index)
        };
        match (0..self.code.functions.len()).find(wrong) {
            None => Ok(()),
            Some(at) => {
                Err(self.about(at, "can catch what a counted function throws and is not counted"))
            }
        }
    }

    /// stack-7.
    fn depth(&self, paths: &[u64]) -> Result<(), Broken> {
        let heaviest = |node: usize| match self.kind(node) {
            Kind::Counted => 0,
            _ => paths.get(node).copied().unwrap_or_default(),
        };
        let depths = self.graph.deepest(&self.components, heaviest);
        let deepest = |at: &usize| depths.get(self.index(*at)).copied().unwrap_or_default();
        let Some(at) = (0..self.code.functions.len()).find(|at| deepest(at) > UNCOUNTED_WORDS)
        else {
            return Ok(());
        };
        let words = deepest(&at);
        let what = format!(
            "begins a path of calls whose functions have {words} words and are not counted; the limit is {UNCOUNTED_WORDS}"
        );
        Err(self.about(at, &what))
    }

    fn about(&self, at: usize, what: &str) -> Broken {
        let start = self.context.body(at).map_or(0, |(_, range)| range.start);
        broken(start, format!("function {} {what}", self.index(at)))
    }

    fn notes(&self, at: usize) -> Option<&Notes> {
        self.code.functions.get(at)?.notes.as_deref()
    }

    /// The index of own function `at`.
    fn index(&self, at: usize) -> usize {
        self.context.sections.imported_functions.saturating_add(at)
    }

    /// Which own function has that index.
    fn own(&self, index: usize) -> Option<usize> {
        index.checked_sub(self.context.sections.imported_functions)
    }

    fn kind(&self, index: usize) -> Kind {
        self.kinds.get(index).copied().unwrap_or(Kind::Import)
    }
}

/// stack-1: both globals or none, of the right form, exported under their names alone, and no other
/// export has a name like theirs.
fn exports(module: &Module, sections: &Sections, globals: Option<Globals>) -> Result<(), Broken> {
    for export in &module.facts.exports {
        let offset = usize::try_from(export.offset).unwrap_or_default();
        let is_global = export.kind == ExternalKind::Global;
        let expected = globals.and_then(|globals| match export.name.as_str() {
            STACK => Some(globals.stack),
            TRAP => Some(globals.trap),
            _ => None,
        });
        if export.name.starts_with(RESERVED) && !(is_global && expected == Some(export.index)) {
            return Err(broken(offset, "an export with a reserved name that is not the counter's"));
        }
        let is_ours = |globals: Globals| [globals.stack, globals.trap].contains(&export.index);
        if is_global && globals.is_some_and(is_ours) && expected.is_none() {
            return Err(broken(
                offset,
                "the counter, or the trap code, is exported under another name",
            ));
        }
    }
    const MUTABLE_I32: [u8; 2] = [0x7f, 0x01];
    const END: [u8; 1] = [0x0b];
    let Some(globals) = globals else { return Ok(()) };
    for (index, value) in [(globals.stack, globals.limit), (globals.trap, 0)] {
        let own = index.checked_sub(sections.imported_globals);
        let global = own.and_then(|own| sections.globals.get(own as usize));
        let Some(global) = global else {
            return Err(broken(0, "the counter, or the trap code, is an imported global"));
        };
        let expected = Sequence::default().plain(&MUTABLE_I32).constant(value).plain(&END);
        if module.bytes().get(global.at..global.end) != Some(expected.bytes()) {
            let what = format!("the global is no mutable i32 that is {value} initially");
            return Err(broken(global.at, what));
        }
    }
    Ok(())
}

/// By function index, whether a segment or an operator makes a reference to the function.
fn referenced(sections: &Sections, code: &Code) -> Vec<bool> {
    let mut referenced = vec![false; sections.functions.len()];
    let notes = code.functions.iter().filter_map(|function| function.notes.as_deref());
    for index in notes.flat_map(|notes| &notes.references).chain(&sections.references) {
        if let Some(slot) = referenced.get_mut(*index as usize) {
            *slot = true;
        }
    }
    referenced
}

/// The edges of the graph. Nodes are functions, and after them types: a call by type leads to the
/// type, and from there to its referenced functions and to the types that have it as supertype.
fn edges(context: &Context<'_>, code: &Code, referenced: &[bool]) -> Vec<(u32, u32, Call)> {
    let functions = &context.sections.functions;
    let own = context.sections.imported_functions..;
    let count = u32::try_from(functions.len()).unwrap_or(u32::MAX);
    let ty = |ty: u32| count.saturating_add(ty);
    let mut edges = Vec::new();
    for (from, function) in own.zip(&code.functions) {
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        let Some(notes) = function.notes.as_deref() else { continue };
        edges.extend(notes.calls.iter().map(|(to, call)| (from, *to, *call)));
        edges.extend(notes.types.iter().map(|(to, call)| (from, ty(*to), *call)));
    }
    for ((of, index), _) in functions.iter().zip(0..).zip(referenced).filter(|(_, is)| **is) {
        edges.push((ty(*of), index, Call::Tail));
    }
    for (sub, index) in context.types.iter().zip(0..) {
        if let Some(supertype) = sub.supertype_idx.and_then(|above| above.as_module_index()) {
            edges.push((ty(supertype), ty(index), Call::Tail));
        }
    }
    edges
}

/// What each function is, by what it looks like from outside and how it begins.
fn kinds(
    module: &Module,
    context: &Context<'_>,
    code: &Code,
    globals: Option<Globals>,
    referenced: &[bool],
) -> Vec<Kind> {
    let mut kinds = vec![Kind::Import; context.sections.functions.len()];
    let mut may_be_entry = vec![false; kinds.len()];
    for export in module.facts.exports.iter().filter(|export| export.kind == ExternalKind::Func) {
        if let Some(slot) = may_be_entry.get_mut(export.index as usize) {
            *slot = true;
        }
    }
    let notes = || code.functions.iter().filter_map(|function| function.notes.as_deref());
    for (called, _) in notes().flat_map(|notes| &notes.calls) {
        if let Some(slot) = may_be_entry.get_mut(*called as usize) {
            *slot = false;
        }
    }
    let own = kinds.iter_mut().zip(may_be_entry.iter().zip(referenced));
    let own = own.skip(context.sections.imported_functions);
    for ((at, notes), (kind, (may_be_entry, is_referenced))) in notes().enumerate().zip(own) {
        let is_entry = notes.begins
            && *may_be_entry
            && !is_referenced
            && globals.is_some_and(|globals| entry::is(context, at, globals));
        *kind = match (is_entry, notes.begins) {
            (true, _) => Kind::Entry,
            (false, true) => Kind::Counted,
            (false, false) => Kind::Plain,
        };
    }
    kinds
}
