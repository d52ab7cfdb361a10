//! What is checked on a module before it may be shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wasmparser::{
    BinaryReaderError, ExternalKind, KnownCustom, Name, Operator, OperatorsReader, Parser, Payload,
    TypeRef, Validator, WasmFeatures,
};

use crate::{Result, workspace};

/// What WAMR 1.3.0 (in Fluent Bit 3.x) was built to know, and rustc's default output uses.
const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::GC_TYPES);

/// What functions may use besides: of reference types, rustc writes the long form of `call_indirect`'s table index.
const FUNCTION_FEATURES: WasmFeatures = FEATURES.union(WasmFeatures::REFERENCE_TYPES);

/// The only functions that a filter may import: for its settings file, and for stderr.
const FILTER_IMPORTS: [&str; 4] = ["path_open", "fd_read", "fd_close", "fd_write"];

/// Exports that Fluent Bit and WAMR need of a filter, beside its functions.
const FILTER_EXPORTS: [&str; 4] = ["memory", "malloc", "free", "_initialize"];

/// Fluent Bit builds WAMR with its thread manager, which lets the main thread use the n-th part of the stack that the
/// module brings (`aux_stack_size / (max_threads + 1)`, 4 threads; tried: a filter that needed more lost every record).
const STACK_SHARES: u32 = 5;

/// Largest filter, in bytes. A ConfigMap that `kubectl apply` accepts holds 192 KiB of modules, as base64; what is beyond
/// half of that pays for itself: the paths that answer the usual records quickly.
pub(crate) const MAX_FILTER: usize = 60 * 1024;

/// What the checks found out.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Exported functions, less those that every filter has.
    pub(crate) functions: Vec<String>,
}

/// A module's functions, as far as the checks care.
#[derive(Default)]
struct Graph {
    /// Names by index, from the name section; imports by what they import.
    names: BTreeMap<u32, String>,
    imports: Vec<(String, String)>,
    exports: Vec<(String, u32)>,
    other_exports: Vec<String>,
    /// Who calls whom.
    calls: BTreeMap<u32, BTreeSet<u32>>,
    /// Instructions that can trap whatever the module's author thinks, by function.
    traps: Vec<(u32, &'static str)>,
    /// What each function takes of the shadow stack, in bytes.
    frames: BTreeMap<u32, u32>,
    /// Where the shadow stack begins, which is its size: it grows down to address 0.
    stack: u32,
}

impl Graph {
    fn name(&self, index: u32) -> String {
        if let Some((module, name)) = self.imports.get(index as usize) {
            return format!("{module}.{name}");
        }
        self.names
            .get(&index)
            .cloned()
            .unwrap_or_else(|| format!("function {index}"))
    }

    /// What of the shadow stack may be in use at once, and by which functions. For a graph without cycles.
    fn deepest(&self) -> (u32, Vec<String>) {
        let mut known = BTreeMap::new();
        let deepest = self
            .exports
            .iter()
            .map(|(_, index)| self.depth(*index, &mut known));
        let (needed, from) = deepest
            .zip(&self.exports)
            .map(|(needed, (_, index))| (needed, *index))
            .max()
            .unwrap_or_default();
        let mut chain = Vec::new();
        let mut next = Some(from);
        while let Some(index) = next {
            chain.push(format!(
                "{} ({})",
                self.name(index),
                self.frames.get(&index).copied().unwrap_or_default()
            ));
            let callees = self.calls.get(&index).into_iter().flatten();
            next = callees
                .copied()
                .filter(|callee| self.depth(*callee, &mut known) > 0)
                .max_by_key(|callee| self.depth(*callee, &mut BTreeMap::new()));
        }
        (needed, chain)
    }

    /// What a function and those that it calls take of the shadow stack.
    fn depth(&self, index: u32, known: &mut BTreeMap<u32, u32>) -> u32 {
        if let Some(depth) = known.get(&index) {
            return *depth;
        }
        let callees = self.calls.get(&index).into_iter().flatten();
        let below = callees.map(|callee| self.depth(*callee, known)).max();
        let depth =
            self.frames.get(&index).copied().unwrap_or_default() + below.unwrap_or_default();
        known.insert(index, depth);
        depth
    }

    /// The shortest chain of calls from an export to `target`.
    fn chain(&self, target: u32) -> Vec<String> {
        let mut from: BTreeMap<u32, u32> = BTreeMap::new();
        let mut queue: Vec<u32> = self.exports.iter().map(|(_, index)| *index).collect();
        let mut next = 0;
        while let Some(&index) = queue.get(next) {
            next += 1;
            if index == target {
                break;
            }
            for callee in self.calls.get(&index).into_iter().flatten() {
                if !from.contains_key(callee)
                    && !self.exports.iter().any(|(_, export)| export == callee)
                {
                    from.insert(*callee, index);
                    queue.push(*callee);
                }
            }
        }
        let mut chain = vec![self.name(target)];
        let mut at = target;
        while let Some(caller) = from.get(&at) {
            chain.push(self.name(*caller));
            at = *caller;
        }
        chain.reverse();
        chain
    }

