//! Random histories: whatever is done in whatever order, after a commit, a rollback or a failed flush that was corrected,
//! the objects, their collections and the table say the same.

use std::collections::{BTreeMap, BTreeSet};

use orm_core::prelude::*;
use orm_core::{Result, State};
use orm_tests::TestDb;

use crate::models::{Course, Homework, School, Tag};

/// Pseudo-random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    fn pick<T: Copy>(&mut self, of: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = of.into_iter().collect();
        if all.is_empty() { None } else { Some(all[self.below(all.len())]) }
    }
}

/// What should be stored: each homework's number and course, and the links.
#[derive(Clone, Default)]
struct Plan {
    homeworks: BTreeMap<Handle<Homework>, (i32, Handle<Course>)>,
    links: BTreeSet<(Handle<Course>, Handle<Tag>)>,
}

struct History {
    db: TestDb,
    session: Session,
    random: Random,
    courses: Vec<Handle<Course>>,
    tags: Vec<Handle<Tag>>,
    plan: Plan,
    committed: Plan,
    /// What was changed since the last flush, or since the transaction began if a flush failed: a second change by the
    /// other side would contradict the first.
    touched: BTreeSet<(usize, usize)>,
    touched_in_transaction: BTreeSet<(usize, usize)>,
    log: Vec<String>,
}

impl History {
    async fn new(db: TestDb, seed: u64) -> Result<Self> {
        db.run("TRUNCATE course, homework, tag, course_tag RESTART IDENTITY CASCADE").await;
        let mut session = db.engine.session();
        let courses = session.add_all((0..4).map(|i| Course::builder().name(format!("c{i}"))));
        let tags = session.add_all((0..3).map(|i| Tag::builder().label(format!("t{i}"))));
        session.commit().await?;
        // Some collections are loaded, some are not.
        let mut session = db.engine.session();
        let found = session.query::<Course>().order_by(Course::id.asc()).all().await?;
        session.load(&found[..3], Course::homeworks).await?;
        session.load(&found[1..], Course::tags).await?;
        let found_tags = session.query::<Tag>().order_by(Tag::id.asc()).all().await?;
        session.load(&found_tags[..2], Tag::courses).await?;
        assert_eq!((courses.len(), tags.len()), (found.len(), found_tags.len()));
        Ok(Self {
            db,
            session,
            random: Random(seed),
            courses: found,
            tags: found_tags,
            plan: Plan::default(),
            committed: Plan::default(),
            touched: BTreeSet::new(),
            touched_in_transaction: BTreeSet::new(),
            log: Vec::new(),
        })
    }

    /// Marks something as changed; false if it is already.
    fn touch(&mut self, kind: usize, which: usize) -> bool {
        self.touched_in_transaction.insert((kind, which));
        self.touched.insert((kind, which))
    }

    fn index(&self, homework: Handle<Homework>) -> usize {
        let shown = format!("{homework:?}");
        shown.bytes().fold(0, |sum, byte| sum * 31 % 1_000_003 + usize::from(byte))
    }

    fn add(&mut self) -> Result<()> {
        let course = self.courses[self.random.below(4)];
        let number = self.random.below(100) as i32;
        let new = Homework::builder().number(number).description("x");
        let homework = match self.random.below(3) {
            0 => self.session.add(new.course(course)),
            1 => self.session.push(course, Course::homeworks, new)?,
            _ => {
                let homework = self.session.add(new.course_id(0));
                self.session[course].homeworks.push(homework);
                homework
            }
        };
        self.touch(0, self.index(homework));
        self.plan.homeworks.insert(homework, (number, course));
        self.log.push(format!("add {homework:?} to {course:?}"));
        Ok(())
    }

    fn change(&mut self) {
        let Some(homework) = self.random.pick(self.plan.homeworks.keys().copied()) else {
            return;
        };
        let number = self.random.below(100) as i32;
        self.session[homework].number = number;
        if let Some(planned) = self.plan.homeworks.get_mut(&homework) {
            planned.0 = number;
        }
        self.log.push(format!("number of {homework:?}"));
    }

    fn shift(&mut self) -> Result<()> {
        let Some(homework) = self.random.pick(self.plan.homeworks.keys().copied()) else {
            return Ok(());
        };
        if !self.touch(0, self.index(homework)) {
            return Ok(());
        }
        let course = self.courses[self.random.below(4)];
        let way = self.random.below(5);
        match way {
            0 => self.session[homework].course.set(course),
            1 => self.session[course].homeworks.push(homework),
            2 => self.session[homework].course_id = self.session[course].id.get().unwrap_or_default(),
            3 => drop(self.session.push(course, Course::homeworks, homework)?),
            _ => {
                let from = self.plan.homeworks[&homework].1;
                self.session[from].homeworks.remove(homework);
                self.session[course].homeworks.push(homework);
            }
        }
        if let Some(planned) = self.plan.homeworks.get_mut(&homework) {
            planned.1 = course;
        }
        self.log.push(format!("move {homework:?} to {course:?} by {way}"));
        Ok(())
    }

    fn delete(&mut self) -> Result<()> {
        let persistent = |homework: &Handle<Homework>| self.session.state(*homework) == State::Persistent;
        let Some(homework) =
            self.random.pick(self.plan.homeworks.keys().copied().filter(persistent).collect::<Vec<_>>())
        else {
            return Ok(());
        };
        self.session.delete(homework)?;
        self.plan.homeworks.remove(&homework);
        self.log.push(format!("delete {homework:?}"));
        Ok(())
    }

