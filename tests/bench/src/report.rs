//! The report, for the terminal and for the documentation.

use std::fmt::Write;

use crate::budget::Verdict;
use crate::measure::{LENGTHS, Measured, Plan};
use crate::pipeline::{
    IDENTITY, LUA_NAME, NATIVE, NATIVE_BODIES, NATIVE_KUBERNETES, NONE, Pipeline,
};
use crate::records::Shape;
use crate::steady::{FILES, FLUSH, RATE, SECONDS};

/// Lines of cells, the first one the heads.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new<const N: usize>(heads: [&str; N]) -> Self {
        Self(vec![heads.map(str::to_string).to_vec()])
    }

    /// In Markdown, with columns of even width, which reads well in a terminal too; numbers to the right.
    fn text(&self) -> String {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.0
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (n, row) in self.0.iter().enumerate() {
            text.push('|');
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                let _ = if column == 0 {
                    write!(text, " {cell:<width$} |")
                } else {
                    write!(text, " {cell:>width$} |")
                };
            }
            text.push('\n');
            if n == 0 {
                text.push('|');
                for (column, width) in widths.iter().enumerate() {
                    let end = if column == 0 { "-" } else { ":" };
                    let _ = write!(text, "{}{end}|", "-".repeat(width + 1));
                }
                text.push('\n');
            }
        }
        text
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or("–".into(), |value| format!("{value:.decimals$}"))
}

/// The name, so that ours are found.
fn shown(pipeline: &Pipeline) -> String {
    let name = pipeline.name;
    if pipeline.is_ours() {
        format!("**{name}**")
    } else {
        name.to_string()
    }
}

/// One table a Fluent Bit and shape.
pub(crate) fn pipelines(measured: &Measured, shape: Shape) -> String {
    let native = match shape {
        Shape::Lines => NATIVE,
        Shape::Bodies => NATIVE_BODIES,
        Shape::Kubernetes | Shape::Pods => NATIVE_KUBERNETES,
    };
    let mut table = Table::new([
        "pipeline",
        "user s",
        "µs a record",
        "× native",
        "× identity",
        "× Lua",
        "memory MiB",
    ]);
    for row in measured
        .rows
        .iter()
        .filter(|row| row.pipeline.shape == shape)
    {
        let name = row.pipeline.name;
        let against = |other: &str| {
            let same = name == other || name == NONE;
            number(measured.ratio(shape, name, other).filter(|_| !same), 2)
        };
        table.0.push(vec![
            shown(row.pipeline),
            number(Some(row.user()), 2),
            number(measured.cost(row).filter(|_| name != NONE), 2),
            against(native),
            against(IDENTITY),
            against(LUA_NAME),
            number(Some(row.memory() / f64::from(1 << 20)), 0),
        ]);
    }
    table.text()
}

/// Microseconds a record by the length of its message.
pub(crate) fn growth(measured: &Measured) -> String {
    let mut heads = vec!["message".to_string()];
    heads.extend(measured.growth.iter().map(|growth| growth.name.to_string()));
    let mut table = Table(vec![heads]);
    for (n, length) in LENGTHS.iter().enumerate() {
        let mut row = vec![bytes(*length)];
        row.extend(
            measured
                .growth
                .iter()
                .map(|growth| number(growth.points.get(n).map(|point| point.1), 2)),
        );
        table.0.push(row);
    }
    table.text()
}

/// Microseconds a line of files that grow line by line.
pub(crate) fn steady(measured: &Measured) -> String {
    let mut table = Table::new(["pipeline", "µs a line", "above no filter"]);
    let none = measured
        .steady
        .iter()
        .find(|one| one.pipeline.name == NONE)
        .map(|one| one.cost);
    for one in &measured.steady {
        let above = none
            .filter(|_| one.pipeline.name != NONE)
            .map(|none| one.cost - none);
        table.0.push(vec![
            shown(one.pipeline),
            number(Some(one.cost), 0),
            number(above, 0),
        ]);
    }
    table.text()
}

/// `2 KiB`.
pub(crate) fn bytes(length: usize) -> String {
    if length.is_multiple_of(1 << 10) {
        format!("{} KiB", length >> 10)
    } else {
        format!("{length} B")
    }
}

