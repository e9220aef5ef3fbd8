//! Adding objects, alone and with others, in the ways that there are.

use orm_core::prelude::*;

use super::super::Outcome;
use super::super::check::told;
use super::super::relate::{self, Mark};
use super::super::world::{self, Edge, Id};
use super::{Player, pick};
use crate::models::{Course, Homework, Person, Submission, Tag};

impl Player<'_> {
    pub(super) fn add_course(
        &mut self,
        session: &mut Session,
        homeworks: usize,
        submissions: usize,
        tag: Option<usize>,
    ) {
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

    pub(super) fn add_person(&mut self, session: &mut Session) {
        let id = self.new_id();
        self.note(|| format!("add person {id}"));
        self.objects.people.insert(id, session.add(Person::builder().name(world::person_name(id, 0))));
        self.now.people.insert(id, world::Person { version: 0, boss: None });
    }

    pub(super) fn add_tag(&mut self, session: &mut Session, course: Option<usize>) -> Outcome {
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

    pub(super) fn add_homework(
        &mut self,
        session: &mut Session,
        course: usize,
        reviewer: Option<usize>,
        way: usize,
    ) -> Outcome {
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

    pub(super) fn add_submission(&mut self, session: &mut Session, homework: usize, way: usize) -> Outcome {
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
}