    fn link(&mut self) {
        let (c, t) = (self.random.below(4), self.random.below(3));
        // Written from one side and taken back from the other in one transaction, a failure would not know the order.
        if self.touched_in_transaction.contains(&(1, c * 3 + t)) || !self.touch(1, c * 3 + t) {
            return;
        }
        let (course, tag) = (self.courses[c], self.tags[t]);
        let from_tag = self.random.below(2) == 0;
        if self.plan.links.remove(&(course, tag)) {
            if from_tag {
                self.session[tag].courses.remove(course);
            } else {
                self.session[course].tags.remove(tag);
            }
            self.log.push(format!("unlink {course:?} {tag:?} {from_tag}"));
        } else {
            self.plan.links.insert((course, tag));
            if from_tag {
                self.session[tag].courses.push(course);
            } else {
                self.session[course].tags.push(tag);
            }
            self.log.push(format!("link {course:?} {tag:?} {from_tag}"));
        }
    }

    async fn load(&mut self) -> Result<()> {
        // What is loaded after a flush is what the transaction sees, and stays so if that is taken back by a failure.
        self.session.commit().await?;
        self.committed = self.plan.clone();
        self.touched_in_transaction.clear();
        let course = self.courses[self.random.below(4)];
        if self.random.below(2) == 0 {
            self.session.load(&[course], Course::homeworks).await?;
        } else {
            self.session.load(&[course], Course::tags).await?;
        }
        self.touched.clear();
        self.log.push(format!("load of {course:?}"));
        Ok(())
    }

    async fn fail(&mut self) -> Result<()> {
        let double = self.session.add(Course::builder().name("c0"));
        let error = self.session.flush().await.expect_err("the name is taken");
        assert!(error.is_unique_violation(), "{error:?}\n{}", self.log.join("\n"));
        self.session.take(double)?;
        self.touched.extend(&self.touched_in_transaction);
        self.log.push("fail".to_owned());
        Ok(())
    }

    async fn step(&mut self) -> Result<()> {
        match self.random.below(20) {
            0..=3 => self.add()?,
            4..=5 => self.change(),
            6..=9 => self.shift()?,
            10 => self.delete()?,
            11..=13 => self.link(),
            14 => self.load().await?,
            15..=16 => {
                self.session.flush().await?;
                self.touched.clear();
                self.log.push("flush".to_owned());
            }
            17 => self.fail().await?,
            18 => {
                self.session.rollback().await?;
                self.plan = self.committed.clone();
                self.log.push("rollback".to_owned());
                self.check().await;
            }
            _ => {
                self.session.commit().await?;
                self.committed = self.plan.clone();
                self.log.push("commit".to_owned());
                self.check().await;
            }
        }
        Ok(())
    }

    /// The table, the plan and the objects are compared; nothing is pending.
    async fn check(&mut self) {
        self.touched.clear();
        self.touched_in_transaction.clear();
        let log = || self.log.join("\n");
        let session = &self.session;
        let id = |course: Handle<Course>| session[course].id.get().unwrap_or_default();
        let planned = |&(number, course): &(i32, Handle<Course>)| format!("{number}|{}", id(course));
        let mut wanted: Vec<String> = self.plan.homeworks.values().map(planned).collect();
        wanted.sort();
        let mut stored = self.db.stored("SELECT number, course_id FROM homework").await;
        stored.sort();
        assert_eq!(stored, wanted, "the table\n{}", log());
        for (&homework, &(number, course)) in &self.plan.homeworks {
            let object = &session[homework];
            assert_eq!((object.number, object.course_id), (number, id(course)), "{homework:?}\n{}", log());
            assert!(object.course.get().is_none_or(|held| held == Some(course)), "{homework:?} held\n{}", log());
        }
        for &course in &self.courses {
            let of = self.plan.homeworks.iter().filter(|(_, (_, other))| *other == course).map(|(h, _)| *h);
            let Some(held) = session[course].homeworks.get() else {
                continue;
            };
            assert_eq!(held.len(), held.iter().collect::<BTreeSet<_>>().len());
            assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), of.collect(), "homeworks of {course:?}\n{}", log());
        }
        let mut links: Vec<String> = self.db.stored("SELECT course_id, tag_id FROM course_tag").await;
        links.sort();
        let link = |(course, tag): &(Handle<Course>, Handle<Tag>)| format!("{}|{}", id(*course), session[tag].id);
        let mut wanted: Vec<String> = self.plan.links.iter().map(link).collect();
        wanted.sort();
        assert_eq!(links, wanted, "links\n{}", log());
        for &course in &self.courses {
            let Some(held) = session[course].tags.get() else {
                continue;
            };
            let of = self.plan.links.iter().filter(|(c, _)| *c == course).map(|(_, t)| *t);
            assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), of.collect(), "tags of {course:?}\n{}", log());
        }
        for &tag in &self.tags {
            let Some(held) = session[tag].courses.get() else {
                continue;
            };
            let of = self.plan.links.iter().filter(|(_, t)| *t == tag).map(|(c, _)| *c);
            assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), of.collect(), "courses of {tag:?}\n{}", log());
        }
    }
}

#[tokio::test]
async fn objects_and_table_agree_after_any_history() -> Result<()> {
    let mut db = TestDb::with::<School>().await;
    for seed in 0..200 {
        let mut history = History::new(db, seed).await?;
        history.log.push(format!("seed {seed}"));
        for _ in 0..80 {
            let outcome = history.step().await;
            assert!(outcome.is_ok(), "{outcome:?}\n{}", history.log.join("\n"));
        }
        history.session.commit().await?;
        history.check().await;
        db = history.db;
    }
    Ok(())
}
