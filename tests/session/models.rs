//! The models of these tests: a school, and small tables for what a school has not.

#![allow(dead_code, reason = "each test target uses some of them")]

#[path = "models/kinds.rs"]
pub(crate) mod kinds;

use chrono::{DateTime, Utc};
use orm_core::prelude::*;

/// The parent of the lesson.
#[derive(Model, Debug, Clone)]
#[model(table = "course")]
pub(crate) struct Course {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(length = 40, unique)]
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    #[model(has_many = Homework::course, back_populates = course)]
    pub(crate) homeworks: HasMany<Homework>,
    #[model(through("course_tag", course_id, tag_id))]
    pub(crate) tags: HasMany<Tag>,
}

/// The child of the lesson, with a key that must be set and one that need not be.
#[derive(Model, Debug, Clone)]
#[model(table = "homework")]
pub(crate) struct Homework {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) number: i32,
    pub(crate) description: String,
    #[model(references = Course::id)]
    pub(crate) course_id: i32,
    #[model(belongs_to = course_id, back_populates = homeworks)]
    pub(crate) course: BelongsTo<Course>,
    #[model(references = Person::id)]
    pub(crate) reviewer_id: Option<i32>,
    #[model(belongs_to = reviewer_id, back_populates = reviews)]
    pub(crate) reviewer: BelongsTo<Person>,
    #[model(has_many = Submission::homework, back_populates = homework)]
    pub(crate) submissions: HasMany<Submission>,
}

/// A third level.
#[derive(Model, Debug, Clone)]
#[model(table = "submission")]
pub(crate) struct Submission {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) body: String,
    #[model(references = Homework::id)]
    pub(crate) homework_id: i32,
    #[model(belongs_to = homework_id, back_populates = submissions)]
    pub(crate) homework: BelongsTo<Homework>,
}

/// The other end of a many-to-many relationship over a table that has no model.
#[derive(Model, Debug, Clone)]
#[model(table = "tag")]
pub(crate) struct Tag {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) label: String,
    #[model(through("course_tag", tag_id, course_id))]
    pub(crate) courses: HasMany<Course>,
}

/// A tree, with two foreign keys to itself.
#[derive(Model, Debug, Clone)]
#[model(table = "person")]
pub(crate) struct Person {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(references = Person::id)]
    pub(crate) boss_id: Option<i32>,
    #[model(belongs_to = boss_id, back_populates = reports)]
    pub(crate) boss: BelongsTo<Self>,
    #[model(references = Person::id)]
    pub(crate) mentor_id: Option<i32>,
    #[model(belongs_to = mentor_id)]
    pub(crate) mentor: BelongsTo<Self>,
    #[model(has_many = Person::boss, back_populates = boss)]
    pub(crate) reports: HasMany<Self>,
    #[model(has_many = Homework::reviewer, back_populates = reviewer)]
    pub(crate) reviews: HasMany<Homework>,
}

/// All of the school, for `create_all`.
pub(crate) type School = (Course, Homework, Submission, Tag, Person);

/// A composite key.
#[derive(Model, Debug, Clone)]
#[model(table = "line", primary_key(order_id, no))]
pub(crate) struct Line {
    pub(crate) order_id: i32,
    pub(crate) no: i32,
    pub(crate) text: String,
    #[model(has_many = Part::line, back_populates = line)]
    pub(crate) parts: HasMany<Part>,
}

/// A child of a composite key.
#[derive(Model, Debug, Clone)]
#[model(table = "part")]
pub(crate) struct Part {
    #[model(primary_key)]
    pub(crate) id: Auto<i64>,
    #[model(references = Line::order_id)]
    pub(crate) order_id: i32,
    #[model(references = Line::no)]
    pub(crate) line_no: i32,
    #[model(belongs_to = (order_id, line_no), back_populates = parts)]
    pub(crate) line: BelongsTo<Line>,
}

/// A key that is a text and is not made by the server.
#[derive(Model, Debug, Clone)]
#[model(table = "country")]
pub(crate) struct Country {
    #[model(primary_key)]
    pub(crate) code: String,
    pub(crate) name: String,
    #[model(references = City::name, on_update = cascade)]
    pub(crate) capital_name: Option<String>,
    #[model(belongs_to = capital_name)]
    pub(crate) capital: BelongsTo<City>,
}

