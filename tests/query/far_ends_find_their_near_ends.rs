//! Whatever a key is made of, what is loaded comes to the objects that it belongs to, from an engine and in a session.

use orm_core::Result;
use orm_core::prelude::*;
use orm_tests::TestDb;
use uuid::Uuid;

use crate::models::{Course, Homework, Person, School, Tag, two_courses};

/// A key that is a text, short or long.
#[derive(Model, Debug, Clone)]
struct Word {
    #[model(primary_key)]
    text: String,
    #[model(has_many = Meaning::word)]
    meanings: HasMany<Meaning>,
}

#[derive(Model, Debug, Clone)]
struct Meaning {
    #[model(primary_key)]
    id: Auto<i32>,
    gloss: String,
    #[model(references = Word::text)]
    word_text: String,
    #[model(belongs_to = word_text)]
    word: BelongsTo<Word>,
}

/// A UUID.
#[derive(Model, Debug, Clone)]
struct Owner {
    #[model(primary_key)]
    id: Uuid,
    name: String,
    #[model(has_many = Thing::owner)]
    things: HasMany<Thing>,
}

#[derive(Model, Debug, Clone)]
struct Thing {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Owner::id)]
    owner_id: Uuid,
    #[model(belongs_to = owner_id)]
    owner: BelongsTo<Owner>,
}

/// A key of a number and a text.
#[derive(Model, Debug, Clone)]
#[model(primary_key(year, code))]
struct Term {
    year: i64,
    code: String,
    #[model(has_many = Exam::term)]
    exams: HasMany<Exam>,
}

#[derive(Model, Debug, Clone)]
struct Exam {
    #[model(primary_key)]
    id: Auto<i32>,
    name: String,
    #[model(references = Term::year)]
    year: i64,
    #[model(references = Term::code)]
    code: String,
    #[model(belongs_to = (year, code))]
    term: BelongsTo<Term>,
}

/// Numbers of two bytes, of which some are negative.
#[derive(Model, Debug, Clone)]
struct Floor {
    #[model(primary_key)]
    number: i16,
    #[model(has_many = Room::floor)]
    rooms: HasMany<Room>,
}

#[derive(Model, Debug, Clone)]
struct Room {
    #[model(primary_key)]
    id: Auto<i64>,
    name: String,
    #[model(references = Floor::number)]
    floor_number: i16,
    #[model(belongs_to = floor_number)]
    floor: BelongsTo<Floor>,
}

