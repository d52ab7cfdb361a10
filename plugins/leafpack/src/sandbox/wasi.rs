//! The part of WASI preview 1 that the project's modules need, and nothing else.
//!
//! | descriptor | what it is |
//! |---|---|
//! | 0 | the input, read once from start to end |
//! | 1, 2 | output and errors, kept in memory up to the limit |
//! | 3 | a filter's folder `.`, read-only, in memory, with the settings file if there is one |
//! | 4 and on | what was opened in it |
//!
//! Arguments and environment are empty. `random_get` gives the same bytes in every run, so that a module's output
//! depends on its input alone: hash maps need some seed, and nothing here needs a secret.
//! Every other call is absent, and a module that imports one is not loaded.
//!
//! The interface is described in [`wasi_snapshot_preview1`][docs].
//!
//! [docs]: https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md

use std::ops::Range;

use wasmtime::{Caller, Extern, Linker};

use super::host::{Host, Stop};

const MODULE: &str = "wasi_snapshot_preview1";

/// `errno`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Errno {
    Success = 0,
    BadDescriptor = 8,
    BadAddress = 21,
    Invalid = 28,
    NoEntry = 44,
    NotDirectory = 54,
    ReadOnly = 69,
    IllegalSeek = 70,
}

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const FOLDER: u32 = 3;
/// The descriptor of `Host::open[0]`.
const FIRST_FILE: u32 = 4;

/// `filetype` in an `fdstat`.
const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
/// Neither a terminal nor a file; what a pipe is reported as.
const UNKNOWN: u8 = 0;

const RIGHT_READ: u64 = 1 << 1;
const RIGHT_SEEK: u64 = 1 << 2;
const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_OPEN: u64 = 1 << 13;

/// The outcome of a call that can't stop the module.
type Answer = Result<(), Errno>;

/// The module's memory and the state behind its imports, for the time of one call.
struct Guest<'a> {
    memory: &'a mut [u8],
    host: &'a mut Host,
}

