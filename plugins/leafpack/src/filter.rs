//! Calls a Fluent Bit filter as Fluent Bit does.
//!
//! The interface is that of Fluent Bit's `filter_wasm` plugin (`src/wasm/flb_wasm.c`, 3.0 to 5.1) with `Event_Format
//! json`: one call a record, the tag and the record each copied, with a NUL behind, into memory that the module's
//! `malloc` gave; the answer is the address of a NUL-terminated JSON object, and an empty one drops the record.
//! One instance serves all records, as from 4.1 on.

use std::fmt;

use wasmtime::{FuncType, Memory, TypedFunc, ValType};

use crate::catalog::{Filter, Unknown};
use crate::sandbox::{Cause, Failure, File, Host, Limits, Sandbox};

/// The time that Fluent Bit gives a record, since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTime {
    /// Whole seconds.
    pub seconds: u32,
    /// And nanoseconds, below 1,000,000,000.
    pub nanoseconds: u32,
}

/// Why one record got no answer that Fluent Bit could use. It loses the record; the instance lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The answer is a null pointer.
    Null,
    /// The answer isn't a NUL-terminated text inside of the module's memory.
    OutOfBounds,
    /// The module trapped or was stopped.
    Failed(Failure),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Null => f.write_str("the filter answered with a null pointer"),
            Lost::OutOfBounds => {
                f.write_str("the filter's answer isn't a NUL-terminated text in its memory")
            }
            Lost::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for Lost {}

/// Why a filter can't be called at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// It has no such function.
    Unknown(Unknown),
    /// Its module can't be run.
    Failed(Failure),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unknown(unknown) => unknown.fmt(f),
            LoadError::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

type Call = (u32, u32, u32, u32, u32, u32);

/// A filter, instantiated.
///
/// ```no_run
/// use leafpack::{Catalog, FilterInstance, Limits, RecordTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let filter = Catalog::embedded().filter("cri")?;
/// let settings = br#"{"names": "native"}"#;
/// let mut instance = FilterInstance::load(filter, filter.functions[0], Some(settings), Limits::default())?;
/// let time = RecordTime { seconds: 1_700_000_000, nanoseconds: 0 };
/// let record = br#"{"log":"2024-05-01T10:00:00Z stdout F hello"}"#;
/// match instance.call(b"kube.x", time, record)? {
///     Some(json) => println!("{}", String::from_utf8_lossy(&json)),
///     None => println!("dropped"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct FilterInstance {
    sandbox: Sandbox,
    memory: Memory,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    function: TypedFunc<Call, u32>,
}

impl fmt::Debug for FilterInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterInstance").finish_non_exhaustive()
    }
}

impl FilterInstance {
    /// Instantiates `filter` for its exported `function`. `settings` is the content of `<module>.json` in the folder
    /// that the module sees; without it that folder is empty.
    ///
    /// # Errors
    /// If there is no such function, or the module can't be run.
    pub fn load(
        filter: &Filter,
        function: &str,
        settings: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        let file = settings.map(|bytes| File {
            name: format!("{}.json", filter.name),
            bytes: bytes.to_vec(),
        });
        let host = Host::for_filter(file, &limits);
        let sandbox =
            Sandbox::new(filter.name, filter.code, host, limits).map_err(LoadError::Failed)?;
        Self::bind(sandbox, filter, function)
    }

