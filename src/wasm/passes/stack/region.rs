//! Functions that can all reach each other: which of them count, or have calls that do, so that no
//! circle of calls goes without, and what is carried for the others.

use super::graph::{Graph, UNSEEN};
use super::instrument::with_calls;
use super::odds::SURE;
use super::walk::{Site, Walk};

/// Words that a counted function carries for others at most, and so many words alone are reason
/// enough to count. More are counted less often, and leave fewer calls to nest: what is carried is
/// taken on every path, however light.
const CARRIED: u64 = 1536;

/// A function with more calls that would be counted counts itself: around each is nearly as much code
/// as a function needs to do so.
const CALLS: usize = 10;
/// A function counts itself unless the calls that would be counted are likely made that much less
/// often: three times, for four that it would count.
const LESS: (u64, u64) = (3, 4);

/// Where words are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Nothing,
    /// The function counts its words where it begins.
    Itself,
    /// Each of its calls inside of the region that leads to something not counted is counted.
    Calls,
}

/// A region of the graph, and what is decided about it.
pub(super) struct Region<'g> {
    graph: &'g Graph,
    walks: &'g [Walk],
    members: &'g [u32],
    /// The place of each node of the graph in `members`; of others, anything.
    place: &'g [u32],
    component_of: &'g [u32],
    /// For each member, what counts there.
    pub(super) counts: Vec<Counts>,
    /// For each member that does not count itself, the words of the heaviest path from it along which
    /// nothing is counted.
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
        let (counts, path) = (vec![Counts::Nothing; members.len()], vec![0; members.len()]);
        let mut region = Self { graph, walks, members, place, component_of, counts, path };
        for at in 0..members.len() {
            if region.walk(at).is_some_and(|walk| walk.catches) {
                region.counts[at] = Counts::Itself;
            }
        }
        region.hubs();
        region.circles();
        for at in 0..members.len() {
            if region.counts[at] == Counts::Itself {
                region.count(at);
            }
        }
        region.paths();
        region
    }

    /// The greatest of the paths that begin at what member `at` calls: what it carries, if it counts
    /// itself or nothing.
    pub(super) fn carried(&self, at: usize) -> u64 {
        self.inside(at).map(|to| self.path[to]).max().unwrap_or_default()
    }

    /// The calls of member `at` that are counted, and the words that each carries.
    pub(super) fn calls(&self, at: usize) -> Vec<(Site, u64)> {
        let path = |site: &Site| self.here(site.node).map_or(0, |to| self.path[to]);
        let calls = self.sites(at).map(|site| (*site, path(site)));
        calls.filter(|(_, words)| *words > 0).collect()
    }

    /// The calls of member `at` that come back and stay in the region.
    fn sites(&self, at: usize) -> impl Iterator<Item = &'g Site> {
        let sites = self.walk(at).map_or(&[][..], |walk| &walk.sites);
        sites.iter().filter(|site| self.here(site.node).is_some())
    }

    /// The member that `node` is, if it is one.
    fn here(&self, node: u32) -> Option<usize> {
        let component = |node: u32| self.component_of.get(node as usize);
        let place = self.place.get(node as usize)?;
        (component(node) == component(self.node(0))).then_some(*place as usize)
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
        let edges = self.graph.edges(self.node(at)).iter();
        edges.filter_map(|(to, _)| self.here(*to))
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
                    if self.walk(to).is_some() {
                        self.counts[to] = Counts::Itself;
                    }
                }
            }
        }
        for at in 0..self.members.len() {
            let by_type = self.inside(at).any(|to| self.walk(to).is_none() && !by_targets[to]);
            if by_type && self.walk(at).is_some() {
                self.counts[at] = Counts::Itself;
            }
        }
    }

    /// No circle of direct calls goes without.
    fn circles(&mut self) {
        let mut order = Order::new(self.members.len());
        for root in 0..self.members.len() {
            order.visit(root, self, |region, at| {
                region.counts[at] == Counts::Itself || region.walk(at).is_none()
            });
        }
    }

    /// Of the two functions where a circle closes, the larger counts.
    fn close(&mut self, from: usize, to: usize) {
        let size = |at| self.walk(at).map_or(0, |walk| walk.size.instructions);
        let larger = if size(from) > size(to) { from } else { to };
        self.counts[larger] = Counts::Itself;
    }

    /// Member `at` has to count: itself, unless counting its calls instead is likely to cost less. A
    /// function that catches knows only by a counter of its own what is left after that, and one that
    /// ends in a tail call has no place behind it.
    fn count(&mut self, at: usize) {
        let Some(walk) = self.walk(at) else { return };
        let calls = self.sites(at).count() as u64;
        let is_light = with_calls(walk.size, calls).words() <= CARRIED;
        // What is called and counts itself needs nothing from who calls it; `at` would not.
        let is_free = |to: usize| to != at && self.counts[to] == Counts::Itself;
        let counted = || self.sites(at).filter(|site| !self.here(site.node).is_some_and(is_free));
        let odds: u64 = counted().map(|site| u64::from(site.odds)).sum();
        let own = walk.guard.map_or(SURE, |guard| guard.odds);
        let is_seldom = odds * LESS.1 <= u64::from(own) * LESS.0 && counted().count() <= CALLS;
        let by_calls = !walk.catches && !walk.tails && is_light && is_seldom;
        self.counts[at] = if by_calls { Counts::Calls } else { Counts::Itself };
    }

    /// Weighs the paths that are left, callees first; who would make one too heavy counts.
    fn paths(&mut self) {
        let mut order = Order::new(self.members.len());
        for root in 0..self.members.len() {
            order.visit(root, self, |region, at| region.counts[at] == Counts::Itself);
        }
        for at in order.done {
            let Some(walk) = self.walk(at) else {
                self.path[at] = self.carried(at);
                continue;
            };
            let whole = self.carried(at) + walk.size.words();
            if self.counts[at] == Counts::Nothing && whole > CARRIED {
                self.count(at);
            }
            self.path[at] = match self.counts[at] {
                Counts::Nothing => whole,
                Counts::Itself => 0,
                Counts::Calls => with_calls(walk.size, self.sites(at).count() as u64).words(),
            };
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
            let goes_on = !skips(region, at) && region.counts[at] != Counts::Calls;
            let Some(to) = edge.filter(|_| goes_on) else {
                self.path.pop();
                self.open[at] = false;
                self.done.push(at);
                continue;
            };
            let Some(to) = region.here(to).filter(|to| !skips(region, *to)) else { continue };
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