/// Points to a country that may point back.
#[derive(Model, Debug, Clone)]
#[model(table = "city")]
pub(crate) struct City {
    #[model(primary_key)]
    pub(crate) name: String,
    #[model(references = Country::code, on_update = cascade)]
    pub(crate) country_code: String,
    #[model(belongs_to = country_code)]
    pub(crate) country: BelongsTo<Country>,
}

/// One half of a pair that point to each other; this key may be NULL.
#[derive(Model, Debug, Clone)]
#[model(table = "team")]
pub(crate) struct Team {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(references = Player::id)]
    pub(crate) captain_id: Option<i32>,
    #[model(belongs_to = captain_id)]
    pub(crate) captain: BelongsTo<Player>,
}

/// The other half, whose key must not be NULL.
#[derive(Model, Debug, Clone)]
#[model(table = "player")]
pub(crate) struct Player {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(references = Team::id)]
    pub(crate) team_id: i32,
    #[model(belongs_to = team_id)]
    pub(crate) team: BelongsTo<Team>,
}

/// One half of a circle of keys that must all be set.
#[derive(Model, Debug, Clone)]
#[model(table = "hen")]
pub(crate) struct Hen {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(references = Egg::id)]
    pub(crate) egg_id: i32,
    #[model(belongs_to = egg_id)]
    pub(crate) egg: BelongsTo<Egg>,
}

/// The other half.
#[derive(Model, Debug, Clone)]
#[model(table = "egg")]
pub(crate) struct Egg {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(references = Hen::id)]
    pub(crate) hen_id: i32,
    #[model(belongs_to = hen_id)]
    pub(crate) hen: BelongsTo<Hen>,
}

/// Versioned rows.
#[derive(Model, Debug, Clone)]
#[model(table = "document")]
pub(crate) struct Document {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) title: String,
    #[model(version)]
    pub(crate) version: i32,
}

/// What the server makes beside the key.
#[derive(Model, Debug, Clone)]
#[model(table = "item")]
pub(crate) struct Item {
    #[model(primary_key)]
    pub(crate) id: Auto<i64>,
    pub(crate) price: i32,
    #[model(default = "1")]
    pub(crate) quantity: Auto<i32>,
    #[model(generated = "price * quantity")]
    pub(crate) total: Option<i32>,
}

/// Columns that are arrays, and floats.
#[derive(Model, Debug, Clone)]
#[model(table = "sample")]
pub(crate) struct Sample {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) labels: Vec<String>,
    pub(crate) value: f64,
}

/// Has one profile.
#[derive(Model, Debug, Clone)]
#[model(table = "account")]
pub(crate) struct Account {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) login: String,
    #[model(has_one = Profile::account, back_populates = account)]
    pub(crate) profile: HasOne<Profile>,
}

/// Of one account at most.
#[derive(Model, Debug, Clone)]
#[model(table = "profile")]
pub(crate) struct Profile {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) bio: String,
    #[model(references = Account::id, unique)]
    pub(crate) account_id: Option<i32>,
    #[model(belongs_to = account_id, back_populates = profile)]
    pub(crate) account: BelongsTo<Account>,
}

/// One end of a many-to-many relationship whose links are a model.
#[derive(Model, Debug, Clone)]
#[model(table = "student")]
pub(crate) struct Student {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(through = (Enrollment::student, Enrollment::club))]
    pub(crate) clubs: HasMany<Club>,
    #[model(has_many = Enrollment::student, back_populates = student)]
    pub(crate) enrollments: HasMany<Enrollment>,
}

/// The other end.
#[derive(Model, Debug, Clone)]
#[model(table = "club")]
pub(crate) struct Club {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
}

/// The link, with a column of its own.
#[derive(Model, Debug, Clone)]
#[model(table = "enrollment", primary_key(student_id, club_id))]
pub(crate) struct Enrollment {
    #[model(references = Student::id)]
    pub(crate) student_id: i32,
    #[model(references = Club::id)]
    pub(crate) club_id: i32,
    pub(crate) role: Option<String>,
    #[model(belongs_to = student_id, back_populates = enrollments)]
    pub(crate) student: BelongsTo<Student>,
    #[model(belongs_to = club_id)]
    pub(crate) club: BelongsTo<Club>,
}

