//! Takes the steps of a history, in a session and in the plain model alike.

mod adding;
mod failing;

use std::collections::{BTreeMap, BTreeSet};

use orm_core::prelude::*;
use orm_core::{ErrorKind, State};
use orm_tests::TestDb;

use super::Outcome;
use super::check::{self, Objects, agree, told};
use super::relate::{self, Mark, Way};
use super::step::{History, Step};
use super::world::{self, Edge, Id, World};
use crate::models::{Course, Homework, Person, Submission, Tag};

pub(super) struct Player<'d> {
    db: &'d TestDb,
    objects: Objects,
    next: Id,
    /// What shall be, pending changes with it.
    now: World,
    /// What the last flush left.
    flushed: World,
    /// What the transaction has in the tables.
    stored: World,
    committed: World,
    /// What the tables had at the savepoints that are open.
    levels: Vec<World>,
    marks: BTreeMap<(Edge, Id), Mark>,
    /// The links that were changed since the last flush: whether from the side of the tag.
    link_marks: BTreeMap<(Id, Id), bool>,
    /// Children that came under a parent and were never written.
    cascaded: BTreeSet<Id>,
    /// New children that were taken out: they are never written.
    taken_out: BTreeSet<Id>,
    /// Whether the next flush is to fail.
    is_poisoned: bool,
    pub(super) log: Vec<String>,
}

/// How a savepoint ends.
enum End {
    /// The history is at its end.
    History,
    Release,
    /// The flush of the release fails.
    ReleaseFails,
    RollBack,
    Drop,
    /// The whole transaction was rolled back.
    Whole,
}

pub(super) async fn play(db: &TestDb, history: &History, log: &mut Vec<String>) -> Outcome {
    let (mut player, mut session) = Player::start(db, history.loaded).await?;
    let mut steps = history.steps.iter();
    let mut outcome = player.level(&mut session, &mut steps).await.map(drop);
    if outcome.is_ok() {
        outcome = player.finish(&mut session).await;
    }
    *log = player.log;
    outcome
}

fn pick<K: Copy, V>(map: &BTreeMap<K, V>, number: usize) -> Option<K> {
    map.keys().nth(number.checked_rem(map.len())?).copied()
}

fn pick_of(ids: &[Id], number: usize) -> Option<Id> {
    ids.get(number.checked_rem(ids.len())?).copied()
}

impl<'d> Player<'d> {
    /// Empties the tables, writes a few rows, and reads them in a new session, with some of the collections.
    async fn start(db: &'d TestDb, loaded: u8) -> Outcome<(Self, Session)> {
        db.run(
            // Of a few rows, that is much faster than TRUNCATE.
            "DELETE FROM course_tag; DELETE FROM submission; DELETE FROM homework; DELETE FROM tag; DELETE FROM course;
             DELETE FROM person;
             SELECT setval(pg_get_serial_sequence(name, 'id'), 1, false)
                 FROM unnest(ARRAY['course', 'person', 'homework', 'submission', 'tag']) AS name;
             INSERT INTO course (name) VALUES ('c1.0'), ('c2.0'), ('c3.0');
             INSERT INTO person (name, boss_id) VALUES ('p4.0', 2), ('p5.0', NULL);
             INSERT INTO tag (label) VALUES ('t6.0'), ('t7.0');
             INSERT INTO homework (number, description, course_id, reviewer_id)
                 VALUES (1, 'h8', 1, 1), (2, 'h9', 1, NULL), (3, 'h10', 2, 2);
             INSERT INTO submission (body, homework_id) VALUES ('s11.0', 1);
             INSERT INTO course_tag (course_id, tag_id) VALUES (1, 1), (2, 1)",
        )
        .await;
        let mut session = db.engine.session();
        let objects = told(load(&mut session, loaded).await)?;
        let world = first_world();
        let player = Self {
            db,
            objects,
            next: 12,
            now: world.clone(),
            flushed: world.clone(),
            stored: world.clone(),
            committed: world,
            levels: Vec::new(),
            marks: BTreeMap::new(),
            link_marks: BTreeMap::new(),
            cascaded: BTreeSet::new(),
            taken_out: BTreeSet::new(),
            is_poisoned: false,
            log: vec![format!("loaded: {loaded:08b}")],
        };
        player.check(&session)?;
        Ok((player, session))
    }

