//! The predicates: the text of each, and the rows that it chooses.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;

use crate::condition;
use crate::models::{Course, Homework, Person, School, Tag, two_courses};

fn text<E, I>(predicate: E) -> String
where
    E: Expression,
    E::Type: orm_core::sql::Condition,
    E::Uses: orm_core::sql::InScope<(Person, ()), I>,
{
    condition(&query::<Person>().filter(predicate).to_sql()).to_owned()
}

#[test]
fn q06_comparisons_have_their_texts() {
    assert_eq!(text(Person::id.eq(1)), r#""person"."id" = $1"#);
    assert_eq!(text(Person::id.ne(1)), r#""person"."id" <> $1"#);
    assert_eq!(text(Person::id.lt(1)), r#""person"."id" < $1"#);
    assert_eq!(text(Person::id.le(1)), r#""person"."id" <= $1"#);
    assert_eq!(text(Person::id.gt(1)), r#""person"."id" > $1"#);
    assert_eq!(text(Person::id.ge(1)), r#""person"."id" >= $1"#);
    assert_eq!(text(Person::id.eq(Person::boss_id)), r#""person"."id" = "person"."boss_id""#);
    assert_eq!(text(Person::id.between(1, Person::mentor_id)), r#""person"."id" BETWEEN $1 AND "person"."mentor_id""#);
    assert_eq!(text(Person::c.name.eq("x")), r#""person"."name" = $1"#);
    assert_eq!(text(Person::name.eq(String::from("x"))), r#""person"."name" = $1"#);
    assert_eq!(text(Person::name.eq(&String::from("x"))), r#""person"."name" = $1"#);
    assert_eq!(text(Person::id.eq(&7)), r#""person"."id" = $1"#);
    assert_eq!(text(Person::id.eq(Auto::Value(7))), r#""person"."id" = $1"#);
}

#[test]
fn q06_null_has_tests_of_its_own() {
    assert_eq!(text(Person::boss_id.is_null()), r#""person"."boss_id" IS NULL"#);
    assert_eq!(text(Person::boss_id.is_not_null()), r#""person"."boss_id" IS NOT NULL"#);
    assert_eq!(text(Person::boss_id.eq(1).is_true()), r#"("person"."boss_id" = $1) IS TRUE"#);
    assert_eq!(text(Person::boss_id.is_distinct_from(None)), r#""person"."boss_id" IS DISTINCT FROM $1"#);
    assert_eq!(text(Person::boss_id.is_not_distinct_from(Some(1))), r#""person"."boss_id" IS NOT DISTINCT FROM $1"#);
    assert_eq!(
        text(Person::boss_id.is_distinct_from(Person::mentor_id)),
        r#""person"."boss_id" IS DISTINCT FROM "person"."mentor_id""#,
    );
}

#[test]
fn q06_lists_are_one_parameter() {
    assert_eq!(text(Person::id.in_([1, 2, 3])), r#""person"."id" = ANY ($1)"#);
    assert_eq!(text(Person::id.not_in(vec![1])), r#""person"."id" <> ALL ($1)"#);
    assert_eq!(text(Person::id.in_((0..10_000).collect::<Vec<_>>())), r#""person"."id" = ANY ($1)"#);
    assert_eq!(text(Person::name.in_(["a", "b"])), r#""person"."name" = ANY ($1)"#);
}

#[test]
fn q06_conditions_combine() {
    let (a, b, c) = (|| Person::id.eq(1), || Person::name.eq("x"), || Person::boss_id.is_null());
    let (a_, b_, c_) = (r#""person"."id" = $1"#, r#""person"."name" = $2"#, r#""person"."boss_id" IS NULL"#);
    assert_eq!(text(a().and(b())), format!("{a_} AND {b_}"));
    assert_eq!(text(a().or(b())), format!("{a_} OR {b_}"));
    assert_eq!(text(a().and(b()).or(c())), format!("({a_} AND {b_}) OR {c_}"));
    assert_eq!(text(a().or(b()).and(c())), format!("({a_} OR {b_}) AND {c_}"));
    assert_eq!(text(a().not()), format!("NOT ({a_})"));
    assert_eq!(text(!(a() & b())), format!("NOT ({a_} AND {b_})"));
    assert_eq!(text(a() & b() | a()), format!("({a_} AND {b_}) OR \"person\".\"id\" = $3"));
    assert_eq!(text(any_of([a(), Person::name.eq("x")])), format!("{a_} OR {b_}"));
    assert_eq!(text(all_of([a(), b()])), format!("{a_} AND {b_}"));
    assert_eq!(text(any_of(Vec::<Expr<bool, Person>>::new())), "FALSE");
    assert_eq!(text(all_of(Vec::<Expr<bool, Person>>::new())), "TRUE");
    assert_eq!(text(any_of([a()]).and(b())), format!("{a_} AND {b_}"));
    let two = query::<Person>().filter(a()).filter(b().or(c()));
    assert_eq!(condition(&two.to_sql()), format!("{a_} AND ({b_} OR {c_})"));
    let list = query::<Person>().filter_all([a(), b()]).filter(c());
    assert_eq!(condition(&list.to_sql()), format!("{a_} AND {b_} AND {c_}"));
}

#[test]
fn q06_an_empty_list_of_conditions_is_no_clause() {
    let none = query::<Tag>().filter_all(Vec::<Expr<bool, Tag>>::new());
    assert_eq!(none.to_sql(), r#"SELECT "tag"."id", "tag"."label" FROM "tag""#);
    let all = query::<Tag>().filter(all_of(Vec::<Expr<bool, Tag>>::new())).filter(Tag::id.eq(1));
    assert_eq!(condition(&all.to_sql()), r#"TRUE AND "tag"."id" = $1"#);
}

async fn names(db: &TestDb, predicate: Expr<bool, Person>) -> Result<Vec<String>> {
    db.engine.rows(query::<Person>().filter(predicate).order_by(Person::id.asc()).select(Person::name)).await
}

async fn people() -> TestDb {
    let db = TestDb::with::<School>().await;
    db.run("INSERT INTO person (name, boss_id) VALUES ('Ann', NULL), ('Bob', 1), ('Жанна', 1), ('жук', 2)").await;
    db
}

#[tokio::test]
async fn q06_predicates_choose_their_rows() -> Result<()> {
    let db = people().await;
    assert_eq!(names(&db, Person::id.between(2, 3)).await?, ["Bob", "Жанна"]);
    assert_eq!(names(&db, Person::id.in_([1, 4, 99])).await?, ["Ann", "жук"]);
    assert_eq!(names(&db, Person::id.in_(Vec::<i32>::new())).await?, Vec::<String>::new());
    assert_eq!(names(&db, Person::id.not_in([1, 4])).await?, ["Bob", "Жанна"]);
    assert_eq!(names(&db, Person::id.not_in(Vec::<i32>::new())).await?.len(), 4);
    assert_eq!(names(&db, Person::id.in_(-5_000..5_000)).await?.len(), 4);
    assert_eq!(names(&db, Person::boss_id.is_null().fit()).await?, ["Ann"]);
    assert_eq!(names(&db, Person::boss_id.is_not_null().fit()).await?.len(), 3);
    assert_eq!(names(&db, Person::boss_id.is_not_distinct_from(None).fit()).await?, ["Ann"]);
    assert_eq!(names(&db, Person::boss_id.is_distinct_from(1).fit()).await?, ["Ann", "жук"]);
    assert_eq!(names(&db, Person::boss_id.is_distinct_from(Some(2)).fit()).await?.len(), 3);
    assert_eq!(names(&db, Person::boss_id.eq(1).is_true().fit()).await?, ["Bob", "Жанна"]);
    assert_eq!(names(&db, Person::boss_id.eq(1).is_true().not().fit()).await?, ["Ann", "жук"]);
    assert_eq!(names(&db, any_of(Vec::new())).await?, Vec::<String>::new());
    assert_eq!(names(&db, all_of(Vec::new())).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn q07_like_knows_cyrillic_and_case() -> Result<()> {
    let db = people().await;
    assert_eq!(names(&db, Person::name.like("%ж%")).await?, ["жук"]);
    assert_eq!(names(&db, Person::name.like("%ан%")).await?, ["Жанна"]);
    assert_eq!(names(&db, Person::name.not_like("%а%")).await?, ["Ann", "Bob", "жук"]);
    assert_eq!(names(&db, Person::name.ilike("a__")).await?, ["Ann"]);
    assert_eq!(text(Person::name.ilike("x")), r#""person"."name" ILIKE $1"#);
    assert_eq!(text(Person::name.not_like("x")), r#""person"."name" NOT LIKE $1"#);
    Ok(())
}

#[tokio::test]
async fn q06_a_condition_that_is_null_chooses_nothing() -> Result<()> {
    let db = people().await;
    let by_boss = query::<Person>().filter(Person::boss_id.eq(1));
    assert_eq!(db.engine.all(by_boss).await?.len(), 2);
    let negated = query::<Person>().filter(Person::boss_id.eq(1).not());
    assert_eq!(db.engine.all(negated).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_filter_under_if_and_in_a_loop_just_works() -> Result<()> {
    fn active() -> Expr<bool, Course> {
        Course::name.like("P%").and(Course::id.gt(0)).fit()
    }
    fn both() -> Expr<bool, (Course, Homework)> {
        Course::name.like("P%").and(Homework::number.gt(1)).and(Course::id.gt(0)).fit()
    }
    fn numbers() -> Vec<Expr<bool, Homework>> {
        vec![Homework::number.gt(0), Homework::number.eq(Homework::id).fit()]
    }
    fn at_least(min: Option<i32>) -> Expr<bool, Course> {
        let mut f = Course::name.like("%");
        if let Some(min) = min {
            f = f & Course::id.gt(min);
        }
        f
    }
    async fn search(e: &Engine, name: Option<&str>, min: Option<i32>) -> Result<Vec<Course>> {
        let filters = [name.map(|name| Course::name.like(name)), min.map(|min| Course::id.gt(min))];
        let query = e.query::<Course>().filter_all(filters.into_iter().flatten());
        query.filter(any_of([active(), at_least(None)])).all().await
    }
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    assert_eq!(search(&db.engine, None, None).await?.len(), 2);
    assert_eq!(search(&db.engine, Some("J%"), None).await?.len(), 1);
    assert_eq!(search(&db.engine, Some("J%"), Some(5)).await?.len(), 0);
    let joined = db.engine.query::<Course>().join(Course::homeworks);
    let joined = joined.filter(both()).filter_all(numbers()).filter(active().and(both())).all().await?;
    assert_eq!(joined.len(), 1);
    let mut many = query::<Course>();
    let mut all = Course::id.gt(0);
    for i in 0..300 {
        many = many.filter(Course::id.gt(-i));
        all = all & Course::id.gt(-i);
    }
    assert_eq!(db.engine.all(many.filter(all)).await?.len(), 2);
    Ok(())
}

#[test]
fn q06_three_tables_are_a_tuple_too() {
    fn three() -> Expr<bool, (Course, Homework, Person)> {
        Course::id.gt(1).and(Homework::id.gt(1)).and(Person::id.gt(1)).fit()
    }
    let joined = query::<Course>().join(Course::homeworks).join(Homework::reviewer).filter(three());
    assert!(joined.to_sql().ends_with(r#"WHERE "course"."id" > $1 AND "homework"."id" > $2 AND "person"."id" > $3"#));
}