    /// A cycle of calls, if there is one.
    fn cycle(&self) -> Option<Vec<String>> {
        fn visit(
            graph: &Graph,
            index: u32,
            path: &mut Vec<u32>,
            done: &mut BTreeSet<u32>,
        ) -> Option<Vec<u32>> {
            if let Some(at) = path.iter().position(|seen| *seen == index) {
                return Some(path[at..].to_vec());
            }
            if !done.insert(index) {
                return None;
            }
            path.push(index);
            for callee in graph.calls.get(&index).into_iter().flatten() {
                if let Some(cycle) = visit(graph, *callee, path, done) {
                    return Some(cycle);
                }
            }
            path.pop();
            None
        }
        let mut done = BTreeSet::new();
        self.calls
            .keys()
            .find_map(|index| visit(self, *index, &mut Vec::new(), &mut done))
            .map(|cycle| cycle.into_iter().map(|index| self.name(index)).collect())
    }
}

/// Checks a function: a host with only the features of WAMR 1.3.0 can load it.
pub(crate) fn function(name: &str, module: &[u8]) -> Result<()> {
    loads(name, module, FUNCTION_FEATURES)
}

fn loads(name: &str, module: &[u8], features: WasmFeatures) -> Result<()> {
    Validator::new_with_features(features)
        .validate_all(module)
        .map(|_| ())
        .map_err(|error| {
            format!(
                "{name}: the module uses what WAMR 1.3.0 does not know: {} (at byte {})",
                error.message(),
                error.offset()
            )
        })
}

/// Checks a filter: it loads, it imports and exports what it should, it fits, and it cannot trap: no panic path,
/// no `unreachable`, no recursion, no indirect call, no division that may fail.
pub(crate) fn filter(name: &str, module: &[u8]) -> Result<Facts> {
    loads(name, module, FEATURES)?;
    let graph = read(module).map_err(|error| format!("{name}: {error}"))?;
    for (index, (module, import)) in graph.imports.iter().enumerate() {
        if module == "leafpack" {
            let chain = graph.chain(index as u32).join(" → ");
            return Err(format!(
                "{name}: a panic path is linked in, and a panic loses the record: {chain}\n\
                 Use get(), split_at_checked(), checked arithmetic and the like instead."
            ));
        }
        if module != "wasi_snapshot_preview1" || !FILTER_IMPORTS.contains(&import.as_str()) {
            return Err(format!(
                "{name}: imports {module}.{import}, which a filter has no use for"
            ));
        }
    }
    if let Some((index, what)) = graph.traps.first() {
        return Err(format!(
            "{name}: {} can trap ({what}): {}",
            graph.name(*index),
            graph.chain(*index).join(" → ")
        ));
    }
    if let Some(cycle) = graph.cycle() {
        return Err(format!(
            "{name}: recursion, on an operand stack of 8 KiB: {} → {}",
            cycle.join(" → "),
            cycle.first().map_or("", String::as_str)
        ));
    }
    let (needed, chain) = graph.deepest();
    let usable = graph.stack / STACK_SHARES;
    if needed > usable {
        return Err(format!(
            "{name}: {needed} bytes of the shadow stack may be in use at once, and WAMR lets {usable} of its {} be used: {}\n\
             Use scratch memory of the output for what is large, or a larger -zstack-size in .cargo/config.toml.",
            graph.stack,
            chain.join(" → ")
        ));
    }
    let exported = |wanted: &&&str| {
        !graph.exports.iter().any(|(name, _)| name == *wanted)
            && !graph.other_exports.iter().any(|name| name == *wanted)
    };
    if let Some(missing) = FILTER_EXPORTS.iter().find(exported) {
        return Err(format!(
            "{name}: does not export `{missing}`; use the macro leafpack_fluent_bit::export!"
        ));
    }
    let functions: Vec<String> = graph
        .exports
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !FILTER_EXPORTS.contains(&name.as_str()))
        .collect();
    if functions.is_empty() {
        return Err(format!("{name}: exports no filter function"));
    }
    Ok(Facts { functions })
}

/// Checks the filters in these files, and says which functions they export.
pub(crate) fn files(files: &[String]) -> Result<()> {
    if files.is_empty() {
        return Err(
            "cargo xtask check: found no file, expected the paths of filters (.wasm)".into(),
        );
    }
    for file in files {
        let module = workspace::read(Path::new(file))?;
        let facts = filter(file, &module)?;
        size(file, &strip(&module)?)?;
        println!(
            "{file}: ok; Function_Name may be {}",
            facts.functions.join(", ")
        );
    }
    Ok(())
}

