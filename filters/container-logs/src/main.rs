//! The module `container-logs.wasm` for Fluent Bit; natively, a program that runs the filter over JSON lines.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

leafpack_fluent_bit::export! {
    module: "container-logs",
    settings: leafpack_filter_container_logs::State,
    functions: { container_logs => leafpack_filter_container_logs::container_logs },
    msgpack: { container_logs_msgpack => leafpack_filter_container_logs::container_logs_msgpack },
}