    fn bind(mut sandbox: Sandbox, filter: &Filter, function: &str) -> Result<Self, LoadError> {
        let (store, instance) = (&mut sandbox.store, sandbox.instance);
        let found = instance
            .get_export(&mut *store, function)
            .and_then(|export| export.into_func());
        let Some(found) = found else {
            return Err(LoadError::Unknown(Unknown {
                message: format!(
                    "the module {} exports no function {function:?}; it has: {}",
                    filter.name,
                    filter.functions.join(", ")
                ),
                fix: format!("try --function {}", filter.functions.first().unwrap_or(&"")),
            }));
        };
        let typed = found.typed::<Call, u32>(&*store);
        let actual = found.ty(&*store);
        let malloc = instance.get_typed_func::<u32, u32>(&mut *store, "malloc");
        let free = instance.get_typed_func::<u32, ()>(&mut *store, "free");
        let memory = instance.get_memory(&mut *store, "memory");
        let why = match (typed, malloc, free, memory) {
            (Ok(function), Ok(malloc), Ok(free), Some(memory)) => {
                // Reactors set themselves up here; WAMR calls it on instantiation too.
                if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize") {
                    let started = initialize.call(&mut *store, ());
                    started.map_err(|error| LoadError::Failed(sandbox.failed(&error)))?;
                }
                return Ok(FilterInstance { sandbox, memory, malloc, free, function });
            }
            (Err(_), ..) => format!(
                "its function {function} is {}, but Fluent Bit calls (i32, i32, i32, i32, i32, i32) -> i32: \
                 tag, its length, seconds, nanoseconds, record, its length",
                signature(&actual)
            ),
            _ => "it doesn't export memory, malloc(i32) -> i32 and free(i32), through which Fluent Bit hands over records"
                .to_owned(),
        };
        Err(LoadError::Failed(sandbox.failure(Cause::Unfit(why))))
    }

    /// Hands over one record, a JSON object. The answer is the record to ship, or `None` if the filter drops it.
    ///
    /// # Errors
    /// [`Lost`], if there is no answer that Fluent Bit could use.
    pub fn call(
        &mut self,
        tag: &[u8],
        time: RecordTime,
        record: &[u8],
    ) -> Result<Option<Vec<u8>>, Lost> {
        self.sandbox.restart_clock();
        let answer = self.call_and_copy(tag, time, record);
        match answer {
            Ok(answer) => answer.map(|json| (!json.is_empty()).then_some(json)),
            Err(error) => Err(Lost::Failed(self.sandbox.failed(&error))),
        }
    }

    fn call_and_copy(
        &mut self,
        tag: &[u8],
        time: RecordTime,
        record: &[u8],
    ) -> wasmtime::Result<Result<Vec<u8>, Lost>> {
        let tag_at = self.copy_in(tag)?;
        let record_at = self.copy_in(record)?;
        let arguments = (
            tag_at,
            tag.len() as u32,
            time.seconds,
            time.nanoseconds,
            record_at,
            record.len() as u32,
        );
        let answer_at = self.function.call(&mut self.sandbox.store, arguments)?;
        let answer = self.copy_out(answer_at);
        for address in [tag_at, record_at] {
            if address != 0 {
                self.free.call(&mut self.sandbox.store, address)?;
            }
        }
        Ok(answer)
    }

    /// Copies `bytes` and a NUL to memory from the module's `malloc`. Where that has none left, the host goes on with
    /// a null pointer, and so does this.
    fn copy_in(&mut self, bytes: &[u8]) -> wasmtime::Result<u32> {
        let Ok(size) = u32::try_from(bytes.len() + 1) else {
            return Ok(0);
        };
        let address = self.malloc.call(&mut self.sandbox.store, size)?;
        if address != 0 {
            self.memory
                .write(&mut self.sandbox.store, address as usize, bytes)?;
            self.memory.write(
                &mut self.sandbox.store,
                address as usize + bytes.len(),
                &[0],
            )?;
        }
        Ok(address)
    }

    fn copy_out(&self, address: u32) -> Result<Vec<u8>, Lost> {
        if address == 0 {
            return Err(Lost::Null);
        }
        let memory = self.memory.data(&self.sandbox.store);
        let text = memory.get(address as usize..).ok_or(Lost::OutOfBounds)?;
        let end = text
            .iter()
            .position(|byte| *byte == 0)
            .ok_or(Lost::OutOfBounds)?;
        Ok(text[..end].to_vec())
    }

    /// What the module wrote to standard output and standard error since this was last asked: notes for people.
    pub fn take_notes(&mut self) -> Vec<u8> {
        let (mut notes, errors) = self.sandbox.store.data_mut().take_written();
        notes.extend(errors);
        notes
    }
}

/// A function's type as in the text format.
fn signature(function: &FuncType) -> String {
    let list = |types: &mut dyn Iterator<Item = ValType>| {
        types.map(|t| t.to_string()).collect::<Vec<_>>().join(", ")
    };
    let result = list(&mut function.results());
    let result = if result.is_empty() {
        "()".to_owned()
    } else {
        result
    };
    format!("({}) -> {result}", list(&mut function.params()))
}
