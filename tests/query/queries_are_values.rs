//! Queries borrow nobody: they are made in functions, cloned, bound and run by whoever is there.

use orm_core::Result;
use orm_core::prelude::*;
use orm_core::sql::{InScope, IntoExpr, Order};
use orm_core::types::Field;
use orm_tests::TestDb;

use crate::models::{Course, Homework, Line, Part, School, two_courses};

fn recent() -> Query<Unbound, Course> {
    query::<Course>().filter(Course::id.gt(0)).limit(3)
}

fn any<X, S, L, I>(q: Query<X, Course, S, L>) -> Query<X, Course, S, L>
where
    Course: InScope<S, I>,
{
    q.filter(Course::id.gt(0))
}

#[tokio::test]
async fn queries_come_from_functions_and_run_anywhere() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    let (e, mut session) = (&db.engine, db.engine.session());
    let s = &mut session;
    let q = any(recent().join(Course::homeworks)).filter(Homework::number.gt(1));
    let values: Vec<Course> = q.clone().on(e).all().await?;
    let handles: Vec<Handle<Course>> = q.clone().on(&mut *s).all().await?;
    let rows: Vec<(i32, i32)> = q.clone().select((Course::id, Homework::number)).on(&mut *s).all().await?;
    assert_eq!((values.len(), handles.len(), rows), (1, 1, vec![(1, 2)]));
    assert_eq!(format!("{q:?}"), q.to_sql());
    assert_eq!(q.clone().on(e).count().await?, 1);
    Ok(())
}

async fn by<M: Model, T: Field, V: IntoExpr<T::Sql, Uses<M> = M>>(e: &Engine, c: Column<M, T>, v: V) -> Result<Vec<M>> {
    e.query::<M>().filter(c.eq(v)).all().await
}

async fn page<M: Model>(e: &Engine, fs: Vec<Expr<bool, M>>, o: Order<M>) -> Result<Vec<M>> {
    e.query::<M>().filter_all(fs).order_by(o).limit(10).all().await
}

async fn find<M: Model>(s: &mut Session, k: M::Key) -> Result<Option<Handle<M>>> {
    s.get::<M>(k).await
}

/// Generic over who runs its queries.
struct Repository<D>(D);

impl<D: Db> Repository<D> {
    async fn names(&mut self) -> Result<Vec<String>> {
        self.0.rows(query::<Course>().order_by(Course::id.asc()).select(Course::name)).await
    }

    async fn all(&mut self) -> Result<Vec<D::Entity<Course, ()>>> {
        self.0.all(query::<Course>()).await
    }
}

#[tokio::test]
async fn generic_code_runs_on_engine_session_and_a_borrow_of_one() -> Result<()> {
    let db = TestDb::with::<(School, Line, Part)>().await;
    two_courses(&db.engine).await?;
    let e = db.engine.clone();
    let task = tokio::spawn(async move {
        let mut s = e.session();
        assert_eq!(by(&e, Course::name, "Java").await?.len(), 1);
        assert_eq!(by(&e, Course::id, 1).await?.len(), 1);
        assert_eq!(by(&e, Homework::reviewer_id, 1).await?.len(), 0);
        assert!(find::<Line>(&mut s, (1, 2)).await?.is_none());
        assert_eq!(page(&e, vec![Course::name.eq("Java")], Course::id.asc()).await?.len(), 1);
        let values: Vec<Course> = Repository(e.clone()).all().await?;
        let handles: Vec<Handle<Course>> = Repository(&mut s).all().await?;
        assert_eq!((values.len(), handles.len()), (2, 2));
        let values: Vec<Course> = Repository(&e).all().await?;
        assert_eq!((values.len(), Repository(&e).names().await?.len()), (2, 2));
        let mut repository = Repository(&mut s);
        assert_eq!(repository.names().await?, ["Python", "Java"]);
        assert_eq!(Repository(s).names().await?, ["Python", "Java"]);
        orm_core::Result::Ok(())
    });
    task.await.expect("it does not panic")
}
