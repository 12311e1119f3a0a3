//! Who can call whom, which calls go in circles, and how deep calls can go.

/// A graph of functions and, for calls through tables and references, of types.
#[derive(Debug)]
pub(super) struct Graph {
    /// Where the edges of each node begin, and at last where they end.
    starts: Vec<usize>,
    edges: Vec<Edge>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    to: u32,
    call: Call,
}

/// How an edge leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    /// No frame is left behind: a tail call, or a type that leads to what it stands for.
    Tail,
    /// The caller's frame stays.
    Nested,
    /// The caller's frame stays, and so many words are counted during the call.
    Counted(u32),
}

/// The strongly connected components of a graph. A component has a lower number than those from
/// which it can be reached.
#[derive(Debug)]
pub(super) struct Components {
    /// The component of each node.
    of: Vec<u32>,
    /// The nodes, by component.
    members: Vec<u32>,
    count: usize,
    /// Components with an edge inside that keeps the frame.
    circular: Vec<bool>,
}

impl Graph {
    /// `edges` are from, to, and how.
    pub(super) fn new(nodes: usize, edges: &[(u32, u32, Call)]) -> Self {
        let mut starts = vec![0; nodes.saturating_add(1)];
        for (from, _, _) in edges {
            if let Some(count) = starts.get_mut(*from as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut sorted = vec![Edge { to: 0, call: Call::Tail }; edges.len()];
        let mut free = starts.clone();
        for (from, to, call) in edges {
            if let Some(place) = free.get_mut(*from as usize)
                && let Some(slot) = sorted.get_mut(*place)
            {
                *slot = Edge { to: *to, call: *call };
                *place += 1;
            }
        }
        Self { starts, edges: sorted }
    }

    /// The same graph with no other edges than those inside of components, between nodes that are
    /// kept, along which nothing is counted.
    pub(super) fn uncounted(&self, components: &Components, keeps: impl Fn(usize) -> bool) -> Self {
        let mut edges = Vec::new();
        for node in (0..self.nodes()).filter(|node| keeps(*node)) {
            let from = u32::try_from(node).unwrap_or(UNSEEN);
            for edge in self.edges(node) {
                let to = edge.to as usize;
                let stays = at(&components.of, to) == at(&components.of, node);
                if stays && keeps(to) && !matches!(edge.call, Call::Counted(_)) {
                    edges.push((from, edge.to, edge.call));
                }
            }
        }
        Self::new(self.nodes(), &edges)
    }

    /// The nodes to which an edge leads from `node`, in its own component.
    pub(super) fn neighbours(
        &self,
        node: usize,
        components: &Components,
    ) -> impl Iterator<Item = usize> {
        let own = at(&components.of, node);
        let edges = self.edges(node).iter().map(|edge| edge.to as usize);
        edges.filter(move |to| at(&components.of, *to) == own)
    }

    /// The counted calls of `node`: where to, and how many words.
    pub(super) fn counted_calls(&self, node: usize) -> impl Iterator<Item = (usize, u32)> {
        self.edges(node).iter().filter_map(|edge| match edge.call {
            Call::Counted(words) => Some((edge.to as usize, words)),
            Call::Tail | Call::Nested => None,
        })
    }

    fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    fn edges(&self, node: usize) -> &[Edge] {
        let start = self.starts.get(node).copied().unwrap_or_default();
        let end = self.starts.get(node + 1).copied().unwrap_or_default();
        self.edges.get(start..end).unwrap_or_default()
    }

    /// Finds the components (Tarjan's algorithm, with a stack of its own).
    pub(super) fn components(&self) -> Components {
        let mut search = Search::new(self.nodes());
        for root in 0..self.nodes() {
            search.visit(self, root);
        }
        let mut circular = vec![false; search.count];
        for node in 0..self.nodes() {
            let own = at(&search.of, node);
            let stays =
                |edge: &Edge| edge.call != Call::Tail && at(&search.of, edge.to as usize) == own;
            if self.edges(node).iter().any(stays)
                && let Some(circular) = circular.get_mut(own as usize)
            {
                *circular = true;
            }
        }
        let Search { of, closed: members, count, .. } = search;
        Components { of, members, count, circular }
    }

    /// For each node, whether one for which `is_goal` holds can be reached, itself included.
    pub(super) fn reaches(
        &self,
        components: &Components,
        is_goal: impl Fn(usize) -> bool,
    ) -> Vec<bool> {
        let deepest = self.deepest(components, |node| u64::from(is_goal(node)));
        deepest.into_iter().map(|depth| depth > 0).collect()
    }

    /// For each node, the greatest sum of weights over the components of a path from it, where the
    /// greatest weight in a component stands for all.
    pub(super) fn deepest(
        &self,
        components: &Components,
        weight: impl Fn(usize) -> u64,
    ) -> Vec<u64> {
        let mut heaviest = vec![0; components.count];
        for node in 0..self.nodes() {
            let component = at(&components.of, node);
            if let Some(heaviest) = heaviest.get_mut(component as usize) {
                *heaviest = weight(node).max(*heaviest);
            }
        }
        let mut depths = vec![0_u64; components.count];
        // Of lower components, everything is known already.
        let own = |node: &u32| at(&components.of, *node as usize);
        for group in components.members.chunk_by(|one, other| own(one) == own(other)) {
            let Some(own) = group.first().map(own) else { continue };
            let edges = group.iter().flat_map(|node| self.edges(*node as usize));
            let below = edges.filter_map(|edge| {
                let other = at(&components.of, edge.to as usize);
                if other == own { None } else { depths.get(other as usize).copied() }
            });
            let depth = below.max().unwrap_or_default();
            let own_weight = heaviest.get(own as usize).copied().unwrap_or_default();
            if let Some(slot) = depths.get_mut(own as usize) {
                *slot = depth.saturating_add(own_weight);
            }
        }
        let of = components.of.iter();
        of.map(|component| depths.get(*component as usize).copied().unwrap_or_default()).collect()
    }
}

impl Components {
    /// Whether two nodes are in one component.
    pub(super) fn has_both(&self, one: usize, other: usize) -> bool {
        at(&self.of, one) == at(&self.of, other)
    }

    /// Whether the node lies on a circle of calls of which one keeps the frame.
    pub(super) fn is_recursive(&self, node: usize) -> bool {
        let component = at(&self.of, node);
        self.circular.get(component as usize).copied().unwrap_or_default()
    }
}

const UNSEEN: u32 = u32::MAX;

/// The state of the search for components.
struct Search {
    of: Vec<u32>,
    /// The nodes that have one, by component.
    closed: Vec<u32>,
    count: usize,
    /// The order in which nodes were found.
    found: Vec<u32>,
    next: u32,
    /// The earliest node that can be reached from each.
    low: Vec<u32>,
    /// Nodes that are in no component yet.
    open: Vec<u32>,
    /// Nodes whose edges are followed, and how many were.
    path: Vec<(usize, usize)>,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            of: vec![UNSEEN; nodes],
            closed: Vec::with_capacity(nodes),
            count: 0,
            found: vec![UNSEEN; nodes],
            next: 0,
            low: vec![UNSEEN; nodes],
            open: Vec::new(),
            path: Vec::new(),
        }
    }

