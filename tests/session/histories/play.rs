//! Takes the steps of a history, in a session and in the plain model alike.

use std::collections::{BTreeMap, BTreeSet};

use orm_core::prelude::*;
use orm_core::{ErrorKind, State};
use orm_tests::TestDb;

use super::Outcome;
use super::check::{self, Objects, agree, told};
use super::relate::{self, Mark, Way};
use super::step::{By, History, Poison, Step, Then};
use super::world::{self, Edge, Id, World};
use crate::models::{Course, Homework, Person, Submission, Tag};

/// A key that no row has.
const NOWHERE: i32 = 1_000_000;

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

/// What a poison did, for it to be mended.
enum Harm {
    Twice(Id),
    Renamed(Id),
    Nowhere(Id),
    Orphan(Id),
    Busy(Id),
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
            "TRUNCATE course, person, homework, submission, tag, course_tag RESTART IDENTITY CASCADE;
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

    // Steps.

    fn add_course(&mut self, session: &mut Session, homeworks: usize, submissions: usize, tag: Option<usize>) {
        let id = self.new_id();
        let name = format!("c{id}.0");
        let mut builders = Vec::new();
        let mut ids = Vec::new();
        for number in 0..homeworks {
            let homework = self.new_id();
            let below: Vec<Id> = (0..submissions).map(|_| self.new_id()).collect();
            let bodies = below.iter().map(|&id| Submission::builder().body(world::body(id, 0)));
            let builder = Homework::builder().number(number as i32).description(format!("h{homework}"));
            builders.push(builder.submissions(bodies.collect::<Vec<_>>()));
            ids.push((homework, below));
        }
        let tag = tag.and_then(|tag| pick(&self.now.tags, tag));
        let tags: Vec<Handle<Tag>> = tag.iter().map(|tag| self.objects.tags[tag]).collect();
        self.note(|| format!("add course {id} with homeworks and their submissions {ids:?}, tag {tag:?}"));
        let course = session.add(Course::builder().name(name.as_str()).homeworks(builders).tags(tags));
        self.objects.courses.insert(id, course);
        self.now.courses.insert(id, world::Course { name, note: None });
        if let Some(tag) = tag {
            self.now.links.insert((id, tag));
            self.link_marks.insert((id, tag), false);
        }
        let handles = session[course].homeworks.handles();
        for (number, ((homework, below), handle)) in ids.into_iter().zip(handles).enumerate() {
            let row = world::Homework { number: number as i32, course: id, reviewer: None };
            self.now.homeworks.insert(homework, row);
            self.objects.homeworks.insert(homework, handle);
            self.comes_under(Edge::Course, homework);
            for (submission, handle) in below.into_iter().zip(session[handle].submissions.handles()) {
                self.now.submissions.insert(submission, world::Submission { version: 0, homework });
                self.objects.submissions.insert(submission, handle);
                self.comes_under(Edge::Homework, submission);
            }
        }
    }

    fn comes_under(&mut self, edge: Edge, child: Id) {
        self.marks.insert((edge, child), Mark::Collections);
        self.cascaded.insert(child);
    }

    fn add_person(&mut self, session: &mut Session) {
        let id = self.new_id();
        self.note(|| format!("add person {id}"));
        self.objects.people.insert(id, session.add(Person::builder().name(world::person_name(id, 0))));
        self.now.people.insert(id, world::Person { version: 0, boss: None });
    }

    fn add_tag(&mut self, session: &mut Session, course: Option<usize>) -> Outcome {
        let id = self.new_id();
        let course = course.and_then(|course| pick(&self.now.courses, course));
        self.note(|| format!("add tag {id} to course {course:?}"));
        let builder = Tag::builder().label(world::label(id, 0));
        let tag = match course {
            Some(course) => {
                self.now.links.insert((course, id));
                self.link_marks.insert((course, id), false);
                told(session.push(self.objects.courses[&course], Course::tags, builder))?
            }
            None => session.add(builder),
        };
        self.objects.tags.insert(id, tag);
        self.now.tags.insert(id, 0);
        Ok(())
    }

