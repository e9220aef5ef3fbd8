//! Those who take part, and what each of them can be asked to do.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::Result;
use crate::diesel_sync::{Diesel, DieselCopy};
use crate::diesel_tokio::DieselAsync;
use crate::meter::Meter;
use crate::ours::{Ours, OursCopy, OursSession};
use crate::raw::{Raw, RawCopy, RawUnnest};
use crate::sea::Sea;
use crate::sqlx_peer::Sqlx;
use crate::tables::{Data, NewRow};
use crate::toasty_peer::Toasty;
use crate::work::Work;

/// What came of a piece of work.
#[derive(Debug)]
pub(crate) enum Done {
    Measured,
    /// It has no line in this row, and need not have one.
    NotMeant,
    /// It cannot do that, for this reason.
    Cannot(&'static str),
}

/// Those who take part; some in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Raw,
    RawUnnest,
    RawCopy,
    Ours,
    OursSession,
    OursCopy,
    Diesel,
    DieselCopy,
    DieselAsync,
    Sqlx,
    SeaOrm,
    Toasty,
    Alchemy,
    AlchemySession,
}

impl Who {
    pub(crate) const ALL: [Self; 14] = [
        Self::Raw,
        Self::RawUnnest,
        Self::RawCopy,
        Self::Ours,
        Self::OursSession,
        Self::OursCopy,
        Self::Diesel,
        Self::DieselCopy,
        Self::DieselAsync,
        Self::Sqlx,
        Self::SeaOrm,
        Self::Toasty,
        Self::Alchemy,
        Self::AlchemySession,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "tokio-postgres",
            Self::RawUnnest => "tokio-postgres, UNNEST",
            Self::RawCopy => "tokio-postgres, COPY",
            Self::Ours => "orm-core",
            Self::OursSession => "orm-core, session",
            Self::OursCopy => "orm-core, COPY",
            Self::Diesel => "Diesel",
            Self::DieselCopy => "Diesel, COPY",
            Self::DieselAsync => "diesel-async",
            Self::Sqlx => "sqlx",
            Self::SeaOrm => "SeaORM",
            Self::Toasty => "Toasty",
            Self::Alchemy => "SQLAlchemy",
            Self::AlchemySession => "SQLAlchemy, session",
        }
    }

    /// Whether its memory goes through this process' allocator.
    pub(crate) fn is_counted(self) -> bool {
        !matches!(self, Self::Alchemy | Self::AlchemySession)
    }
}

/// One way of doing the work, on a connection of its own.
///
/// What is left out is not meant to be done in this way, but for what wants a session: that is said.
pub(crate) trait Peer: Sized {
    /// Whether it is a further way of one that has a line of its own, so that it need not say what it lacks.
    const IS_FURTHER: bool = false;

    async fn connect(url: &str) -> Result<Self>;

    async fn run(&mut self, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        let some = |rows: usize| data.rows.get(..rows).unwrap_or_default();
        match work {
            Work::Select(rows) => self.select(rows, meter).await,
            Work::Join(rows) => self.join(rows, meter).await,
            Work::Insert { rows, keys } => self.insert(some(rows), keys, meter).await,
            Work::Load { parents } => self.load(parents, meter).await,
            Work::Find => self.find(meter).await,
            Work::Update => self.update(meter).await,
            Work::Delete => self.delete(meter).await,
            Work::Graph { tops, middles, leaves } => {
                self.graph(data, [tops, tops * middles, tops * middles * leaves], meter).await
            }
            Work::Change { loaded, changed } => self.change(loaded, changed, meter).await,
            Work::Remove(rows) => self.remove(rows, meter).await,
            Work::Unchanged(rows) => self.unchanged(rows, meter).await,
            Work::Identity => self.identity(meter).await,
            Work::Tracked(rows) => self.tracked(rows, meter).await,
            Work::Upsert(rows) => self.upsert(some(rows), meter).await,
            Work::Stream(rows) => self.stream(rows, meter).await,
            Work::Throughput { tasks, pool, finds } => self.throughput(tasks, pool, finds, meter).await,
        }
    }