    async fn level(&mut self, session: &mut Session, steps: &mut std::slice::Iter<'_, Step>) -> Outcome<End> {
        let depth = self.levels.len();
        while let Some(step) = steps.next() {
            let end = match step {
                Step::Savepoint if depth < 3 => self.savepoint(session, steps).await?,
                Step::Release if depth > 0 => Some(End::Release),
                Step::RollBackSavepoint if depth > 0 => Some(End::RollBack),
                Step::DropSavepoint if depth > 0 => Some(End::Drop),
                Step::Fail { poison, by, then } => self.fail(session, *poison, *by, *then).await?,
                step => self.step(session, step).await.map(|()| None)?,
            };
            if let Some(end) = end {
                return Ok(end);
            }
            self.check_all(session).await?;
            if self.levels.len() < depth {
                return Ok(End::Whole);
            }
        }
        Ok(End::History)
    }

    async fn savepoint(
        &mut self,
        session: &mut Session,
        steps: &mut std::slice::Iter<'_, Step>,
    ) -> Outcome<Option<End>> {
        self.note(|| "savepoint".into());
        let mut savepoint = told(session.savepoint().await)?;
        self.is_flushed();
        self.levels.push(self.now.clone());
        let end = Box::pin(self.level(&mut savepoint, steps)).await?;
        match end {
            End::History | End::Release => {
                self.note(|| "release".into());
                told(savepoint.release().await)?;
                self.is_flushed();
                self.levels.pop();
            }
            End::ReleaseFails => {
                self.note(|| "release, which fails".into());
                let failed = savepoint.release().await;
                agree(|| "the release fails".into(), failed.is_err(), true)?;
                self.back_to_level();
            }
            End::RollBack => {
                self.note(|| "roll the savepoint back".into());
                told(savepoint.rollback().await)?;
                self.back_to_level();
            }
            End::Drop => {
                self.note(|| "drop the savepoint".into());
                drop(savepoint);
                self.back_to_level();
            }
            End::Whole => {}
        }
        Ok(None)
    }

    async fn step(&mut self, session: &mut Session, step: &Step) -> Outcome {
        match *step {
            Step::AddCourse { homeworks, submissions, tag } => self.add_course(session, homeworks, submissions, tag),
            Step::AddPerson => self.add_person(session),
            Step::AddTag { course } => self.add_tag(session, course)?,
            Step::AddHomework { course, reviewer, way } => self.add_homework(session, course, reviewer, way)?,
            Step::AddSubmission { homework, way } => self.add_submission(session, homework, way)?,
            Step::Change { which } => self.change(session, which),
            Step::Move { child, to, way } => {
                if let (Some(child), Some(to)) = (pick(&self.now.homeworks, child), pick(&self.now.courses, to)) {
                    self.relate(session, Edge::Course, child, Some(to), Way::of(way))?;
                }
            }
            Step::Review { homework, by, way } => {
                let by = by.and_then(|by| pick(&self.now.people, by));
                if let Some(homework) = pick(&self.now.homeworks, homework) {
                    self.relate(session, Edge::Reviewer, homework, by, Way::of(way))?;
                }
            }
            Step::MoveSubmission { child, to, way } => {
                if let (Some(child), Some(to)) = (pick(&self.now.submissions, child), pick(&self.now.homeworks, to)) {
                    self.relate(session, Edge::Homework, child, Some(to), Way::of(way))?;
                }
            }
            Step::Boss { person, by, way } => {
                let by = by.and_then(|by| pick(&self.now.people, by));
                if let Some(person) = pick(&self.now.people, person) {
                    self.relate(session, Edge::Boss, person, by, Way::of(way))?;
                }
            }
            Step::Replace { person, reports, bits } => self.replace(session, person, reports, bits),
            Step::TakeOut { which } => self.take_out(session, which),
            Step::Delete { which } => self.delete(session, which)?,
            Step::Link { course, tag, from_tag } => self.link(session, course, tag, from_tag),
            Step::Load { which } => self.load(session, which).await?,
            Step::Query { which } => self.query(session, which).await?,
            Step::Flush => {
                self.note(|| "flush".into());
                told(session.flush().await)?;
                self.is_flushed();
            }
            Step::Rollback => self.roll_back(session).await?,
            Step::Commit => self.commit(session).await?,
            Step::Nothing
            | Step::Savepoint
            | Step::Release
            | Step::RollBackSavepoint
            | Step::DropSavepoint
            | Step::Fail { .. } => {}
        }
        Ok(())
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        self.log.push(format!("{:indent$}{}", "", line(), indent = 2 * self.levels.len()));
    }

