//! Runs a real Fluent Bit over lines and reads what it ships.

mod run;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub use run::{Run, Running};

use crate::peer::FluentBit;

/// A folder to run one Fluent Bit in; gone with the value.
#[derive(Debug)]
pub struct Host<'a> {
    bit: &'a FluentBit,
    folder: TempDir,
}

impl<'a> Host<'a> {
    /// A new folder for runs of this Fluent Bit. They start in a folder `cwd` inside of it, which is empty.
    pub fn new(bit: &'a FluentBit) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(folder.path().join("cwd")).expect("the folder is ours");
        Self { bit, folder }
    }

    /// A path inside of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of these lines, each with its line feed.
    pub fn write_lines<L: AsRef<[u8]>>(
        &self,
        name: &str,
        lines: impl IntoIterator<Item = L>,
    ) -> PathBuf {
        let path = self.path(name);
        let mut file = BufWriter::new(File::create(&path).expect("the folder is ours"));
        for line in lines {
            file.write_all(line.as_ref())
                .and_then(|()| file.write_all(b"\n"))
                .expect("the lines can be written");
        }
        file.flush().expect("the lines can be written");
        path
    }

    /// Runs a configuration (inputs and filters) to its end. Whatever comes out goes to a file, one JSON object a
    /// line; [`tail`] ends the run at the end of its file.
    ///
    /// # Panics
    /// Where the run does not end.
    pub fn run(&self, config: &str) -> Run {
        let _ = std::fs::remove_file(self.output());
        self.start(config).wait()
    }

    /// Starts with a configuration (inputs and filters). What comes out is appended to what earlier runs in this folder
    /// left.
    pub fn start(&self, config: &str) -> Running<'_> {
        let text = format!(
            "[SERVICE]\n    Flush 0.2\n    Grace 60\n    Log_Level info\n    Parsers_File {}\n{config}\
             [OUTPUT]\n    Name file\n    Match *\n    Path {}\n    File out.jsonl\n    Format plain\n",
            self.path("parsers.conf").display(),
            self.folder.path().display(),
        );
        let path = self.path("fluent-bit.conf");
        std::fs::write(&path, text).expect("the folder is ours");
        self.start_file(&path)
    }

    /// Starts with a whole configuration, of any syntax, whose output goes to [`Host::output`].
    pub fn start_file(&self, config: &Path) -> Running<'_> {
        std::fs::write(self.path("parsers.conf"), PARSERS).expect("the folder is ours");
        let (stdout, stderr) = (self.path("stdout"), self.path("stderr"));
        let file = |path: &Path| File::create(path).expect("the folder is ours");
        let child = Command::new(&self.bit.path)
            .arg("-c")
            .arg(config)
            .current_dir(self.path("cwd"))
            .stdin(Stdio::null())
            .stdout(file(&stdout))
            .stderr(file(&stderr))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", self.bit));
        Running::new(self, child)
    }

    /// The file with what came out.
    pub fn output(&self) -> PathBuf {
        self.path("out.jsonl")
    }

    /// Writes a module's settings to a folder of their own; returns the line of the filter's section that names it.
    pub fn settings(&self, module: &str, settings: &Value) -> String {
        let folder = self.path("settings");
        std::fs::create_dir_all(&folder).expect("the folder is ours");
        std::fs::write(folder.join(format!("{module}.json")), settings.to_string())
            .expect("the folder is ours");
        format!("    accessible_paths {}\n", folder.display())
    }
}

/// What `parsers.conf` of Fluent Bit has for Docker and CRI, and for JSON (less its time).
const PARSERS: &str = "[PARSER]\n    Name docker\n    Format json\n    Time_Key time\n    \
     Time_Format %Y-%m-%dT%H:%M:%S.%L\n    Time_Keep On\n\
     [PARSER]\n    Name json\n    Format json\n\
     [PARSER]\n    Name cri\n    Format regex\n    \
     Regex ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>[^ ]*) (?<message>.*)$\n    Time_Key time\n    \
     Time_Format %Y-%m-%dT%H:%M:%S.%L%z\n    Time_Keep On\n";

/// An input section that reads a file from its start to its end. `more` are further lines of the section.
pub fn tail(path: &Path, tag: &str, more: &str) -> String {
    format!(
        "[INPUT]\n    Name tail\n    Path {}\n    Tag {tag}\n    Read_from_Head on\n    Exit_On_Eof on\n    \
         Buffer_Max_Size 8M\n{more}",
        path.display()
    )
}

/// A filter section for a module, with Fluent Bit's default heap and stack. `more` are further lines of the
/// section.
pub fn wasm(module: &Path, function: &str, more: &str) -> String {
    format!(
        "[FILTER]\n    Name wasm\n    Match *\n    WASM_Path {}\n    Function_Name {function}\n{more}",
        module.display()
    )
}
