//! The walk of a value through every statement there is.

/// A module in which values of a type walk through all statements, and are compared as `$same` does.
#[macro_export]
macro_rules! round_trip {
    ($name:ident: $ty:ty, $sql:literal, [$($value:expr),+ $(,)?]) => {
        $crate::round_trip!($name: $ty, $sql, [$($value),+], |a: &$ty, b: &$ty| a == b);
    };
    ($name:ident: $ty:ty, $sql:literal, [$($value:expr),+ $(,)?], $same:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "those around may be there already")]
            use {super::*, orm_core::prelude::*, orm_tests::TestDb};

            #[derive(Model, Debug, Clone)]
            #[model(table = "holder")]
            struct Holder {
                #[model(primary_key)]
                id: Auto<i32>,
                value: $ty,
                option: Option<$ty>,
                array: Vec<$ty>,
                options: Vec<Option<$ty>>,
            }

            fn values() -> Vec<$ty> {
                vec![$($value),+]
            }

            fn same(a: &$ty, b: &$ty) -> bool {
                let same: fn(&$ty, &$ty) -> bool = $same;
                same(a, b)
            }

            fn check(holder: &Holder, value: &$ty) {
                assert!(same(&holder.value, value), "{:?} became {:?}", value, holder.value);
                assert!(holder.option.as_ref().is_some_and(|option| same(option, value)), "{:?}", holder.option);
                assert_eq!(holder.array.len(), values().len());
                for (a, b) in holder.array.iter().zip(&values()) {
                    assert!(same(a, b), "{b:?} in an array became {a:?}");
                }
                assert!(holder.options[0].is_none());
                assert!(same(holder.options[1].as_ref().expect("a value"), value));
            }

            #[allow(clippy::ptr_arg, reason = "a macro writes it for all types")]
            fn holder(value: &$ty) -> Holder {
                Holder::builder()
                    .value(value.clone())
                    .option(Some(value.clone()))
                    .array(values())
                    .options(vec![None, Some(value.clone())])
                    .build()
            }

            #[tokio::test]
            async fn it_is_what_it_was() -> orm_core::Result<()> {
                let db = TestDb::with::<Holder>().await;
                let types = db
                    .stored("SELECT DISTINCT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'holder'::regclass AND attname IN ('value', 'option')")
                    .await;
                assert_eq!(types, [$sql]);
                let all = values();

                let mut session = db.engine.session();
                for value in &all {
                    session.add(holder(value));
                    session.commit().await?;
                }
                let found = db.engine.query::<Holder>().order_by(Holder::id.asc()).all().await?;
                for (holder, value) in found.iter().zip(&all) {
                    check(holder, value);
                }

                let mut session = db.engine.session();
                let handles = session.query::<Holder>().order_by(Holder::id.asc()).all().await?;
                let mut turned = all.clone();
                turned.rotate_left(1);
                for (&handle, value) in handles.iter().zip(&turned) {
                    session[handle] = Holder { id: session[handle].id, ..holder(value) };
                }
                session.commit().await?;
                let found = db.engine.query::<Holder>().order_by(Holder::id.asc()).all().await?;
                for (holder, value) in found.iter().zip(&turned) {
                    check(holder, value);
                }
                session[handles[0]].option = None;
                session[handles[0]].array = Vec::new();
                session.commit().await?;
                let first = db.engine.query::<Holder>().order_by(Holder::id.asc()).first().await?.expect("a row");
                assert!(first.option.is_none());
                assert!(first.array.is_empty());
                let nulls = db.engine.query::<Holder>().filter(Holder::option.is_null()).count().await?;
                assert_eq!(nulls, 1);
                Ok(())
            }

            /// Without arrays, several rows are one statement.
            #[derive(Model, Debug, Clone)]
            #[model(table = "plain")]
            struct Plain {
                #[model(primary_key)]
                id: Auto<i32>,
                value: $ty,
                option: Option<$ty>,
            }

            #[tokio::test]
            async fn several_rows_at_once_are_what_they_were() -> orm_core::Result<()> {
                let db = TestDb::with::<Plain>().await;
                let all = values();
                let mut session = db.engine.session();
                for value in &all {
                    session.add(Plain::builder().value(value.clone()).option(Some(value.clone())));
                    session.add(Plain::builder().value(value.clone()));
                }
                session.commit().await?;
                let mut session = db.engine.session();
                let handles = session.query::<Plain>().order_by(Plain::id.asc()).all().await?;
                for (i, &handle) in handles.iter().enumerate() {
                    let value = &all[i / 2];
                    assert!(same(&session[handle].value, value), "{:?} became {:?}", value, session[handle].value);
                    assert_eq!(session[handle].option.is_some(), i % 2 == 0);
                }
                let count = all.len();
                for (i, &handle) in handles.iter().enumerate() {
                    session[handle].value = all[(i / 2 + 1) % count].clone();
                    session[handle].option = (i % 2 == 1).then(|| all[i / 2].clone());
                }
                session.commit().await?;
                let found = db.engine.query::<Plain>().order_by(Plain::id.asc()).all().await?;
                for (i, plain) in found.iter().enumerate() {
                    let value = &all[(i / 2 + 1) % count];
                    assert!(same(&plain.value, value), "{:?} became {:?}", value, plain.value);
                    assert_eq!(plain.option.is_some(), i % 2 == 1);
                }
                let all_equal = Plain::value.in_(all.clone());
                assert_eq!(db.engine.query::<Plain>().filter(all_equal).count().await?, found.len() as u64);
                for value in &all {
                    let equal = db.engine.query::<Plain>().filter(Plain::value.eq(value.clone())).all().await?;
                    assert!(!equal.is_empty(), "{value:?} equals nothing");
                    let changed = db
                        .engine
                        .query::<Plain>()
                        .filter(Plain::id.eq(1))
                        .update((Plain::value.set(value.clone()), Plain::option.set(Some(value.clone()))))
                        .await?;
                    assert_eq!(changed, 1);
                    let (read, option) =
                        db.engine.query::<Plain>().filter(Plain::id.eq(1)).select((Plain::value, Plain::option)).one().await?;
                    assert!(same(&read, value), "{value:?} became {read:?}");
                    assert!(same(&option.expect("a value"), value));
                }
                Ok(())
            }
        }
    };
}
