//! Rounds of all pipelines, one after the other, so that whatever else the machine does falls on all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use leafpack_peer::FluentBit;

use crate::pipeline::{
    IDENTITY, NATIVE, NATIVE_BODIES, NONE, OURS, OURS_MSGPACK, PIPELINES, Pipeline, Place,
};
use crate::process::Used;
use crate::records::{self, Shape};
use crate::run::{measure, verify};
use crate::steady::{self, Steady};

/// How many records each pipeline is checked with before it is measured.
const CHECKED: usize = 2000;

/// Lengths of the message, in bytes.
pub(crate) const LENGTHS: [usize; 6] = [50, 150, 500, 2 << 10, 8 << 10, 64 << 10];
/// Bytes of the longest file of such messages, and the most records of one.
const GROWTH_BYTES: usize = 64 << 20;
const GROWTH_RECORDS: usize = 200_000;
/// Pipelines whose cost is measured as the message grows; that without a filter is the first.
const GROWING: [&str; 5] = [NONE, NATIVE, IDENTITY, OURS, OURS_MSGPACK];

/// What the command line asks for.
pub(crate) struct Plan {
    pub(crate) lines: usize,
    pub(crate) rounds: usize,
    /// Only pipelines whose name contains one of these, and those that they are held against; all where it is empty.
    pub(crate) patterns: Vec<String>,
}

impl Plan {
    fn takes(&self, name: &str) -> bool {
        let basis = name == NONE
            || name == IDENTITY
            || name.starts_with("native: parser")
            || name == NATIVE
            || name == NATIVE_BODIES;
        self.patterns.is_empty()
            || basis
            || self.patterns.iter().any(|pattern| name.contains(pattern))
    }

    /// How many records a file of this shape has: those with a `kubernetes` map are longer.
    pub(crate) fn records(&self, shape: Shape) -> usize {
        match shape {
            Shape::Lines | Shape::Bodies => self.lines,
            Shape::Kubernetes | Shape::Pods => self.lines.div_ceil(2),
        }
    }
}

/// What was measured with one Fluent Bit.
pub(crate) struct Measured {
    /// `Fluent Bit 5.1.1`.
    pub(crate) host: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) growth: Vec<Growth>,
    pub(crate) steady: Vec<Steady>,
    /// What was left out, and why.
    pub(crate) absent: Vec<String>,
}

/// One pipeline.
pub(crate) struct Row {
    pub(crate) pipeline: &'static Pipeline,
    /// One a round.
    pub(crate) runs: Vec<Used>,
    pub(crate) records: usize,
}

impl Row {
    pub(crate) fn user(&self) -> f64 {
        median(self.runs.iter().map(|run| run.user))
    }

    pub(crate) fn memory(&self) -> f64 {
        median(self.runs.iter().map(|run| run.memory as f64))
    }
}

/// The cost of a record as its message grows.
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    /// Length of the message, and microseconds of CPU for each record above the pipeline without a filter.
    pub(crate) points: Vec<(usize, f64)>,
}

/// The middle one; of an even number, the mean of the two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        len if len.is_multiple_of(2) => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

impl Measured {
    pub(crate) fn row(&self, shape: Shape, name: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.pipeline.shape == shape && row.pipeline.name == name)
    }

    /// Seconds of CPU in each round above the pipeline without a filter.
    fn above(&self, row: &Row) -> Option<Vec<f64>> {
        let none = self.row(row.pipeline.shape, NONE)?;
        let rounds = row.runs.iter().zip(&none.runs);
        Some(rounds.map(|(run, none)| run.user - none.user).collect())
    }

    /// Microseconds of CPU for each record above the pipeline without a filter.
    pub(crate) fn cost(&self, row: &Row) -> Option<f64> {
        let above = median(self.above(row)?.into_iter());
        Some(above / row.records as f64 * 1e6)
    }

    /// The share that one pipeline takes of another's CPU, both above the pipeline without a filter: the median of the
    /// rounds' shares.
    pub(crate) fn ratio(&self, shape: Shape, name: &str, against: &str) -> Option<f64> {
        let one = self.above(self.row(shape, name)?)?;
        let other = self.above(self.row(shape, against)?)?;
        Some(median(
            one.iter().zip(&other).map(|(one, other)| one / other),
        ))
    }
}

