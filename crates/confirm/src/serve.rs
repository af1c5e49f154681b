//! Clients, one after another, for ever.
//!
//! A client sends a request and takes the response as often as it likes, each within the time limit. Whatever else it
//! does ends its connection. It cannot end the application: the key is only there.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use multee_confirmation::{ConfirmationApp, Request, Wire, WireError};

use crate::address::Listener;

/// What keeps a system from accepting connections, such as a full table of files, passes.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) fn serve(listener: &Listener, app: &mut ConfirmationApp, message_time_max: Duration) -> ! {
    loop {
        match listener.accept() {
            Ok(client) => {
                if let Err(error) = attend(client, app, message_time_max) {
                    say(&format!("connection ended: {error}"));
                }
            }
            Err(error) => {
                say(&format!("no connection: {error}"));
                thread::sleep(PAUSE);
            }
        }
    }
}

fn attend(client: OwnedFd, app: &mut ConfirmationApp, message_time_max: Duration) -> Result<(), WireError> {
    let mut wire = Wire::new(client);
    while let Some(request) = wire.receive(Request::BYTES_MAX, message_time_max)? {
        wire.send(&app.handle(&request), message_time_max)?;
    }
    Ok(())
}

/// If nobody takes it, nobody wants to know.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "multee-confirm: {line}");
}
