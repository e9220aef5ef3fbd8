//! One running server: how to reach it, and letting it go.

use std::{
    fmt,
    fs::File,
    process::Child,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::{
    binaries::Binaries,
    error::{Context, Error, ErrorKind, Result},
    folder::Folder,
};

/// A server that is up.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) binaries: Binaries,
    pub(crate) folder: Folder,
    pub(crate) access: Access,
    hold: Mutex<Option<Hold>>,
}

/// How clients reach a server, besides its folder.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// A socket in the folder, which only its owner can enter; no password.
    Socket,
    /// A port on the loopback interface, with the password.
    Tcp { port: u16, password: String },
}

/// What keeps a server running.
#[derive(Debug)]
pub(crate) enum Hold {
    /// The supervisor of a private server; its standard input is a pipe.
    Private(Child),
    /// The FIFO of a shared server, and its supervisor if it is our child.
    Shared { alive: File, supervisor: Option<Child> },
}

impl Server {
    pub(crate) fn new(binaries: Binaries, folder: Folder, access: Access, hold: Hold) -> Self {
        Self { binaries, folder, access, hold: Mutex::new(Some(hold)) }
    }

    /// Describes a server that another process launched and that `alive` keeps running.
    pub(crate) fn joined(binaries: Binaries, folder: Folder, access: Access, alive: File) -> Self {
        Self::new(binaries, folder, access, Hold::Shared { alive, supervisor: None })
    }

    /// Stops a private server although there may be other owners in this process.
    ///
    /// A shared server stops after its last owner only.
    pub(crate) fn stop(&self) -> Result<()> {
        let is_shared = matches!(*self.hold(), Some(Hold::Shared { .. }));
        if is_shared { Ok(()) } else { self.release() }
    }

    /// Lets the server go. Waits until a private server has gone.
    fn release(&self) -> Result<()> {
        match self.hold().take() {
            Some(Hold::Private(supervisor)) => self.end(supervisor),
            Some(Hold::Shared { alive, supervisor }) => {
                drop(alive);
                // Our child may outlive this value for the sake of other processes.
                supervisor.map(|mut child| thread::spawn(move || child.wait()));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn hold(&self) -> MutexGuard<'_, Option<Hold>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, mut supervisor: Child) -> Result<()> {
        // The end of its input tells the supervisor to stop.
        drop(supervisor.stdin.take());
        supervisor.wait().context("cannot wait for the supervisor")?;
        let path = self.folder.path();
        if path.exists() {
            // The supervisor itself was killed.
            self.folder.remove();
        }
        if path.exists() {
            return Err(Error::new(
                ErrorKind::Io,
                format!("the folder of the server could not be removed: `{}`", path.display()),
            ));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A destructor cannot report an error; `Sandbox::stop` does.
        let _ = self.release();
    }
}

impl Access {
    /// Returns the port of the server, which is part of the name of its socket too.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Socket => 5432,
            Self::Tcp { port, .. } => *port,
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket => f.write_str("Socket"),
            Self::Tcp { port, .. } => f.debug_struct("Tcp").field("port", port).finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_password() {
        let access = Access::Tcp { port: 1, password: "secret".to_owned() };
        assert_eq!(format!("{access:?}"), "Tcp { port: 1, .. }");
    }
}
