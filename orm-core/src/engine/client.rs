//! [`Client`]: one connection to the server, with the statements that it has prepared.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Statement as Prepared;
use tokio_postgres::types::Type;

use crate::hash::ValueMap;
use crate::types::Value;

/// So many statements a connection keeps prepared. The server holds the plans of each, so that texts which are made up
/// anew all the time must not pile up there.
const KEPT: usize = 1_000;

/// How often the connections of a pool were told to prepare their statements anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Era(Arc<AtomicU64>);

impl Era {
    /// Has every connection prepare its statements anew.
    pub(super) fn end(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// One connection to the server.
pub(super) struct Client {
    client: ClientWrapper,
    era: Era,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    era: u64,
    len: usize,
    /// By their text; one text may be prepared with parameters of several types.
    statements: ValueMap<Box<str>, Vec<Entry>>,
}

struct Entry {
    types: Vec<Type>,
    prepared: Prepared,
}

impl Client {
    pub(super) fn new(client: ClientWrapper, era: Era) -> Self {
        let kept = Mutex::new(Kept { era: era.now(), ..Kept::default() });
        Self { client, era, kept }
    }

    pub(super) fn wrapper(&mut self) -> &mut ClientWrapper {
        &mut self.client
    }

    /// The statement of a text, for parameters of the types that these have: prepared once.
    pub(super) async fn prepare(&self, sql: &str, params: &[Value]) -> Result<Prepared, tokio_postgres::Error> {
        match self.prepared(sql, params) {
            Some(prepared) => Ok(prepared),
            // In a box, because most statements are prepared already: their futures need not have room for it.
            None => Box::pin(self.prepare_anew(sql, params)).await,
        }
    }

    /// Has a statement prepared anew the next time.
    pub(super) fn forget(&self, sql: &str) {
        let mut kept = self.kept();
        let forgotten = kept.statements.remove(sql).map_or(0, |entries| entries.len());
        kept.len -= forgotten;
    }

    fn prepared(&self, sql: &str, params: &[Value]) -> Option<Prepared> {
        let kept = self.kept();
        kept.statements.get(sql)?.iter().find(|entry| is_for(&entry.types, params)).map(|entry| entry.prepared.clone())
    }

    async fn prepare_anew(&self, sql: &str, params: &[Value]) -> Result<Prepared, tokio_postgres::Error> {
        let era = self.era.now();
        let types: Vec<Type> = params.iter().map(Value::param_type).collect();
        let prepared = self.client.prepare_typed(sql, &types).await?;
        let mut kept = self.kept();
        // What was altered since it was prepared is prepared anew the next time.
        if kept.era == era {
            if kept.len >= KEPT {
                kept.clear(era);
            }
            kept.len += 1;
            kept.statements.entry(sql.into()).or_default().push(Entry { types, prepared: prepared.clone() });
        }
        Ok(prepared)
    }

    /// What is kept, of this era.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is locked.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.era.now();
        if kept.era != now {
            kept.clear(now);
        }
        kept
    }
}

impl Kept {
    fn clear(&mut self, era: u64) {
        self.statements.clear();
        (self.len, self.era) = (0, era);
    }
}

fn is_for(types: &[Type], params: &[Value]) -> bool {
    types.len() == params.len() && types.iter().zip(params).all(|(ty, param)| *ty == param.param_type())
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &tokio_postgres::Client {
        &self.client
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
