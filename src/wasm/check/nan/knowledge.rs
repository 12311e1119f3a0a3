//! What follows from what: which values are fresh because others are.
//!
//! A local is fresh when any value that is assigned to it is, and that may come out of the local
//! itself. Values that hang on locals are nodes, with edges from what makes them fresh; the least
//! solution is found by following each edge once for each shape.

use super::value::{CLEAN, Node, Value};
use std::num::NonZeroU32;

/// A place that sees a fresh NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Seen {
    /// The operator that sees it.
    pub(in super::super) at: usize,
    /// The operator that made it.
    pub(in super::super) origin: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Fact {
    fresh: u8,
    /// Who made it fresh in lanes of 32 and of 64 bits.
    origins: [u32; 2],
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    from: NonZeroU32,
    to: NonZeroU32,
    /// The shapes that pass.
    passes: u8,
}

#[derive(Debug, Clone, Copy)]
struct Demand {
    at: usize,
    node: NonZeroU32,
    /// The shapes in which it must not be fresh.
    refused: u8,
}

/// Facts about nodes, and what is demanded of them.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    facts: Vec<Fact>,
    edges: Vec<Edge>,
    demands: Vec<Demand>,
    /// The first place where a demand was not met for certain.
    seen: Option<Seen>,
    /// Nodes about which there is news, while conclusions are drawn.
    changed: Vec<NonZeroU32>,
}

impl Knowledge {
    /// Begins anew, with nodes for `locals` locals.
    pub(super) fn begin(&mut self, locals: usize) {
        self.facts.clear();
        self.facts.resize(locals, Fact::default());
        self.edges.clear();
        self.demands.clear();
        self.seen = None;
    }

    /// The node of a local.
    pub(super) fn local(number: usize) -> Node {
        u32::try_from(number).ok().and_then(|number| NonZeroU32::MIN.checked_add(number))
    }

    /// Makes `node` fresh wherever `value` is.
    pub(super) fn feed(&mut self, value: Value, node: Node) {
        let Some(to) = node else { return };
        self.mark(to, value.fresh, [value.origin; 2]);
        if let Some(from) = value.node
            && from != to
        {
            self.edges.push(Edge { from, to, passes: !CLEAN });
        }
    }

    /// A value that is fresh wherever one of two is.
    pub(super) fn join(&mut self, one: Value, other: Value) -> Value {
        let node = match (one.node, other.node) {
            (Some(first), Some(second)) if first != second => {
                let node = self.node();
                self.feed(Value { node: Some(first), ..Value::CLEAN }, node);
                self.feed(Value { node: Some(second), ..Value::CLEAN }, node);
                node
            }
            (first, second) => first.or(second),
        };
        let origin = if one.fresh == CLEAN { other.origin } else { one.origin };
        Value { fresh: one.fresh | other.fresh, mask: 0, origin, node }
    }

    /// `value` without freshness in `shapes`.
    pub(super) fn without(&mut self, value: Value, shapes: u8) -> Value {
        let node = value.node.and_then(|from| {
            let node = self.node();
            if let Some(to) = node {
                self.edges.push(Edge { from, to, passes: !shapes });
            }
            node
        });
        Value { fresh: value.fresh & !shapes, mask: 0, node, ..value }
    }

    /// Demands that `value` is fresh in no other shapes than `allowed`.
    #[inline]
    pub(super) fn demand(&mut self, value: &Value, allowed: u8, at: usize) {
        if value.fresh & !allowed != CLEAN || value.node.is_some() {
            self.demand_more(*value, allowed, at);
        }
    }

    #[inline(never)]
    fn demand_more(&mut self, value: Value, allowed: u8, at: usize) {
        if self.seen.is_some() {
            return;
        }
        if value.fresh & !allowed != CLEAN {
            self.seen = Some(Seen { at, origin: value.origin });
        } else if let Some(node) = value.node {
            self.demands.push(Demand { at, node, refused: !allowed });
        }
    }

    /// Draws every conclusion, and says where a demand is not met first.
    pub(super) fn settle(&mut self) -> Option<Seen> {
        if self.demands.is_empty() {
            return self.seen;
        }
        self.edges.sort_unstable_by_key(|edge| edge.from);
        let edges = std::mem::take(&mut self.edges);
        let mut changed = std::mem::take(&mut self.changed);
        let nodes = (1..).map_while(NonZeroU32::new).zip(&self.facts);
        changed.extend(nodes.filter(|(_, fact)| fact.fresh != CLEAN).map(|(node, _)| node));
        while let Some(from) = changed.pop() {
            let Fact { fresh, origins } = self.fact(from);
            if fresh == CLEAN {
                continue;
            }
            let first = edges.partition_point(|edge| edge.from < from);
            for edge in edges.iter().skip(first).take_while(|edge| edge.from == from) {
                if self.mark(edge.to, fresh & edge.passes, origins) {
                    changed.push(edge.to);
                }
            }
        }
        (self.edges, self.changed) = (edges, changed);
        let unmet = self
            .demands
            .iter()
            .find(|demand| self.fact(demand.node).fresh & demand.refused != CLEAN);
        let unmet = unmet.map(|demand| {
            let Fact { fresh, origins } = self.fact(demand.node);
            let is_narrow = fresh & demand.refused & super::value::FRESH32 != CLEAN;
            Seen { at: demand.at, origin: if is_narrow { origins[0] } else { origins[1] } }
        });
        // Demands were noted until one was not met for certain, so that any of them comes before.
        unmet.or(self.seen)
    }

    fn node(&mut self) -> Node {
        let node = Self::local(self.facts.len());
        self.facts.push(Fact::default());
        node
    }

    fn fact(&self, node: NonZeroU32) -> Fact {
        self.facts.get(index(node)).copied().unwrap_or_default()
    }

    /// Whether that was news.
    fn mark(&mut self, node: NonZeroU32, shapes: u8, origins: [u32; 2]) -> bool {
        let Some(fact) = self.facts.get_mut(index(node)) else { return false };
        let news = shapes & !fact.fresh;
        for (number, origin) in origins.into_iter().enumerate() {
            if news & (1 << number) != 0
                && let Some(slot) = fact.origins.get_mut(number)
            {
                *slot = origin;
            }
        }
        fact.fresh |= news;
        news != CLEAN
    }
}

fn index(node: NonZeroU32) -> usize {
    (node.get() - 1) as usize
}
