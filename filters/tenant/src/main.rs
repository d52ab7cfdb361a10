//! The module `tenant.wasm` for Fluent Bit; natively, a program that runs the filter over JSON lines.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

leafpack_fluent_bit::export! {
    module: "tenant",
    settings: leafpack_filter_tenant::State,
    functions: { tenant => leafpack_filter_tenant::tenant },
    msgpack: { tenant_msgpack => leafpack_filter_tenant::tenant_msgpack },
}
