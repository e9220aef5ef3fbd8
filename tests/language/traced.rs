//! A subscriber that keeps the events of statements, for the tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// An event, and its fields as text.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) level: Level,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Told {
    /// A field, or nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

thread_local! {
    /// What this thread was told, while it wants to know.
    static TOLD: RefCell<Option<Vec<Told>>> = const { RefCell::new(None) };
}

/// What was told on this thread since [`traced`].
pub(crate) struct Traced;

impl Traced {
    /// The events so far, which are forgotten.
    pub(crate) fn take(&self) -> Vec<Told> {
        TOLD.replace(Some(Vec::new())).unwrap_or_default()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        TOLD.set(None);
    }
}

/// Keeps the events of statements of this thread. The subscriber is that of the whole program: one that threads have or
/// have not is not seen by what another thread was the first to pass.
pub(crate) fn traced() -> Traced {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Keeper).expect("the only subscriber");
        tracing::callsite::rebuild_interest_cache();
    });
    TOLD.set(Some(Vec::new()));
    Traced
}

struct Keeper;

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "orm_core::statement"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told { level: *event.metadata().level(), fields: BTreeMap::new() };
        event.record(&mut told);
        TOLD.with_borrow_mut(|kept| kept.iter_mut().for_each(|kept| kept.push(told.clone())));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
