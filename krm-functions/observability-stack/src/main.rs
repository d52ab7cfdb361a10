//! The KRM functions `ObservabilityStack` and `ObservabilityParts`: a ResourceList in, a ResourceList out.

use krm_rs::Dispatcher;
use observability_stack::{Embedded, ObservabilityParts, ObservabilityStack};
use std::process::ExitCode;

fn main() -> ExitCode {
    Dispatcher::new()
        .with::<ObservabilityStack<Embedded>>()
        .with::<ObservabilityParts>()
        .main()
}
