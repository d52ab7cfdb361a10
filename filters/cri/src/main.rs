//! The module `cri.wasm` for Fluent Bit; natively, a program that runs the filter over JSON lines.
#![cfg_attr(target_arch = "wasm32", no_std, no_main)]

leafpack_fluent_bit::export! {
    module: "cri",
    settings: leafpack_filter_cri::State,
    functions: { cri => leafpack_filter_cri::cri },
    msgpack: { cri_msgpack => leafpack_filter_cri::cri_msgpack },
}
