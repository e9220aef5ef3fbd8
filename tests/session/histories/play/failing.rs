//! Flushes that fail, and what follows.

use orm_core::ErrorKind;
use orm_core::prelude::*;

use super::super::Outcome;
use super::super::check::{self, agree, told};
use super::super::relate::{self, Mark};
use super::super::step::{By, Poison, Step, Then};
use super::super::world::{self, Edge, Id};
use super::{End, Player, pick, pick_of};
use crate::models::{Course, Person};

/// A key that no row has.
const NOWHERE: i32 = 1_000_000;

/// What a poison did, for it to be mended.
enum Harm {
    Twice(Id),
    Renamed(Id),
    Nowhere(Id),
    Orphan(Id),
    Busy(Id),
}

impl Player<'_> {
    pub(super) async fn fail(
        &mut self,
        session: &mut Session,
        poison: Poison,
        by: By,
        then: Then,
    ) -> Outcome<Option<End>> {
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
}