    fn visit(&mut self, graph: &Graph, root: usize) {
        if at(&self.found, root) != UNSEEN {
            return;
        }
        self.enter(root);
        while let Some((node, followed)) = self.path.last_mut() {
            let node = *node;
            if let Some(edge) = graph.edges(node).get(*followed) {
                *followed += 1;
                let to = edge.to as usize;
                if at(&self.found, to) == UNSEEN {
                    self.enter(to);
                } else if at(&self.of, to) == UNSEEN {
                    self.lower(node, at(&self.found, to));
                }
                continue;
            }
            self.path.pop();
            let low = at(&self.low, node);
            if let Some((before, _)) = self.path.last() {
                self.lower(*before, low);
            }
            if low == at(&self.found, node) {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        for list in [&mut self.found, &mut self.low] {
            if let Some(slot) = list.get_mut(node) {
                *slot = self.next;
            }
        }
        self.next += 1;
        self.open.push(u32::try_from(node).unwrap_or(UNSEEN));
        self.path.push((node, 0));
    }

    fn lower(&mut self, node: usize, low: u32) {
        if let Some(slot) = self.low.get_mut(node) {
            *slot = low.min(*slot);
        }
    }

    fn close(&mut self, root: usize) {
        let number = u32::try_from(self.count).unwrap_or(UNSEEN);
        self.count += 1;
        while let Some(node) = self.open.pop() {
            if let Some(slot) = self.of.get_mut(node as usize) {
                *slot = number;
            }
            self.closed.push(node);
            if node as usize == root {
                break;
            }
        }
    }
}

fn at(list: &[u32], index: usize) -> u32 {
    list.get(index).copied().unwrap_or(UNSEEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_at_any_depth() {
        const LONG: u32 = 200_000;
        let mut edges: Vec<_> = (0..LONG - 1).map(|at| (at, at + 1, Call::Tail)).collect();
        let line = Graph::new(LONG as usize, &edges);
        let components = line.components();
        assert_eq!(components.count, LONG as usize);
        assert_eq!(line.deepest(&components, |_| 1)[0], u64::from(LONG));
        edges.push((LONG - 1, 0, Call::Tail));
        let circle = Graph::new(LONG as usize, &edges);
        let components = circle.components();
        assert_eq!(components.count, 1);
        assert!(!components.is_recursive(7), "a circle of tail calls keeps no frame");
        assert_eq!(circle.deepest(&components, |node| node as u64)[0], u64::from(LONG - 1));
        edges.push((5, 5, Call::Nested));
        let components = Graph::new(LONG as usize, &edges).components();
        assert!(components.is_recursive(7));
    }

    #[test]
    fn paths_through_a_diamond() {
        let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (4, 4)];
        let edges = edges.map(|(from, to)| (from, to, Call::Nested));
        let graph = Graph::new(5, &edges);
        let components = graph.components();
        assert_eq!(
            graph.deepest(&components, |node| [1, 10, 20, 100, 7][node]),
            [121, 110, 120, 100, 7]
        );
        assert_eq!(graph.reaches(&components, |node| node == 2), [true, false, true, false, false]);
        let recursive: Vec<_> = (0..5).map(|node| components.is_recursive(node)).collect();
        assert_eq!(recursive, [false, false, false, false, true]);
    }
}
