//! Whether a session and the tables agree with the plain model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use orm_core::prelude::*;
use orm_core::tokio_postgres::SimpleQueryMessage;
use orm_tests::TestDb;

use super::Outcome;
use super::world::{Edge, Id, ROWS, World, body, label, person_name};
use crate::models::{Course, Homework, Person, Submission, Tag};

/// The handles of the objects in one session.
#[derive(Default, Clone)]
pub(super) struct Objects {
    pub(super) courses: BTreeMap<Id, Handle<Course>>,
    pub(super) people: BTreeMap<Id, Handle<Person>>,
    pub(super) homeworks: BTreeMap<Id, Handle<Homework>>,
    pub(super) submissions: BTreeMap<Id, Handle<Submission>>,
    pub(super) tags: BTreeMap<Id, Handle<Tag>>,
}

#[allow(clippy::needless_pass_by_value, reason = "what is compared is made for it alone")]
pub(super) fn agree<T: PartialEq + Debug>(what: impl FnOnce() -> String, got: T, wanted: T) -> Outcome {
    if got == wanted { Ok(()) } else { Err(format!("{}: {got:?}, wanted {wanted:?}", what())) }
}

/// Like [`agree`], but tells only the lines that differ.
pub(super) fn lines_agree(what: &str, got: &[String], wanted: &[String]) -> Outcome {
    let only = |of: &[String], not: &[String]| -> Vec<String> {
        of.iter().filter(|line| !not.contains(line)).cloned().collect()
    };
    agree(|| what.to_owned(), only(got, wanted), only(wanted, got))?;
    agree(|| format!("the number of lines of {what}"), got.len(), wanted.len())
}

pub(super) fn told<T>(outcome: orm_core::Result<T>) -> Outcome<T> {
    outcome.map_err(|error| format!("{error:?}"))
}

/// The columns of the objects that are not keys.
pub(super) fn values_agree(session: &Session, objects: &Objects, world: &World) -> Outcome {
    for (id, course) in &world.courses {
        let object = &session[objects.courses[id]];
        agree(|| format!("name of {id}"), &object.name, &course.name)?;
        agree(|| format!("note of {id}"), &object.note, &course.note)?;
    }
    for (&id, person) in &world.people {
        agree(|| format!("name of {id}"), &session[objects.people[&id]].name, &person_name(id, person.version))?;
    }
    for (id, homework) in &world.homeworks {
        agree(|| format!("number of {id}"), session[objects.homeworks[id]].number, homework.number)?;
    }
    for (&id, submission) in &world.submissions {
        let wanted = body(id, submission.version);
        agree(|| format!("body of {id}"), &session[objects.submissions[&id]].body, &wanted)?;
    }
    for (&id, &version) in &world.tags {
        agree(|| format!("label of {id}"), &session[objects.tags[&id]].label, &label(id, version))?;
    }
    Ok(())
}

