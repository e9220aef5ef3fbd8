//! What is loaded with a query: [`Load`] is one relationship, with what is loaded below it; [`Loads`] all those of a query.
//!
//! Both know two ways, beside plain values and into a session, and two places: in the query's own rows, or in a statement
//! of its own. The relationships themselves are in `nested`.

use crate::engine::Connection;
use crate::error::Result;
use crate::schema::{Edge, Handle, Model};
use crate::sql::Eager;
use crate::types::RowReader;

use super::edge::Choice;

/// A relationship of `M` to load with a query, perhaps with relationships of what it leads to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relationship of `{M}`",
    label = "cannot be loaded with `{M}`"
)]
pub trait Load<M: Model>: Clone + Send + Sync + 'static {
    /// What is loaded for one `M`: a `Vec`, an `Option` or the object itself.
    type Values: Clone + Send;

    /// What is read of it in the row of an `M`.
    #[doc(hidden)]
    type Joined: Clone + Send;

    /// Adds what is to be read in the rows of the query.
    #[doc(hidden)]
    fn join(&self, eager: &mut Vec<Eager>, near: Option<usize>);

    /// Reads that.
    #[doc(hidden)]
    fn read(&self, row: &mut RowReader<'_>) -> Result<Self::Joined>;

    /// Loads it for each of the values, in their order.
    #[doc(hidden)]
    fn values(
        &self,
        connection: &mut Connection,
        parents: &[M],
        joined: Vec<Self::Joined>,
    ) -> impl Future<Output = Result<Vec<Self::Values>>> + Send;

    /// Reads what is in the row of an object of a session, if there is one in it.
    #[doc(hidden)]
    fn read_into<S: LoadInto>(&self, session: &mut S, row: &mut RowReader<'_>, parent: Option<Handle<M>>)
    -> Result<()>;

    /// Loads it for objects of a session.
    #[doc(hidden)]
    fn load_into<S: LoadInto>(&self, session: &mut S, parents: &[Handle<M>])
    -> impl Future<Output = Result<()>> + Send;
}

/// What fills the fields of objects in a session: whole relationships, and not parts of them.
#[diagnostic::on_unimplemented(
    message = "a part of a relationship does not fill the field of an object in a session",
    label = "this loads a part of a relationship",
    note = "the handles of the part are given by `session.load_some(&handles, Course::homeworks.filter(…)).await?`"
)]
pub trait Whole {}

impl Whole for () {}

impl<L0: Whole, L: Whole> Whole for (L0, L) {}

/// A session, as loading sees it.
#[doc(hidden)]
pub trait LoadInto: Send {
    /// Loads the other ends of a relationship, and what comes in their rows; gives each of them once.
    fn load_edge<A: Model, B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        loads: &L,
        parents: &[Handle<A>],
    ) -> impl Future<Output = Result<Vec<Handle<B>>>> + Send;

    /// Loads some of the other ends of a relationship, and what comes in their rows, for each of the objects.
    fn load_part<A: Model, B: Model, L: Loads<B>>(
        &mut self,
        edge: Edge,
        choice: &Choice,
        loads: &L,
        parents: &[Handle<A>],
    ) -> impl Future<Output = Result<Vec<Vec<Handle<B>>>>> + Send;

    /// Reads the other end of a relationship in the row of an object.
    fn read_edge<A: Model, B: Model>(
        &mut self,
        edge: Edge,
        parent: Option<Handle<A>>,
        row: &mut RowReader<'_>,
    ) -> Result<Option<Handle<B>>>;
}

/// All relationships that a query loads.
#[diagnostic::on_unimplemented(
    message = "too many relationships loaded for `{M}` in one query",
    note = "eight can be loaded side by side; nest them, or call `session.load`"
)]
pub trait Loads<M: Model>: Clone + Send + Sync + 'static {
    /// What a row becomes: the model, or a tuple of it and what is loaded.
    type Value: Clone + Send;

    /// What is read of them in the row of an `M`.
    #[doc(hidden)]
    type Joined: Clone + Send;

    /// Adds what is to be read in the rows of the query.
    #[doc(hidden)]
    fn join(&self, eager: &mut Vec<Eager>, near: Option<usize>);

    /// Reads that.
    #[doc(hidden)]
    fn read(&self, row: &mut RowReader<'_>) -> Result<Self::Joined>;

    /// Loads them beside plain values.
    #[doc(hidden)]
    fn load(
        self,
        connection: &mut Connection,
        models: Vec<M>,
        joined: Vec<Self::Joined>,
    ) -> impl Future<Output = Result<Vec<Self::Value>>> + Send;

    /// Reads what is in the row of an object of a session, if there is one in it.
    #[doc(hidden)]
    fn read_into<S: LoadInto>(&self, session: &mut S, row: &mut RowReader<'_>, parent: Option<Handle<M>>)
    -> Result<()>;

    /// Loads them for objects of a session.
    #[doc(hidden)]
    fn load_all_into<S: LoadInto>(
        &self,
        session: &mut S,
        handles: &[Handle<M>],
    ) -> impl Future<Output = Result<()>> + Send;
}

/// What a query reads in its own rows, so that each row is whole as soon as it is there.
#[diagnostic::on_unimplemented(
    message = "a stream of `{M}` loads nothing by statements of its own",
    label = "this query loads a relationship by `with`",
    note = "read a to-one relationship in the same rows by `with_joined`, or walk over the rows by `in_batches` of a session"
)]
pub trait InRow<M: Model>: Loads<M> {
    /// What the row becomes.
    #[doc(hidden)]
    fn value_of_row(&self, model: M, joined: Self::Joined) -> Result<Self::Value>;
}