    async fn select(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn join(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn insert(&mut self, _rows: &[NewRow], _keys: bool, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn load(&mut self, _parents: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn find(&mut self, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn update(&mut self, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn delete(&mut self, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    /// `counts` are those of all tops, of all middles and of all leaves.
    async fn graph(&mut self, _data: &Data, _counts: [usize; 3], _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn change(&mut self, _loaded: usize, _changed: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn remove(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn unchanged(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(lacks::<Self>("it has no unit of work, so there is nothing to commit"))
    }

    async fn identity(&mut self, _meter: &mut Meter) -> Result<Done> {
        Ok(lacks::<Self>("it has no identity map"))
    }

    async fn tracked(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(lacks::<Self>("it tracks no objects; its plain load of as many rows is among the selects"))
    }

    async fn upsert(&mut self, _rows: &[NewRow], _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn stream(&mut self, _rows: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }

    async fn throughput(&mut self, _tasks: usize, _pool: usize, _finds: usize, _meter: &mut Meter) -> Result<Done> {
        Ok(Done::NotMeant)
    }
}

fn lacks<P: Peer>(what: &'static str) -> Done {
    if P::IS_FURTHER { Done::NotMeant } else { Done::Cannot(what) }
}

/// Tasks that find so many in all; how many were found.
pub(crate) async fn together<F>(
    tasks: usize,
    finds: usize,
    find: impl Fn() -> F + Clone + Send + 'static,
) -> Result<usize>
where
    F: Future<Output = Result<bool>> + Send,
{
    let mut set: JoinSet<Result<usize>> = JoinSet::new();
    for _ in 0..tasks {
        let find = find.clone();
        set.spawn(async move {
            let mut found = 0;
            for _ in 0..finds / tasks {
                found += usize::from(find().await?);
            }
            Ok(found)
        });
    }
    let mut found = 0;
    while let Some(of_task) = set.join_next().await {
        found += of_task??;
    }
    Ok(found)
}

/// One who connects when it is first asked, and anew after it has failed.
struct Seat<P>(Option<P>);

impl<P: Peer> Seat<P> {
    async fn run(&mut self, url: &str, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        let done = AssertUnwindSafe(self.try_run(url, work, data, meter)).catch_unwind().await;
        let done = done.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(format!("a panic: {}", said.unwrap_or_default()).into())
        });
        if done.is_err() {
            // Its connection goes too: a transaction may be open on it, with locks.
            self.0 = None;
        }
        done
    }

    async fn try_run(&mut self, url: &str, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        let peer = match &mut self.0 {
            Some(peer) => peer,
            seat => seat.insert(P::connect(url).await?),
        };
        peer.run(work, data, meter).await
    }
}

/// All of this process, by one way to the server.
pub(crate) struct Peers {
    url: String,
    raw: Seat<Raw>,
    raw_unnest: Seat<RawUnnest>,
    raw_copy: Seat<RawCopy>,
    ours: Seat<Ours>,
    ours_session: Seat<OursSession>,
    ours_copy: Seat<OursCopy>,
    diesel: Seat<Diesel>,
    diesel_copy: Seat<DieselCopy>,
    diesel_async: Seat<DieselAsync>,
    sqlx: Seat<Sqlx>,
    sea: Seat<Sea>,
    toasty: Seat<Toasty>,
}

impl Peers {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            raw: Seat(None),
            raw_unnest: Seat(None),
            raw_copy: Seat(None),
            ours: Seat(None),
            ours_session: Seat(None),
            ours_copy: Seat(None),
            diesel: Seat(None),
            diesel_copy: Seat(None),
            diesel_async: Seat(None),
            sqlx: Seat(None),
            sea: Seat(None),
            toasty: Seat(None),
        }
    }

    pub(crate) async fn run(&mut self, who: Who, work: Work, data: &Data, meter: &mut Meter) -> Result<Done> {
        let url = &self.url;
        match who {
            Who::Raw => self.raw.run(url, work, data, meter).await,
            Who::RawUnnest => self.raw_unnest.run(url, work, data, meter).await,
            Who::RawCopy => self.raw_copy.run(url, work, data, meter).await,
            Who::Ours => self.ours.run(url, work, data, meter).await,
            Who::OursSession => self.ours_session.run(url, work, data, meter).await,
            Who::OursCopy => self.ours_copy.run(url, work, data, meter).await,
            Who::Diesel => self.diesel.run(url, work, data, meter).await,
            Who::DieselCopy => self.diesel_copy.run(url, work, data, meter).await,
            Who::DieselAsync => self.diesel_async.run(url, work, data, meter).await,
            Who::Sqlx => self.sqlx.run(url, work, data, meter).await,
            Who::SeaOrm => self.sea.run(url, work, data, meter).await,
            Who::Toasty => self.toasty.run(url, work, data, meter).await,
            Who::Alchemy | Who::AlchemySession => Ok(Done::NotMeant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Purpose;
    use crate::work::Link;

    struct Failing;

    impl Peer for Failing {
        async fn connect(_: &str) -> Result<Self> {
            Ok(Self)
        }

        async fn find(&mut self, _: &mut Meter) -> Result<Done> {
            panic!("it has no {}", "keys")
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_ends_the_connection() {
        let mut seat = Seat(Some(Failing));
        let mut meter = Meter::new(Purpose::Time, 1, Link::Near);
        let data = Data { rows: Vec::new() };
        let done = seat.run("", Work::Find, &data, &mut meter).await;
        assert_eq!(done.err().map(|error| error.to_string()).as_deref(), Some("a panic: it has no keys"));
        assert!(seat.0.is_none());
        assert!(matches!(seat.run("", Work::Update, &data, &mut meter).await, Ok(Done::NotMeant)));
    }
}