impl Guest<'_> {
    fn slice(&mut self, address: u32, len: u32) -> Result<&mut [u8], Errno> {
        self.memory
            .get_mut(range(address, len))
            .ok_or(Errno::BadAddress)
    }

    fn read_u32(&mut self, address: u32) -> Result<u32, Errno> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.slice(address, 4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    fn write(&mut self, address: u32, bytes: &[u8]) -> Answer {
        self.slice(address, bytes.len() as u32)?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// Where the `index`-th vector of a list points to.
    fn vector(&mut self, list: u32, index: u32) -> Result<Range<usize>, Errno> {
        let at = index
            .checked_mul(8)
            .and_then(|offset| list.checked_add(offset));
        let at = at.ok_or(Errno::BadAddress)?;
        let len_at = at.checked_add(4).ok_or(Errno::BadAddress)?;
        Ok(range(self.read_u32(at)?, self.read_u32(len_at)?))
    }

    /// The open file behind a descriptor, as an index into `Host::open`.
    fn opened(&self, fd: u32) -> Result<usize, Errno> {
        let index = fd.checked_sub(FIRST_FILE).ok_or(Errno::BadDescriptor)? as usize;
        match self.host.open.get(index) {
            Some(Some(_)) => Ok(index),
            _ => Err(Errno::BadDescriptor),
        }
    }

    fn fd_read(&mut self, fd: u32, list: u32, count: u32, done: u32) -> Answer {
        let opened = match fd {
            STDIN => None,
            _ => Some(self.opened(fd)?),
        };
        let mut total = 0;
        for index in 0..count {
            let vector = self.vector(list, index)?;
            let to = self.memory.get_mut(vector).ok_or(Errno::BadAddress)?;
            let (from, at) = match opened.and_then(|index| self.host.open[index].as_mut()) {
                None => (&*self.host.stdin, &mut self.host.stdin_at),
                Some((file, at)) => {
                    let files = self.host.folder.as_ref().ok_or(Errno::BadDescriptor)?;
                    (&files[*file].bytes, at)
                }
            };
            let rest = from.get(*at..).unwrap_or_default();
            let len = rest.len().min(to.len());
            to[..len].copy_from_slice(&rest[..len]);
            *at += len;
            total += len;
        }
        self.write(done, &(total as u32).to_le_bytes())
    }

    /// Stops the module when it has written too much.
    fn fd_write(&mut self, fd: u32, list: u32, count: u32, done: u32) -> Result<Answer, Stop> {
        if fd != STDOUT && fd != STDERR {
            return Ok(Err(Errno::BadDescriptor));
        }
        let mut total = 0;
        for index in 0..count {
            let vector = self.vector(list, index);
            let from = vector.and_then(|vector| self.memory.get(vector).ok_or(Errno::BadAddress));
            let from = match from {
                Ok(from) => from,
                Err(errno) => return Ok(Err(errno)),
            };
            self.host.count_output(from.len())?;
            match fd {
                STDOUT => self.host.stdout.extend_from_slice(from),
                _ => self.host.stderr.extend_from_slice(from),
            }
            total += from.len();
        }
        Ok(self.write(done, &(total as u32).to_le_bytes()))
    }

    fn fd_close(&mut self, fd: u32) -> Answer {
        if (STDIN..=STDERR).contains(&fd) {
            return Ok(());
        }
        let index = self.opened(fd)?;
        self.host.open[index] = None;
        Ok(())
    }

    fn fd_seek(&mut self, fd: u32, offset: i64, whence: u32, position: u32) -> Answer {
        if (STDIN..=STDERR).contains(&fd) {
            return Err(Errno::IllegalSeek);
        }
        let index = self.opened(fd)?;
        let (Some((file, at)), Some(files)) = (&mut self.host.open[index], &self.host.folder)
        else {
            return Err(Errno::BadDescriptor);
        };
        let base = match whence {
            0 => 0,
            1 => *at as i64,
            2 => files[*file].bytes.len() as i64,
            _ => return Err(Errno::Invalid),
        };
        let target = base.checked_add(offset).ok_or(Errno::Invalid)?;
        *at = usize::try_from(target).map_err(|_| Errno::Invalid)?;
        self.write(position, &target.to_le_bytes())
    }

    fn fd_fdstat_get(&mut self, fd: u32, stat: u32) -> Answer {
        let (kind, rights) = match fd {
            STDIN => (UNKNOWN, RIGHT_READ),
            STDOUT | STDERR => (UNKNOWN, RIGHT_WRITE),
            FOLDER if self.host.folder.is_some() => (DIRECTORY, RIGHT_OPEN),
            _ => {
                self.opened(fd)?;
                (REGULAR_FILE, RIGHT_READ | RIGHT_SEEK)
            }
        };
        let mut bytes = [0; 24];
        bytes[0] = kind;
        bytes[8..16].copy_from_slice(&rights.to_le_bytes());
        bytes[16..].copy_from_slice(&RIGHT_READ.to_le_bytes());
        self.write(stat, &bytes)
    }

    fn is_folder(&self, fd: u32) -> Answer {
        match fd == FOLDER && self.host.folder.is_some() {
            true => Ok(()),
            false => Err(Errno::BadDescriptor),
        }
    }

    fn path_open(
        &mut self,
        fd: u32,
        path: (u32, u32),
        create: u32,
        rights: u64,
        opened: u32,
    ) -> Answer {
        if self.is_folder(fd).is_err() {
            let known = (STDIN..=STDERR).contains(&fd) || self.opened(fd).is_ok();
            return Err(if known {
                Errno::NotDirectory
            } else {
                Errno::BadDescriptor
            });
        }
        if create != 0 || rights & RIGHT_WRITE != 0 {
            return Err(Errno::ReadOnly);
        }
        let path = self.slice(path.0, path.1)?.to_vec();
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let files = self.host.folder.as_deref().unwrap_or_default();
        let file = files.iter().position(|file| file.name.as_bytes() == path);
        let file = file.ok_or(Errno::NoEntry)?;
        let free = self.host.open.iter().position(Option::is_none);
        let index = free.unwrap_or(self.host.open.len());
        self.write(opened, &(FIRST_FILE + index as u32).to_le_bytes())?;
        match self.host.open.get_mut(index) {
            Some(slot) => *slot = Some((file, 0)),
            None => self.host.open.push(Some((file, 0))),
        }
        Ok(())
    }

    /// SplitMix64, from the same start in every instance.
    fn random_get(&mut self, address: u32, len: u32) -> Answer {
        let mut state = self.host.random;
        for chunk in self.slice(address, len)?.chunks_mut(8) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        self.host.random = state;
        Ok(())
    }
}

/// The bytes at an address. What is beyond memory is found out by whoever uses it.
fn range(address: u32, len: u32) -> Range<usize> {
    let start = address as usize;
    start..start.saturating_add(len as usize)
}

/// Runs `body` on the caller's memory and host.
fn guest<T>(mut caller: Caller<'_, Host>, body: impl FnOnce(&mut Guest<'_>) -> T, without: T) -> T {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return without;
    };
    let (memory, host) = memory.data_and_store_mut(&mut caller);
    body(&mut Guest { memory, host })
}