/// What is related, as `near: far, far`: from an engine and in a session, which agree, and from the other end.
macro_rules! related {
    ($db:expr, $near:ident.$shown:ident -> $many:ident -> $far:ident.$name:ident -> $one:ident) => {{
        let (mut lines, mut held, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for (near, far) in $db.engine.query::<$near>().with($near::$many).all().await? {
            let names: Vec<String> = far.iter().map(|far| far.$name.clone()).collect();
            back.extend(names.iter().map(|name| format!("{name} of {:?}", near.$shown)));
            lines.push(format!("{:?}: {}", near.$shown, names.join(", ")));
        }
        let mut session = $db.engine.session();
        for near in session.query::<$near>().with($near::$many).all().await? {
            let far = session[near].$many.handles();
            assert!(far.iter().all(|&far| session[far].$one.handle() == Some(near)), "children know their parent");
            let names: Vec<String> = far.into_iter().map(|far| session[far].$name.clone()).collect();
            held.push(format!("{:?}: {}", session[near].$shown, names.join(", ")));
        }
        assert_eq!(lines, held);
        let (mut lines_back, mut held_back) = (Vec::new(), Vec::new());
        for (far, near) in $db.engine.query::<$far>().with($far::$one).all().await? {
            lines_back.push(format!("{} of {:?}", far.$name, near.$shown));
        }
        let mut session = $db.engine.session();
        for far in session.query::<$far>().with($far::$one).all().await? {
            let near = session[far].$one.handle().expect("it is loaded");
            held_back.push(format!("{} of {:?}", session[far].$name, session[near].$shown));
        }
        assert_eq!(lines_back, held_back);
        for list in [&mut back, &mut lines_back, &mut lines] {
            list.sort();
        }
        assert_eq!(back, lines_back);
        lines
    }};
}

#[tokio::test]
async fn q44_keys_may_be_texts() -> Result<()> {
    let db = TestDb::with::<(Word, Meaning)>().await;
    let mut session = db.engine.session();
    let long = "a word that is longer than sixteen bytes";
    for (word, glosses) in [("", &["empty"][..]), ("bank", &["shore", "house"]), (long, &["long"]), ("no", &[])] {
        let meanings = glosses.iter().map(|gloss| Meaning::builder().gloss(*gloss));
        session.add(Word::builder().text(word).meanings(meanings));
    }
    session.commit().await?;
    let lines = related!(db, Word.text -> meanings -> Meaning.gloss -> word);
    assert_eq!(lines, [r#""": empty"#, &format!("{long:?}: long"), r#""bank": shore, house"#, r#""no": "#]);
    Ok(())
}

#[tokio::test]
async fn q44_keys_may_be_uuids() -> Result<()> {
    let db = TestDb::with::<(Owner, Thing)>().await;
    let mut session = db.engine.session();
    for (id, name, things) in [(1, "Ann", &["lamp", "desk"][..]), (1 << 100, "Ben", &["bike"]), (0, "Cy", &[])] {
        let things = things.iter().map(|thing| Thing::builder().name(*thing));
        session.add(Owner::builder().id(Uuid::from_u128(id)).name(name).things(things));
    }
    session.commit().await?;
    let lines = related!(db, Owner.name -> things -> Thing.name -> owner);
    assert_eq!(lines, [r#""Ann": lamp, desk"#, r#""Ben": bike"#, r#""Cy": "#]);
    Ok(())
}

#[tokio::test]
async fn q44_keys_may_be_of_several_columns() -> Result<()> {
    let db = TestDb::with::<(Term, Exam)>().await;
    let mut session = db.engine.session();
    // The parts of the first two keys are the same bytes, put together.
    for (year, code, exams) in [
        (0x6161, "", &["one"][..]),
        (0x61, "a", &["two", "three"]),
        (2026, "the term that begins in autumn", &["four"]),
        (2026, "spring", &[]),
    ] {
        let exams = exams.iter().map(|exam| Exam::builder().name(*exam));
        session.add(Term::builder().year(year).code(code).exams(exams));
    }
    session.commit().await?;
    let lines = related!(db, Term.code -> exams -> Exam.name -> term);
    assert_eq!(
        lines,
        [r#""": one"#, r#""a": two, three"#, r#""spring": "#, r#""the term that begins in autumn": four"#]
    );
    Ok(())
}

#[tokio::test]
async fn q44_keys_may_be_small_and_negative_numbers() -> Result<()> {
    let db = TestDb::with::<(Floor, Room)>().await;
    let mut session = db.engine.session();
    for (number, rooms) in [(-1, &["cellar"][..]), (0, &["hall", "shop"]), (i16::MAX, &["roof"]), (i16::MIN, &[])] {
        let rooms = rooms.iter().map(|room| Room::builder().name(*room));
        session.add(Floor::builder().number(number).rooms(rooms));
    }
    session.commit().await?;
    let lines = related!(db, Floor.number -> rooms -> Room.name -> floor);
    assert_eq!(lines, ["-1: cellar", "-32768: ", "0: hall, shop", "32767: roof"]);
    Ok(())
}

#[tokio::test]
async fn q44_a_key_that_is_null_leads_to_nothing() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let boss = session.add(Person::builder().name("Ann"));
    session.add(Person::builder().name("Ben").boss(boss));
    session.add(Person::builder().name("Cy").boss(boss));
    session.commit().await?;
    let sent = db.record();
    let query = query::<Person>().with(Person::boss).with(Person::reports).order_by(Person::id.asc());
    let people: Vec<(Person, Option<Person>, Vec<Person>)> = db.engine.all(query).await?;
    assert_eq!(sent.take().len(), 3);
    let bosses: Vec<Option<&str>> =
        people.iter().map(|(_, boss, _)| boss.as_ref().map(|it| it.name.as_str())).collect();
    assert_eq!(bosses, [None, Some("Ann"), Some("Ann")]);
    let reports: Vec<usize> = people.iter().map(|(.., reports)| reports.len()).collect();
    assert_eq!(reports, [2, 0, 0]);
    Ok(())
}

#[tokio::test]
async fn q44_far_ends_may_be_shared() -> Result<()> {
    let db = TestDb::with::<School>().await;
    let mut session = db.engine.session();
    let tags = session.add_all(["new", "hard"].map(|label| Tag::builder().label(label)));
    session.add(Course::builder().name("Python").tags(tags.clone()));
    session.add(Course::builder().name("Java").tags([tags[1]]));
    session.add(Course::builder().name("Go"));
    session.commit().await?;
    let courses: Vec<(Course, Vec<Tag>)> =
        db.engine.query::<Course>().with(Course::tags).order_by(Course::id.asc()).all().await?;
    let labels: Vec<Vec<&str>> =
        courses.iter().map(|(_, tags)| tags.iter().map(|tag| tag.label.as_str()).collect()).collect();
    assert_eq!(labels, [vec!["new", "hard"], vec!["hard"], vec![]]);
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::tags).order_by(Course::id.asc()).all().await?;
    let held: Vec<Vec<Handle<Tag>>> = courses.iter().map(|&course| session[course].tags.handles()).collect();
    assert_eq!(held, [vec![held[0][0], held[1][0]], vec![held[1][0]], vec![]]);
    assert_eq!(session[held[1][0]].label, "hard");
    Ok(())
}

#[tokio::test]
async fn q44_a_near_end_may_be_there_twice() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    // A join brings the first course once for each of its homeworks.
    let joined = query::<Course>().join(Course::homeworks).with(Course::homeworks.with(Homework::course));
    let courses: Vec<(Course, Vec<(Homework, Course)>)> = db.engine.all(joined).await?;
    assert_eq!(courses.len(), 2);
    for (course, homeworks) in &courses {
        assert_eq!(homeworks.iter().map(|(homework, _)| homework.number).collect::<Vec<_>>(), [1, 2]);
        assert!(homeworks.iter().all(|(_, of)| of.name == course.name));
    }
    let mut session = db.engine.session();
    let course = session.query::<Course>().filter(Course::name.eq("Python")).one().await?;
    let sent = db.record();
    session.load(&[course, course], Course::homeworks.with(Homework::reviewer)).await?;
    assert_eq!(sent.take().len(), 1, "all reviewers are NULL");
    assert_eq!(session[course].homeworks.len(), 2);
    let part = Course::homeworks.filter(Homework::number.gt(1));
    let some = session.load_some(&[course, course], part).await?;
    assert_eq!(some.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    Ok(())
}

#[tokio::test]
async fn q44_far_ends_are_in_the_order_of_their_key_wherever_their_rows_are() -> Result<()> {
    let db = TestDb::with::<School>().await;
    two_courses(&db.engine).await?;
    // The rows of the first of the homeworks are now behind those of the others.
    let first = db.engine.query::<Homework>().filter(Homework::number.eq(1));
    first.update(Homework::number.set(10)).await?;
    let stored = "SELECT string_agg(number::text, ' ') FROM homework";
    assert_eq!(db.stored(stored).await, ["2 10"]);
    let sent = db.record();
    let courses: Vec<(Course, Vec<Homework>)> =
        db.engine.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    assert!(!sent.take()[1].contains("ORDER BY"), "they are put in order here");
    let numbers = |courses: &[(Course, Vec<Homework>)]| -> Vec<i32> {
        courses.iter().flat_map(|(_, homeworks)| homeworks).map(|homework| homework.number).collect()
    };
    assert_eq!(numbers(&courses), [10, 2]);
    let mut session = db.engine.session();
    let courses = session.query::<Course>().with(Course::homeworks).order_by(Course::id.asc()).all().await?;
    let homeworks = courses.iter().flat_map(|&course| session[course].homeworks.handles());
    assert_eq!(homeworks.map(|homework| session[homework].number).collect::<Vec<_>>(), [10, 2]);
    // What is asked for in an order comes in it, and so does a part.
    let part = Course::homeworks.order_by(Homework::number.asc());
    let courses: Vec<(Course, Vec<Homework>)> = db.engine.query::<Course>().with(part).all().await?;
    assert_eq!(numbers(&courses), [2, 10]);
    Ok(())
}
