//! Hooks: what an application has done before a flush and after a commit.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::Session;
use super::arena::{AnyArena, Arena, Checkpoint, SlotState};
use super::changes::ChangeKind;
use super::flush::intents;
use super::inner::{Inner, Row};
use super::maker::{SessionMaker, SessionOptions};
use super::undo::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::hash::{Map, Set};
use crate::schema::{Model, TableDef};
use crate::sql::Node;

/// What a hook gives: an error of any type refuses the flush.
pub type HookResult = std::result::Result<(), Box<dyn StdError + Send + Sync>>;

type SessionHook = Arc<dyn Fn(&mut Session) -> HookResult + Send + Sync>;
type CommitHook = Arc<dyn Fn(&mut Session) + Send + Sync>;
type ObjectHook = Arc<dyn Fn(&mut dyn AnyArena, u32) -> HookResult + Send + Sync>;

/// The hooks of a session maker, shared by its sessions.
#[derive(Default, Clone)]
pub(super) struct Hooks {
    before_flush: Vec<SessionHook>,
    after_commit: Vec<CommitHook>,
    objects: Vec<(&'static TableDef, ChangeKind, ObjectHook)>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("before_flush", &self.before_flush.len())
            .field("after_commit", &self.after_commit.len())
            .field("objects", &self.objects.len())
            .finish()
    }
}

impl SessionMaker {
    /// Runs a closure before each flush that may have something to write. It may add, change and delete objects, which
    /// takes part in that flush; [`Session::changes`] tells what there is to write.
    ///
    /// An error refuses the flush. If the flush fails, what its hooks did is undone; they run again before the next one.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Audit { #[model(primary_key)] id: Auto<i64>, what: String }
    /// # fn demo(engine: Engine) {
    /// let sessions = SessionMaker::new(&engine).before_flush(|session| {
    ///     for change in session.changes()? {
    ///         session.add(Audit::builder().what(format!("{} {}", change.kind(), change.model())));
    ///     }
    ///     Ok(())
    /// });
    /// # }
    /// ```
    pub fn before_flush(mut self, hook: impl Fn(&mut Session) -> HookResult + Send + Sync + 'static) -> Self {
        self.hooks().before_flush.push(Arc::new(hook));
        self
    }

    /// Runs a closure for each object of `M` whose row is about to be inserted; it may change the object.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, slug: Option<String> }
    /// # fn demo(engine: Engine) {
    /// let sessions = SessionMaker::new(&engine).before_insert(|course: &mut Course| {
    ///     course.slug = Some(course.name.to_lowercase().replace(' ', "-"));
    ///     Ok(())
    /// });
    /// # }
    /// ```
    pub fn before_insert<M: Model>(self, hook: impl Fn(&mut M) -> HookResult + Send + Sync + 'static) -> Self {
        self.on_object(ChangeKind::Insert, hook)
    }

    /// Runs a closure for each object of `M` whose row is about to be updated, and not for one that did not change; it may
    /// change the object.
    pub fn before_update<M: Model>(self, hook: impl Fn(&mut M) -> HookResult + Send + Sync + 'static) -> Self {
        self.on_object(ChangeKind::Update, hook)
    }

    /// Runs a closure for each object of `M` whose row is about to be deleted.
    pub fn before_delete<M: Model>(self, hook: impl Fn(&mut M) -> HookResult + Send + Sync + 'static) -> Self {
        self.on_object(ChangeKind::Delete, hook)
    }

    /// Runs a closure after each commit of a transaction, and not when a savepoint is released.
    pub fn after_commit(mut self, hook: impl Fn(&mut Session) + Send + Sync + 'static) -> Self {
        self.hooks().after_commit.push(Arc::new(hook));
        self
    }

    fn hooks(&mut self) -> &mut Hooks {
        Arc::make_mut(self.options.hooks.get_or_insert_default())
    }

    fn on_object<M: Model>(
        mut self,
        kind: ChangeKind,
        hook: impl Fn(&mut M) -> HookResult + Send + Sync + 'static,
    ) -> Self {
        let run = move |arena: &mut dyn AnyArena, slot: u32| {
            let generation = arena.generation(slot).unwrap_or_default();
            let arena = arena.as_any_mut().downcast_mut::<Arena<M>>();
            match arena.and_then(|arena| arena.get_mut(slot, generation)) {
                Some(object) => hook(object),
                None => Ok(()),
            }
        };
        self.hooks().objects.push((M::table(), kind, Arc::new(run)));
        self
    }
}

/// What was not flushed before the hooks of a flush ran.
#[derive(Default)]
pub(super) struct Mark {
    pending: Vec<Row>,
    cascaded: Map<Row, (Row, usize)>,
    assigned: Map<Row, Vec<(usize, Node)>>,
    /// Pending and touched objects.
    objects: Map<Row, Marked>,
}

/// An object as it was before the hooks ran.
struct Marked {
    /// Tells it from a later one in its slot.
    generation: Option<u32>,
    value: Option<Checkpoint>,
    doomed: bool,
}

