//! What lies between a node and its hub.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Carries every request from one port of this machine to another; answers come back only where they are let through.
pub(crate) struct Link {
    answers: Arc<AtomicBool>,
}

impl Link {
    /// Listens at `from` until the test's process ends, and lets answers through.
    pub(crate) fn open(from: u16, to: u16) -> Link {
        let listener = TcpListener::bind(("127.0.0.1", from)).expect("the port is free");
        let answers = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&answers);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A hub that is away ends the connection.
                let Ok(hub) = TcpStream::connect(("127.0.0.1", to)) else {
                    continue;
                };
                let both = (client.try_clone(), hub.try_clone());
                let (Ok(client_too), Ok(hub_too)) = both else {
                    continue;
                };
                let flag = Arc::clone(&flag);
                thread::spawn(move || carry(client, hub, || true));
                thread::spawn(move || carry(hub_too, client_too, || flag.load(Ordering::SeqCst)));
            }
        });
        Link { answers }
    }

    /// Whether answers reach the node from now on. One that does not is lost.
    pub(crate) fn let_answers_through(&self, through: bool) {
        self.answers.store(through, Ordering::SeqCst);
    }
}

/// Until one of both ends.
fn carry(mut from: TcpStream, mut to: TcpStream, through: impl Fn() -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if through() && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other end may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}
