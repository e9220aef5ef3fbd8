//! Tables and columns of any name can be created, written, read and dropped.

use orm_core::prelude::*;
use orm_tests::TestDb;

/// A model whose table and columns are called like that, and a walk through all statements with it.
macro_rules! named {
    ($test:ident, $name:literal) => {
        mod $test {
            use super::*;

            #[derive(Model, Debug, Clone, PartialEq)]
            #[model(table = $name)]
            struct Thing {
                #[model(primary_key, column = "id of it")]
                id: Auto<i32>,
                #[model(column = $name, unique, index(name = "the \"index\""), comment = $name)]
                value: String,
                #[model(default = "7")]
                made: Auto<i32>,
                #[model(references = Thing::id)]
                other: Option<i32>,
            }

            #[tokio::test]
            async fn it_works() -> orm_core::Result<()> {
                let db = TestDb::new();
                db.engine.create_all::<Thing>().await?;
                let mut session = db.engine.session();
                let one = session.add(Thing::builder().value("one"));
                session.commit().await?;
                let more = session.add_all([Thing::builder().value("two"), Thing::builder().value("three").other(1)]);
                session.commit().await?;
                assert_eq!(session[more[1]].id.get(), Some(3));
                assert_eq!(session[more[1]].made.get(), Some(7));

                session[one].value = $name.into();
                session.commit().await?;
                session[one].value = "1".into();
                session[more[0]].value = "2".into();
                session.commit().await?;

                let found = db.engine.query::<Thing>().filter(Thing::value.eq("2")).order_by(Thing::value.asc());
                assert_eq!(found.all().await?, [session[more[0]].clone()]);
                aliased!(let parent = Thing);
                let pairs = db
                    .engine
                    .query::<Thing>()
                    .join_on(&parent, Thing::other.eq(parent.c.id))
                    .select((Thing::value, parent.c.value))
                    .all()
                    .await?;
                assert_eq!(pairs, [("three".to_owned(), "1".to_owned())]);
                let changed = db.engine.query::<Thing>().filter(Thing::value.eq("2")).update(Thing::value.set("22")).await?;
                assert_eq!(changed, 1);
                session.delete(more[1])?;
                session.commit().await?;
                assert_eq!(db.engine.query::<Thing>().filter(Thing::value.like("2%")).delete().await?, 1);
                assert_eq!(db.engine.query::<Thing>().count().await?, 1);

                let comment = "SELECT description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid \
                     WHERE d.objsubid = 2 AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace";
                assert_eq!(db.stored(comment).await, [$name]);
                db.engine.drop_all::<Thing>().await?;
                let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
                assert_eq!(db.stored(left).await, ["0"]);
                Ok(())
            }
        }
    };
}

named!(order, "order");
named!(user, "user");
named!(select, "SELECT");
named!(quotes, "\"quo\"\"ted\"");
named!(one_quote, "\"");
named!(apostrophe, "it's");
named!(an_attack, "Robert'); DROP TABLE course;--");
named!(longest, "abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz_012345678");
named!(cyrillic, "заказ_покупателя");
named!(emoji, "🦀 table 🐘");
named!(dots, "public.course");
named!(spaces, "  two  words ");
named!(backslash, "back\\slash\\");
named!(dollars, "$do$ $1 $$");
named!(percent, "100% _?{}");
named!(newline, "a\nb\t--c");
named!(target, "target");
named!(input, "input");
named!(rows, "rows");
named!(n, "n");
