//! The schemas of settings files are JSON Schema, by another reader's opinion: Python's jsonschema.

use std::process::Command;

use leafpack_tests::{peer, workspace};
use serde_json::{Value, json};

const SCRIPT: &str = "\
import json, sys
try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(3)
given = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(given['schema'])
validator = Draft202012Validator(given['schema'])
print(json.dumps([validator.is_valid(document) for document in given['documents']]))";

#[test]
fn another_reader_agrees() {
    let Some(python) = peer::find("python3") else {
        peer::skip("settings schemas", "python");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut looked_at = 0;
    for filter in std::fs::read_dir(workspace().join("filters")).expect("the filters") {
        let path = filter
            .expect("a folder")
            .path()
            .join("settings.schema.json");
        let Ok(schema) = std::fs::read_to_string(&path) else {
            continue;
        };
        let verdicts = leafpack_settings_schema::verdicts(&schema);
        let (documents, ours): (Vec<Value>, Vec<bool>) = verdicts.into_iter().unzip();
        let schema: Value = serde_json::from_str(&schema).expect("JSON");
        let given = folder.path().join("given.json");
        let text = json!({"schema": schema, "documents": documents}).to_string();
        std::fs::write(&given, text).expect("written");
        let output = Command::new(&python)
            .args(["-c", SCRIPT])
            .arg(&given)
            .output()
            .expect("python3 starts");
        if output.status.code() == Some(3) {
            peer::skip("settings schemas", "python");
            return;
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {stderr}", path.display());
        let theirs: Vec<bool> = serde_json::from_slice(&output.stdout).expect("JSON");
        for ((document, ours), theirs) in documents.iter().zip(&ours).zip(&theirs) {
            assert_eq!(ours, theirs, "{}: {document}", path.display());
        }
        assert_eq!(ours.len(), theirs.len());
        looked_at += 1;
    }
    assert!(looked_at >= 2, "{looked_at} schemas");
}
