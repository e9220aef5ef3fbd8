//! The ways to relate two objects, and which of them may follow each other before a flush: one that contradicts another by
//! a side that the contract does not rank is not taken.

use orm_core::prelude::*;

use super::Outcome;
use super::check::{Objects, told};
use super::world::{Edge, Id};
use crate::models::{Course, Homework, Person};

/// How a child is given a parent, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// By its own side.
    Set,
    /// By its key.
    Key,
    /// By the collection of the new parent.
    Push,
    /// By `Session::push`, which says both sides.
    SessionPush,
    /// By the collections of the old and the new parent.
    Shift,
}

/// How a child's parent was changed since the last flush.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    Own,
    Key,
    Collections,
    /// By several sides, or by one of two collections.
    Mixed,
}

impl Way {
    pub(super) fn of(number: usize) -> Self {
        [Self::Set, Self::Key, Self::Push, Self::SessionPush, Self::Shift][number % 5]
    }

    /// The mark that it leaves, or none if it may not follow. `is_new`: no flush has seen the child. `is_back`: the parent
    /// is the one that the last flush left.
    pub(super) fn after(self, mark: Option<Mark>, is_new: bool, is_back: bool) -> Option<Mark> {
        match (self, mark) {
            (Self::Set, None | Some(Mark::Own)) => Some(Mark::Own),
            // The child's own side wins, unless it says nothing new.
            (Self::Set | Self::SessionPush, Some(_)) => (is_new || !is_back).then_some(Mark::Mixed),
            (Self::SessionPush, None) => Some(Mark::Mixed),
            (Self::Key, None | Some(Mark::Key)) => Some(Mark::Key),
            (Self::Push, None) => Some(Mark::Mixed),
            (Self::Shift, None | Some(Mark::Collections)) => Some(Mark::Collections),
            (Self::Key | Self::Push | Self::Shift, Some(_)) => None,
        }
    }
}

pub(super) fn set(session: &mut Session, objects: &Objects, edge: Edge, child: Id, parent: Option<Id>) {
    match (edge, parent) {
        (Edge::Course, Some(parent)) => {
            session[objects.homeworks[&child]].course.set(objects.courses[&parent]);
        }
        (Edge::Reviewer, Some(parent)) => {
            session[objects.homeworks[&child]].reviewer.set(objects.people[&parent]);
        }
        (Edge::Boss, Some(parent)) => {
            session[objects.people[&child]].boss.set(objects.people[&parent]);
        }
        (Edge::Boss, None) => session[objects.people[&child]].boss.clear(),
        (Edge::Reviewer, None) => session[objects.homeworks[&child]].reviewer.clear(),
        (Edge::Homework, Some(parent)) => {
            session[objects.submissions[&child]].homework.set(objects.homeworks[&parent]);
        }
        (Edge::Course | Edge::Homework, None) => {}
    }
}

pub(super) fn set_key(session: &mut Session, objects: &Objects, edge: Edge, child: Id, parent: Option<Id>) {
    match edge {
        Edge::Course => {
            let key = parent.and_then(|parent| session[objects.courses[&parent]].id.get());
            session[objects.homeworks[&child]].course_id = key.unwrap_or_default();
        }
        Edge::Reviewer => {
            let key = parent.and_then(|parent| session[objects.people[&parent]].id.get());
            session[objects.homeworks[&child]].reviewer_id = key;
        }
        Edge::Boss => {
            let key = parent.and_then(|parent| session[objects.people[&parent]].id.get());
            session[objects.people[&child]].boss_id = key;
        }
        Edge::Homework => {
            let key = parent.and_then(|parent| session[objects.homeworks[&parent]].id.get());
            session[objects.submissions[&child]].homework_id = key.unwrap_or_default();
        }
    }
}

pub(super) fn push(session: &mut Session, objects: &Objects, edge: Edge, child: Id, parent: Id) {
    match edge {
        Edge::Course => session[objects.courses[&parent]].homeworks.push(objects.homeworks[&child]),
        Edge::Reviewer => session[objects.people[&parent]].reviews.push(objects.homeworks[&child]),
        Edge::Boss => session[objects.people[&parent]].reports.push(objects.people[&child]),
        Edge::Homework => session[objects.homeworks[&parent]].submissions.push(objects.submissions[&child]),
    }
}

pub(super) fn remove(session: &mut Session, objects: &Objects, edge: Edge, child: Id, parent: Id) {
    match edge {
        Edge::Course => session[objects.courses[&parent]].homeworks.remove(objects.homeworks[&child]),
        Edge::Reviewer => session[objects.people[&parent]].reviews.remove(objects.homeworks[&child]),
        Edge::Boss => session[objects.people[&parent]].reports.remove(objects.people[&child]),
        Edge::Homework => session[objects.homeworks[&parent]].submissions.remove(objects.submissions[&child]),
    };
}

pub(super) fn session_push(session: &mut Session, objects: &Objects, edge: Edge, child: Id, parent: Id) -> Outcome {
    let pushed = match edge {
        Edge::Course => session.push(objects.courses[&parent], Course::homeworks, objects.homeworks[&child]).map(drop),
        Edge::Reviewer => session.push(objects.people[&parent], Person::reviews, objects.homeworks[&child]).map(drop),
        Edge::Boss => session.push(objects.people[&parent], Person::reports, objects.people[&child]).map(drop),
        Edge::Homework => {
            let (parent, child) = (objects.homeworks[&parent], objects.submissions[&child]);
            session.push(parent, Homework::submissions, child).map(drop)
        }
    };
    told(pushed)
}
