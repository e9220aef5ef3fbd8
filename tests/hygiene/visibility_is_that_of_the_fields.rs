//! Private fields with getters of the same name, `pub(crate)`, and private modules.

use orm_core::prelude::*;
use orm_tests::TestDb;

mod domain {
    use orm_core::prelude::*;

    /// Its fields are private, and its getters are called like them.
    #[derive(Model, Debug, Clone)]
    #[model(table = "person", constants = off)]
    pub(crate) struct Person {
        #[model(primary_key)]
        id: Auto<i32>,
        name: String,
        #[model(references = Person::c.id)]
        boss_id: Option<i32>,
        #[model(belongs_to = boss_id)]
        boss: BelongsTo<Self>,
        #[model(has_many = Person::c.boss)]
        team: HasMany<Self>,
    }

    impl Person {
        pub(crate) fn new(name: &str) -> Self {
            Self::builder().name(name).build()
        }

        pub(crate) fn id(&self) -> Option<i32> {
            self.id.get()
        }

        pub(crate) fn name(&self) -> &str {
            &self.name
        }

        pub(crate) fn set_boss(&mut self, boss: Handle<Self>) {
            self.boss.set(boss);
        }

        pub(crate) fn boss(&self) -> Option<Handle<Self>> {
            self.boss.handle()
        }

        pub(crate) fn team(&self) -> Vec<Handle<Self>> {
            self.team.handles()
        }

        pub(crate) fn named(name: &str) -> Query<Unbound, Self> {
            query::<Self>().filter(Self::c.name.eq(name))
        }

        pub(crate) async fn with_team(engine: &Engine, name: &str) -> orm_core::Result<usize> {
            let found = Self::named(name).with(Self::c.team).on(engine).one().await?;
            Ok(found.1.len())
        }
    }

    /// One field of it has no short form, because of the getter.
    #[derive(Model, Debug, Clone)]
    pub(crate) struct Half {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(constants = off)]
        pub(super) name: String,
    }

    impl Half {
        pub(crate) fn name(&self) -> &str {
            &self.name
        }
    }

    mod private {
        use orm_core::prelude::*;

        #[derive(Model, Debug, Clone)]
        pub(in crate::visibility_is_that_of_the_fields) struct Deep {
            #[model(primary_key)]
            id: Auto<i32>,
            pub(super) up: i32,
            pub(in crate::visibility_is_that_of_the_fields) upper: i32,
        }

        impl Deep {
            pub(in crate::visibility_is_that_of_the_fields) fn make() -> Self {
                let _ = Self::id;
                Self::builder().up(1).upper(2).build()
            }
        }
    }
    pub(in crate::visibility_is_that_of_the_fields) use private::Deep;

    pub(super) fn up() -> Query<Unbound, Deep> {
        query::<Deep>().filter(Deep::up.eq(1))
    }
}

use domain::{Deep, Half, Person};

#[tokio::test]
async fn getters_have_the_names() -> orm_core::Result<()> {
    let db = TestDb::with::<Person>().await;
    let mut session = db.engine.session();
    let boss = session.add(Person::new("Ada"));
    let worker = session.add(Person::new("Bob"));
    session[worker].set_boss(boss);
    session.commit().await?;
    assert_eq!((session[worker].id(), session[worker].name()), (Some(2), "Bob"));
    assert_eq!(session[worker].boss(), Some(boss));
    assert_eq!(session[boss].team(), [worker]);
    assert_eq!(session.all(Person::named("Ada")).await?, [boss]);
    assert_eq!(Person::with_team(&db.engine, "Ada").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_single_field_may_do_without_its_constant() -> orm_core::Result<()> {
    let db = TestDb::with::<Half>().await;
    let mut session = db.engine.session();
    let half = session.add(Half::builder().name("x"));
    session.commit().await?;
    assert_eq!(session[half].name(), "x");
    assert_eq!(db.engine.query::<Half>().filter(Half::c.name.eq("x").and(Half::id.gt(0))).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn constants_are_as_visible_as_fields() -> orm_core::Result<()> {
    let db = TestDb::with::<Deep>().await;
    let mut session = db.engine.session();
    session.add(Deep::make());
    session.commit().await?;
    assert_eq!(session.all(domain::up().filter(Deep::upper.eq(2))).await?.len(), 1);
    Ok(())
}