    fn new_id(&mut self) -> Id {
        self.next += 1;
        self.next - 1
    }

    fn is_flushed(&mut self) {
        self.flushed = self.now.clone();
        self.stored = self.now.clone();
        self.forget_marks();
        self.cascaded.clear();
    }

    fn forget_marks(&mut self) {
        self.marks.clear();
        self.link_marks.clear();
        self.taken_out.clear();
        self.is_poisoned = false;
    }

    fn back_to(&mut self, world: &World) {
        self.now = world.clone();
        self.is_flushed();
    }

    fn back_to_level(&mut self) {
        if let Some(world) = self.levels.pop() {
            self.back_to(&world);
        }
    }

    fn base(&self) -> &World {
        self.levels.last().unwrap_or(&self.committed)
    }

    fn change(&mut self, session: &mut Session, which: usize) {
        let all: Vec<Id> = (0..self.next).filter(|&id| self.now.holds(id)).collect();
        let Some(id) = pick_of(&all, which) else { return };
        self.note(|| format!("change {id}"));
        let objects = &self.objects;
        if let Some(course) = self.now.courses.get_mut(&id) {
            let note = course.note.as_deref().map_or("1".to_owned(), |note| format!("{note}1"));
            course.note = Some(note.clone());
            session[objects.courses[&id]].note = Some(note);
        } else if let Some(person) = self.now.people.get_mut(&id) {
            person.version += 1;
            session[objects.people[&id]].name = world::person_name(id, person.version);
        } else if let Some(homework) = self.now.homeworks.get_mut(&id) {
            homework.number += 1;
            session[objects.homeworks[&id]].number += 1;
        } else if let Some(submission) = self.now.submissions.get_mut(&id) {
            submission.version += 1;
            session[objects.submissions[&id]].body = world::body(id, submission.version);
        } else if let Some(version) = self.now.tags.get_mut(&id) {
            *version += 1;
            session[objects.tags[&id]].label = world::label(id, *version);
        }
    }

    /// Gives a child another parent, if what was said of it since the last flush allows that.
    fn relate(&mut self, session: &mut Session, edge: Edge, child: Id, parent: Option<Id>, way: Way) -> Outcome {
        let is_new = !self.flushed.holds(child);
        let is_back = self.flushed.parent(edge, child) == parent;
        let Some(mark) = way.after(self.marks.get(&(edge, child)).copied(), is_new, is_back) else { return Ok(()) };
        let old = self.now.parent(edge, child);
        match (way, parent) {
            (Way::Set, _) => relate::set(session, &self.objects, edge, child, parent),
            (Way::Key, Some(parent)) if !self.base().holds(parent) => return Ok(()),
            (Way::Key, _) => relate::set_key(session, &self.objects, edge, child, parent),
            (Way::Push, Some(parent)) => relate::push(session, &self.objects, edge, child, parent),
            (Way::SessionPush, Some(parent)) => relate::session_push(session, &self.objects, edge, child, parent)?,
            (Way::Push | Way::SessionPush, None) => return Ok(()),
            (Way::Shift, _) => {
                if let Some(old) = old {
                    relate::remove(session, &self.objects, edge, child, old);
                }
                if let Some(parent) = parent {
                    relate::push(session, &self.objects, edge, child, parent);
                }
            }
        }
        self.note(|| format!("{edge:?} of {child}: {old:?} to {parent:?} by {way:?}"));
        self.marks.insert((edge, child), mark);
        self.now.set_parent(edge, child, parent);
        Ok(())
    }

