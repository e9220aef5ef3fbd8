//! The plain model: what the tables should hold, as maps.

use std::collections::{BTreeMap, BTreeSet};

/// An object, whatever its model; never given twice.
pub(super) type Id = usize;

/// What is stored, or shall be.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct World {
    pub(super) courses: BTreeMap<Id, Course>,
    pub(super) people: BTreeMap<Id, Person>,
    pub(super) homeworks: BTreeMap<Id, Homework>,
    pub(super) submissions: BTreeMap<Id, Submission>,
    pub(super) tags: BTreeMap<Id, i32>,
    /// Courses and their tags.
    pub(super) links: BTreeSet<(Id, Id)>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Course {
    pub(super) name: String,
    pub(super) note: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Person {
    pub(super) version: i32,
    pub(super) boss: Option<Id>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Homework {
    pub(super) number: i32,
    pub(super) course: Id,
    pub(super) reviewer: Option<Id>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Submission {
    pub(super) version: i32,
    pub(super) homework: Id,
}

/// A relationship of a child to its parent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Edge {
    /// Of a homework; must be set.
    Course,
    /// Of a homework; may be none.
    Reviewer,
    /// Of a submission; must be set.
    Homework,
    /// Of a person to another, or to itself; may be none.
    Boss,
}

/// All tables as one list of texts, for [`World::rows`] to be compared with.
pub(super) const ROWS: &str = "
    SELECT 'course', name, coalesce(note, '-'), '', '' FROM course
    UNION ALL SELECT 'person', p.name, coalesce(b.name, '-'), '', ''
        FROM person p LEFT JOIN person b ON b.id = p.boss_id
    UNION ALL SELECT 'homework', h.description, h.number::text, c.name, coalesce(p.name, '-')
        FROM homework h JOIN course c ON c.id = h.course_id LEFT JOIN person p ON p.id = h.reviewer_id
    UNION ALL SELECT 'submission', s.body, h.description, '', ''
        FROM submission s JOIN homework h ON h.id = s.homework_id
    UNION ALL SELECT 'tag', label, '', '', '' FROM tag
    UNION ALL SELECT 'link', c.name, t.label, '', ''
        FROM course_tag l JOIN course c ON c.id = l.course_id JOIN tag t ON t.id = l.tag_id";

impl World {
    /// The rows that [`ROWS`] should give, sorted.
    pub(super) fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for course in self.courses.values() {
            rows.push(format!("course|{}|{}||", course.name, course.note.as_deref().unwrap_or("-")));
        }
        let name = |id: Option<Id>| id.map_or("-".to_owned(), |id| self.person_name(id));
        for (&id, person) in &self.people {
            rows.push(format!("person|{}|{}||", self.person_name(id), name(person.boss)));
        }
        for (id, homework) in &self.homeworks {
            let course = self.courses.get(&homework.course).map_or("?", |course| &course.name);
            let reviewer = name(homework.reviewer);
            rows.push(format!("homework|h{id}|{}|{course}|{reviewer}", homework.number));
        }
        for (&id, submission) in &self.submissions {
            rows.push(format!("submission|{}|h{}||", body(id, submission.version), submission.homework));
        }
        rows.extend(self.tags.iter().map(|(&id, &version)| format!("tag|{}|||", label(id, version))));
        for &(course, tag) in &self.links {
            let name = self.courses.get(&course).map_or("?", |course| &course.name);
            rows.push(format!("link|{name}|{}||", label(tag, self.tags.get(&tag).copied().unwrap_or(-1))));
        }
        rows.sort();
        rows
    }

    fn person_name(&self, id: Id) -> String {
        self.people.get(&id).map_or("?".to_owned(), |person| person_name(id, person.version))
    }

    pub(super) fn holds(&self, id: Id) -> bool {
        self.courses.contains_key(&id)
            || self.people.contains_key(&id)
            || self.homeworks.contains_key(&id)
            || self.submissions.contains_key(&id)
            || self.tags.contains_key(&id)
    }

    pub(super) fn parent(&self, edge: Edge, child: Id) -> Option<Id> {
        match edge {
            Edge::Course => self.homeworks.get(&child).map(|homework| homework.course),
            Edge::Reviewer => self.homeworks.get(&child).and_then(|homework| homework.reviewer),
            Edge::Homework => self.submissions.get(&child).map(|submission| submission.homework),
            Edge::Boss => self.people.get(&child).and_then(|person| person.boss),
        }
    }

    pub(super) fn set_parent(&mut self, edge: Edge, child: Id, parent: Option<Id>) {
        match (edge, parent) {
            (Edge::Course, Some(parent)) => {
                self.homeworks.entry(child).and_modify(|homework| homework.course = parent);
            }
            (Edge::Reviewer, parent) => {
                self.homeworks.entry(child).and_modify(|homework| homework.reviewer = parent);
            }
            (Edge::Homework, Some(parent)) => {
                self.submissions.entry(child).and_modify(|submission| submission.homework = parent);
            }
            (Edge::Boss, parent) => {
                self.people.entry(child).and_modify(|person| person.boss = parent);
            }
            (Edge::Course | Edge::Homework, None) => {}
        }
    }

    pub(super) fn children(&self, edge: Edge, parent: Id) -> BTreeSet<Id> {
        let all: Vec<Id> = match edge {
            Edge::Course | Edge::Reviewer => self.homeworks.keys().copied().collect(),
            Edge::Homework => self.submissions.keys().copied().collect(),
            Edge::Boss => self.people.keys().copied().collect(),
        };
        all.into_iter().filter(|&child| self.parent(edge, child) == Some(parent)).collect()
    }

    /// Forgets an object, with its links, and what the database does by itself then.
    pub(super) fn remove(&mut self, id: Id) {
        self.courses.remove(&id);
        self.people.remove(&id);
        self.homeworks.remove(&id);
        self.submissions.remove(&id);
        self.tags.remove(&id);
        self.links.retain(|&(course, tag)| course != id && tag != id);
        for homework in self.homeworks.values_mut().filter(|homework| homework.reviewer == Some(id)) {
            homework.reviewer = None;
        }
        for person in self.people.values_mut().filter(|person| person.boss == Some(id)) {
            person.boss = None;
        }
    }
}

pub(super) fn person_name(id: Id, version: i32) -> String {
    format!("p{id}.{version}")
}

pub(super) fn body(id: Id, version: i32) -> String {
    format!("s{id}.{version}")
}

pub(super) fn label(id: Id, version: i32) -> String {
    format!("t{id}.{version}")
}
