//! Every export: many records of many pods, and each comes out once and as its filter's oracle says, in JSON and as
//! msgpack carries it.

use std::path::PathBuf;
use std::time::Instant;

use leafpack_tests::corpus::{Corpus, POD_COUNT, Records, file_name, number};
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle::filter::{Filter, expected};
use leafpack_tests::oracle::found::{Carried, difference, text};
use leafpack_tests::peer::{self, FluentBit};
use serde_json::{Map, Value, json};

use crate::{line_count, tailed};

/// One function of a module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Export {
    pub(crate) filter: Filter,
    pub(crate) carried: Carried,
}

impl Export {
    pub(crate) fn module(self) -> &'static str {
        match self.filter {
            Filter::Cri => "cri",
            Filter::Tenant => "tenant",
            Filter::ContainerLogs => "container-logs",
        }
    }

    pub(crate) fn function(self) -> String {
        let name = self.module().replace('-', "_");
        match self.carried {
            Carried::Json => name,
            Carried::Msgpack => name + "_msgpack",
        }
    }

    /// The module, and the hosts; nothing where one is not there.
    pub(crate) fn setup(self) -> Option<(PathBuf, Vec<FluentBit>)> {
        const TESTS: &str = "the filters in a real Fluent Bit";
        let module = peer::dist_or_skip(TESTS, &format!("filters/{}.wasm", self.module()))?;
        let bits = peer::fluent_bits_or_skip(TESTS);
        (!bits.is_empty()).then_some((module, bits))
    }

    /// The filter's section, with settings in a folder.
    pub(crate) fn section(self, host: &Host<'_>, settings: &Value) -> String {
        let format = match self.carried {
            Carried::Json => "",
            Carried::Msgpack => "    Event_Format msgpack\n",
        };
        let paths = match settings.as_object() {
            Some(fields) if !fields.is_empty() => host.settings(self.module(), settings),
            _ => String::new(),
        };
        let module = leafpack_tests::dist(&format!("filters/{}.wasm", self.module()));
        wasm(&module, &self.function(), &(paths + format))
    }

    /// The number of the line that a record was made of, below `count`.
    pub(crate) fn number(self, record: &Map<String, Value>, count: usize) -> Option<usize> {
        let of = |name: &str| number(&text(record.get(name)?)?).filter(|n| *n < count);
        // The time of what was not parsed is the host's, and far off.
        match self.filter {
            Filter::Tenant => of("_msg"),
            _ => of("_time")
                .or_else(|| of("time"))
                .or_else(|| of("_msg"))
                .or_else(|| of("log")),
        }
    }
}

/// What went in, by the number of its line.
struct Source<'s> {
    count: usize,
    record: &'s dyn Fn(usize) -> Map<String, Value>,
    tag: &'s dyn Fn(usize) -> String,
}

/// Runs a configuration and asserts that every record came once, and as it should.
fn assert_all_arrive(
    export: Export,
    bit: &FluentBit,
    host: &Host<'_>,
    input: &str,
    settings: &Value,
    source: &Source<'_>,
) {
    let start = Instant::now();
    let run = host.run(&(input.to_string() + &export.section(host, settings)));
    let seconds = start.elapsed().as_secs_f32();
    run.assert_clean();
    assert!(!run.log.contains("leafpack:"), "{bit}: {}", run.log);
    let reads_past_strings = run.reads_past_strings();
    let mut seen = vec![0u8; source.count];
    let mut faults = Vec::new();
    for record in run.records() {
        let Some(n) = export.number(&record, source.count) else {
            faults.push(format!(
                "not of any line: {:.500}",
                Value::Object(record).to_string()
            ));
            continue;
        };
        seen[n] = seen[n].saturating_add(1);
        let input = (source.record)(n);
        let wanted = expected(export.filter, &(source.tag)(n), &input, settings);
        let lenient = reads_past_strings && !Value::Object(input).to_string().is_ascii();
        if let Some(difference) = difference(&wanted, &record, export.carried, lenient) {
            faults.push(format!("line {n}: {difference}"));
        }
        if faults.len() == 3 {
            break;
        }
    }
    assert!(
        faults.is_empty(),
        "{bit}, {export:?}\n{}",
        faults.join("\n")
    );
    let wrong: Vec<usize> = (0..source.count).filter(|n| seen[*n] != 1).collect();
    assert!(
        wrong.is_empty(),
        "{bit}, {export:?}: {} of {} lines did not come once, as {:?}",
        wrong.len(),
        source.count,
        &wrong[..wrong.len().min(5)]
    );
    eprintln!(
        "{bit}: {}: {} records, each once and equal; the host took {seconds:.1} s",
        export.function(),
        source.count
    );
}