impl Mark {
    fn of(inner: &Inner) -> Self {
        let rows: Vec<Row> = inner.pending.iter().copied().chain(inner.touched_rows()).collect();
        let object = |row: Row| {
            let arena = &inner.arenas[row.arena];
            let generation = arena.generation(row.slot);
            let (value, doomed) = (arena.value_checkpoint(row.slot), arena.is_doomed(row.slot));
            (row, Marked { generation, value, doomed })
        };
        Self {
            pending: inner.pending.clone(),
            cascaded: inner.cascaded.clone(),
            assigned: inner.assigned.clone(),
            objects: rows.into_iter().map(object).collect(),
        }
    }

    /// Whether an object is one of these: a hook may have had the session forget it, and add another.
    fn has(&self, inner: &Inner, row: Row) -> bool {
        self.objects.get(&row).is_some_and(|marked| marked.generation == inner.arenas[row.arena].generation(row.slot))
    }
}

impl Inner {
    fn touched_rows(&self) -> Vec<Row> {
        let arenas = self.arenas.iter().enumerate();
        arenas.flat_map(|(arena, slots)| slots.touched().iter().map(move |&slot| Row { arena, slot })).collect()
    }

    /// Runs the hooks before a flush.
    pub(super) fn run_before_flush(&mut self) -> Result<()> {
        let Some(hooks) = self.options.hooks.clone() else { return Ok(()) };
        self.mark = Some(Mark::of(self));
        self.run_hooks(&hooks)
    }

    fn run_hooks(&mut self, hooks: &Hooks) -> Result<()> {
        let known: Set<Row> = self.pending.iter().copied().collect();
        for hook in &hooks.before_flush {
            self.as_session(|session| hook(session)).map_err(|source| refused("before_flush", None, source))?;
        }
        self.hooked.extend(self.pending.iter().copied().filter(|row| !known.contains(row)));
        if hooks.objects.is_empty() {
            return Ok(());
        }
        for (row, kind, _) in intents(self)? {
            let table = self.arenas[row.arena].table();
            for (_, _, hook) in hooks.objects.iter().filter(|(of, at, _)| std::ptr::eq(*of, table) && *at == kind) {
                let name = match kind {
                    ChangeKind::Insert => "before_insert",
                    ChangeKind::Update => "before_update",
                    ChangeKind::Delete => "before_delete",
                };
                hook(&mut *self.arenas[row.arena], row.slot).map_err(|source| refused(name, Some(table), source))?;
            }
        }
        Ok(())
    }

    /// Runs the hooks after a commit.
    pub(super) fn run_after_commit(&mut self) {
        let Some(hooks) = self.options.hooks.clone() else { return };
        for hook in &hooks.after_commit {
            self.as_session(|session| hook(session));
        }
    }

    /// Lends itself as a session.
    fn as_session<T>(&mut self, f: impl FnOnce(&mut Session) -> T) -> T {
        let hollow = Self::new(self.engine.clone(), SessionOptions::default());
        let mut session = Session { inner: std::mem::replace(self, hollow) };
        // It comes back also if the hook panics: a caller that catches it finds the session whole.
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&mut session)));
        *self = session.inner;
        match outcome {
            Ok(result) => result,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Undoes what the hooks of a flush did that failed.
    pub(super) fn unhook(&mut self) {
        let Some(mut mark) = self.mark.take() else { return };
        for row in std::mem::take(&mut self.pending) {
            if !mark.has(self, row) {
                self.release(row);
            }
        }
        for row in self.touched_rows() {
            if !mark.has(self, row) {
                self.arenas[row.arena].revert(row.slot);
            }
        }
        let gone: Set<Row> = mark.objects.keys().copied().filter(|&row| !mark.has(self, row)).collect();
        mark.objects.retain(|row, _| !gone.contains(row));
        mark.pending.retain(|row| !gone.contains(row));
        mark.cascaded.retain(|child, (parent, _)| !gone.contains(child) && !gone.contains(parent));
        mark.assigned.retain(|row, _| !gone.contains(row));
        self.pending = mark.pending;
        self.cascaded = mark.cascaded;
        self.assigned = mark.assigned;
        for (row, marked) in mark.objects {
            self.arenas[row.arena].put_value(row.slot, marked.value);
            self.arenas[row.arena].doom(row.slot, marked.doomed);
        }
        self.arenas.iter_mut().for_each(|arena| arena.compact_once());
    }

    /// Has what hooks added, and what is to be written again, not be written: the hooks run again.
    pub(super) fn drop_hooked(&mut self, start: usize) {
        let is_new = |change: &Change| matches!(change, Change::Inserted(_));
        let inserted = self.undo[start..].iter().filter(|undo| is_new(&undo.change)).map(|undo| undo.row);
        let rows: Vec<Row> = inserted.filter(|row| self.hooked.contains(row)).collect();
        for row in rows {
            if self.state(row) == SlotState::Persistent {
                self.arenas[row.arena].doom(row.slot, true);
            }
        }
    }
}

fn refused(hook: &str, table: Option<&'static TableDef>, source: Box<dyn StdError + Send + Sync>) -> Error {
    let of = table.map(|table| format!(" of `{}`", table.model)).unwrap_or_default();
    let error = Error::new(ErrorKind::Hook, format!("the hook `{hook}`{of} refused the flush")).with_source(source);
    match table {
        Some(table) => error.with_model(table.model),
        None => error,
    }
}
