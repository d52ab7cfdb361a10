//! Stands in for Fluent Bit: drives a module through WAMR, the engine that Fluent Bit has inside, in the order
//! in which its `src/wasm/flb_wasm.c` does, with its default heap and stack.
//!
//! WAMR is built here without its WASI, for the bindings cannot preopen a folder; the four WASI functions that
//! a filter may import are host functions over files in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wamrx::{Engine, FuncType, Instance, InstanceConfig, Linker, Module, Val, ValType};

/// `wasm_heap_size` and `wasm_stack_size`, in bytes: Fluent Bit's defaults, and the least that it takes.
const HEAP_AND_STACK: u32 = 8192;

/// WAMR keeps host functions in one list for the process, without a lock.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What the host does with the buffers for tag and record after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffers {
    /// Leaves them: 3.0 to 4.0.13, 4.1.0 and 4.1.1.
    Leaked,
    /// Frees them: 4.0.14, and 4.1.2 and later.
    Freed,
}

/// The files in one folder of `accessible_paths`. As in a mounted ConfigMap, each is a symbolic link: to this
/// content, or to nothing.
pub type Folder = BTreeMap<String, Option<Vec<u8>>>;

/// A Fluent Bit as far as a filter can tell.
pub struct Host {
    engine: Engine,
    linker: Linker,
    wasi: Rc<Wasi>,
    buffers: Buffers,
    _alone: MutexGuard<'static, ()>,
}

/// One instance of a module.
pub struct Filter<'h> {
    host: &'h Host,
    instance: Rc<Instance>,
}

/// What goes wrong in a call, as Fluent Bit would log it.
pub type Fault = String;

impl Host {
    /// A host with these folders in `accessible_paths`. It waits until no other host is left in this process;
    /// who holds one must not ask for a second.
    ///
    /// # Panics
    /// Where WAMR cannot be started.
    pub fn new(buffers: Buffers, folders: Vec<Folder>) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = Engine::new().expect("WAMR starts");
        let wasi = Rc::new(Wasi {
            folders,
            ..Wasi::default()
        });
        let mut linker = Linker::new(&engine);
        define_wasi(&mut linker, &wasi);
        Self {
            engine,
            linker,
            wasi,
            buffers,
            _alone: alone,
        }
    }

    /// Loads a module and makes an instance of it: once for all records from 4.1 on, before that once for each
    /// chunk.
    ///
    /// # Errors
    /// Where WAMR refuses the module.
    pub fn instantiate(&self, module: &[u8]) -> Result<Filter<'_>, Fault> {
        let text = |error: wamrx::Error| error.to_string();
        let module = Module::new(&self.engine, module).map_err(text)?;
        let mut config = InstanceConfig::new();
        config
            .aux_stack_size(HEAP_AND_STACK)
            .heap_size(HEAP_AND_STACK)
            .exec_stack_size(HEAP_AND_STACK);
        let instance = self
            .linker
            .instantiate_with(module, &config)
            .map_err(text)?;
        let filter = Filter {
            host: self,
            instance: Rc::new(instance),
        };
        // WAMR does this where it has WASI itself.
        filter.invoke("_initialize", &[], 0)?;
        Ok(filter)
    }

    /// What filters wrote to stderr so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.wasi.stderr.borrow()).into_owned()
    }

    /// Makes every further `fd_read` fail with this WASI error.
    pub fn break_reading(&self, errno: u16) {
        self.wasi.read_error.set(errno);
    }

    /// How many files are open.
    pub fn open_files(&self) -> usize {
        self.wasi.open.borrow().len()
    }
}

