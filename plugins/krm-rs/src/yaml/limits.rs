//! Bounds: what an input asks for is counted before it is given.

use super::Error;
use saphyr_parser::Marker;
use serde_json::Value;

/// How much an input may ask for. The defaults hold some 15,000 resources, and keep a hostile input from taking more
/// than a few hundred MiB.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Length of the text, and of all strings that aliases copy, in bytes.
    pub bytes: usize,
    /// Scalars and collections, what aliases copy included.
    pub nodes: usize,
    /// Collections inside one another, what aliases copy included.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 64 << 20,
            nodes: 1_000_000,
            depth: 128,
        }
    }
}

/// What an anchor names, and what a copy of it costs.
pub(super) struct Anchor {
    pub(super) value: Value,
    pub(super) cost: Cost,
}

#[derive(Clone, Copy)]
pub(super) struct Cost {
    nodes: usize,
    bytes: usize,
    pub(super) depth: usize,
}

pub(super) fn cost(value: &Value) -> Cost {
    let collection = |children: &mut dyn Iterator<Item = Cost>| {
        children.fold(
            Cost {
                nodes: 1,
                bytes: 0,
                depth: 1,
            },
            |sum, child| Cost {
                nodes: sum.nodes + child.nodes,
                bytes: sum.bytes + child.bytes,
                depth: sum.depth.max(child.depth + 1),
            },
        )
    };
    match value {
        Value::Array(items) => collection(&mut items.iter().map(cost)),
        Value::Object(map) => collection(&mut map.iter().map(|(key, value)| {
            let cost = cost(value);
            Cost {
                bytes: cost.bytes + key.len(),
                ..cost
            }
        })),
        Value::String(text) => Cost {
            nodes: 1,
            bytes: text.len(),
            depth: 0,
        },
        _ => Cost {
            nodes: 1,
            bytes: 0,
            depth: 0,
        },
    }
}

/// What has been given of what may be asked for.
pub(super) struct Budget {
    limits: Limits,
    nodes: usize,
    copied: usize,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Budget {
            limits,
            nodes: 0,
            copied: 0,
        }
    }

    pub(super) fn nodes(&mut self, nodes: usize, at: Marker) -> Result<(), Error> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            return Err(Error::at(
                at,
                format!(
                    "found more than {} values, aliases expanded",
                    self.limits.nodes
                ),
                "split the input, or write out what an alias repeats too often",
            ));
        }
        Ok(())
    }

    /// A copy, before it is made.
    pub(super) fn copy(&mut self, cost: Cost, at: Marker) -> Result<(), Error> {
        self.nodes(cost.nodes, at)?;
        self.copied += cost.bytes;
        if self.copied > self.limits.bytes {
            return Err(Error::at(
                at,
                format!(
                    "found aliases that repeat more than {} bytes",
                    self.limits.bytes
                ),
                "write out what an alias repeats too often",
            ));
        }
        Ok(())
    }

    pub(super) fn depth(&self, depth: usize, at: Marker) -> Result<(), Error> {
        if depth > self.limits.depth {
            return Err(Error::at(
                at,
                format!(
                    "found more than {} collections inside one another",
                    self.limits.depth
                ),
                "nest less deeply",
            ));
        }
        Ok(())
    }
}
