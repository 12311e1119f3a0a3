//! Who calls whom, and which functions have to be counted for it.

use super::super::super::layout::Layout;
use super::region::{Counts, Region};
use super::walk::{Site, Walk, hub};
use crate::profile::UNCOUNTED_WORDS;
use std::collections::BTreeSet;

/// The graph of calls. Its nodes are the functions, by index, and after them a *hub* for each type:
/// a call by type leads to the hub, and from there to the hubs of its subtypes and to the functions
/// that can be referenced. So the graph is no larger than the module.
pub(super) struct Graph {
    imported: usize,
    functions: usize,
    /// Where the edges of each node begin, and after the last one end.
    starts: Vec<usize>,
    /// Target, and whether the call is a tail call.
    edges: Vec<(u32, bool)>,
}

/// What was decided about a function.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    /// It counts its words.
    pub(super) counted: bool,
    /// Its calls that are counted instead, in the order of the text, and the words of each.
    pub(super) calls: Vec<(Site, u64)>,
    /// One that counts, or has calls that do, can be reached by its calls.
    pub(super) reaches: bool,
    /// Words that it counts for functions of its region that do not.
    pub(super) carried: u64,
    /// Words on the worst path from here that nobody counts or carries.
    uncounted: u64,
}

/// No node.
pub(super) const UNSEEN: u32 = u32::MAX;

impl Graph {
    /// The graph of a module of which the functions in `referenced` can be called by type.
    pub(super) fn of(layout: &Layout<'_>, walks: &[Walk], referenced: &BTreeSet<u32>) -> Self {
        let (imported, functions) = (layout.imported_functions as usize, layout.functions.len());
        let mut inside: Vec<(u32, u32)> = Vec::new();
        for function in referenced {
            if let Some(ty) = layout.functions.get(*function as usize) {
                inside.push((hub(layout, *ty), *function));
            }
        }
        for (ty, sub) in (0_u32..).zip(&layout.types) {
            if let Some(above) = sub.supertype_idx.and_then(|index| index.as_module_index()) {
                inside.push((hub(layout, above), hub(layout, ty)));
            }
        }
        inside.sort_unstable();

        let mut graph = Self { imported, functions, starts: Vec::new(), edges: Vec::new() };
        graph.starts.resize(imported.saturating_add(1), 0);
        for walk in walks {
            graph.edges.extend_from_slice(&walk.calls);
            graph.starts.push(graph.edges.len());
        }
        let mut inside = inside.into_iter().peekable();
        for (node, _) in (functions..).zip(&layout.types) {
            while let Some((_, target)) = inside.next_if(|(hub, _)| *hub as usize == node) {
                graph.edges.push((target, true));
            }
            graph.starts.push(graph.edges.len());
        }
        graph
    }

    /// Which of the module's own functions `node` is, if it is one.
    pub(super) fn own(&self, node: u32) -> Option<usize> {
        let at = node as usize;
        at.checked_sub(self.imported).filter(|_| at < self.functions)
    }

