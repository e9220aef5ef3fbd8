//! Rows that are marked as deleted are left out of every part of a query, unless the query lets them in.

use orm_core::prelude::*;
use orm_core::{ErrorKind, Result};
use orm_tests::TestDb;

use crate::from;
use crate::models::{Author, Authorship, Library, Shelf, Sticker, Volume, a_shelf};

const LIVE: &str = r#""volume"."del""eted" IS NULL"#;

/// Two shelves of which one is deleted; the volumes A, deleted, B and C on the first, D on the other; Ann, deleted, and
/// Bob wrote A and B; the links of Ann to B and of Bob to C are deleted.
async fn library() -> Result<TestDb> {
    let db = TestDb::with::<Library>().await;
    a_shelf(&db.engine).await?;
    db.run(
        r#"
        INSERT INTO shelf (name, version, deleted_at) VALUES ('right', 1, now());
        INSERT INTO volume (title, shelf_id) VALUES ('D', 2);
        UPDATE volume SET "del""eted" = now() WHERE title = 'A';
        INSERT INTO author (name, deleted_at) VALUES ('Ann', now()), ('Bob', NULL);
        INSERT INTO authorship VALUES (1, 1, NULL), (1, 2, NULL), (2, 1, now()), (2, 2, NULL), (3, 2, now());
        "#,
    )
    .await;
    Ok(db)
}

