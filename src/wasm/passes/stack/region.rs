//! Functions that can all reach each other: which of them count, so that no circle of calls goes
//! without, and what those carry for the others.

use super::graph::{Graph, UNSEEN};
use super::walk::Walk;

/// Words that a counted function carries for others at most, and so many words alone are reason
/// enough to count: what is carried is taken on every path, however light.
const CARRIED: u64 = 128;

/// A region of the graph, and what is decided about it.
pub(super) struct Region<'g> {
    graph: &'g Graph,
    walks: &'g [Walk],
    members: &'g [u32],
    /// The place of each node of the graph in `members`; of others, anything.
    place: &'g [u32],
    component_of: &'g [u32],
    /// For each member, whether it is counted.
    pub(super) counted: Vec<bool>,
    /// For each member that is not counted, the words of the heaviest path from it through others.
    pub(super) path: Vec<u64>,
}

impl<'g> Region<'g> {
    /// Decides about a region with a circle of calls that are not all tail calls.
    pub(super) fn decide(
        graph: &'g Graph,
        walks: &'g [Walk],
        members: &'g [u32],
        place: &'g [u32],
        component_of: &'g [u32],
    ) -> Self {
        let (counted, path) = (vec![false; members.len()], vec![0; members.len()]);
        let mut region = Self { graph, walks, members, place, component_of, counted, path };
        for at in 0..members.len() {
            let catches = region.walk(at).is_some_and(|walk| walk.catches);
            region.counted[at] = catches;
        }
        region.hubs();
        region.circles();
        region.paths();
        region
    }

    /// The greatest of the paths that begin at what member `at` calls: what it carries.
    pub(super) fn carried(&self, at: usize) -> u64 {
        let paths = self.inside(at).map(|to| if self.counted[to] { 0 } else { self.path[to] });
        paths.max().unwrap_or_default()
    }

    fn node(&self, at: usize) -> u32 {
        self.members.get(at).copied().unwrap_or(UNSEEN)
    }

    /// The function that member `at` is, if it is one.
    fn walk(&self, at: usize) -> Option<&'g Walk> {
        self.graph.own(self.node(at)).and_then(|own| self.walks.get(own))
    }

    /// The members to which calls of member `at` lead.
    fn inside(&self, at: usize) -> impl Iterator<Item = usize> {
        let component = |node: u32| self.component_of.get(node as usize);
        let own = component(self.node(at));
        let edges = self.graph.edges(self.node(at)).iter();
        edges
            .filter(move |(to, _)| component(*to) == own)
            .filter_map(|(to, _)| self.place.get(*to as usize).map(|place| *place as usize))
    }

    /// No circle goes through a hub: either who calls by that type is counted, or who is called,
    /// whichever are fewer.
    fn hubs(&mut self) {
        let mut hubs: Vec<usize> =
            (0..self.members.len()).filter(|at| self.walk(*at).is_none()).collect();
        // A type comes after its supertype.
        hubs.sort_unstable_by_key(|at| self.node(*at));
        let mut callers = vec![0_usize; self.members.len()];
        let mut targets = vec![0_usize; self.members.len()];
        for at in (0..self.members.len()).filter(|at| self.walk(*at).is_some()) {
            self.inside(at).for_each(|to| callers[to] += 1);
        }
        for at in hubs.iter().rev() {
            let below = |to| if self.walk(to).is_some() { 1 } else { targets[to] };
            targets[*at] = self.inside(*at).map(below).sum();
        }
        let mut by_targets = vec![false; self.members.len()];
        for at in hubs {
            by_targets[at] |= targets[at] < callers[at];
            if by_targets[at] {
                for to in self.inside(at).collect::<Vec<_>>() {
                    by_targets[to] = true;
                    self.counted[to] |= self.walk(to).is_some();
                }
            }
        }
        for at in 0..self.members.len() {
            let by_type = self.inside(at).any(|to| self.walk(to).is_none() && !by_targets[to]);
            self.counted[at] |= by_type && self.walk(at).is_some();
        }
    }

    /// No circle of direct calls goes without.
    fn circles(&mut self) {
        let mut order = Order::new(self.members.len());
        for root in 0..self.members.len() {
            order.visit(root, self, |region, at| region.counted[at] || region.walk(at).is_none());
        }
    }

    /// Of the two functions where a circle closes, the larger counts.
    fn close(&mut self, from: usize, to: usize) {
        let size = |at| self.walk(at).map_or(0, |walk| walk.size.instructions);
        let larger = if size(from) > size(to) { from } else { to };
        self.counted[larger] = true;
    }

    /// Weighs the paths that are left, callees first; who would make one too heavy counts.
    fn paths(&mut self) {
        let mut order = Order::new(self.members.len());
        for root in 0..self.members.len() {
            order.visit(root, self, |region, at| region.counted[at]);
        }
        for at in order.done {
            let whole = self.carried(at) + self.walk(at).map_or(0, |walk| walk.size.words());
            self.counted[at] = self.walk(at).is_some() && whole > CARRIED;
            self.path[at] = if self.counted[at] { 0 } else { whole };
        }
    }
}

/// A search in depth first order, with a stack of its own.
struct Order {
    seen: Vec<bool>,
    open: Vec<bool>,
    path: Vec<(usize, usize)>,
    /// Members in the order in which everything below them had been seen.
    done: Vec<usize>,
}

impl Order {
    fn new(members: usize) -> Self {
        let (seen, open) = (vec![false; members], vec![false; members]);
        Self { seen, open, path: Vec::new(), done: Vec::new() }
    }

    /// Visits what can be reached from `root` without what is skipped, and opens the circles that it
    /// finds.
    fn visit(
        &mut self,
        root: usize,
        region: &mut Region<'_>,
        skips: fn(&Region<'_>, usize) -> bool,
    ) {
        if self.seen[root] || skips(region, root) {
            return;
        }
        self.enter(root);
        while let Some((at, next)) = self.path.last_mut() {
            let at = *at;
            let edge = region.graph.edges(region.node(at)).get(*next).map(|(to, _)| *to);
            *next += 1;
            let Some(to) = edge.filter(|_| !skips(region, at)) else {
                self.path.pop();
                self.open[at] = false;
                self.done.push(at);
                continue;
            };
            let component = |node: u32| region.component_of.get(node as usize);
            if component(to) != component(region.node(at)) {
                continue;
            }
            let Some(to) = region.place.get(to as usize).map(|place| *place as usize) else {
                continue;
            };
            if skips(region, to) {
                continue;
            }
            if self.open[to] {
                region.close(at, to);
            } else if !self.seen[to] {
                self.enter(to);
            }
        }
    }

    fn enter(&mut self, at: usize) {
        self.seen[at] = true;
        self.open[at] = true;
        self.path.push((at, 0));
    }
}