    /// Whom `node` calls, and whether by a tail call.
    pub(super) fn edges(&self, node: u32) -> &[(u32, bool)] {
        let at = node as usize;
        match (self.starts.get(at), self.starts.get(at.saturating_add(1))) {
            (Some(from), Some(to)) => self.edges.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }

    /// What each of the module's own functions has to do.
    pub(super) fn verdicts(&self, walks: &[Walk]) -> Vec<Verdict> {
        let nodes = self.starts.len().saturating_sub(1);
        let mut verdicts = vec![Verdict::default(); nodes];
        let mut place = vec![UNSEEN; nodes];
        self.components(nodes, |members, component_of| {
            for (at, member) in (0_u32..).zip(members) {
                set(&mut place, *member, at);
            }
            self.judge(members, &place, component_of, walks, &mut verdicts);
        });
        verdicts.truncate(self.functions);
        verdicts.split_off(self.imported.min(verdicts.len()))
    }

    /// Decides about a region (functions that can all reach each other, or one alone), when all
    /// others that they call are decided.
    fn judge(
        &self,
        members: &[u32],
        place: &[u32],
        component_of: &[u32],
        walks: &[Walk],
        verdicts: &mut [Verdict],
    ) {
        let component = |node: u32| component_of.get(node as usize);
        let (mut is_recursive, mut reaches, mut catches) = (false, false, false);
        let (mut own, mut below) = (0, 0);
        for member in members {
            for (target, is_tail) in self.edges(*member) {
                if component(*target) == component(*member) {
                    is_recursive |= !is_tail;
                } else if let Some(verdict) = verdicts.get(*target as usize) {
                    reaches |= verdict.counted || verdict.reaches;
                    below = below.max(verdict.uncounted);
                }
            }
            if let Some(walk) = self.own(*member).and_then(|own| walks.get(own)) {
                catches |= walk.catches;
                own = own.max(walk.size.words());
            }
        }
        let region =
            is_recursive.then(|| Region::decide(self, walks, members, place, component_of));
        let heaviest = match &region {
            Some(region) => region.path.iter().copied().max().unwrap_or_default(),
            None => own,
        };
        let whole = heaviest + below;
        let all = (region.is_none() && catches && reaches)
            || (heaviest > 0 && whole > u64::from(UNCOUNTED_WORDS));
        for (at, member) in members.iter().enumerate() {
            let mut verdict = Verdict {
                counted: all,
                reaches: reaches || is_recursive,
                uncounted: if all { below } else { whole },
                ..Verdict::default()
            };
            match region.as_ref().filter(|_| !all).map(|region| (region, region.counts[at])) {
                None | Some((_, Counts::Nothing)) => {}
                Some((region, Counts::Calls)) => verdict.calls = region.calls(at),
                Some((region, Counts::Itself)) => {
                    verdict.counted = true;
                    verdict.carried = region.carried(at);
                }
            }
            if let Some(slot) = verdicts.get_mut(*member as usize) {
                *slot = verdict;
            }
        }
    }

    /// Gives the strongly connected components to `found`, callees first (Tarjan's algorithm with a
    /// stack of its own), each with the component of every node that has one already.
    fn components(&self, nodes: usize, mut found: impl FnMut(&[u32], &[u32])) {
        let mut order = vec![UNSEEN; nodes];
        let mut lowest = vec![UNSEEN; nodes];
        let mut component_of = vec![UNSEEN; nodes];
        let (mut seen, mut components) = (0_u32, 0_u32);
        let mut open: Vec<u32> = Vec::new();
        let mut path: Vec<(u32, usize)> = Vec::new();
        for root in 0..u32::try_from(nodes).unwrap_or(UNSEEN) {
            if order.get(root as usize) != Some(&UNSEEN) {
                continue;
            }
            path.push((root, 0));
            while let Some((node, next)) = path.last_mut() {
                let (node, at) = (*node, *next);
                *next += 1;
                if at == 0 {
                    set(&mut order, node, seen);
                    set(&mut lowest, node, seen);
                    seen += 1;
                    open.push(node);
                }
                if let Some((target, _)) = self.edges(node).get(at) {
                    if get(&order, *target) == UNSEEN {
                        path.push((*target, 0));
                    } else if get(&component_of, *target) == UNSEEN {
                        let low = get(&lowest, node).min(get(&order, *target));
                        set(&mut lowest, node, low);
                    }
                    continue;
                }
                path.pop();
                if let Some((caller, _)) = path.last() {
                    let low = get(&lowest, *caller).min(get(&lowest, node));
                    set(&mut lowest, *caller, low);
                }
                if get(&lowest, node) == get(&order, node) {
                    let from = open.iter().rposition(|other| *other == node).unwrap_or_default();
                    let members = open.split_off(from);
                    for member in &members {
                        set(&mut component_of, *member, components);
                    }
                    components += 1;
                    found(&members, &component_of);
                }
            }
        }
    }
}

fn get(list: &[u32], node: u32) -> u32 {
    list.get(node as usize).copied().unwrap_or(UNSEEN)
}

fn set(list: &mut [u32], node: u32, value: u32) {
    if let Some(slot) = list.get_mut(node as usize) {
        *slot = value;
    }
}
