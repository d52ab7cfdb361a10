//! The KRM function `CollectorSettings`: a ResourceList in, a ResourceList out.

use collector_settings::CollectorSettings;
use krm_rs::Dispatcher;
use std::process::ExitCode;

fn main() -> ExitCode {
    Dispatcher::new().with::<CollectorSettings>().main()
}