impl Filter<'_> {
    /// Hands one record over and returns the answer; an empty one drops the record.
    ///
    /// # Errors
    /// A trap, and an answer that is no text: both lose the record.
    pub fn call(
        &self,
        function: &str,
        tag: &[u8],
        time: (u32, u32),
        record: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let (tag_at, record_at) = (self.duplicate(tag)?, self.duplicate(record)?);
        let answer = self.call_at(
            function,
            (tag_at, tag.len()),
            time,
            (record_at, record.len()),
        );
        if self.host.buffers == Buffers::Freed {
            for address in [tag_at, record_at] {
                self.invoke("free", &[address], 0)?;
            }
        }
        answer
    }

    /// As [`Filter::call`], with tag and record where they are: address (0 where `malloc` gave none) and length.
    ///
    /// # Errors
    /// As [`Filter::call`].
    pub fn call_at(
        &self,
        function: &str,
        (tag, tag_len): (u32, usize),
        (seconds, nanoseconds): (u32, u32),
        (record, record_len): (u32, usize),
    ) -> Result<Vec<u8>, Fault> {
        let arguments = [
            tag,
            tag_len as u32,
            seconds,
            nanoseconds,
            record,
            record_len as u32,
        ];
        let answer = self.invoke(function, &arguments, 1)? as usize;
        self.memory(|memory| {
            let rest = memory.get(answer..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == 0);
            end.map(|end| rest[..end].to_vec())
                .ok_or_else(|| "returned value is invalid".to_string())
        })
    }

    /// Size of the memory, in pages of 64 KiB.
    ///
    /// # Panics
    /// Where the module exports no memory.
    pub fn pages(&self) -> u64 {
        self.instance
            .get_memory("memory")
            .expect("a filter exports its memory")
            .size()
    }

    /// WAMR's `module_dup_data`: a copy of `bytes` and a NUL in memory from the module's `malloc`. 0 where it
    /// gives none.
    fn duplicate(&self, bytes: &[u8]) -> Result<u32, Fault> {
        let address = self.invoke("malloc", &[bytes.len() as u32 + 1], 1)?;
        if address == 0 {
            return Ok(0);
        }
        self.memory(|memory| {
            let place = memory
                .get_mut(address as usize..)
                .and_then(|rest| rest.get_mut(..=bytes.len()))
                .ok_or("malloc gave what is not inside of memory")?;
            place[..bytes.len()].copy_from_slice(bytes);
            place[bytes.len()] = 0;
            Ok(address)
        })
    }

    fn invoke(&self, function: &str, arguments: &[u32], results: usize) -> Result<u32, Fault> {
        // Host functions find the memory of the instance that runs.
        *self.host.wasi.running.borrow_mut() = Rc::downgrade(&self.instance);
        let arguments: Vec<Val> = arguments
            .iter()
            .map(|value| Val::I32(*value as i32))
            .collect();
        let mut answer = [Val::I32(0)];
        self.instance
            .get_func(function)
            .and_then(|found| found.call(&arguments, &mut answer[..results]))
            .map_err(|error| format!("{function}: {error}"))?;
        match answer {
            [Val::I32(value)] => Ok(value as u32),
            _ => Err(format!("{function}: the result is no i32")),
        }
    }

    fn memory<T>(&self, body: impl FnOnce(&mut [u8]) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut memory = self
            .instance
            .get_memory("memory")
            .map_err(|error| error.to_string())?;
        body(memory.data_mut())
    }
}

/// Numbers of `wasi_snapshot_preview1`'s `errno`.
const SUCCESS: u16 = 0;
const BADF: u16 = 8;
const FAULT: u16 = 21;
const LOOP: u16 = 32;
const NOENT: u16 = 44;

/// `lookupflags::symlink_follow`.
const FOLLOW: u32 = 1;
/// The first descriptor of a folder, and that of an opened file.
const FOLDERS: u32 = 3;
const FILES: u32 = 100;
/// A read gives at most this much, as a file system may.
const SHORT_READ: usize = 1000;

/// The files of the host.
#[derive(Default)]
struct Wasi {
    folders: Vec<Folder>,
    /// What is left to read of each open file.
    open: RefCell<BTreeMap<u32, Vec<u8>>>,
    stderr: RefCell<Vec<u8>>,
    read_error: Cell<u16>,
    running: RefCell<Weak<Instance>>,
}

impl Wasi {
    fn memory<T>(&self, body: impl FnOnce(&mut [u8]) -> Result<T, u16>) -> Result<T, u16> {
        let instance = self.running.borrow().upgrade().ok_or(FAULT)?;
        let mut memory = instance.get_memory("memory").map_err(|_| FAULT)?;
        body(memory.data_mut())
    }

