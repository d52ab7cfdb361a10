//! The module `audit.wasm` for Fluent Bit; natively, a program that runs the filter over JSON lines.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

leafpack_fluent_bit::export! {
    module: "audit",
    settings: leafpack_filter_audit::Settings,
    functions: { audit => leafpack_filter_audit::audit },
}