/// Like [`InRow`], for one relationship.
#[doc(hidden)]
pub trait LoadInRow<M: Model>: Load<M> {
    /// What is read in the row becomes this.
    fn values_of_row(&self, joined: Self::Joined) -> Result<Self::Values>;
}

impl<M: Model> InRow<M> for () {
    fn value_of_row(&self, model: M, (): ()) -> Result<M> {
        Ok(model)
    }
}

impl<M: Model> Loads<M> for () {
    type Value = M;
    type Joined = ();

    fn join(&self, _: &mut Vec<Eager>, _: Option<usize>) {}

    fn read(&self, _: &mut RowReader<'_>) -> Result<()> {
        Ok(())
    }

    async fn load(self, _: &mut Connection, models: Vec<M>, _: Vec<()>) -> Result<Vec<M>> {
        Ok(models)
    }

    fn read_into<S: LoadInto>(&self, _: &mut S, _: &mut RowReader<'_>, _: Option<Handle<M>>) -> Result<()> {
        Ok(())
    }

    async fn load_all_into<S: LoadInto>(&self, _: &mut S, _: &[Handle<M>]) -> Result<()> {
        Ok(())
    }
}

macro_rules! loads {
    ($head:ty, $pattern:pat => $($load:ident $values:ident $joined:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<M: Model, $($load: LoadInRow<M>),*> InRow<M> for $head {
            #[allow(non_snake_case, reason = "the loads are named after their types")]
            fn value_of_row(&self, model: M, ($($joined,)*): Self::Joined) -> Result<Self::Value> {
                let $pattern = self;
                Ok((model, $($load.values_of_row($joined)?),*))
            }
        }

        impl<M: Model, $($load: Load<M>),*> Loads<M> for $head {
            type Value = (M, $($load::Values),*);
            type Joined = ($($load::Joined,)*);

            #[allow(non_snake_case, reason = "the loads are named after their types")]
            fn join(&self, eager: &mut Vec<Eager>, near: Option<usize>) {
                let $pattern = self;
                $($load.join(eager, near);)*
            }

            #[allow(non_snake_case, reason = "the loads are named after their types")]
            fn read(&self, row: &mut RowReader<'_>) -> Result<Self::Joined> {
                let $pattern = self;
                Ok(($($load.read(row)?,)*))
            }

            #[allow(non_snake_case, reason = "the loads are named after their types")]
            async fn load(
                self,
                connection: &mut Connection,
                models: Vec<M>,
                joined: Vec<Self::Joined>,
            ) -> Result<Vec<Self::Value>> {
                let $pattern = self;
                $(let mut $joined = Vec::with_capacity(joined.len());)*
                for ($($values,)*) in joined {
                    $($joined.push($values);)*
                }
                $(let mut $values = $load.values(connection, &models, $joined).await?.into_iter();)*
                let mut out = Vec::with_capacity(models.len());
                for model in models {
                    $(let Some($values) = $values.next() else { break };)*
                    out.push((model, $($values),*));
                }
                Ok(out)
            }

            #[allow(non_snake_case, reason = "the loads are named after their types")]
            fn read_into<S: LoadInto>(
                &self,
                session: &mut S,
                row: &mut RowReader<'_>,
                parent: Option<Handle<M>>,
            ) -> Result<()> {
                let $pattern = self;
                $($load.read_into(session, row, parent)?;)*
                Ok(())
            }

            #[allow(non_snake_case, reason = "the loads are named after their types")]
            async fn load_all_into<S: LoadInto>(&self, session: &mut S, handles: &[Handle<M>]) -> Result<()> {
                let $pattern = self;
                $($load.load_into(session, handles).await?;)*
                Ok(())
            }
        }
    };
}
loads!(((), A), ((), A) => A a ja);
loads!((((), A), B), (((), A), B) => A a ja, B b jb);
loads!(((((), A), B), C), ((((), A), B), C) => A a ja, B b jb, C c jc);
loads!((((((), A), B), C), D), (((((), A), B), C), D) => A a ja, B b jb, C c jc, D d jd);
loads!(
    ((((((), A), B), C), D), E), ((((((), A), B), C), D), E) =>
    A a ja, B b jb, C c jc, D d jd, E e je
);
loads!(
    (((((((), A), B), C), D), E), F), (((((((), A), B), C), D), E), F) =>
    A a ja, B b jb, C c jc, D d jd, E e je, F f jf
);
loads!(
    ((((((((), A), B), C), D), E), F), G), ((((((((), A), B), C), D), E), F), G) =>
    A a ja, B b jb, C c jc, D d jd, E e je, F f jf, G g jg
);
loads!(
    (((((((((), A), B), C), D), E), F), G), H), (((((((((), A), B), C), D), E), F), G), H) =>
    A a ja, B b jb, C c jc, D d jd, E e je, F f jf, G g jg, H h jh
);