    /// Replaces a loaded collection as a whole, where nothing but collections spoke of its children.
    fn replace(&mut self, session: &mut Session, person: usize, reports: bool, bits: u8) {
        let Some(parent) = pick(&self.now.people, person) else { return };
        let edge = if reports { Edge::Boss } else { Edge::Reviewer };
        let object = &session[self.objects.people[&parent]];
        if !(if reports { object.reports.is_loaded() } else { object.reviews.is_loaded() }) {
            return;
        }
        let all: Vec<Id> = match edge {
            Edge::Boss => self.now.people.keys().copied().collect(),
            _ => self.now.homeworks.keys().copied().collect(),
        };
        let is_free = |id: &Id| matches!(self.marks.get(&(edge, *id)), None | Some(Mark::Collections));
        if !all.iter().all(is_free) {
            return;
        }
        let mut new: Vec<Id> = Vec::new();
        for (number, id) in all.into_iter().enumerate() {
            let old = self.now.parent(edge, id);
            let comes = bits & (1 << (number % 8)) != 0;
            if comes {
                new.push(id);
            }
            match old {
                Some(old) if comes && old != parent => relate::remove(session, &self.objects, edge, id, old),
                _ => {}
            }
            if comes != (old == Some(parent)) {
                self.marks.insert((edge, id), Mark::Collections);
                self.now.set_parent(edge, id, comes.then_some(parent));
            }
        }
        self.note(|| format!("{edge:?}: replace the children of {parent} by {new:?}"));
        let objects = &self.objects;
        let object = &mut session[objects.people[&parent]];
        match edge {
            Edge::Boss => object.reports.set(new.iter().map(|id| objects.people[id])),
            _ => object.reviews.set(new.iter().map(|id| objects.homeworks[id])),
        }
    }

    /// Takes a new homework that came under a course out of it again: it is never written, nor are its submissions.
    fn take_out(&mut self, session: &mut Session, which: usize) {
        let is_free = |id: &Id| {
            let below = self.now.children(Edge::Homework, *id);
            let came = |edge: Edge, id: &Id| {
                self.cascaded.contains(id) && self.marks.get(&(edge, *id)) == Some(&Mark::Collections)
            };
            came(Edge::Course, id) && below.iter().all(|child| came(Edge::Homework, child))
        };
        let all: Vec<Id> = self.now.homeworks.keys().copied().filter(is_free).collect();
        let Some(id) = pick_of(&all, which) else { return };
        let Some(course) = self.now.parent(Edge::Course, id) else { return };
        self.note(|| format!("take {id} out of {course}"));
        relate::remove(session, &self.objects, Edge::Course, id, course);
        for id in self.now.children(Edge::Homework, id).into_iter().chain([id]) {
            self.taken_out.insert(id);
            self.now.remove(id);
        }
    }

    fn delete(&mut self, session: &mut Session, which: usize) -> Outcome {
        let is_free = |id: &Id| {
            self.now.holds(*id)
                && self.stored.holds(*id)
                && self.now.children(Edge::Course, *id).is_empty()
                && self.now.children(Edge::Homework, *id).is_empty()
                && !self.is_pushed_to(*id)
        };
        let all: Vec<Id> = (0..self.next).filter(is_free).collect();
        match pick_of(&all, which) {
            Some(id) => self.delete_one(session, id),
            None => Ok(()),
        }
    }

    /// Whether a child was put into one of its collections, which say nothing once it is deleted.
    fn is_pushed_to(&self, id: Id) -> bool {
        self.marks.iter().any(|(&(edge, child), mark)| {
            matches!(mark, Mark::Collections | Mark::Mixed) && self.now.parent(edge, child) == Some(id)
        })
    }

    fn delete_one(&mut self, session: &mut Session, id: Id) -> Outcome {
        self.note(|| format!("delete {id}"));
        let objects = &self.objects;
        let deleted = if self.now.courses.contains_key(&id) {
            session.delete(objects.courses[&id])
        } else if self.now.people.contains_key(&id) {
            session.delete(objects.people[&id])
        } else if self.now.homeworks.contains_key(&id) {
            session.delete(objects.homeworks[&id])
        } else if self.now.submissions.contains_key(&id) {
            session.delete(objects.submissions[&id])
        } else {
            session.delete(objects.tags[&id])
        };
        self.now.remove(id);
        told(deleted)
    }