fn call(caller: Caller<'_, Host>, body: impl FnOnce(&mut Guest<'_>) -> Answer) -> u32 {
    code(guest(caller, body, Err(Errno::Invalid)))
}

fn code(answer: Answer) -> u32 {
    match answer {
        Ok(()) => Errno::Success as u32,
        Err(errno) => errno as u32,
    }
}

/// Defines the calls.
pub(super) fn add_to(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    type At<'a> = Caller<'a, Host>;
    // Arguments and environment: no entries, no bytes.
    for name in ["args_sizes_get", "environ_sizes_get"] {
        linker.func_wrap(MODULE, name, |at: At<'_>, count: u32, size: u32| {
            call(at, |guest| {
                guest.write(count, &[0; 4])?;
                guest.write(size, &[0; 4])
            })
        })?;
    }
    for name in ["args_get", "environ_get"] {
        linker.func_wrap(MODULE, name, |_: u32, _: u32| Errno::Success as u32)?;
    }
    linker.func_wrap(
        MODULE,
        "fd_read",
        |at: At<'_>, fd: u32, list: u32, count: u32, done: u32| {
            call(at, |guest| guest.fd_read(fd, list, count, done))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_write",
        |at: At<'_>, fd: u32, list: u32, count: u32, done: u32| -> wasmtime::Result<u32> {
            let written = guest(
                at,
                |guest| guest.fd_write(fd, list, count, done),
                Ok(Err(Errno::Invalid)),
            );
            Ok(code(written?))
        },
    )?;
    linker.func_wrap(MODULE, "fd_close", |at: At<'_>, fd: u32| {
        call(at, |guest| guest.fd_close(fd))
    })?;
    linker.func_wrap(
        MODULE,
        "fd_seek",
        |at: At<'_>, fd: u32, offset: i64, whence: u32, position: u32| {
            call(at, |guest| guest.fd_seek(fd, offset, whence, position))
        },
    )?;
    linker.func_wrap(MODULE, "fd_fdstat_get", |at: At<'_>, fd: u32, stat: u32| {
        call(at, |guest| guest.fd_fdstat_get(fd, stat))
    })?;
    // A `prestat` is the tag 0 (a folder) and the length of its name, here ".".
    linker.func_wrap(
        MODULE,
        "fd_prestat_get",
        |at: At<'_>, fd: u32, prestat: u32| {
            call(at, |guest| {
                guest.is_folder(fd)?;
                guest.write(prestat, &[0, 0, 0, 0, 1, 0, 0, 0])
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_prestat_dir_name",
        |at: At<'_>, fd: u32, name: u32, len: u32| {
            call(at, |guest| {
                guest.is_folder(fd)?;
                match len {
                    1.. => guest.write(name, b"."),
                    _ => Err(Errno::Invalid),
                }
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "path_open",
        |at: At<'_>,
         fd: u32,
         _lookup: u32,
         path: u32,
         len: u32,
         create: u32,
         rights: u64,
         _inheriting: u64,
         _flags: u32,
         opened: u32| {
            call(at, |guest| {
                guest.path_open(fd, (path, len), create, rights, opened)
            })
        },
    )?;
    linker.func_wrap(
        MODULE,
        "random_get",
        |at: At<'_>, address: u32, len: u32| call(at, |guest| guest.random_get(address, len)),
    )?;
    linker.func_wrap(MODULE, "proc_exit", |status: u32| -> wasmtime::Result<()> {
        // A shell keeps eight bits; whatever isn't 0 must not become 0.
        let status = u8::try_from(status).unwrap_or(1);
        Err(Stop::Exit(status).into())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
