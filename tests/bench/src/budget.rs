//! The project's budgets for filters, and whether they are met.

use crate::measure::Measured;
use crate::pipeline::{IDENTITY, LUA_NAME, NATIVE, NATIVE_KUBERNETES, OURS, OURS_MSGPACK};
use crate::records::Shape;

/// Bytes of one module, and of all, at most.
pub(crate) const MODULE: u64 = 32 << 10;
pub(crate) const MODULES: u64 = 96 << 10;

/// CPU of one pipeline above the one without a filter, as a share of another's.
struct Budget {
    shape: Shape,
    name: &'static str,
    against: &'static str,
    at_most: f64,
}

const BUDGETS: [Budget; 9] = [
    Budget {
        shape: Shape::Lines,
        name: OURS,
        against: NATIVE,
        at_most: 0.72,
    },
    Budget {
        shape: Shape::Lines,
        name: OURS,
        against: IDENTITY,
        at_most: 1.3,
    },
    Budget {
        shape: Shape::Lines,
        name: OURS,
        against: LUA_NAME,
        at_most: 1.0,
    },
    Budget {
        shape: Shape::Lines,
        name: OURS_MSGPACK,
        against: NATIVE,
        at_most: 0.48,
    },
    Budget {
        shape: Shape::Lines,
        name: OURS_MSGPACK,
        against: LUA_NAME,
        at_most: 1.0,
    },
    Budget {
        shape: Shape::Kubernetes,
        name: OURS,
        against: NATIVE_KUBERNETES,
        at_most: 0.60,
    },
    Budget {
        shape: Shape::Kubernetes,
        name: OURS,
        against: LUA_NAME,
        at_most: 1.0,
    },
    Budget {
        shape: Shape::Kubernetes,
        name: OURS_MSGPACK,
        against: NATIVE_KUBERNETES,
        at_most: 0.45,
    },
    Budget {
        shape: Shape::Kubernetes,
        name: OURS_MSGPACK,
        against: LUA_NAME,
        at_most: 1.0,
    },
];

/// One budget held against what was measured.
pub(crate) struct Verdict {
    /// What is measured, and against what.
    pub(crate) text: String,
    pub(crate) budget: String,
    /// `None`: one of the two was not measured.
    pub(crate) found: Option<String>,
    pub(crate) met: bool,
}

impl Verdict {
    /// A word for tables.
    pub(crate) fn outcome(&self) -> &'static str {
        match (&self.found, self.met) {
            (None, _) => "not measured",
            (_, true) => "met",
            (_, false) => "**not met**",
        }
    }
}

/// The budgets of one Fluent Bit.
pub(crate) fn of_cpu(measured: &Measured) -> Vec<Verdict> {
    let verdict = |budget: &Budget| {
        let ratio = measured.ratio(budget.shape, budget.name, budget.against);
        let records = match budget.shape {
            Shape::Lines => "lines",
            Shape::Bodies => "lines with JSON messages",
            Shape::Kubernetes => "`kubernetes` records",
            Shape::Pods => "records of many pods",
        };
        Verdict {
            text: format!(
                "{}: {records}, {} against {}",
                measured.host, budget.name, budget.against
            ),
            budget: format!("≤ {:.2}", budget.at_most),
            found: ratio.map(|ratio| format!("{ratio:.2}")),
            met: ratio.is_some_and(|ratio| ratio <= budget.at_most),
        }
    };
    BUDGETS.iter().map(verdict).collect()
}

/// The budgets of the modules' sizes.
pub(crate) fn of_size(sizes: &[(String, u64)]) -> Vec<Verdict> {
    let verdict = |text: String, size: u64, most: u64| Verdict {
        text,
        budget: format!("≤ {most} bytes"),
        found: Some(size.to_string()),
        met: size <= most,
    };
    let each = sizes
        .iter()
        .map(|(name, size)| verdict(format!("{name}.wasm"), *size, MODULE));
    let all = sizes.iter().map(|(_, size)| size).sum();
    each.chain([verdict("all modules".into(), all, MODULES)])
        .collect()
}