/// Checks that a filter fits, once nothing but code and data is left of it.
pub(crate) fn size(name: &str, module: &[u8]) -> Result<()> {
    if module.len() > MAX_FILTER {
        return Err(format!(
            "{name}: {} bytes, and a filter may have {MAX_FILTER}",
            module.len()
        ));
    }
    Ok(())
}

/// The module without its custom sections (names, producers).
pub(crate) fn strip(module: &[u8]) -> Result<Vec<u8>> {
    const HEADER: usize = 8;
    let mut stripped = module.get(..HEADER).unwrap_or_default().to_vec();
    let mut at = HEADER;
    while at < module.len() {
        // A section is its number, its length in LEB128, and that many bytes.
        let start = at;
        let id = module[at];
        at += 1;
        let mut len = 0usize;
        for shift in (0..).step_by(7) {
            let byte = *module
                .get(at)
                .ok_or("a module ends within a section's length")?;
            at += 1;
            len |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        at += len;
        let section = module
            .get(start..at)
            .ok_or("a module ends within a section")?;
        if id != 0 {
            stripped.extend_from_slice(section);
        }
    }
    Ok(stripped)
}

fn read(module: &[u8]) -> Result<Graph, BinaryReaderError> {
    let mut graph = Graph::default();
    let mut index = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    if let TypeRef::Func(_) = import.ty {
                        graph
                            .imports
                            .push((import.module.into(), import.name.into()));
                        index += 1;
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    match export.kind {
                        ExternalKind::Func => {
                            graph.exports.push((export.name.into(), export.index))
                        }
                        _ => graph.other_exports.push(export.name.into()),
                    }
                }
            }
            Payload::GlobalSection(section) => {
                // rustc's stack pointer is the first one.
                if let Some(global) = section.into_iter().next()
                    && let Operator::I32Const { value } =
                        global?.init_expr.get_operators_reader().read()?
                {
                    graph.stack = value.unsigned_abs();
                }
            }
            Payload::CodeSectionEntry(body) => {
                scan(&mut graph, index, &body)?;
                index += 1;
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names {
                        if let Name::Function(functions) = name? {
                            for function in functions {
                                let function = function?;
                                graph.names.insert(function.index, function.name.into());
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(graph)
}

/// Collects the calls of one function, and what in it can trap.
fn scan(
    graph: &mut Graph,
    index: u32,
    body: &wasmparser::FunctionBody<'_>,
) -> Result<(), BinaryReaderError> {
    let calls = graph.calls.entry(index).or_default();
    let mut divisor_is_safe = false;
    // A frame is taken by `global.get 0, i32.const size, i32.sub` at a function's start.
    let mut start = body.get_operators_reader()?;
    if let (
        Operator::GlobalGet { global_index: 0 },
        Operator::I32Const { value },
        Operator::I32Sub,
    ) = (
        start.read()?,
        read_or_end(&mut start)?,
        read_or_end(&mut start)?,
    ) {
        graph.frames.insert(index, value.unsigned_abs());
    }
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        let trap = match &operator {
            Operator::Call { function_index } => {
                calls.insert(*function_index);
                None
            }
            Operator::CallIndirect { .. } => Some("an indirect call"),
            Operator::Unreachable => Some("unreachable"),
            Operator::I32DivU
            | Operator::I32RemU
            | Operator::I64DivU
            | Operator::I64RemU
            | Operator::I32RemS
            | Operator::I64RemS
            | Operator::I32DivS
            | Operator::I64DivS
                if !divisor_is_safe =>
            {
                Some("a division by something that may be 0")
            }
            Operator::I32TruncF32S
            | Operator::I32TruncF32U
            | Operator::I32TruncF64S
            | Operator::I32TruncF64U
            | Operator::I64TruncF32S
            | Operator::I64TruncF32U
            | Operator::I64TruncF64S
            | Operator::I64TruncF64U => Some("a conversion of a float that may not fit"),
            _ => None,
        };
        if let Some(trap) = trap {
            graph.traps.push((index, trap));
        }
        // -1 as a divisor overflows on the smallest number.
        divisor_is_safe = match operator {
            Operator::I32Const { value } => !(-1..=0).contains(&value),
            Operator::I64Const { value } => !(-1..=0).contains(&value),
            _ => false,
        };
    }
    Ok(())
}

/// The next instruction of a function; its last one again where there is none.
fn read_or_end<'a>(operators: &mut OperatorsReader<'a>) -> Result<Operator<'a>, BinaryReaderError> {
    if operators.eof() {
        return Ok(Operator::End);
    }
    operators.read()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A filter of which everything is right but what `body` adds.
    fn module(fields: &str, body: &str) -> Vec<u8> {
        let text = format!(
            r#"(module
              {fields}
              (memory (export "memory") 1)
              (func $malloc (export "malloc") (param i32) (result i32) i32.const 0)
              (func (export "free") (param i32))
              (func (export "_initialize"))
              (func $inner (param i32) (result i32) {body})
              (func $demo (export "demo") (param i32 i32 i32 i32 i32 i32) (result i32)
                local.get 4 call $inner))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn verdict(fields: &str, body: &str) -> String {
        match filter("demo", &module(fields, body)) {
            Ok(facts) => facts.functions.join(" "),
            Err(error) => error.lines().next().unwrap_or_default().to_string(),
        }
    }

    #[test]
    fn accepts_a_good_filter() {
        assert_eq!(verdict("", "local.get 0"), "demo");
        assert_eq!(verdict("", "local.get 0 i32.const 10 i32.div_u"), "demo");
        assert_eq!(
            verdict(
                r#"(import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#,
                "local.get 0"
            ),
            "demo"
        );
    }

    #[test]
    fn refuses_what_can_trap() {
        let panic = r#"(import "leafpack" "panic_path_is_linked" (func $panic))"#;
        for (fields, body, error) in [
            (
                panic,
                "call $panic local.get 0",
                "demo: a panic path is linked in, and a panic loses the record: demo → inner → \
                 leafpack.panic_path_is_linked",
            ),
            (
                "",
                "unreachable",
                "demo: inner can trap (unreachable): demo → inner",
            ),
            (
                "",
                "local.get 0 local.get 0 i32.div_u",
                "demo: inner can trap (a division by something that may be 0): demo → inner",
            ),
            (
                "",
                "local.get 0 i32.const -1 i32.div_s",
                "demo: inner can trap (a division by something that may be 0): demo → inner",
            ),
            (
                "",
                "f32.const 1 i32.trunc_f32_s",
                "demo: inner can trap (a conversion of a float that may not fit): demo → inner",
            ),
            (
                "(table 1 funcref)",
                "local.get 0 call_indirect (param) (result) local.get 0",
                "demo: inner can trap (an indirect call): demo → inner",
            ),
            (
                "",
                "local.get 0 call $inner",
                "demo: recursion, on an operand stack of 8 KiB: inner → inner",
            ),
        ] {
            assert_eq!(verdict(fields, body), error);
        }
    }

    #[test]
    fn refuses_a_stack_that_the_host_does_not_give() {
        let stack = "(global $sp (mut i32) (i32.const 16384))";
        let frame = |size: u32| {
            format!("global.get $sp i32.const {size} i32.sub global.set $sp local.get 0")
        };
        assert_eq!(verdict(stack, &frame(3264)), "demo");
        assert_eq!(
            verdict(stack, &frame(3280)),
            "demo: 3280 bytes of the shadow stack may be in use at once, and WAMR lets 3276 of its 16384 be used: \
             demo (0) → inner (3280)"
        );
    }

    #[test]
    fn refuses_foreign_imports_and_missing_exports() {
        assert_eq!(
            verdict(r#"(import "env" "time" (func))"#, "local.get 0"),
            "demo: imports env.time, which a filter has no use for"
        );
        let bare =
            wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "demo")))"#)
                .unwrap();
        let error = filter("demo", &bare).unwrap_err();
        assert_eq!(
            error,
            "demo: does not export `malloc`; use the macro leafpack_fluent_bit::export!"
        );
    }

    #[test]
    fn refuses_features_that_old_hosts_lack() {
        let simd =
            wat::parse_str("(module (func (result v128) v128.const i32x4 0 0 0 0))").unwrap();
        let error = function("demo", &simd).unwrap_err();
        assert!(
            error.starts_with("demo: the module uses what WAMR 1.3.0 does not know: SIMD"),
            "{error}"
        );
        let two =
            wat::parse_str("(module (func (result i32 i32) i32.const 0 i32.const 0))").unwrap();
        assert!(function("demo", &two).is_err());
        // Fluent Bit 3.2.2 refuses a table of external references, and then lets all records pass.
        let table = wat::parse_str("(module (table 1 externref))").unwrap();
        assert!(
            filter("demo", &table)
                .unwrap_err()
                .contains("does not know")
        );
    }

    #[test]
    fn strips_names_and_nothing_else() {
        let module = module("", "local.get 0");
        let stripped = strip(&module).unwrap();
        assert!(stripped.len() < module.len());
        assert_eq!(filter("demo", &stripped).unwrap().functions, ["demo"]);
        assert_eq!(strip(&stripped).unwrap(), stripped);
        assert!(strip(&module[..module.len() - 1]).is_err());
    }

    #[test]
    fn knows_its_limit() {
        assert!(size("demo", &vec![0; MAX_FILTER]).is_ok());
        assert!(size("demo", &vec![0; MAX_FILTER + 1]).is_err());
    }
}
