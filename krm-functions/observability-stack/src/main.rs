//! The KRM functions `ObservabilityStack`, `ObservabilityParts` and `ObservabilityRunbook`: a ResourceList in, a ResourceList
//! out.

use krm_rs::Dispatcher;
use observability_stack::{Embedded, ObservabilityParts, ObservabilityRunbook, ObservabilityStack};
use std::process::ExitCode;

fn main() -> ExitCode {
    Dispatcher::new()
        .with::<ObservabilityStack<Embedded>>()
        .with::<ObservabilityParts>()
        .with::<ObservabilityRunbook<Embedded>>()
        .main()
}
