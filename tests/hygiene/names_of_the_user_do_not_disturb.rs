//! Types, modules and macros of the user that have the names of the standard library's, and raw identifiers.

#![allow(
    dead_code,
    non_camel_case_types,
    non_snake_case,
    unused_macros,
    clippy::upper_case_acronyms,
    clippy::use_self,
    reason = "what is here stands in the way, and does nothing"
)]

/// Everything that generated code might name by mistake, and the models in the middle of it.
mod shadowed {
    // Aliases, for the models' own fields.
    type Text = ::std::string::String;
    type Perhaps<T> = ::std::option::Option<T>;
    type List<T> = ::std::vec::Vec<T>;

    pub struct Result;
    pub struct Option;
    pub struct Vec;
    pub struct String;
    pub struct Box;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub struct S;
    pub struct M;
    pub struct T;
    pub struct A;
    pub struct Self_;
    pub struct Columns;
    pub struct Builder;
    pub struct Values;
    pub struct PhantomData;
    pub struct Field;
    pub struct Column;
    pub struct Relation;
    pub struct Source;
    pub struct FromRow;
    pub struct RowReader;
    pub struct TableDef;
    pub struct TABLE;
    pub struct COLUMNS;
    pub struct KEY;
    pub trait Default {}
    pub trait Clone {}
    pub trait Into {}
    pub trait From {}
    pub trait Iterator {}
    pub trait IntoIterator {}
    pub trait Send {}
    pub trait Sync {}
    pub trait Fn {}
    pub trait Sized_ {}
    mod core {}
    mod std {}
    mod unset {}
    mod __private {}
    mod __orm {}
    mod builder {}
    macro_rules! panic {
        () => {};
    }
    macro_rules! vec {
        () => {};
    }
    macro_rules! matches {
        () => {};
    }
    macro_rules! unreachable {
        () => {};
    }
    macro_rules! module_path {
        () => {};
    }

    #[derive(::orm_core::Newtype, Debug, ::std::clone::Clone)]
    pub struct Id(i32);

    #[derive(::orm_core::Enum, Debug, ::std::clone::Clone)]
    pub enum Kind {
        None,
        Some,
        Ok,
        Err,
        Self_,
    }

    #[derive(::orm_core::Model, Debug, ::std::clone::Clone)]
    #[model(table = "parent")]
    pub struct Parent {
        #[model(primary_key)]
        pub id: ::orm_core::types::Auto<Id>,
        pub text: Text,
        pub kind: Kind,
        pub maybe: Perhaps<i32>,
        #[model(has_many = Child::parent)]
        pub children: ::orm_core::schema::HasMany<Child>,
        #[model(has_one = Only::parent)]
        pub only: ::orm_core::schema::HasOne<Only>,
        #[model(through("friends", one, other))]
        pub friends: ::orm_core::schema::HasMany<Parent>,
        #[model(skip)]
        pub list: List<i32>,
        #[model(version)]
        pub version: i64,
    }

    #[derive(::orm_core::Model, Debug, ::std::clone::Clone)]
    #[model(table = "child", primary_key(a, b))]
    pub struct Child {
        pub a: i32,
        pub b: Text,
        #[model(references = Parent::id)]
        pub parent_id: Id,
        #[model(belongs_to = parent_id)]
        pub parent: ::orm_core::schema::BelongsTo<Parent>,
    }

    #[derive(::orm_core::Model, Debug, ::std::clone::Clone)]
    pub struct Only {
        #[model(primary_key)]
        pub id: i32,
        #[model(references = Parent::id, unique)]
        pub parent_id: Perhaps<Id>,
        #[model(belongs_to = parent_id)]
        pub parent: ::orm_core::schema::BelongsTo<Parent>,
    }

    #[derive(::orm_core::Projection, Debug, ::std::clone::Clone)]
    #[projection(model = Parent)]
    pub struct ParentView {
        pub text: Text,
        pub maybe: Perhaps<i32>,
        pub children: List<ChildView>,
        pub only: Perhaps<OnlyView>,
    }

    #[derive(::orm_core::Projection, Debug, ::std::clone::Clone)]
    #[projection(model = Child, left_join(Parent))]
    pub struct Both {
        #[projection(column = Parent::text)]
        pub text: Perhaps<Text>,
    }

    #[derive(::orm_core::Projection, Debug, ::std::clone::Clone)]
    #[projection(model = Child)]
    pub struct ChildView {
        pub a: i32,
    }

