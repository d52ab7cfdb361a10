//! The KRM function `ObservabilityStack`: a ResourceList in, a ResourceList out.

use krm_rs::Dispatcher;
use observability_stack::{Embedded, ObservabilityStack};
use std::process::ExitCode;

fn main() -> ExitCode {
    Dispatcher::new()
        .with::<ObservabilityStack<Embedded>>()
        .main()
}