    fn link(&mut self, session: &mut Session, course: usize, tag: usize, from_tag: bool) {
        let (Some(course), Some(tag)) = (pick(&self.now.courses, course), pick(&self.now.tags, tag)) else { return };
        if *self.link_marks.entry((course, tag)).or_insert(from_tag) != from_tag {
            return;
        }
        let (course_handle, tag_handle) = (self.objects.courses[&course], self.objects.tags[&tag]);
        let insert = !self.now.links.remove(&(course, tag));
        self.note(|| format!("link {course} to {tag}: {insert}, from the tag: {from_tag}"));
        match (insert, from_tag) {
            (true, true) => session[tag_handle].courses.push(course_handle),
            (true, false) => session[course_handle].tags.push(tag_handle),
            (false, true) => drop(session[tag_handle].courses.remove(course_handle)),
            (false, false) => drop(session[course_handle].tags.remove(tag_handle)),
        }
        if insert {
            self.now.links.insert((course, tag));
        }
    }

    async fn load(&mut self, session: &mut Session, which: usize) -> Outcome {
        self.note(|| format!("load {which}"));
        let (now, objects) = (&self.now, &self.objects);
        let courses: Vec<_> = now.courses.keys().map(|id| objects.courses[id]).collect();
        let people: Vec<_> = now.people.keys().map(|id| objects.people[id]).collect();
        let homeworks: Vec<_> = now.homeworks.keys().map(|id| objects.homeworks[id]).collect();
        let tags: Vec<_> = now.tags.keys().map(|id| objects.tags[id]).collect();
        told(match which {
            0 => session.load(&courses, Course::homeworks).await,
            1 => session.load(&courses, Course::tags).await,
            2 => session.load(&people, Person::reviews).await,
            5 => session.load(&people, Person::reports).await,
            3 => session.load(&homeworks, Homework::submissions).await,
            _ => session.load(&tags, Tag::courses).await,
        })?;
        self.is_flushed();
        Ok(())
    }

    async fn query(&mut self, session: &mut Session, which: usize) -> Outcome {
        self.note(|| format!("query {which}"));
        match which {
            0 => {
                let found: BTreeSet<_> = told(session.query::<Course>().all().await)?.into_iter().collect();
                let wanted = self.now.courses.keys().map(|id| self.objects.courses[id]).collect();
                agree(|| "the courses".into(), found, wanted)?;
            }
            1 => {
                let found: BTreeSet<_> = told(session.query::<Homework>().all().await)?.into_iter().collect();
                let wanted = self.now.homeworks.keys().map(|id| self.objects.homeworks[id]).collect();
                agree(|| "the homeworks".into(), found, wanted)?;
            }
            _ => {
                let found: BTreeSet<_> = told(session.query::<Tag>().all().await)?.into_iter().collect();
                let wanted = self.now.tags.keys().map(|id| self.objects.tags[id]).collect();
                agree(|| "the tags".into(), found, wanted)?;
            }
        }
        self.is_flushed();
        Ok(())
    }

    async fn roll_back(&mut self, session: &mut Session) -> Outcome {
        self.note(|| "roll back".into());
        told(session.rollback().await)?;
        self.levels.clear();
        self.back_to(&self.committed.clone());
        self.check(session)?;
        // Nothing is left to be written.
        told(session.flush().await)?;
        agree(|| "a transaction after the rollback".into(), session.in_transaction(), false)
    }

    async fn commit(&mut self, session: &mut Session) -> Outcome {
        if !self.levels.is_empty() {
            let error = session.commit().await.err();
            return agree(|| "a commit in a savepoint".into(), error.map(|e| e.kind()), Some(ErrorKind::Invalid));
        }
        self.note(|| "commit".into());
        told(session.commit().await)?;
        self.is_flushed();
        self.committed = self.now.clone();
        check::outside_agrees(self.db, &self.committed).await
    }

    async fn finish(&mut self, session: &mut Session) -> Outcome {
        self.commit(session).await?;
        self.check(session)?;
        check::fresh_agrees(self.db, &self.committed).await?;
        // And once more after a rollback, which has nothing to take back.
        self.roll_back(session).await
    }

