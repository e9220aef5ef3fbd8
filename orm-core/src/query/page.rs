//! Pages of a query: by number, and by the keys of the rows at their ends.

use super::executor::Executor;
use super::keyset::{KeyPage, Keyset};
use super::load::Loads;
use super::rows::Rows;
use super::select::Query;
use crate::engine::placed;
use crate::error::{Error, Result};
use crate::schema::Model;
use crate::sql::Select;

/// Some rows of a query by their number, and how many there are in all: what [`Query::page`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The page's number, from 1.
    pub number: u64,
    /// How many rows a page has at most.
    pub size: u64,
    /// How many rows the query has without pages.
    pub total: u64,
}

impl<T> Page<T> {
    /// How many pages there are.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.size)
    }

    /// Whether there is a page behind this one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.number < self.pages()
    }

    /// Whether there is a page before this one.
    #[must_use]
    pub fn has_previous(&self) -> bool {
        self.number > 1 && self.total > 0
    }
}

/// Whether a page begins behind the last of so many rows.
pub(crate) fn is_beyond(select: &Select, total: u64) -> bool {
    select.offset.is_some_and(|offset| offset >= total)
}

/// Puts the limits of a page into a query.
fn cut(select: &mut Select, number: u64, size: u64) -> Result<()> {
    let model = select.root.table().model;
    let refuse = |reason: &str| Err(Error::invalid(format!("a page of `{model}` {reason}")).with_model(model));
    if number == 0 || size == 0 {
        return refuse("has a number, from 1, and one row at least");
    }
    if select.limit.is_some() || select.offset.is_some() {
        return refuse("has the limits of its own, and the query has some already");
    }
    // PostgreSQL counts in `bigint`.
    let Some(offset) = (number - 1).checked_mul(size).filter(|offset| i64::try_from(*offset).is_ok()) else {
        return refuse("of that number is beyond what PostgreSQL can count");
    };
    select.limit = Some(size.min(i64::MAX as u64));
    select.offset = Some(offset);
    Ok(())
}