/// Settings that every record meets, as far as the filter knows them.
fn labels(filter: Filter) -> Value {
    match filter {
        Filter::Cri => json!({}),
        _ => json!({
            "cluster": "apps", "environment": "production",
            "tenant": {
                "default": "nobody", "label": "team",
                "namespaces": {"payments": "finance", "team-*": "t", "team-a-*": "a"},
            },
        }),
    }
}

/// Records with a `kubernetes` map and other fields, of many pods in turn.
fn records(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    for bit in &bits {
        let ascii_only = bit.may_read_past_strings();
        let mut settings = labels(export.filter);
        for keep in [false, true] {
            if keep {
                // Another way through, with fewer records.
                let other = match export.filter {
                    Filter::Cri => json!({"names": "native"}),
                    _ => json!({
                        "existing": "keep", "drop": ["k8s_docker_id", "x3"],
                        "kubernetes": {"names": "long", "labels": "flat", "drop": ["pod_id"]},
                    }),
                };
                for (name, value) in other.as_object().into_iter().flatten() {
                    settings[name] = value.clone();
                }
            }
            let count = line_count() / if keep { 40 } else { 16 };
            let records = Records(Corpus {
                ascii_only,
                ..Corpus::new(count)
            });
            let host = Host::new(bit);
            let lines = (0..count).map(|n| Value::Object(records.record(n)).to_string());
            let file = host.write_lines("in.json", lines);
            let source = Source {
                count,
                record: &|n| records.record(n),
                tag: &|_| "kube.test".into(),
            };
            let input = tail(&file, "kube.test", "    Parser json\n");
            assert_all_arrive(export, bit, &host, &input, &settings, &source);
        }
    }
}

/// Raw lines in a file for each of many pods, which the host reads in turns.
fn files(export: Export) {
    let Some((_, bits)) = export.setup() else {
        return;
    };
    // What goes the slow way costs several times as much in msgpack.
    let part = match export.carried {
        Carried::Json => 4,
        Carried::Msgpack => 8,
    };
    for bit in &bits {
        let count = line_count() / part;
        let records = Records(Corpus {
            ascii_only: bit.may_read_past_strings(),
            ..Corpus::new(count)
        });
        let host = Host::new(bit);
        let folder = host.path("var/log/containers");
        std::fs::create_dir_all(&folder).unwrap();
        for pod in 0..POD_COUNT {
            let lines = (pod..count).step_by(POD_COUNT).map(|n| records.line(n));
            host.write_lines(&format!("var/log/containers/{}", file_name(pod)), lines);
        }
        let mut settings = labels(export.filter);
        if export.filter != Filter::Tenant {
            settings["from_tag"] = true.into();
        }
        let input = tail(
            &folder.join("*.log"),
            "kube.*",
            "    Static_Batch_Size 200k\n",
        );
        let source = Source {
            count,
            record: &|n| {
                let line = records.line(n);
                Map::from_iter([("log".to_string(), Value::from(tailed(&line)))])
            },
            tag: &|n| format!("kube.x.var.log.containers.{}", file_name(n % POD_COUNT)),
        };
        assert_all_arrive(export, bit, &host, &input, &settings, &source);
    }
}

macro_rules! tests {
    ($($name:ident: $filter:ident, $carried:ident;)*) => {$(
        mod $name {
            use super::*;

            const EXPORT: Export = Export {
                filter: Filter::$filter,
                carried: Carried::$carried,
            };

            #[test]
            fn records_of_many_pods() {
                records(EXPORT);
            }

            #[test]
            fn files_of_many_pods() {
                files(EXPORT);
            }
        }
    )*};
}

tests! {
    cri: Cri, Json;
    cri_msgpack: Cri, Msgpack;
    tenant: Tenant, Json;
    tenant_msgpack: Tenant, Msgpack;
    container_logs: ContainerLogs, Json;
    container_logs_msgpack: ContainerLogs, Msgpack;
}