    fn add_homework(&mut self, session: &mut Session, course: usize, reviewer: Option<usize>, way: usize) -> Outcome {
        let Some(course) = pick(&self.now.courses, course) else { return Ok(()) };
        let reviewer = reviewer.and_then(|reviewer| pick(&self.now.people, reviewer));
        let id = self.new_id();
        let new = Homework::builder().number(0).description(format!("h{id}"));
        let parent = self.objects.courses[&course];
        let key = session[parent].id.get().filter(|_| self.base().courses.contains_key(&course));
        let (mark, homework) = match (way, key) {
            (0, _) => (Mark::Own, session.add(new.course(parent))),
            (1, _) => (Mark::Mixed, told(session.push(parent, Course::homeworks, new))?),
            (2, Some(key)) => (Mark::Key, session.add(new.course_id(key))),
            _ => {
                let homework = session.add(new.course_id(0));
                session[parent].homeworks.push(homework);
                (Mark::Collections, homework)
            }
        };
        self.note(|| format!("add homework {id} to course {course} ({mark:?}), reviewer {reviewer:?}"));
        self.marks.insert((Edge::Course, id), mark);
        self.objects.homeworks.insert(id, homework);
        self.now.homeworks.insert(id, world::Homework { number: 0, course, reviewer });
        if reviewer.is_some() {
            self.marks.insert((Edge::Reviewer, id), Mark::Own);
            relate::set(session, &self.objects, Edge::Reviewer, id, reviewer);
        }
        Ok(())
    }

