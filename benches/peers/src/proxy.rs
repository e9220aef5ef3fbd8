//! A proxy on the loopback interface, in a thread of its own: it can hold back what it passes on, and counts it.
//!
//! A statement is an `Execute` or a `Query` message of the client. A round trip is a turn of the client: what it sends after
//! the server has answered. What is sent in one go without waiting is one, however many statements are in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::Result;

/// What went through.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    statements: AtomicU64,
    round_trips: AtomicU64,
    /// Of each way, in microseconds.
    delay: AtomicU64,
}

impl Counts {
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    pub(crate) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }

    /// Has each round trip take so much longer.
    pub(crate) fn set_round_trip(&self, time: Duration) {
        self.delay.store(u64::try_from(time.as_micros() / 2).unwrap_or_default(), Ordering::SeqCst);
    }

    fn delay(&self) -> Duration {
        Duration::from_micros(self.delay.load(Ordering::SeqCst))
    }
}

/// Starts a proxy to a port of this machine; gives its own port.
pub(crate) fn start(server: u16) -> Result<(u16, Arc<Counts>)> {
    let counts = Arc::new(Counts::default());
    let (shared, listener) = (Arc::clone(&counts), std::net::TcpListener::bind(("127.0.0.1", 0))?);
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || runtime.block_on(serve(listener, SocketAddr::from(([127, 0, 0, 1], server)), shared)));
    Ok((port, counts))
}

async fn serve(listener: std::net::TcpListener, server: SocketAddr, counts: Arc<Counts>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(server).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (client_in, client_out) = client.into_split();
        let (server_in, server_out) = server.into_split();
        let answered = Arc::new(AtomicBool::new(true));
        let messages = Messages { counts: Arc::clone(&counts), answered: Arc::clone(&answered), state: State::Start };
        tokio::spawn(pass(client_in, server_out, Arc::clone(&counts), messages));
        tokio::spawn(pass(server_in, client_out, Arc::clone(&counts), Answers(answered)));
    }
}

/// Looks at what passes.
trait Look: Send + 'static {
    fn look(&mut self, bytes: &[u8]);
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, counts: Arc<Counts>, mut look: impl Look) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    });
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        look.look(bytes);
        if sender.send((Instant::now() + counts.delay(), bytes.to_vec())).is_err() {
            return;
        }
    }
}

/// The server has said something.
struct Answers(Arc<AtomicBool>);

impl Look for Answers {
    fn look(&mut self, _: &[u8]) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Messages of a client: a letter, a length of four bytes that counts itself, and a body; the first one has no letter.
struct Messages {
    counts: Arc<Counts>,
    answered: Arc<AtomicBool>,
    state: State,
}

enum State {
    /// The first message has no letter.
    Start,
    Letter,
    Length {
        bytes: [u8; 4],
        known: usize,
        starts: bool,
    },
    Body {
        left: usize,
        starts: bool,
    },
}

impl Look for Messages {
    fn look(&mut self, mut bytes: &[u8]) {
        if self.answered.swap(false, Ordering::SeqCst) {
            self.counts.round_trips.fetch_add(1, Ordering::SeqCst);
        }
        while let [first, rest @ ..] = bytes {
            self.state = match self.state {
                State::Start => State::Length { bytes: [0; 4], known: 0, starts: true },
                State::Letter => {
                    if matches!(first, b'E' | b'Q') {
                        self.counts.statements.fetch_add(1, Ordering::SeqCst);
                    }
                    bytes = rest;
                    State::Length { bytes: [0; 4], known: 0, starts: false }
                }
                State::Length { bytes: mut length, known, starts } => {
                    if let Some(place) = length.get_mut(known) {
                        *place = *first;
                    }
                    bytes = rest;
                    let left = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                    match known {
                        3 if left == 0 => State::Letter,
                        // What asks for encryption is as short as that, and the true first message follows.
                        3 => State::Body { left, starts: starts && left == 4 },
                        _ => State::Length { bytes: length, known: known + 1, starts },
                    }
                }
                State::Body { left, starts } => {
                    let taken = left.min(bytes.len());
                    bytes = bytes.get(taken..).unwrap_or_default();
                    match (taken == left, starts) {
                        (false, _) => State::Body { left: left - taken, starts },
                        (true, true) => State::Start,
                        (true, false) => State::Letter,
                    }
                }
            };
        }
    }
}