/// When its rows were made and changed, and how often: the last in a column whose name must be quoted well.
#[derive(Model, Debug, Clone)]
#[model(table = "page")]
pub(crate) struct Page {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) title: String,
    #[model(default = "now()")]
    pub(crate) created_at: Auto<DateTime<Utc>>,
    #[model(default = "now()", on_update = "clock_timestamp()")]
    pub(crate) updated_at: Auto<DateTime<Utc>>,
    #[model(column = "quo\"ted", default = "0", on_update = "\"quo\"\"ted\" + 1")]
    pub(crate) changes: Auto<i32>,
}

/// Marks its rows as deleted, and counts their versions.
#[derive(Model, Debug, Clone)]
#[model(table = "shelf", soft_delete = deleted_at)]
pub(crate) struct Shelf {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    #[model(version)]
    pub(crate) version: i32,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[model(has_many = Volume::shelf, back_populates = shelf, on_parent_delete = delete, orphans = delete)]
    pub(crate) volumes: HasMany<Volume>,
    #[model(has_many = Sticker::shelf, back_populates = shelf, on_parent_delete = delete)]
    pub(crate) stickers: HasMany<Sticker>,
    #[model(has_many = Lamp::shelf, back_populates = shelf)]
    pub(crate) lamps: HasMany<Lamp>,
}

/// Marks its rows as deleted in a column whose name must be quoted well; a title is free again then.
#[derive(Model, Debug, Clone)]
#[model(table = "volume", soft_delete = deleted_at, index(title, unique, where = "\"del\"\"eted\" IS NULL"))]
pub(crate) struct Volume {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) title: String,
    #[model(default = "0", on_update = "changes + 1")]
    pub(crate) changes: Auto<i32>,
    #[model(column = "del\"eted")]
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[model(references = Shelf::id)]
    pub(crate) shelf_id: i32,
    #[model(belongs_to = shelf_id, back_populates = volumes)]
    pub(crate) shelf: BelongsTo<Shelf>,
    #[model(through = (Authorship::volume, Authorship::author))]
    pub(crate) authors: HasMany<Author>,
}

/// Goes with its shelf, really.
#[derive(Model, Debug, Clone)]
#[model(table = "sticker")]
pub(crate) struct Sticker {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) label: String,
    #[model(references = Shelf::id)]
    pub(crate) shelf_id: i32,
    #[model(belongs_to = shelf_id, back_populates = stickers)]
    pub(crate) shelf: BelongsTo<Shelf>,
}

/// Stays when its shelf goes, and counts its changes.
#[derive(Model, Debug, Clone)]
#[model(table = "lamp")]
pub(crate) struct Lamp {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    #[model(default = "0", on_update = "changes + 1")]
    pub(crate) changes: Auto<i32>,
    #[model(references = Shelf::id)]
    pub(crate) shelf_id: Option<i32>,
    #[model(belongs_to = shelf_id, back_populates = lamps)]
    pub(crate) shelf: BelongsTo<Shelf>,
}

/// Marks its rows as deleted, too.
#[derive(Model, Debug, Clone)]
#[model(table = "author", soft_delete = deleted_at)]
pub(crate) struct Author {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) name: String,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[model(through = (Authorship::author, Authorship::volume))]
    pub(crate) volumes: HasMany<Volume>,
}

/// A link that is marked as deleted.
#[derive(Model, Debug, Clone)]
#[model(table = "authorship", primary_key(volume_id, author_id), soft_delete = deleted_at)]
pub(crate) struct Authorship {
    #[model(references = Volume::id)]
    pub(crate) volume_id: i32,
    #[model(references = Author::id)]
    pub(crate) author_id: i32,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    #[model(belongs_to = volume_id)]
    pub(crate) volume: BelongsTo<Volume>,
    #[model(belongs_to = author_id)]
    pub(crate) author: BelongsTo<Author>,
}

/// All that belongs to shelves, for `create_all`.
pub(crate) type Library = (Shelf, Volume, Sticker, Lamp, Author, Authorship);

/// A natural key, which no foreign key to it follows by itself.
#[derive(Model, Debug, Clone)]
#[model(table = "shop")]
pub(crate) struct Shop {
    #[model(primary_key)]
    pub(crate) code: String,
    #[model(has_many = Stall::shop, back_populates = shop)]
    pub(crate) stalls: HasMany<Stall>,
}

/// A key that is in part its parent's.
#[derive(Model, Debug, Clone)]
#[model(table = "stall", primary_key(shop_code, no))]
pub(crate) struct Stall {
    #[model(references = Shop::code)]
    pub(crate) shop_code: String,
    pub(crate) no: i32,
    #[model(default = "false")]
    pub(crate) open: Auto<bool>,
    #[model(belongs_to = shop_code, back_populates = stalls)]
    pub(crate) shop: BelongsTo<Shop>,
}