/// Keys and relationships, where nothing is pending. What is not loaded says nothing, unless all must be.
pub(super) fn relations_agree(session: &Session, objects: &Objects, world: &World, all: bool) -> Outcome {
    for (id, homework) in &world.homeworks {
        let object = &session[objects.homeworks[id]];
        let (course, reviewer) = (objects.courses[&homework.course], homework.reviewer.map(|id| objects.people[&id]));
        agree(|| format!("course_id of {id}"), Some(object.course_id), session[course].id.get())?;
        let key = reviewer.and_then(|reviewer| session[reviewer].id.get());
        agree(|| format!("reviewer_id of {id}"), object.reviewer_id, key)?;
        one(|| format!("course of {id}"), object.course.get(), Some(course), all)?;
        one(|| format!("reviewer of {id}"), object.reviewer.get(), reviewer, all)?;
        let children = world.children(Edge::Homework, *id);
        many(|| format!("submissions of {id}"), &object.submissions, &objects.submissions, &children, all)?;
    }
    for (id, submission) in &world.submissions {
        let object = &session[objects.submissions[id]];
        let homework = objects.homeworks[&submission.homework];
        agree(|| format!("homework_id of {id}"), Some(object.homework_id), session[homework].id.get())?;
        one(|| format!("homework of {id}"), object.homework.get(), Some(homework), all)?;
    }
    for &id in world.courses.keys() {
        let object = &session[objects.courses[&id]];
        let children = world.children(Edge::Course, id);
        many(|| format!("homeworks of {id}"), &object.homeworks, &objects.homeworks, &children, all)?;
        let tags = world.links.iter().filter(|link| link.0 == id).map(|link| link.1).collect();
        many(|| format!("tags of {id}"), &object.tags, &objects.tags, &tags, all)?;
    }
    for (&id, person) in &world.people {
        let object = &session[objects.people[&id]];
        let boss = person.boss.map(|id| objects.people[&id]);
        let key = boss.and_then(|boss| session[boss].id.get());
        agree(|| format!("boss_id of {id}"), object.boss_id, key)?;
        one(|| format!("boss of {id}"), object.boss.get(), boss, all)?;
        let children = world.children(Edge::Reviewer, id);
        many(|| format!("reviews of {id}"), &object.reviews, &objects.homeworks, &children, all)?;
        let children = world.children(Edge::Boss, id);
        many(|| format!("reports of {id}"), &object.reports, &objects.people, &children, all)?;
    }
    for &id in world.tags.keys() {
        let linked = world.links.iter().filter(|link| link.1 == id).map(|link| link.0).collect();
        let courses = &session[objects.tags[&id]].courses;
        many(|| format!("courses of {id}"), courses, &objects.courses, &linked, all)?;
    }
    Ok(())
}

fn one<M>(what: impl Fn() -> String, got: Option<Option<Handle<M>>>, wanted: Option<Handle<M>>, all: bool) -> Outcome {
    match got {
        Some(got) => agree(what, got, wanted),
        None if all => Err(format!("{} is not loaded", what())),
        None => Ok(()),
    }
}

fn many<M>(
    what: impl Fn() -> String,
    got: &HasMany<M>,
    objects: &BTreeMap<Id, Handle<M>>,
    wanted: &BTreeSet<Id>,
    all: bool,
) -> Outcome {
    let Some(got) = got.get() else {
        return if all { Err(format!("{} are not loaded", what())) } else { Ok(()) };
    };
    let mut ids = ids_of(&got, objects);
    ids.sort();
    agree(what, ids, wanted.iter().map(|id| Some(*id)).collect())
}

fn ids_of<M>(handles: &[Handle<M>], objects: &BTreeMap<Id, Handle<M>>) -> Vec<Option<Id>> {
    let id = |handle: &Handle<M>| objects.iter().find(|(_, other)| *other == handle).map(|(id, _)| *id);
    handles.iter().map(id).collect()
}

/// What the relationship fields of the objects hold, of those that are to stay: a failed flush must not change it.
pub(super) fn held(session: &Session, objects: &Objects, world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for id in world.homeworks.keys() {
        let object = &session[objects.homeworks[id]];
        let course = staying_one(object.course.get(), &objects.courses, world);
        let reviewer = staying_one(object.reviewer.get(), &objects.people, world);
        lines.push(format!("course of {id}: {course:?}, reviewer: {reviewer:?}"));
        lines.push(format!("submissions of {id}: {:?}", staying(&object.submissions, &objects.submissions, world)));
    }
    for id in world.submissions.keys() {
        let held = session[objects.submissions[id]].homework.get();
        lines.push(format!("homework of {id}: {:?}", staying_one(held, &objects.homeworks, world)));
    }
    for id in world.courses.keys() {
        let object = &session[objects.courses[id]];
        lines.push(format!("homeworks of {id}: {:?}", staying(&object.homeworks, &objects.homeworks, world)));
        lines.push(format!("tags of {id}: {:?}", staying(&object.tags, &objects.tags, world)));
    }
    for id in world.people.keys() {
        let object = &session[objects.people[id]];
        let boss = staying_one(object.boss.get(), &objects.people, world);
        lines.push(format!("boss of {id}: {boss:?}"));
        lines.push(format!("reviews of {id}: {:?}", staying(&object.reviews, &objects.homeworks, world)));
        lines.push(format!("reports of {id}: {:?}", staying(&object.reports, &objects.people, world)));
    }
    for id in world.tags.keys() {
        let held = staying(&session[objects.tags[id]].courses, &objects.courses, world);
        lines.push(format!("courses of {id}: {held:?}"));
    }
    lines
}