#[tokio::test]
async fn u49_a_query_leaves_them_out() -> Result<()> {
    let db = library().await?;
    let titles = query::<Volume>().order_by(Volume::id.asc()).select(Volume::title);
    assert!(titles.to_sql().ends_with(&format!(r#"FROM "volume" WHERE {LIVE} ORDER BY "volume"."id""#)), "{titles:?}");
    assert_eq!(db.engine.rows(titles).await?, ["B", "C", "D"]);
    let engine = &db.engine;
    assert_eq!(engine.query::<Volume>().count().await?, 3);
    assert_eq!(engine.query::<Volume>().limit(2).distinct().count().await?, 2);
    assert!(!engine.query::<Volume>().filter(Volume::title.eq("A")).exists().await?);
    assert_eq!(engine.query::<Volume>().filter(Volume::title.eq("A")).one_or_none().await?.map(|v| v.title), None);
    assert_eq!(engine.query::<Volume>().with_deleted().count().await?, 4);
    assert_eq!(engine.query::<Volume>().with_deleted().limit(9).count().await?, 4);
    assert!(engine.query::<Volume>().with_deleted().filter(Volume::title.eq("A")).exists().await?);
    assert_eq!(query::<Volume>().dynamic().with_deleted().to_sql(), query::<Volume>().with_deleted().to_sql());
    Ok(())
}

#[tokio::test]
async fn u49_a_condition_with_or_keeps_its_parentheses() -> Result<()> {
    let db = library().await?;
    let either = query::<Volume>().filter(Volume::title.eq("A").or(Volume::title.eq("B")));
    assert_eq!(
        from(&either.to_sql()),
        format!(r#""volume" WHERE ("volume"."title" = $1 OR "volume"."title" = $2) AND {LIVE}"#),
    );
    assert_eq!(db.engine.all(either).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn u49_joins_leave_them_out_in_their_condition() -> Result<()> {
    let db = library().await?;
    let inner = query::<Volume>().join(Volume::shelf).order_by(Volume::id.asc());
    assert_eq!(
        from(&inner.to_sql()),
        format!(
            r#""volume" JOIN "shelf" ON "volume"."shelf_id" = "shelf"."id" AND "shelf"."deleted_at" IS NULL WHERE {LIVE} ORDER BY "volume"."id""#
        ),
    );
    assert_eq!(db.engine.rows(inner.clone().select(Volume::title)).await?, ["B", "C"]);
    let all = db.engine.rows(inner.with_deleted().select((Volume::title, Shelf::name))).await?;
    assert_eq!(all.len(), 4);
    let left = query::<Volume>().left_join(Volume::shelf).order_by(Volume::id.asc());
    let rows = db.engine.rows(left.select((Volume::title, Shelf::name))).await?;
    let expected = [("B", Some("left")), ("C", Some("left")), ("D", None)];
    assert_eq!(rows, expected.map(|(title, name)| (title.to_owned(), name.map(str::to_owned))));
    let one = query::<Volume>().join(Volume::shelf.with_deleted()).order_by(Volume::id.asc());
    assert_eq!(db.engine.rows(one.select(Volume::title)).await?, ["B", "C", "D"], "the relationship says it alone");
    Ok(())
}

#[tokio::test]
async fn u49_aliases_and_subqueries_leave_them_out() -> Result<()> {
    let db = library().await?;
    aliased!(let other = Volume);
    let pairs = query::<Volume>().join_on(&other, Volume::shelf_id.eq(other.c.shelf_id));
    assert_eq!(
        from(&pairs.to_sql()),
        format!(
            r#""volume" JOIN "volume" AS "other" ON "volume"."shelf_id" = "other"."shelf_id" AND "other"."del""eted" IS NULL WHERE {LIVE}"#
        ),
    );
    assert_eq!(pairs.on(&db.engine).count().await?, 5);
    let inside = query::<Volume>().select(Volume::shelf_id);
    let shelves = query::<Shelf>().with_deleted().filter(Shelf::id.in_select(inside));
    assert!(!shelves.to_sql().contains("IS NULL"), "the whole query lets them in: {shelves:?}");
    let all_inside = query::<Volume>().with_deleted().filter(Volume::title.eq("A")).select(Volume::shelf_id);
    let shelves = query::<Shelf>().filter(Shelf::id.in_select(all_inside));
    assert_eq!(shelves.to_sql().matches("IS NULL").count(), 1, "the subquery alone: {shelves:?}");
    assert_eq!(shelves.on(&db.engine).count().await?, 1);
    let subquery = query::<Volume>().subquery();
    let joined = query::<Shelf>().join_on(&subquery, Shelf::id.eq(subquery.c.shelf_id)).on(&db.engine);
    assert_eq!(joined.count().await?, 2);
    let given = query::<Volume>().outer(Shelf::TABLE).filter(Volume::shelf_id.eq(Shelf::id));
    assert_eq!(db.engine.query::<Shelf>().filter(given.exists_in()).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn u49_relationship_predicates_leave_them_out() -> Result<()> {
    let db = library().await?;
    let engine = &db.engine;
    let any = query::<Shelf>().filter(Shelf::volumes.any(Volume::title.eq("A")));
    assert_eq!(
        from(&any.to_sql()),
        format!(
            r#""shelf" WHERE EXISTS (SELECT 1 FROM "volume" WHERE "shelf"."id" = "volume"."shelf_id" AND "volume"."title" = $1 AND {LIVE}) AND "shelf"."deleted_at" IS NULL"#
        ),
    );
    assert_eq!(any.clone().on(engine).count().await?, 0);
    assert_eq!(any.with_deleted().on(engine).count().await?, 1);
    let said = query::<Shelf>().filter(Shelf::volumes.with_deleted().any(Volume::title.eq("A")));
    assert_eq!(said.on(engine).count().await?, 1);
    assert_eq!(engine.query::<Volume>().filter(Volume::shelf.none()).count().await?, 1);
    assert_eq!(engine.query::<Volume>().filter(Volume::shelf.exists()).count().await?, 2);
    let by_bob = engine.query::<Volume>().filter(Volume::authors.any(Author::name.eq("Bob")));
    assert_eq!(by_bob.count().await?, 1, "A is deleted, and C's link is");
    assert_eq!(engine.query::<Volume>().filter(Volume::authors.exists()).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn u49_a_link_model_is_joined_without_its_marked_rows() -> Result<()> {
    let db = library().await?;
    let inner = query::<Volume>().join(Volume::authors).order_by(Volume::id.asc());
    assert_eq!(
        from(&inner.to_sql()),
        format!(
            r#""volume" JOIN "authorship" AS "authorship" ON "authorship"."volume_id" = "volume"."id" AND "authorship"."deleted_at" IS NULL JOIN "author" ON "authorship"."author_id" = "author"."id" AND "author"."deleted_at" IS NULL WHERE {LIVE} ORDER BY "volume"."id""#
        ),
    );
    let rows = db.engine.rows(inner.select((Volume::title, Author::name))).await?;
    assert_eq!(rows, [("B".to_owned(), "Bob".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn u49_a_left_join_over_links_has_no_row_for_a_marked_end() -> Result<()> {
    let db = library().await?;
    let left = query::<Volume>().with_deleted().left_join(Volume::authors);
    assert_eq!(left.on(&db.engine).count().await?, 6);
    db.run("UPDATE authorship SET deleted_at = NULL").await;
    let left = query::<Volume>().left_join(Volume::authors).order_by(Volume::id.asc());
    assert_eq!(
        from(&left.to_sql()),
        format!(
            r#""volume" LEFT JOIN ("authorship" AS "authorship" JOIN "author" ON "authorship"."author_id" = "author"."id" AND "author"."deleted_at" IS NULL) ON "authorship"."volume_id" = "volume"."id" AND "authorship"."deleted_at" IS NULL WHERE {LIVE} ORDER BY "volume"."id""#
        ),
    );
    let rows = db.engine.rows(left.select((Volume::title, Author::name))).await?;
    let expected = [("B", Some("Bob")), ("C", Some("Bob")), ("D", None)];
    assert_eq!(rows, expected.map(|(title, name)| (title.to_owned(), name.map(str::to_owned))), "not B twice");
    Ok(())
}

#[tokio::test]
async fn u49_loads_beside_values_leave_them_out() -> Result<()> {
    let db = library().await?;
    let engine = &db.engine;
    let (_, volumes) = engine.query::<Shelf>().with(Shelf::volumes).one().await?;
    assert_eq!(volumes.iter().map(|volume| volume.title.as_str()).collect::<Vec<_>>(), ["B", "C"]);
    let (_, volumes) = engine.query::<Shelf>().with(Shelf::volumes.with_deleted()).one().await?;
    assert_eq!(volumes.len(), 3);
    let loaded = engine.query::<Volume>().with(Volume::authors).order_by(Volume::id.asc()).all().await?;
    assert_eq!(loaded.iter().map(|(_, authors)| authors.len()).collect::<Vec<_>>(), [1, 0, 0]);
    let with_all = engine.query::<Volume>().with(Volume::authors.with_deleted()).order_by(Volume::id.asc());
    assert_eq!(with_all.all().await?.iter().map(|(_, authors)| authors.len()).collect::<Vec<_>>(), [2, 1, 0]);
    let last = query::<Volume>().filter(Volume::title.eq("D"));
    let error = engine.one(last.clone().with(Volume::shelf)).await.expect_err("its shelf is deleted");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("`Volume::shelf.with_deleted()`"), "{error}");
    assert_eq!(engine.one(last.with(Volume::shelf.with_deleted())).await?.1.name, "right");
    Ok(())
}

#[tokio::test]
async fn u49_bulk_writes_leave_them_out() -> Result<()> {
    let db = library().await?;
    let update = query::<Volume>().join(Volume::shelf).update(Volume::title.set(Shelf::name));
    assert_eq!(
        update.to_sql(),
        format!(
            r#"UPDATE "volume" SET "title" = "shelf"."name", "changes" = changes + 1 FROM "shelf" WHERE "volume"."shelf_id" = "shelf"."id" AND {LIVE} AND "shelf"."deleted_at" IS NULL"#
        ),
    );
    let delete = query::<Volume>().join(Volume::shelf).filter(Shelf::name.eq("left")).delete();
    assert_eq!(
        delete.to_sql(),
        format!(
            r#"UPDATE "volume" SET "del""eted" = now(), "changes" = changes + 1 FROM "shelf" WHERE "volume"."shelf_id" = "shelf"."id" AND "shelf"."name" = $1 AND {LIVE} AND "shelf"."deleted_at" IS NULL"#
        ),
    );
    let left = db.engine.query::<Volume>().join(Volume::shelf).filter(Shelf::name.eq("left"));
    assert_eq!(left.delete().await?, 2);
    let shelves = query::<Shelf>().delete().all_rows();
    assert_eq!(
        shelves.to_sql(),
        r#"UPDATE "shelf" SET "deleted_at" = now(), "version" = "shelf"."version" + 1 WHERE "shelf"."deleted_at" IS NULL"#,
    );
    let permanently = query::<Volume>().with_deleted().join(Volume::shelf).delete().permanently();
    assert_eq!(permanently.to_sql(), r#"DELETE FROM "volume" USING "shelf" WHERE "volume"."shelf_id" = "shelf"."id""#,);
    let unmarked = query::<Sticker>().delete().permanently().all_rows();
    assert_eq!(unmarked.to_sql(), r#"DELETE FROM "sticker""#);
    assert_eq!(
        query::<Authorship>().filter(Authorship::author_id.eq(1)).delete().to_sql(),
        r#"UPDATE "authorship" SET "deleted_at" = now() WHERE "authorship"."author_id" = $1 AND "authorship"."deleted_at" IS NULL"#,
    );
    Ok(())
}

#[tokio::test]
async fn u49_joined_ends_and_parts_leave_them_out() -> Result<()> {
    let db = library().await?;
    let engine = &db.engine;
    let joined = query::<Volume>().with_joined(Volume::shelf).order_by(Volume::id.asc());
    assert_eq!(
        from(&joined.to_sql()),
        format!(
            r#""volume" LEFT JOIN "shelf" AS "shelf" ON "volume"."shelf_id" = "shelf"."id" AND "shelf"."deleted_at" IS NULL WHERE {LIVE} ORDER BY "volume"."id""#
        ),
    );
    let rows: Vec<(Volume, Shelf)> = engine.all(joined.clone().filter(Volume::title.ne("D"))).await?;
    assert_eq!(rows.iter().map(|(volume, _)| volume.title.as_str()).collect::<Vec<_>>(), ["B", "C"]);
    let error = engine.all(joined.clone()).await.expect_err("the shelf of D is deleted");
    assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains("with_deleted"), "{error}");
    assert_eq!(engine.all(joined.with_deleted()).await?.len(), 4, "it is a part of the query");
    let said = query::<Volume>().with_joined(Volume::shelf.with_deleted());
    assert!(from(&said.to_sql()).starts_with(r#""volume" JOIN "shelf""#), "{said:?}");
    assert_eq!(engine.all(said).await?.len(), 3);
    let first = Shelf::volumes.filter(Volume::title.ne("x")).limit(1);
    let parts = engine.one(query::<Shelf>().with(first)).await?.1;
    assert_eq!(parts.iter().map(|volume| volume.title.as_str()).collect::<Vec<_>>(), ["B"]);
    let with_all = Shelf::volumes.with_deleted().limit(1);
    let parts = engine.one(query::<Shelf>().with(with_all)).await?.1;
    assert_eq!(parts.iter().map(|volume| volume.title.as_str()).collect::<Vec<_>>(), ["A"]);
    let authors = engine.all(query::<Volume>().with(Volume::authors.limit(2)).order_by(Volume::id.asc())).await?;
    assert_eq!(authors.iter().map(|(_, authors)| authors.len()).collect::<Vec<_>>(), [1, 0, 0]);
    Ok(())
}