    #[derive(::orm_core::Projection, Debug, ::std::clone::Clone)]
    #[projection(model = Only)]
    pub struct OnlyView {
        pub id: i32,
    }

    pub(super) fn statement(param: i32) -> ::orm_core::Sql {
        ::orm_core::sql!("select {param}, { param + 1 }")
    }
}

#[test]
fn statements_are_made_where_names_mean_something_else() {
    assert_eq!(shadowed::statement(1).to_sql(), "select $1, $2");
}

/// Fields that are called like the generated code's own names and like methods of common traits.
mod fields {
    use orm_core::prelude::*;

    #[derive(Model, Debug, Clone)]
    #[model(constants = off)]
    pub(super) struct Odd {
        #[model(primary_key)]
        pub(super) id: Auto<i32>,
        pub(super) row: i32,
        pub(super) raw: i32,
        pub(super) column: i32,
        pub(super) out: i32,
        pub(super) value: i32,
        pub(super) values: i32,
        pub(super) state: i32,
        pub(super) table: i32,
        pub(super) columns: i32,
        pub(super) dump: i32,
        pub(super) store: i32,
        pub(super) relation: i32,
        pub(super) adopt: i32,
        pub(super) source: i32,
        pub(super) from_row: i32,
        pub(super) default: i32,
        pub(super) clone: i32,
        pub(super) from: i32,
        pub(super) into: i32,
        pub(super) builder: i32,
        pub(super) c: i32,
        pub(super) _private: i32,
        pub(super) __row: i32,
        pub(super) r#type: i32,
        pub(super) r#match: Option<i32>,
        pub(super) S: i32,
        pub(super) T: i32,
        pub(super) M: i32,
        pub(super) TABLE: i32,
    }
}

/// A raw identifier as the name of the struct, and so of the table.
#[derive(orm_core::Model, Debug, Clone)]
struct r#struct {
    #[model(primary_key)]
    r#fn: orm_core::types::Auto<i32>,
    #[model(index, references = r#struct::r#fn)]
    r#type: Option<i32>,
    #[model(belongs_to = r#type, backref = r#loop)]
    r#use: orm_core::schema::BelongsTo<r#struct>,
    r#move: r#enum,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = r#struct)]
struct r#impl {
    r#type: Option<i32>,
    r#loop: Vec<r#dyn>,
}

#[derive(Projection, Debug, Clone, PartialEq)]
#[projection(model = r#struct)]
struct r#dyn {
    r#fn: i32,
}

#[derive(orm_core::Enum, Debug, Clone, Copy, PartialEq)]
enum r#enum {
    r#true,
    r#In,
}

use orm_core::prelude::*;
use orm_tests::TestDb;