    async fn check_all(&mut self, session: &mut Session) -> Outcome {
        self.check(session)?;
        if self.is_quiet() && session.in_transaction() {
            check::inside_agrees(session, &self.now).await?;
            self.check(session)?;
        }
        check::outside_agrees(self.db, &self.committed).await
    }

    fn is_quiet(&self) -> bool {
        self.now == self.stored
            && self.now == self.flushed
            && self.marks.is_empty()
            && self.link_marks.is_empty()
            && self.taken_out.is_empty()
            && !self.is_poisoned
    }

    fn check(&self, session: &Session) -> Outcome {
        for id in 0..self.next {
            let state = self.state(session, id);
            let is_right = match (self.stored.holds(id), self.now.holds(id)) {
                (true, _) => state == State::Persistent,
                (false, true) => state == State::Pending,
                (false, false) => match state {
                    State::Pending => self.taken_out.contains(&id),
                    state => state != State::Persistent,
                },
            };
            agree(|| format!("the state of {id}, which is {state:?}, is right"), is_right, true)?;
        }
        check::values_agree(session, &self.objects, &self.now)?;
        if self.is_quiet() {
            check::relations_agree(session, &self.objects, &self.now, false)?;
        }
        Ok(())
    }

    fn state(&self, session: &Session, id: Id) -> State {
        let objects = &self.objects;
        let course = objects.courses.get(&id).map(|handle| session.state(*handle));
        let person = objects.people.get(&id).map(|handle| session.state(*handle));
        let homework = objects.homeworks.get(&id).map(|handle| session.state(*handle));
        let submission = objects.submissions.get(&id).map(|handle| session.state(*handle));
        let tag = objects.tags.get(&id).map(|handle| session.state(*handle));
        course.or(person).or(homework).or(submission).or(tag).unwrap_or(State::Detached)
    }
}

fn first_world() -> World {
    let course = |id: Id| (id, world::Course { name: format!("c{id}.0"), note: None });
    let person = |boss| world::Person { version: 0, boss };
    let homework = |id, number, course, reviewer| (id, world::Homework { number, course, reviewer });
    World {
        courses: [1, 2, 3].map(course).into(),
        people: [(4, person(Some(5))), (5, person(None))].into(),
        homeworks: [homework(8, 1, 1, Some(4)), homework(9, 2, 1, None), homework(10, 3, 2, Some(5))].into(),
        submissions: [(11, world::Submission { version: 0, homework: 8 })].into(),
        tags: [(6, 0), (7, 0)].into(),
        links: [(1, 6), (2, 6)].into(),
    }
}

/// The objects of the first world, by key, with those collections that the bits say.
async fn load(session: &mut Session, bits: u8) -> orm_core::Result<Objects> {
    let courses = session.query::<Course>().order_by(Course::id.asc()).all().await?;
    let people = session.query::<Person>().order_by(Person::id.asc()).all().await?;
    let tags = session.query::<Tag>().order_by(Tag::id.asc()).all().await?;
    let homeworks = session.query::<Homework>().order_by(Homework::id.asc()).all().await?;
    let submissions = session.query::<Submission>().all().await?;
    let is_set = |bit: u8| bits & (1 << bit) != 0;
    let some = |bit: u8| if is_set(bit) { 0 } else { 1 };
    session.load(&courses[some(0)..if is_set(1) { 3 } else { 1 }], Course::homeworks).await?;
    session.load(&courses[some(2)..if is_set(3) { 3 } else { 1 }], Course::tags).await?;
    session.load(&tags[some(4)..if is_set(5) { 2 } else { 1 }], Tag::courses).await?;
    session.load(&people[some(6)..], Person::reviews).await?;
    session.load(&people[some(5)..], Person::reports).await?;
    if is_set(7) {
        session.load(&homeworks, Homework::course).await?;
        session.load(&homeworks[..2], Homework::submissions).await?;
    }
    Ok(Objects {
        courses: (1..).zip(courses).collect(),
        people: (4..).zip(people).collect(),
        homeworks: (8..).zip(homeworks).collect(),
        submissions: (11..).zip(submissions).collect(),
        tags: (6..).zip(tags).collect(),
    })
}