fn staying<M>(held: &HasMany<M>, objects: &BTreeMap<Id, Handle<M>>, world: &World) -> Option<Vec<Option<Id>>> {
    let mut ids = ids_of(&held.get()?, objects);
    ids.retain(|id| id.is_some_and(|id| world.holds(id)));
    Some(ids)
}

/// A parent that is not to stay is as good as none that is loaded: the child has the key of another.
fn staying_one<M>(
    held: Option<Option<Handle<M>>>,
    objects: &BTreeMap<Id, Handle<M>>,
    world: &World,
) -> Option<Vec<Option<Id>>> {
    let ids = ids_of(held?.as_slice(), objects);
    ids.iter().flatten().all(|&id| world.holds(id)).then_some(ids)
}

/// What others see.
pub(super) async fn outside_agrees(db: &TestDb, committed: &World) -> Outcome {
    let mut stored = db.stored(ROWS).await;
    stored.sort();
    lines_agree("the tables from outside", &stored, &committed.rows())
}

/// What the session's own transaction sees.
pub(super) async fn inside_agrees(session: &mut Session, world: &World) -> Outcome {
    let client = told(session.raw().await)?;
    let messages = client.simple_query(ROWS).await.map_err(|error| error.to_string())?;
    let mut stored: Vec<String> = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            stored.push((0..row.len()).map(|i| row.get(i).unwrap_or("NULL")).collect::<Vec<_>>().join("|"));
        }
    }
    stored.sort();
    lines_agree("the tables inside the transaction", &stored, &world.rows())
}

/// What a new session loads.
pub(super) async fn fresh_agrees(db: &TestDb, world: &World) -> Outcome {
    let mut session = db.engine.session();
    let objects = told(load_all(&mut session).await)?;
    agree(|| "homeworks of a new session".into(), objects.homeworks.len(), world.homeworks.len())?;
    values_agree(&session, &objects, world)?;
    relations_agree(&session, &objects, world, true)
}

async fn load_all(session: &mut Session) -> orm_core::Result<Objects> {
    let courses = session.query::<Course>().with(Course::homeworks).with(Course::tags).all().await?;
    let people = session.query::<Person>().with(Person::reviews).with(Person::reports).all().await?;
    session.load(&people, Person::boss).await?;
    let homeworks = session.query::<Homework>().with(Homework::submissions).all().await?;
    session.load(&homeworks, Homework::course).await?;
    session.load(&homeworks, Homework::reviewer).await?;
    let submissions = session.query::<Submission>().with(Submission::homework).all().await?;
    let tags = session.query::<Tag>().with(Tag::courses).all().await?;
    Ok(Objects {
        courses: courses.into_iter().map(|handle| (id_in(&session[handle].name), handle)).collect(),
        people: people.into_iter().map(|handle| (id_in(&session[handle].name), handle)).collect(),
        homeworks: homeworks.into_iter().map(|handle| (id_in(&session[handle].description), handle)).collect(),
        submissions: submissions.into_iter().map(|handle| (id_in(&session[handle].body), handle)).collect(),
        tags: tags.into_iter().map(|handle| (id_in(&session[handle].label), handle)).collect(),
    })
}

/// The object that a text is of: `c12.3` is of 12.
pub(super) fn id_in(text: &str) -> Id {
    let digits = text[1..].split('.').next().unwrap_or_default();
    digits.parse().unwrap_or(Id::MAX)
}
