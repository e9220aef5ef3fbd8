use orm_core::prelude::*;

#[path = "../ui/support/school.rs"]
mod school;
use school::*;

fn spawn(_: impl Future + Send + 'static) {}

struct Repository<D>(D);

impl<D: Db> Repository<D> {
    async fn names(&mut self, like: &str) -> orm_core::Result<Vec<String>> {
        self.0.rows(query::<Course>().filter(Course::name.like(like)).select(Course::name)).await
    }
}

async fn rename(engine: &Engine, from: &str, to: &str) -> orm_core::Result<()> {
    engine
        .transaction(async |session| {
            for course in session.all(query::<Course>().filter(Course::name.eq(from))).await? {
                session[course].name = to.to_owned();
            }
            Ok(())
        })
        .await
}

fn demo(engine: Engine) {
    spawn(async move {
        rename(&engine, "Java", "JavaScript").await?;
        let mut session = engine.session();
        let python = session.add(Course::builder().name("Python"));
        session.commit().await?;
        let same = query::<Course>().filter(Course::name.eq(session[python].name.as_str()));
        let found = session.all(same).await?.len();
        query::<Course>().on(&engine).filter(Course::id.eq(1)).update(Course::name.set("Python")).await?;
        let mut streamed = engine.query::<Homework>().with_joined(Homework::course).stream().await?;
        while let Some((homework, course)) = streamed.next().await? {
            let _ = (homework.number, course.name);
        }
        let mut batches = session.query::<Course>().with(Course::homeworks).in_batches(100);
        while let Some(courses) = batches.next(&mut session).await? {
            session.load_some(&courses, Course::homeworks.filter(Homework::number.gt(1)).limit(3)).await?;
        }
        Ok::<_, orm_core::Error>(found + Repository(&mut session).names("P%").await?.len())
    });
}

fn main() {
    let _ = demo;
}