/// Follows a stall, whose key follows the shop's.
#[derive(Model, Debug, Clone)]
#[model(table = "ware")]
pub(crate) struct Ware {
    #[model(primary_key)]
    pub(crate) id: Auto<i32>,
    pub(crate) label: String,
    #[model(references = Stall::shop_code, on_update = cascade)]
    pub(crate) shop_code: String,
    #[model(references = Stall::no)]
    pub(crate) no: i32,
    #[model(belongs_to = (shop_code, no))]
    pub(crate) stall: BelongsTo<Stall>,
}

/// Ten tables, each of which points to the one before it.
pub(crate) mod levels {
    use orm_core::prelude::*;

    /// What all others stand on.
    #[derive(Model, Debug, Clone)]
    #[model(table = "level0")]
    pub(crate) struct Level0 {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        pub(crate) label: String,
    }

    macro_rules! level {
        ($level:ident $table:literal on $below:ident) => {
            /// One level.
            #[derive(Model, Debug, Clone)]
            #[model(table = $table)]
            pub(crate) struct $level {
                #[model(primary_key)]
                pub(crate) id: Auto<i32>,
                pub(crate) label: String,
                #[model(references = $below::id)]
                pub(crate) below_id: i32,
                #[model(belongs_to = below_id)]
                pub(crate) below: BelongsTo<$below>,
            }
        };
    }
    level!(Level1 "level1" on Level0);
    level!(Level2 "level2" on Level1);
    level!(Level3 "level3" on Level2);
    level!(Level4 "level4" on Level3);
    level!(Level5 "level5" on Level4);
    level!(Level6 "level6" on Level5);
    level!(Level7 "level7" on Level6);
    level!(Level8 "level8" on Level7);
    level!(Level9 "level9" on Level8);

    /// All of them, for `create_all`.
    pub(crate) type Levels = (Level0, Level1, Level2, Level3, Level4, Level5, Level6, Level7, Level8, Level9);
}

/// A course that knows nothing of its homeworks.
pub(crate) mod backref {
    use orm_core::prelude::*;

    /// The parent.
    #[derive(Model, Debug, Clone)]
    #[model(table = "course")]
    pub(crate) struct Course {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        #[model(length = 40, unique)]
        pub(crate) name: String,
    }

    /// Declares both ends of the relationship.
    #[derive(Model, Debug, Clone)]
    #[model(table = "homework")]
    pub(crate) struct Homework {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        pub(crate) number: i32,
        pub(crate) description: String,
        #[model(references = Course::id)]
        pub(crate) course_id: i32,
        #[model(belongs_to = course_id, backref = homeworks)]
        pub(crate) course: BelongsTo<Course>,
    }
}

/// Models of another crate, as far as a module can be one.
pub(crate) mod billing {
    use super::Course;
    use orm_core::prelude::*;

    /// Its other end is an extension trait, `CourseInvoices`.
    #[derive(Model, Debug, Clone)]
    #[model(table = "invoice")]
    pub(crate) struct Invoice {
        #[model(primary_key)]
        pub(crate) id: Auto<i32>,
        pub(crate) amount: i64,
        #[model(references = Course::id)]
        pub(crate) course_id: i32,
        #[model(belongs_to = course_id, backref = invoices, foreign)]
        pub(crate) course: BelongsTo<Course>,
    }
}

/// A course with two homeworks, and one without.
pub(crate) async fn two_courses(engine: &Engine) -> orm_core::Result<()> {
    let mut session = engine.session();
    session.add(Course::builder().name("Python").homeworks([
        Homework::builder().number(1).description("дз1"),
        Homework::builder().number(2).description("дз2"),
    ]));
    session.add(Course::builder().name("Java"));
    session.commit().await
}

/// A shelf with three volumes, a sticker and a lamp.
pub(crate) async fn a_shelf(engine: &Engine) -> orm_core::Result<()> {
    let mut session = engine.session();
    let shelf = session.add(Shelf::builder().name("left"));
    for title in ["A", "B", "C"] {
        session.add(Volume::builder().title(title).shelf(shelf));
    }
    session.add(Sticker::builder().label("new").shelf(shelf));
    session.add(Lamp::builder().shelf(shelf));
    session.commit().await
}
