//! The binary `leafpack`; see its `--help`.

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use leafpack::{Catalog, World};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().collect();
    let mut world = World {
        stdin: &mut io::stdin().lock(),
        stdout: &mut io::BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        stderr: &mut io::stderr(),
        stdin_is_terminal: io::stdin().is_terminal(),
        stdout_is_terminal: io::stdout().is_terminal(),
        show_progress: io::stderr().is_terminal() && !io::stdout().is_terminal(),
        variable: &|name| env::var_os(name),
    };
    ExitCode::from(leafpack::run(&arguments, &Catalog::embedded(), &mut world))
}