    fn path_open(&self, [folder, lookup, path, path_len, .., opened]: [u32; 9]) -> Result<(), u16> {
        let folder = folder.checked_sub(FOLDERS).ok_or(BADF)?;
        let folder = self.folders.get(folder as usize).ok_or(BADF)?;
        self.memory(|memory| {
            let path = std::str::from_utf8(slice(memory, path, path_len)?).map_err(|_| NOENT)?;
            let link = folder.get(path).ok_or(NOENT)?;
            if lookup & FOLLOW == 0 {
                return Err(LOOP);
            }
            let content = link.as_ref().ok_or(NOENT)?;
            let mut open = self.open.borrow_mut();
            let file = open.keys().next_back().map_or(FILES, |last| last + 1);
            open.insert(file, content.clone());
            slice(memory, opened, 4)?.copy_from_slice(&file.to_le_bytes());
            Ok(())
        })
    }

    fn fd_read(&self, [file, vectors, count, done]: [u32; 4]) -> Result<(), u16> {
        let mut open = self.open.borrow_mut();
        let rest = open.get_mut(&file).ok_or(BADF)?;
        if self.read_error.get() != SUCCESS {
            return Err(self.read_error.get());
        }
        self.memory(|memory| {
            let mut total = 0;
            for (address, len) in vector(memory, vectors, count)? {
                let len = (len as usize).min(rest.len()).min(SHORT_READ - total);
                slice(memory, address, len as u32)?.copy_from_slice(&rest[..len]);
                rest.drain(..len);
                total += len;
            }
            slice(memory, done, 4)?.copy_from_slice(&(total as u32).to_le_bytes());
            Ok(())
        })
    }

    fn fd_write(&self, [file, vectors, count, done]: [u32; 4]) -> Result<(), u16> {
        if file != 2 {
            return Err(BADF);
        }
        self.memory(|memory| {
            let mut total = 0;
            for (address, len) in vector(memory, vectors, count)? {
                self.stderr
                    .borrow_mut()
                    .extend_from_slice(slice(memory, address, len)?);
                total += len;
            }
            slice(memory, done, 4)?.copy_from_slice(&total.to_le_bytes());
            Ok(())
        })
    }

    fn fd_close(&self, [file]: [u32; 1]) -> Result<(), u16> {
        self.open.borrow_mut().remove(&file).map(|_| ()).ok_or(BADF)
    }
}

fn slice(memory: &mut [u8], address: u32, len: u32) -> Result<&mut [u8], u16> {
    let start = address as usize;
    memory.get_mut(start..start + len as usize).ok_or(FAULT)
}

/// Address and length of each part.
fn vector(memory: &mut [u8], vectors: u32, count: u32) -> Result<Vec<(u32, u32)>, u16> {
    let mut words = slice(memory, vectors, count * 8)?
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let mut parts = Vec::new();
    while let (Some(address), Some(len)) = (words.next(), words.next()) {
        parts.push((address, len));
    }
    Ok(parts)
}

fn define_wasi(linker: &mut Linker, wasi: &Rc<Wasi>) {
    use ValType::{I32, I64};
    define(
        linker,
        wasi,
        "path_open",
        [I32, I32, I32, I32, I32, I64, I64, I32, I32],
        Wasi::path_open,
    );
    define(linker, wasi, "fd_read", [I32; 4], Wasi::fd_read);
    define(linker, wasi, "fd_write", [I32; 4], Wasi::fd_write);
    define(linker, wasi, "fd_close", [I32; 1], Wasi::fd_close);
}

/// Defines one function; a 64-bit argument (rights, which nothing here asks for) is cut to its lower half.
fn define<const N: usize>(
    linker: &mut Linker,
    wasi: &Rc<Wasi>,
    name: &str,
    parameters: [ValType; N],
    body: impl Fn(&Wasi, [u32; N]) -> Result<(), u16> + 'static,
) {
    let wasi = Rc::clone(wasi);
    linker
        .define_func(
            "wasi_snapshot_preview1",
            name,
            FuncType::new(parameters, [ValType::I32]),
            move |arguments, results| {
                let word = |index: usize| match arguments.get(index) {
                    Some(Val::I32(value)) => *value as u32,
                    Some(Val::I64(value)) => *value as u32,
                    _ => 0,
                };
                let errno = body(&wasi, std::array::from_fn(word))
                    .err()
                    .unwrap_or(SUCCESS);
                results[0] = Val::I32(i32::from(errno));
            },
        )
        .unwrap_or_else(|error| panic!("WAMR refuses {name}: {error}"));
}
