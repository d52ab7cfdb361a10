//! `cri.json` in a folder of `accessible_paths`.

use leafpack_tests::corpus::Corpus;
use leafpack_tests::fluent_bit::{Host, tail, wasm};
use leafpack_tests::oracle;

use crate::{assert_each_once, setup, text};

const LINE: &str = "2024-05-01T10:11:12.5+02:00 stderr F hello";
const NATIVE: &str = r#"{"time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","logtag":"F","log":"hello","k8s_namespace_name":"shop","k8s_pod_name":"web-0","k8s_container_name":"nginx"}"#;
const DEFAULT: &str = r#"{"_time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","_msg":"hello"}"#;
const MARKED: &str = r#"{"_time":"2024-05-01T10:11:12.5+02:00","stream":"stderr","_msg":"hello","leafpack_error":"cri.settings: cri.json cannot be used, defaults are"}"#;

/// The tail input's folder and tag as in Kubernetes, and settings in a folder.
#[test]
fn settings_come_from_a_folder() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let settings = r#"{"names": "native", "from_tag": true}"#;
    for bit in &bits {
        let host = Host::new(bit);
        let logs = host.path("var/log/containers");
        let config_map = host.path("config-map");
        let data = config_map.join("..2024_05_01_10_11_12.123456789");
        for folder in ["empty", "plain", "stale"].map(|name| host.path(name)) {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::create_dir_all(&logs).unwrap();
        std::fs::create_dir_all(&data).unwrap();
        let id = "0123456789abcdef".repeat(4);
        std::fs::write(
            logs.join(format!("web-0_shop_nginx-{id}.log")),
            format!("{LINE}\n"),
        )
        .unwrap();
        std::fs::write(host.path("plain/cri.json"), settings).unwrap();
        std::fs::write(data.join("cri.json"), settings).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            symlink(data.file_name().unwrap(), config_map.join("..data")).unwrap();
            symlink("..data/cri.json", config_map.join("cri.json")).unwrap();
            symlink("..data/cri.json", host.path("stale/cri.json")).unwrap();
        }
        let paths = |names: &[&str]| {
            let paths: Vec<String> = names
                .iter()
                .map(|name| host.path(name).display().to_string())
                .collect();
            format!("    accessible_paths {}\n", paths.join(","))
        };
        let unread = "leafpack: cri.json: cannot be read (WASI error 44); defaults are used";
        for (folders, expected, note) in [
            (&["plain"][..], NATIVE, None),
            // As Kubernetes mounts a ConfigMap: the file and its folder are symbolic links.
            (&["config-map"], NATIVE, None),
            (&["empty", "config-map"], NATIVE, None),
            (&["empty"], DEFAULT, None),
            // A link that leads nowhere.
            (&["stale", "plain"], MARKED, Some(unread)),
        ] {
            let config =
                tail(&logs.join("*.log"), "kube.*", "") + &wasm(&module, "cri", &paths(folders));
            let run = host.run(&config);
            run.assert_clean();
            let lines: Vec<String> = run
                .lines()
                .map(|line| String::from_utf8(line).unwrap())
                .collect();
            assert_eq!(lines, [expected], "{bit}, {folders:?}");
            let notes: Vec<&str> = run
                .log
                .lines()
                .filter(|line| line.starts_with("leafpack:"))
                .collect();
            assert_eq!(notes, Vec::from_iter(note), "{bit}, {folders:?}");
        }
    }
}

/// Settings stay what they are while record after record is written to the module's memory behind them.
#[test]
fn settings_outlive_the_records() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let corpus = Corpus {
        ascii_only: true,
        valid_only: true,
        ..Corpus::new(5_000)
    };
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        std::fs::create_dir(host.path("settings")).unwrap();
        std::fs::write(host.path("settings/cri.json"), r#"{"input": "the.line"}"#).unwrap();
        let paths = format!("    accessible_paths {}\n", host.path("settings").display());
        let input = tail(&file, "kube.test", "    Key the.line\n");
        let run = host.run(&(input + &wasm(&module, "cri", &paths)));
        let line = |n: usize| Some(corpus.line(n));
        assert_each_once(bit, &run, line, corpus.count, oracle::compare);
    }
}

/// Defaults, a mark on every record, and a line on stderr from every instance.
#[test]
fn broken_settings_do_not_stop_it() {
    let Some((module, bits)) = setup() else {
        return;
    };
    let corpus = Corpus {
        ascii_only: true,
        ..Corpus::new(5_000)
    };
    for bit in &bits {
        let host = Host::new(bit);
        let file = host.write_lines("in.log", corpus.lines());
        std::fs::create_dir(host.path("settings")).unwrap();
        std::fs::write(host.path("settings/cri.json"), r#"{"names": "elastic"}"#).unwrap();
        let paths = format!("    accessible_paths {}\n", host.path("settings").display());
        let run = host.run(&(tail(&file, "kube.test", "") + &wasm(&module, "cri", &paths)));
        let mark = "cri.settings: cri.json cannot be used, defaults are";
        assert_each_once(
            bit,
            &run,
            |n| Some(corpus.line(n)),
            corpus.count,
            |line, record| {
                let mut record = record.clone();
                let error = text(&record, "leafpack_error");
                if !error.ends_with(mark) {
                    return Err(format!("not marked: {error:?}"));
                }
                if error == mark {
                    record.shift_remove("leafpack_error");
                }
                oracle::compare(line, &record)
            },
        );
        let note = r#"leafpack: cri.json: "names" is "elastic", should be "victorialogs" or "native"; defaults are used"#;
        let notes = run.log.matches(note).count();
        // The lines fill many of tail's buffers of 32 KiB, and each is one chunk.
        if bit.instance_per_chunk() {
            assert!(notes > 5, "{bit}: {notes} notes\n{}", run.log);
        } else {
            assert_eq!(notes, 1, "{bit}\n{}", run.log);
        }
    }
}
