//! A proxy between a client and its server, which makes the way longer and counts how often it is gone.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use orm_core::tokio_postgres::Config;
use orm_core::tokio_postgres::config::Host;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// How a message ends that says, outside of a transaction, that the server is ready: `ReadyForQuery`.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// Forwards bytes between clients and a server of PostgreSQL, each way after a fixed delay, and counts the clients' turns.
///
/// A turn begins when a client sends after it has received something since its last sending; the first sending after the
/// connection was made is one too. So the turns of an operation are its round trips, as long as the delay is longer than
/// the client takes to send what it has: without one, an answer may overtake the end of a long request. What is sent until
/// the server is ready for the first query does not count.
///
/// The proxy listens on a port of the loopback that the system chooses, and ends with this value.
///
/// # Examples
///
/// ```no_run
/// # async fn demo() -> orm_core::Result<()> {
/// use std::time::Duration;
///
/// let db = orm_tests::TestDb::new();
/// let proxy = orm_tests::Proxy::start(db.database.url(), Duration::from_millis(5)).await;
/// let engine = orm_core::Engine::new(proxy.dsn())?;
/// engine.raw().await?;
/// proxy.reset();
/// // …
/// assert_eq!(proxy.turns(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    dsn: String,
    turns: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to the server of a connection string, which may name a TCP port or a Unix socket.
    ///
    /// # Panics
    ///
    /// If the connection string names no server, or the system gives no port.
    pub async fn start(dsn: &str, delay: Duration) -> Self {
        let config: Config = dsn.parse().expect("a valid connection string");
        let target = Target::of(&config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let turns = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(serve(listener, target, delay, Arc::clone(&turns)));
        Self { dsn: dsn_of(&config, address), turns, task }
    }

    /// The connection string that leads through the proxy.
    #[must_use]
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// How many turns the clients have had since the last reset.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    /// Counts anew.
    pub fn reset(&self) {
        self.turns.store(0, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections end with the task that holds them.
        self.task.abort();
    }
}

/// The same database by the proxy's address.
fn dsn_of(config: &Config, address: SocketAddr) -> String {
    let mut dsn = format!("host={} port={}", address.ip(), address.port());
    let password = config.get_password().map(String::from_utf8_lossy);
    let parts = [("user", config.get_user()), ("password", password.as_deref()), ("dbname", config.get_dbname())];
    for (key, value) in parts {
        if let Some(value) = value {
            let quoted = value.replace('\\', r"\\").replace('\'', r"\'");
            dsn.push_str(&format!(" {key}='{quoted}'"));
        }
    }
    dsn
}

/// Where the server listens.
#[derive(Debug, Clone)]
enum Target {
    Tcp(String, u16),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Target {
    fn of(config: &Config) -> Self {
        let port = config.get_ports().first().copied().unwrap_or(5432);
        match config.get_hosts().first().expect("the connection string names a host") {
            Host::Tcp(host) => Self::Tcp(host.clone(), port),
            #[cfg(unix)]
            Host::Unix(folder) => Self::Unix(folder.join(format!(".s.PGSQL.{port}"))),
        }
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        }
    }
}

/// What is known of one connection.
#[derive(Debug)]
struct Counter {
    turns: Arc<AtomicUsize>,
    /// Whether the server was ready for a first query.
    is_ready: AtomicBool,
    /// Whether the client has received something since its last sending.
    has_received: AtomicBool,
}

impl Counter {
    fn sent(&self) {
        if self.has_received.swap(false, Ordering::SeqCst) && self.is_ready.load(Ordering::SeqCst) {
            self.turns.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn received(&self, bytes: &[u8]) {
        if bytes.ends_with(READY) {
            self.is_ready.store(true, Ordering::SeqCst);
        }
        self.has_received.store(true, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, target: Target, delay: Duration, turns: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (target, turns) = (target.clone(), Arc::clone(&turns));
        connections.spawn(async move {
            let counter = Counter { turns, is_ready: AtomicBool::new(false), has_received: AtomicBool::new(false) };
            // A client sees a server that is not there as a connection that is closed.
            if let (Ok(()), Ok(server)) = (client.set_nodelay(true), target.connect().await) {
                connect(client, server, delay, &counter).await;
            }
        });
    }
}

async fn connect(client: TcpStream, server: Box<dyn Stream>, delay: Duration, counter: &Counter) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    tokio::join!(
        forward(from_client, to_server, delay, |_| counter.sent(), |_| {}),
        forward(from_server, to_client, delay, |_| {}, |bytes| counter.received(bytes)),
    );
}

/// Bytes on their way, and when they are to arrive.
type Parcel = (Instant, Vec<u8>);

/// Forwards one direction; tells what was read, and what is about to be written.
async fn forward(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    delay: Duration,
    was_read: impl Fn(&[u8]),
    is_written: impl Fn(&[u8]),
) {
    let (sender, receiver) = unbounded_channel();
    tokio::join!(read(from, sender, delay, was_read), write(to, receiver, is_written));
}

async fn read(
    mut from: impl AsyncRead + Unpin,
    parcels: UnboundedSender<Parcel>,
    delay: Duration,
    was_read: impl Fn(&[u8]),
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        was_read(&buffer[..length]);
        if parcels.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

async fn write(mut to: impl AsyncWrite + Unpin, mut parcels: UnboundedReceiver<Parcel>, is_written: impl Fn(&[u8])) {
    while let Some((due, bytes)) = parcels.recv().await {
        sleep_until(due).await;
        is_written(&bytes);
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // The one side has closed: the other is told.
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use orm_core::{Engine, Result};

    use super::*;
    use crate::TestDb;

    #[tokio::test]
    async fn turns_are_counted_from_the_first_query_on_over_tcp_too() -> Result<()> {
        let db = TestDb::new();
        let near = Proxy::start(db.database.url(), Duration::ZERO).await;
        let far = Proxy::start(near.dsn(), Duration::from_millis(10)).await;
        let engine = Engine::builder().dsn(far.dsn()).pool_size(1).build()?;
        let client = engine.raw().await?;
        assert_eq!((near.turns(), far.turns()), (0, 0));
        client.batch_execute("SELECT 1").await.expect("the statement runs");
        let (one, two) = tokio::join!(client.batch_execute("SELECT 1"), client.batch_execute("SELECT 2"));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(far.turns(), 2, "what is sent at once is one turn");
        far.reset();
        assert_eq!(far.turns(), 0);
        Ok(())
    }
}
