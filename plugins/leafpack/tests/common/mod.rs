//! Modules written by hand, compiled as `cargo xtask build` compiles the real ones, and a world to run them in.
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unsafe_code, reason = "machine code has to be vouched for")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use leafpack::{Catalog, Code, Filter, Function, World};
use leafpack_precompile::Compiler;

static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new().unwrap());
static COMPILED: LazyLock<Mutex<HashMap<String, &'static [u8]>>> = LazyLock::new(Mutex::default);

/// The code of `fixtures/<name>.wat`.
pub(crate) fn code(name: &str) -> Code {
    let mut compiled = COMPILED.lock().unwrap();
    let bytes = *compiled
        .entry(name.to_owned())
        .or_insert_with(|| COMPILER.compile(&wasm(name)).unwrap().leak());
    // SAFETY: the compiler's own output.
    unsafe { Code::new(bytes) }
}

pub(crate) fn wasm(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}.wat", env!("CARGO_MANIFEST_DIR"));
    wat::parse_file(path).unwrap()
}

/// The function in `fixtures/<name>.wat`, for one kind: its name with a capital.
pub(crate) fn function(name: &'static str) -> Function {
    let kind = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    Function {
        name,
        api_version: "leafpack.dev/v1alpha1",
        kinds: vec![&*kind.leak()].leak(),
        schemas: &[],
        size: wasm(name).len(),
        sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        code: code(name),
    }
}

pub(crate) fn filter(name: &'static str, functions: &'static [&'static str]) -> Filter {
    Filter {
        name,
        functions,
        wasm: wasm(name).leak(),
        schema: (name == "settings").then_some("{\n  \"title\": \"Settings of settings\"\n}\n"),
        sha256: "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
        code: code(name),
    }
}

/// All functions and filters of the fixtures.
pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let functions = [
        "chatter", "crash", "echo", "exit", "folder", "foreign", "garbage", "hog", "large",
        "library", "recurse", "spin",
    ];
    Catalog {
        functions: Vec::from(functions.map(function)).leak(),
        filters: vec![
            filter("filter", &["echo", "drop", "echo_msgpack"]),
            filter("settings", &["settings"]),
            filter("bare", &["bare"]),
        ]
        .leak(),
    }
});

/// A function that gives its items back, for the kinds that `build` and `init` call.
pub(crate) static STACK: LazyLock<Catalog> = LazyLock::new(|| Catalog {
    functions: vec![Function {
        kinds: &["ObservabilityStack", "ObservabilityParts"],
        schemas: &[("ObservabilityStack", "{\n  \"title\": \"A stack\"\n}\n")],
        ..function("echo")
    }]
    .leak(),
    filters: &[],
});

/// What a call of the program left.
pub(crate) struct Left {
    pub(crate) status: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Left {
    /// All three, for a snapshot.
    pub(crate) fn text(&self) -> String {
        let Left {
            status,
            stdout,
            stderr,
        } = self;
        format!("status: {status}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}

/// Calls the program in this process.
pub(crate) fn call(arguments: &[&str], stdin: &str) -> Left {
    call_with(arguments, stdin, &[], &CATALOG)
}

pub(crate) fn call_with(
    arguments: &[&str],
    stdin: &str,
    variables: &[(&str, &str)],
    catalog: &Catalog,
) -> Left {
    run(arguments, stdin, variables, catalog, Terminals::default())
}

/// As [`call`], with a terminal for standard output.
pub(crate) fn call_on_terminal(
    arguments: &[&str],
    stdin: &str,
    variables: &[(&str, &str)],
) -> Left {
    let terminals = Terminals {
        stdout: true,
        ..Terminals::default()
    };
    run(arguments, stdin, variables, &CATALOG, terminals)
}

/// As [`call_with`], with a person who types on a terminal.
pub(crate) fn call_with_a_person(arguments: &[&str], typed: &str, catalog: &Catalog) -> Left {
    let terminals = Terminals {
        stdin: true,
        ..Terminals::default()
    };
    run(arguments, typed, &[], catalog, terminals)
}

/// Which streams are terminals.
#[derive(Default)]
struct Terminals {
    stdin: bool,
    stdout: bool,
}

fn run(
    arguments: &[&str],
    stdin: &str,
    variables: &[(&str, &str)],
    catalog: &Catalog,
    terminals: Terminals,
) -> Left {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let lookup = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.into())
    };
    let status = leafpack::run(
        &arguments,
        catalog,
        &mut World {
            stdin: &mut stdin.as_bytes(),
            stdout: &mut stdout,
            stderr: &mut stderr,
            stdin_is_terminal: terminals.stdin,
            show_progress: false,
            stdout_is_terminal: terminals.stdout,
            variable: &lookup,
        },
    );
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Left {
        status,
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

/// A folder with these files, as the program is to name them.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Folder(folder)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub(crate) fn path_of(&self) -> &Path {
        self.0.path()
    }

    /// Text without the folder's name, which differs from run to run.
    pub(crate) fn strip(&self, left: &Left) -> String {
        left.text()
            .replace(&format!("{}/", self.0.path().display()), "")
    }
}