/// Checks and measures everything with one Fluent Bit.
pub(crate) fn run(
    bit: &FluentBit,
    plan: &Plan,
    place: &Place,
    functions: &BTreeMap<String, Vec<String>>,
    folder: &Path,
) -> Result<Measured, String> {
    let (major, minor, patch) = bit.version;
    let mut measured = Measured {
        host: format!("Fluent Bit {major}.{minor}.{patch}"),
        rows: Vec::new(),
        growth: Vec::new(),
        steady: Vec::new(),
        absent: Vec::new(),
    };
    eprintln!("{}: checking", measured.host);
    for shape in Shape::ALL {
        let file = folder.join("checked.log");
        records::write(&file, shape, CHECKED, None)?;
        for pipeline in PIPELINES
            .iter()
            .filter(|one| one.shape == shape && plan.takes(one.name) && one.is_for(place))
        {
            if let Some((module, function)) = missing(pipeline, place, functions) {
                measured.absent.push(format!(
                    "{}: {module}.wasm with {function} is not built",
                    pipeline.name
                ));
                continue;
            }
            verify(bit, folder, pipeline, place, (&file, CHECKED)).map_err(|error| {
                format!("{}: {}, {shape:?}: {error}", measured.host, pipeline.name)
            })?;
            measured.rows.push(Row {
                pipeline,
                runs: Vec::new(),
                records: plan.records(shape),
            });
        }
    }
    measured.absent.dedup();
    let files: Vec<(Shape, PathBuf)> = Shape::ALL
        .into_iter()
        .map(|shape| {
            let file = folder.join(format!("{shape:?}.log"));
            records::write(&file, shape, plan.records(shape), None).map(|()| (shape, file))
        })
        .collect::<Result<_, _>>()?;
    for round in 1..=plan.rounds {
        eprintln!("{}: round {round} of {}", measured.host, plan.rounds);
        for row in &mut measured.rows {
            let (_, file) = files
                .iter()
                .find(|(shape, _)| *shape == row.pipeline.shape)
                .ok_or("a shape without a file")?;
            row.runs
                .push(measure(bit, folder, row.pipeline, place, file)?);
        }
    }
    for (_, file) in files {
        let _ = std::fs::remove_file(file);
    }
    measured.growth = growth(bit, plan, &measured, place, folder)?;
    measured.steady = steady::run(bit, &measured, place, folder)?;
    Ok(measured)
}

/// The first function that a pipeline needs and that is not built.
fn missing(
    pipeline: &Pipeline,
    place: &Place,
    functions: &BTreeMap<String, Vec<String>>,
) -> Option<(String, String)> {
    let generated = match pipeline.steps {
        [crate::pipeline::Step::Stack] => place.stack.functions(),
        _ => Vec::new(),
    };
    let ours = pipeline
        .ours()
        .map(|(module, function)| (module.to_string(), function.to_string()));
    ours.chain(generated).find(|(module, function)| {
        functions
            .get(module)
            .is_none_or(|functions| !functions.contains(function))
    })
}

fn growth(
    bit: &FluentBit,
    plan: &Plan,
    measured: &Measured,
    place: &Place,
    folder: &Path,
) -> Result<Vec<Growth>, String> {
    let pipelines: Vec<&Pipeline> = GROWING
        .iter()
        .filter_map(|name| measured.row(Shape::Lines, name))
        .map(|row| row.pipeline)
        .collect();
    let mut growth: Vec<Growth> = pipelines
        .iter()
        .skip(1)
        .map(|pipeline| Growth {
            name: pipeline.name,
            points: Vec::new(),
        })
        .collect();
    let rounds = plan.rounds.min(3);
    for length in LENGTHS {
        eprintln!("{}: messages of {length} bytes", measured.host);
        // So that a smaller run is smaller here too.
        let records = GROWTH_RECORDS.min(GROWTH_BYTES / length).min(plan.lines);
        let file = folder.join("growth.log");
        records::write(&file, Shape::Lines, records, Some(length))?;
        let mut costs = vec![Vec::new(); growth.len()];
        for _ in 0..rounds {
            let mut used = Vec::new();
            for pipeline in &pipelines {
                used.push(measure(bit, folder, pipeline, place, &file)?.user);
            }
            for (costs, user) in costs.iter_mut().zip(&used[1..]) {
                costs.push((user - used[0]) / records as f64 * 1e6);
            }
        }
        for (growth, costs) in growth.iter_mut().zip(costs) {
            growth.points.push((length, median(costs.into_iter())));
        }
    }
    Ok(growth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }

    /// CPU above the pipeline without a filter, round by round: the second round was slow for all.
    #[test]
    fn compares_within_a_round() {
        let row = |name: &str, users: [f64; 3]| Row {
            pipeline: PIPELINES
                .iter()
                .find(|one| one.name == name)
                .expect("a pipeline"),
            runs: users.map(|user| Used { user, memory: 1 }).to_vec(),
            records: 1_000_000,
        };
        let measured = Measured {
            host: String::new(),
            rows: vec![
                row(NONE, [1.0, 2.0, 1.0]),
                row(NATIVE, [5.0, 10.0, 5.0]),
                row(IDENTITY, [3.0, 6.0, 3.5]),
            ],
            growth: Vec::new(),
            steady: Vec::new(),
            absent: Vec::new(),
        };
        assert_eq!(measured.ratio(Shape::Lines, IDENTITY, NATIVE), Some(0.5));
        assert_eq!(measured.cost(&measured.rows[1]), Some(4.0));
        assert_eq!(measured.ratio(Shape::Kubernetes, IDENTITY, NATIVE), None);
        assert_eq!(measured.ratio(Shape::Lines, OURS, NATIVE), None);
    }
}
