//! The KRM function `FluentBitFilters`: a ResourceList in, a ResourceList out.

use fluent_bit_filters::{Embedded, FluentBitFilters};
use krm_rs::Dispatcher;
use std::process::ExitCode;

fn main() -> ExitCode {
    Dispatcher::new()
        .with::<FluentBitFilters<Embedded>>()
        .main()
}