#[tokio::test]
async fn raw_identifiers_lose_their_prefix() -> orm_core::Result<()> {
    let metadata = Metadata::of::<r#struct>()?;
    assert_eq!(
        metadata.ddl().lines().collect::<Vec<_>>(),
        [
            r#"CREATE TYPE "enum" AS ENUM ('true', 'in');"#,
            r#"CREATE TABLE IF NOT EXISTS "struct" ("fn" integer NOT NULL GENERATED BY DEFAULT AS IDENTITY, "type" integer, "move" "enum" NOT NULL, CONSTRAINT "struct_pkey" PRIMARY KEY ("fn"), CONSTRAINT "struct_type_fkey" FOREIGN KEY ("type") REFERENCES "struct" ("fn"));"#,
            r#"CREATE INDEX IF NOT EXISTS "struct_type_idx" ON "struct" ("type");"#,
        ]
    );
    let db = TestDb::with::<r#struct>().await;
    let mut session = db.engine.session();
    let parent = session.add(r#struct::builder().r#move(r#enum::r#true));
    let child = session.add(r#struct::builder().r#move(r#enum::r#In).r#use(parent));
    session.commit().await?;
    assert_eq!(session[child].r#type, Some(1));
    let found = db.engine.query::<r#struct>().filter(r#struct::r#type.is_not_null()).one().await?;
    assert_eq!((found.r#fn.get(), found.r#move), (Some(2), r#enum::r#In));
    let both = db.engine.query::<r#struct>().with(r#struct::r#loop).order_by(r#struct::r#fn.asc()).all().await?;
    assert_eq!(both[0].1.len(), 1);
    let first = db.engine.query::<r#struct>().order_by(r#struct::r#fn.asc()).project::<r#impl>().first().await?;
    assert_eq!(first, Some(r#impl { r#type: None, r#loop: vec![r#dyn { r#fn: 2 }] }));
    let r#fn = 2;
    let read = sql!("select fn, type from struct where fn = {r#fn}").on(&db.engine).one::<r#impl>().await?;
    assert_eq!(read, r#impl { r#type: Some(1), r#loop: Vec::new() });
    Ok(())
}

#[tokio::test]
async fn fields_of_any_name_work() -> orm_core::Result<()> {
    use fields::Odd;
    let db = TestDb::with::<Odd>().await;
    let odd = Odd {
        id: Auto::Pending,
        row: 1,
        raw: 2,
        column: 3,
        out: 4,
        value: 5,
        values: 6,
        state: 7,
        table: 8,
        columns: 9,
        dump: 10,
        store: 11,
        relation: 12,
        adopt: 13,
        source: 14,
        from_row: 15,
        default: 16,
        clone: 17,
        from: 18,
        into: 19,
        builder: 20,
        c: 21,
        _private: 22,
        __row: 23,
        r#type: 24,
        r#match: Some(25),
        S: 26,
        T: 27,
        M: 28,
        TABLE: 29,
    };
    let mut session = db.engine.session();
    session.add(odd);
    session.commit().await?;
    let found = db
        .engine
        .query::<Odd>()
        .filter(Odd::c.c.eq(21))
        .filter(Odd::c.builder.eq(20).and(Odd::c.r#match.eq(25)))
        .filter(Odd::c.clone.eq(17).and(Odd::c.TABLE.eq(29)))
        .one()
        .await?;
    assert_eq!(found.id.get(), Some(1));
    Ok(())
}

#[tokio::test]
async fn shadowed_names_do_not_disturb() -> orm_core::Result<()> {
    use shadowed::{Child, Id, Kind, Only, Parent};
    let db = TestDb::with::<(Child, Parent, Only)>().await;
    let mut session = db.engine.session();
    let parent = session.add(
        Parent::builder()
            .text("x")
            .kind(Kind::None)
            .maybe(3)
            .children([Child::builder().a(1).b("b")])
            .only(Only::builder().id(7)),
    );
    session.commit().await?;
    session[parent].text = "y".into();
    session.commit().await?;
    let found = db.engine.query::<Child>().filter(Child::parent_id.eq(Id::from(1))).with(Child::parent).all().await?;
    assert_eq!(found[0].1.text, "y");
    assert_eq!(db.engine.query::<Only>().join(Only::parent).filter(Parent::maybe.eq(3)).count().await?, 1);
    Ok(())
}

/// A model that is declared in a function, twice under one name.
#[test]
fn models_in_functions_are_told_apart() -> orm_core::Result<()> {
    fn first() -> orm_core::Result<String> {
        #[derive(Model, Debug, Clone)]
        struct Local {
            #[model(primary_key)]
            id: Auto<i32>,
            #[model(references = Local::id)]
            parent_id: Option<i32>,
            #[model(belongs_to = parent_id, backref = children)]
            parent: BelongsTo<Local>,
        }
        let _ = Local::children;
        Ok(Metadata::of::<Local>()?.ddl())
    }
    fn second() -> orm_core::Result<String> {
        #[derive(Model, Debug, Clone)]
        struct Local {
            #[model(primary_key)]
            id: String,
        }
        Ok(Metadata::of::<Local>()?.ddl())
    }
    assert!(first()?.contains("parent_id"));
    assert!(second()?.contains("\"id\" text NOT NULL"));
    Ok(())
}

/// Many fields, which are many type parameters of the builder.
#[tokio::test]
async fn many_columns_are_no_problem() -> orm_core::Result<()> {
    macro_rules! wide {
        ($($field:ident)*) => {
            #[derive(Model, Debug, Clone)]
            struct Wide {
                #[model(primary_key)]
                id: Auto<i32>,
                $($field: i32,)*
            }
            fn wide() -> Wide {
                Wide::builder()$(.$field(1))*.build()
            }
        };
    }
    wide!(a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 d0 d1 d2 d3 d4 d5 d6 d7 d8 d9);
    let db = TestDb::with::<Wide>().await;
    let mut session = db.engine.session();
    session.add_all((0..2000).map(|_| wide()));
    session.commit().await?;
    assert_eq!(db.engine.query::<Wide>().filter(Wide::d9.eq(1)).count().await?, 2000);
    Ok(())
}