pub(crate) fn budgets(verdicts: &[Verdict]) -> String {
    let mut table = Table::new(["budget", "at most", "found", ""]);
    for verdict in verdicts {
        table.0.push(vec![
            verdict.text.clone(),
            verdict.budget.clone(),
            verdict.found.clone().unwrap_or_else(|| "–".into()),
            verdict.outcome().into(),
        ]);
    }
    table.text()
}

/// Everything, under headings.
pub(crate) fn body(all: &[Measured], verdicts: &[Verdict], plan: &Plan) -> String {
    let mut text = String::new();
    for measured in all {
        for shape in Shape::ALL {
            let records = plan.records(shape);
            let what = match shape {
                Shape::Lines => "CRI lines of 150 bytes",
                Shape::Bodies => "CRI lines whose message is a JSON object of five fields",
                Shape::Kubernetes => {
                    "records of one pod, with a `kubernetes` map of eight fields, labels among them"
                }
                Shape::Pods => "such records of twenty pods in turn",
            };
            let _ = write!(
                text,
                "## {}: {records} {what}\n\n{}\n",
                measured.host,
                pipelines(measured, shape)
            );
        }
        let _ = write!(
            text,
            "## {}: microseconds a record as the message grows\n\n{}\n",
            measured.host,
            growth(measured)
        );
        let _ = write!(
            text,
            "## {}: {RATE} lines a second in {FILES} files: µs a line\n\n{}\n",
            measured.host,
            steady(measured)
        );
        for absent in &measured.absent {
            let _ = writeln!(text, "Not measured: {absent}.");
        }
        if !measured.absent.is_empty() {
            text.push('\n');
        }
    }
    let _ = write!(text, "## Budgets\n\n{}", budgets(verdicts));
    text
}

/// `docs/performance.md`.
pub(crate) fn document(all: &[Measured], verdicts: &[Verdict], plan: &Plan) -> String {
    format!(
        "# What the filters cost\n\n\
         <!-- Written by `cargo xtask bench filters`. -->\n\n\
         ![CPU of each record by pipeline](performance.svg)\n\n\
         The CPU that a whole Fluent Bit takes in user mode to read a file and throw it away (input `tail`, output `null`), \
         with default\nheap and stack for filters. Medians of {} rounds; in a round every pipeline runs once, one after the \
         other. All figures but\n`user s` and `µs a line` are above the pipeline without a filter, and ratios are of runs in one \
         round, so that they hold on other\nmachines too. Before it is measured, each pipeline's output is compared field by field \
         with what must come\nout.\n\n\
         - *native* is what Fluent Bit does without WebAssembly; it leaves `time`, `stream`, `logtag`, `message` and three more fields.\n\
         - *lua* gives our result with one `string.match` and a new table.\n\
         - *wasm identity* gives each record back: the host's own work of calling a filter, below which none can get.\n\
         - *the generated stack* has the filters and settings of the example spoke, without `kubernetes`, which needs an \
         API server.\n\
         - Before 4.1 Fluent Bit loads a filter's module anew for each call. There the filters in wasm are processors of the \
         output, as the\n  stack generates them: they are called once for each chunk that is sent. *as a [FILTER]* is what the \
         same would cost among the\n  filters, which are called for whatever the input has read. From 4.1 on all are filters.\n\
         - A chunk holds records of one file, and so of one pod: what the filters remember of its metadata counts there. *Twenty \
         pods in turn*\n  is what costs them most: chunks of a single record each.\n\
         - *{RATE} lines a second in {FILES} files* is a node at work: nothing is behind, lines are read as they come, and \
         `flush` is {FLUSH}. This is CPU in\n  user and system mode, for a line is mostly a wake-up of the process. One run of \
         {SECONDS} s each: some 10 µs a line either way are chance.\n\n\
         `cargo xtask bench filters` measures anew; processor here: {}.\n\n{}",
        plan.rounds,
        processor(),
        body(all, verdicts, plan)
    )
}

/// What the system calls the processor.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name.trim()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let mut table = Table::new(["a", "µ"]);
        table.0.push(vec!["long".into(), "1.5".into()]);
        assert_eq!(
            table.text(),
            "| a    |   µ |\n|------|----:|\n| long | 1.5 |\n"
        );
        assert_eq!(bytes(150), "150 B");
        assert_eq!(bytes(2048), "2 KiB");
        assert_eq!(number(Some(f64::NAN), 2), "–");
    }
}
