//! [`SessionMaker`]: sessions with the same options.

use std::sync::Arc;

use super::Session;
use super::hooks::Hooks;
use crate::compile::IsolationLevel;
use crate::engine::Engine;

/// Makes sessions with the same options: SQLAlchemy's `sessionmaker(bind=engine)`.
///
/// ```no_run
/// # use orm_core::prelude::*;
/// # fn demo(engine: Engine) {
/// let sessions = SessionMaker::new(&engine);
/// let mut session = sessions.session();
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a session maker does nothing until it makes a session"]
pub struct SessionMaker {
    engine: Engine,
    pub(super) options: SessionOptions,
}

#[derive(Debug, Clone)]
pub(crate) struct SessionOptions {
    pub(super) autoflush: bool,
    pub(super) isolation: Option<IsolationLevel>,
    pub(super) read_only: bool,
    pub(super) hooks: Option<Arc<Hooks>>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { autoflush: true, isolation: None, read_only: false, hooks: None }
    }
}

impl SessionMaker {
    /// Makes sessions of this engine.
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), options: SessionOptions::default() }
    }

    /// Whether a query first flushes what is pending, so that it sees it. True unless said otherwise.
    pub fn autoflush(mut self, autoflush: bool) -> Self {
        self.options.autoflush = autoflush;
        self
    }

    /// The isolation of the sessions' transactions; the server's default unless said otherwise. With `RepeatableRead` and
    /// `Serializable` the transaction begins with the first statement, a read too.
    pub fn isolation(mut self, level: IsolationLevel) -> Self {
        self.options.isolation = Some(level);
        self
    }

    /// Makes the sessions' transactions `READ ONLY`: a flush that would write is refused before anything is sent.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.options.read_only = read_only;
        self
    }

    /// A new session. Connects to nothing.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::with_options(&self.engine, self.options.clone())
    }
}

impl Engine {
    /// A new session with default options. Connects to nothing.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::with_options(self, SessionOptions::default())
    }
}