impl<X: Executor, M: Model, S, L: Loads<M>> Query<X, M, S, L> {
    /// Runs the query for one page of its rows, counted from 1, and for the number of all of them: two statements, one if
    /// there are no rows.
    ///
    /// A page is of rows; a session gives an object once that a join brings several times.
    ///
    /// Give it an order that is total. What is inserted or deleted between two pages moves the rows, so that some are seen
    /// twice or never; [`after`](Self::after) does not know that, and is as fast on the last page as on the first.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i64 }
    /// # async fn demo(engine: Engine) -> orm_core::Result<()> {
    /// let page = engine.query::<Order>().order_by(Order::id.asc()).page(3, 20).await?;
    /// println!("page {} of {}: {:?}", page.number, page.pages(), page.items);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// SELECT count(*) FROM "order"
    /// SELECT … FROM "order" ORDER BY "order"."id" LIMIT 20 OFFSET 40
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) before anything is sent, for a page 0, of no rows, or of a query
    /// with a limit of its own; those of [`all`](Self::all).
    #[track_caller]
    pub fn page(self, number: u64, size: u64) -> impl Future<Output = Result<Page<X::Entity<M, L>>>> {
        placed(async move {
            let (on, mut select, loads) = self.into_parts();
            let count = Box::new(select.clone().into_count());
            cut(&mut select, number, size)?;
            let (total, items) = on.paged(count, select, loads).await?;
            Ok(Page { items, number, size, total })
        })
    }

    /// Runs the query for the rows behind a cursor in its order, or for the first ones: one statement, as fast for the last
    /// page as for the first where an index has the order.
    ///
    /// The order may have several columns and expressions, in either direction, with NULLs; what is missing to tell each row
    /// from every other, the primary key, is added to it. A walk by cursors sees each row once whose order does not change,
    /// whatever is inserted or deleted meanwhile.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Order { #[model(primary_key)] id: Auto<i32>, total: i64 }
    /// # async fn demo(engine: Engine, from_the_url: Option<String>) -> orm_core::Result<()> {
    /// let page = engine.query::<Order>().order_by(Order::total.desc()).after(from_the_url.as_deref(), 20).await?;
    /// for order in &page.items {
    ///     println!("{}", order.total);
    /// }
    /// if let Some(cursor) = page.next() {
    ///     println!("/orders?after={cursor}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A cursor is a string of letters, digits, `-` and `_`. It holds the values of the order of one row, which are not
    /// secret to who has it, with the order's fingerprint and a checksum. The filters of the next query may be others, the
    /// order may not.
    ///
    /// # SQL
    ///
    /// ```sql
    /// SELECT … FROM "order" WHERE ("order"."total", "order"."id") < ($1, $2)
    ///     ORDER BY "order"."total" DESC, "order"."id" DESC LIMIT 21
    /// -- columns that may be NULL, or go different ways:
    /// SELECT … FROM "order" WHERE "order"."discount" > $1 OR "order"."discount" IS NULL
    ///     OR ("order"."discount" = $2 AND "order"."id" > $3) ORDER BY "order"."discount", "order"."id" LIMIT 21
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cursor`](crate::ErrorKind::Cursor) for a cursor that is damaged, made up, or of another order;
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a page of no rows, or of a query with a limit, with groups or
    /// distinct rows; both before anything is sent, but for a cursor that was made up with care. Those of
    /// [`all`](Self::all).
    #[track_caller]
    pub fn after(self, cursor: Option<&str>, size: u64) -> impl Future<Output = Result<KeyPage<X::Entity<M, L>>>> {
        placed(self.by_key(cursor, size, false))
    }

    /// Like [`after`](Self::after), but the rows before the cursor, or the last ones; they come in the query's order all the
    /// same.
    ///
    /// # Errors
    ///
    /// Like [`after`](Self::after).
    #[track_caller]
    pub fn before(self, cursor: Option<&str>, size: u64) -> impl Future<Output = Result<KeyPage<X::Entity<M, L>>>> {
        placed(self.by_key(cursor, size, true))
    }

    async fn by_key(self, cursor: Option<&str>, size: u64, is_backward: bool) -> Result<KeyPage<X::Entity<M, L>>> {
        let (on, select, loads) = self.into_parts();
        let keyset = Keyset::new(select, cursor, size, is_backward)?;
        let found = on.keyed(keyset.select.clone(), loads, keyset.size()).await;
        let (items, keys) = found.map_err(|error| keyset.explain(error))?;
        Ok(keyset.page(items, keys))
    }
}

impl<X: Executor, R: Send> Rows<X, R> {
    /// Like [`Query::page`].
    ///
    /// # Errors
    ///
    /// Like [`Query::page`].
    #[track_caller]
    pub fn page(self, number: u64, size: u64) -> impl Future<Output = Result<Page<R>>> {
        placed(async move {
            let (on, mut select, read) = self.into_parts();
            let count = Box::new(select.clone().into_count_of_rows());
            cut(&mut select, number, size)?;
            let (total, items) = on.paged_rows(count, select, read).await?;
            Ok(Page { items, number, size, total })
        })
    }

    /// Like [`Query::after`]. Its order is that of the query before `select`, whatever is selected; an aggregate has no key,
    /// and is refused by the server.
    ///
    /// # Errors
    ///
    /// Like [`Query::after`].
    #[track_caller]
    pub fn after(self, cursor: Option<&str>, size: u64) -> impl Future<Output = Result<KeyPage<R>>> {
        placed(self.by_key(cursor, size, false))
    }

    /// Like [`Query::before`].
    ///
    /// # Errors
    ///
    /// Like [`Query::after`].
    #[track_caller]
    pub fn before(self, cursor: Option<&str>, size: u64) -> impl Future<Output = Result<KeyPage<R>>> {
        placed(self.by_key(cursor, size, true))
    }

    async fn by_key(self, cursor: Option<&str>, size: u64, is_backward: bool) -> Result<KeyPage<R>> {
        let (on, select, read) = self.into_parts();
        let keyset = Keyset::new(select, cursor, size, is_backward)?;
        let found = on.keyed_rows(keyset.select.clone(), read).await.map_err(|error| keyset.explain(error))?;
        let (mut items, keys): (Vec<R>, Vec<_>) = found.into_iter().unzip();
        items.truncate(keyset.size());
        Ok(keyset.page(items, keys))
    }
}
