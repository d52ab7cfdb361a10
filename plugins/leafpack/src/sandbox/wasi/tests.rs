//! The calls against a memory of one page.

use std::sync::Arc;

use super::*;
use crate::sandbox::{File, Limit, Limits};

const PAGE: u32 = 65_536;

/// A filter's host with a settings file, and a page of memory whose vector at 0 names `len` bytes at `address`.
fn with_guest<T>(address: u32, len: u32, body: impl FnOnce(&mut Guest<'_>) -> T) -> T {
    let file = File {
        name: "x.json".to_owned(),
        bytes: b"{\"a\":1}".to_vec(),
    };
    let limits = Limits {
        output: 100,
        ..Limits::default()
    };
    let mut host = Host::for_filter(Some(file), &limits);
    host.stdin = Arc::new(b"input".to_vec());
    let mut memory = vec![0; PAGE as usize];
    memory[..4].copy_from_slice(&address.to_le_bytes());
    memory[4..8].copy_from_slice(&len.to_le_bytes());
    memory[100..106].copy_from_slice(b"x.json");
    memory[200..208].copy_from_slice(b"./x.json");
    memory[300..309].copy_from_slice(b"../x.json");
    let mut guest = Guest {
        memory: &mut memory,
        host: &mut host,
    };
    body(&mut guest)
}

fn open(guest: &mut Guest<'_>, path: (u32, u32)) -> Result<u32, Errno> {
    guest.path_open(FOLDER, path, 0, RIGHT_READ, 16)?;
    guest.read_u32(16)
}

#[test]
fn what_lies_outside_of_memory_is_an_error() {
    for (address, len) in [
        (PAGE, 1),
        (PAGE - 1, 2),
        (u32::MAX, u32::MAX),
        (0, u32::MAX),
        (u32::MAX, 0),
    ] {
        with_guest(address, len, |guest| {
            assert_eq!(guest.fd_read(STDIN, 0, 1, 8), Err(Errno::BadAddress));
            assert_eq!(
                guest.fd_write(STDOUT, 0, 1, 8).unwrap(),
                Err(Errno::BadAddress)
            );
            assert_eq!(guest.random_get(address, len), Err(Errno::BadAddress));
            assert_eq!(open(guest, (address, len)), Err(Errno::BadAddress));
        });
    }
    with_guest(1000, 10, |guest| {
        for at in [PAGE, PAGE - 3, u32::MAX - 3, u32::MAX] {
            assert_eq!(guest.fd_read(STDIN, at, 1, 8), Err(Errno::BadAddress));
            assert_eq!(guest.fd_read(STDIN, 0, 1, at), Err(Errno::BadAddress));
            assert_eq!(
                guest.fd_write(STDERR, at, 1, 8).unwrap(),
                Err(Errno::BadAddress)
            );
            assert_eq!(guest.fd_fdstat_get(STDIN, at), Err(Errno::BadAddress));
            assert_eq!(
                guest.path_open(FOLDER, (100, 6), 0, 0, at),
                Err(Errno::BadAddress)
            );
        }
    });
}

#[test]
fn the_folder_holds_one_file_to_read() {
    with_guest(1000, 5, |guest| {
        for path in [(100, 6), (200, 8)] {
            let fd = open(guest, path).unwrap();
            assert_eq!(fd, FIRST_FILE);
            // In two pieces, then from its start once more.
            for (read, text) in [(5, &b"{\"a\":"[..]), (2, b"1}"), (0, b"")] {
                guest.fd_read(fd, 0, 1, 8).unwrap();
                assert_eq!(
                    (guest.read_u32(8), &guest.memory[1000..1000 + read]),
                    (Ok(read as u32), text)
                );
            }
            guest.fd_seek(fd, -2, 2, 24).unwrap();
            guest.fd_read(fd, 0, 1, 8).unwrap();
            assert_eq!(&guest.memory[1000..1002], b"1}");
            assert_eq!(guest.fd_seek(fd, -1, 0, 24), Err(Errno::Invalid));
            guest.fd_close(fd).unwrap();
            assert_eq!(guest.fd_read(fd, 0, 1, 8), Err(Errno::BadDescriptor));
        }
        assert_eq!(open(guest, (300, 9)), Err(Errno::NoEntry));
        // To create, and to write.
        assert_eq!(
            guest.path_open(FOLDER, (100, 6), 1, 0, 16),
            Err(Errno::ReadOnly)
        );
        assert_eq!(
            guest.path_open(FOLDER, (100, 6), 0, RIGHT_WRITE, 16),
            Err(Errno::ReadOnly)
        );
        // In what is no folder, and in the next, which does not exist.
        assert_eq!(
            guest.path_open(STDIN, (100, 6), 0, 0, 16),
            Err(Errno::NotDirectory)
        );
        assert_eq!(
            guest.path_open(FIRST_FILE, (100, 6), 0, 0, 16),
            Err(Errno::BadDescriptor)
        );
    });
}

#[test]
fn streams_go_one_way() {
    with_guest(1000, 60, |guest| {
        assert_eq!(guest.fd_read(STDOUT, 0, 1, 8), Err(Errno::BadDescriptor));
        assert_eq!(
            guest.fd_write(STDIN, 0, 1, 8).unwrap(),
            Err(Errno::BadDescriptor)
        );
        assert_eq!(guest.fd_seek(STDIN, 0, 0, 24), Err(Errno::IllegalSeek));
        guest.fd_write(STDOUT, 0, 1, 8).unwrap().unwrap();
        assert_eq!((guest.read_u32(8), guest.host.stdout.len()), (Ok(60), 60));
        // The limit is for both together, and what would go beyond is not kept.
        assert!(matches!(
            guest.fd_write(STDERR, 0, 1, 8),
            Err(Stop::Limit(Limit::Output))
        ));
        assert_eq!(guest.host.stderr.len(), 0);
    });
}

#[test]
fn random_bytes_differ_but_not_between_runs() {
    let bytes = || {
        with_guest(0, 0, |guest| {
            guest.random_get(1000, 20).unwrap();
            guest.random_get(1020, 20).unwrap();
            guest.memory[1000..1040].to_vec()
        })
    };
    let first = bytes();
    assert_eq!(first, bytes());
    assert_ne!(first[..20], first[20..]);
    assert!(first.iter().filter(|byte| **byte == 0).count() < 5);
}