    fn add_submission(&mut self, session: &mut Session, homework: usize, way: usize) -> Outcome {
        let Some(homework) = pick(&self.now.homeworks, homework) else { return Ok(()) };
        let id = self.new_id();
        let new = Submission::builder().body(world::body(id, 0));
        let parent = self.objects.homeworks[&homework];
        let key = session[parent].id.get().filter(|_| self.base().homeworks.contains_key(&homework));
        let (mark, submission) = match (way, key) {
            (0, _) => (Mark::Own, session.add(new.homework(parent))),
            (1, _) => (Mark::Mixed, told(session.push(parent, Homework::submissions, new))?),
            (2, Some(key)) => (Mark::Key, session.add(new.homework_id(key))),
            _ => {
                let submission = session.add(new.homework_id(0));
                session[parent].submissions.push(submission);
                (Mark::Collections, submission)
            }
        };
        self.note(|| format!("add submission {id} to homework {homework} ({mark:?})"));
        self.marks.insert((Edge::Homework, id), mark);
        self.objects.submissions.insert(id, submission);
        self.now.submissions.insert(id, world::Submission { version: 0, homework });
        Ok(())
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

    // Failures.

    async fn fail(&mut self, session: &mut Session, poison: Poison, by: By, then: Then) -> Outcome<Option<End>> {
        let Some(harm) = self.poison(session, poison)? else { return Ok(None) };
        self.is_poisoned = true;
        if matches!(by, By::Release) && !self.levels.is_empty() {
            return Ok(Some(End::ReleaseFails));
        }
        self.fail_once(session, &harm, by).await?;
        match then {
            Then::Rollback => return self.roll_back(session).await.map(|()| None),
            Then::TakeAway => {
                if let Harm::Twice(id) = harm {
                    self.note(|| format!("take {id} away"));
                    told(session.take(self.objects.courses[&id]))?;
                    self.now.remove(id);
                    self.is_poisoned = false;
                    return Ok(None);
                }
            }
            Then::FailAgain => {
                self.check_all(session).await?;
                self.fail_once(session, &harm, By::Flush).await?;
            }
            Then::Correct | Then::CorrectAndFlush | Then::CorrectAndCommit => {}
        }
        self.check_all(session).await?;
        if !self.correct(session, &harm)? {
            return self.roll_back(session).await.map(|()| None);
        }
        match then {
            Then::CorrectAndFlush => self.step(session, &Step::Flush).await?,
            Then::CorrectAndCommit => self.commit(session).await?,
            _ => {}
        }
        Ok(None)
    }

    /// Makes a change that the next flush fails by.
    fn poison(&mut self, session: &mut Session, poison: Poison) -> Outcome<Option<Harm>> {
        let harm = match poison {
            Poison::Twice { course } => {
                let Some(course) = pick(&self.now.courses, course) else { return Ok(None) };
                let row = world::Course { note: None, ..self.now.courses[&course].clone() };
                let id = self.new_id();
                self.note(|| format!("poison: add course {id} with the name of {course}"));
                self.objects.courses.insert(id, session.add(Course::builder().name(row.name.as_str())));
                self.now.courses.insert(id, row);
                Harm::Twice(id)
            }
            Poison::Rename { course, to } => {
                let (Some(id), Some(to)) = (pick(&self.now.courses, course), pick(&self.now.courses, to)) else {
                    return Ok(None);
                };
                if id == to {
                    return Ok(None);
                }
                self.note(|| format!("poison: rename {id} to the name of {to}"));
                self.rename(session, id, self.now.courses[&to].name.clone());
                Harm::Renamed(id)
            }
            Poison::Nowhere { homework } => {
                let Some(id) = pick(&self.now.homeworks, homework) else { return Ok(None) };
                if self.marks.contains_key(&(Edge::Course, id)) {
                    return Ok(None);
                }
                self.note(|| format!("poison: the course of {id} is nowhere"));
                session[self.objects.homeworks[&id]].course_id = NOWHERE;
                self.marks.insert((Edge::Course, id), Mark::Key);
                Harm::Nowhere(id)
            }
            Poison::Orphan { homework } => {
                let Some(id) = pick(&self.now.homeworks, homework) else { return Ok(None) };
                let course = self.now.homeworks[&id].course;
                if self.marks.contains_key(&(Edge::Course, id)) || !self.stored.holds(id) {
                    return Ok(None);
                }
                self.note(|| format!("poison: take {id} out of {course}"));
                relate::remove(session, &self.objects, Edge::Course, id, course);
                self.marks.insert((Edge::Course, id), Mark::Collections);
                Harm::Orphan(id)
            }
            Poison::Busy { which } => {
                let is_busy = |id: &Id| {
                    // One that is new in the transaction would not be there at all after the failure.
                    self.base().holds(*id)
                        && self.now.holds(*id)
                        && !self.is_pushed_to(*id)
                        && (!self.now.children(Edge::Course, *id).is_empty()
                            || !self.now.children(Edge::Homework, *id).is_empty())
                };
                let all: Vec<Id> = (0..self.next).filter(is_busy).collect();
                let Some(id) = pick_of(&all, which) else { return Ok(None) };
                self.note(|| format!("poison: delete {id}, which has children"));
                told(if self.now.courses.contains_key(&id) {
                    session.delete(self.objects.courses[&id])
                } else {
                    session.delete(self.objects.homeworks[&id])
                })?;
                Harm::Busy(id)
            }
        };
        Ok(Some(harm))
    }

    fn rename(&mut self, session: &mut Session, id: Id, name: String) {
        session[self.objects.courses[&id]].name.clone_from(&name);
        self.now.courses.entry(id).and_modify(|course| course.name = name);
    }

    async fn fail_once(&mut self, session: &mut Session, harm: &Harm, by: By) -> Outcome {
        self.note(|| format!("{by:?} fails"));
        let held = check::held(session, &self.objects, &self.now);
        let (has_begun, is_inside) = (session.in_transaction(), !self.levels.is_empty());
        let outcome = match by {
            By::Commit if !is_inside => session.commit().await,
            By::Query => session.query::<Person>().all().await.map(drop),
            By::Savepoint => session.savepoint().await.map(drop),
            By::Flush | By::Commit | By::Release => session.flush().await,
        };
        let Err(error) = outcome else { return Err("the flush does not fail".into()) };
        let is_right = match harm {
            Harm::Twice(_) | Harm::Renamed(_) => error.is_unique_violation(),
            Harm::Nowhere(_) | Harm::Busy(_) => error.is_foreign_key_violation(),
            Harm::Orphan(_) => error.kind() == ErrorKind::Invalid,
        };
        agree(|| format!("{error:?} is the error"), is_right, true)?;
        let is_refused = matches!(harm, Harm::Orphan(_));
        if !is_refused {
            self.stored = self.base().clone();
        }
        let goes_on = if is_refused { has_begun } else { is_inside };
        agree(|| "a transaction after the failure".into(), session.in_transaction(), goes_on)?;
        check::lines_agree("what is held", &check::held(session, &self.objects, &self.now), &held)
    }

    /// Mends what a poison did; false if that cannot be.
    fn correct(&mut self, session: &mut Session, harm: &Harm) -> Outcome<bool> {
        self.is_poisoned = false;
        match *harm {
            Harm::Twice(id) | Harm::Renamed(id) => {
                self.note(|| format!("give {id} a name of its own"));
                let version = self.new_id();
                self.rename(session, id, format!("c{id}.{version}"));
            }
            Harm::Nowhere(id) => {
                let course = self.base().courses.keys().find(|course| self.now.courses.contains_key(course)).copied();
                let Some(course) = course else { return Ok(false) };
                self.note(|| format!("give {id} the key of course {course}"));
                relate::set_key(session, &self.objects, Edge::Course, id, Some(course));
                self.now.set_parent(Edge::Course, id, Some(course));
            }
            Harm::Orphan(id) => {
                let course = self.now.homeworks[&id].course;
                self.note(|| format!("put {id} back into {course}"));
                relate::push(session, &self.objects, Edge::Course, id, course);
            }
            Harm::Busy(id) => {
                let mut all: Vec<Id> = self.now.children(Edge::Course, id).into_iter().collect();
                let below = all.iter().chain([&id]).flat_map(|id| self.now.children(Edge::Homework, *id));
                let below: Vec<Id> = below.collect();
                all.splice(0..0, below);
                if all.iter().any(|child| !self.stored.holds(*child)) || !self.stored.holds(id) {
                    return Ok(false);
                }
                for child in all {
                    self.delete_one(session, child)?;
                }
                self.now.remove(id);
            }
        }
        Ok(true)
    }

    // Checks.

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
