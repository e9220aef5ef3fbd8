//! The derive macros of `orm_core`, `Model`, `Projection`, `Enum`, `Composite`, `Embed`, `Newtype` and `Changes`, and what is
//! behind its `sql!`.
//!
//! The way through the crate: `attr` and `read` read the attributes into the trees of `ast` and `scalar`, `valid` refuses
//! what is wrong, `expand` writes the code. After a refusal, `fallback` sees to it that no other errors follow.

mod ast;
mod attr;
mod changes;
mod composite;
mod embed;
mod expand;
mod fallback;
mod infer;
mod name;
mod projection;
mod read;
mod scalar;
mod statement;
mod symbol;
#[cfg(test)]
mod tests;
mod valid;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Code;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model: a row of a table, with typed columns, relationships and a builder.
///
/// ```text
/// #[derive(Model, Debug, Clone)]
/// #[model(table = "homework", unique(course_id, number))]
/// pub struct Homework {
///     #[model(primary_key)]
///     pub id: Auto<i32>,
///     pub number: i32,
///     #[model(length = 200)]
///     pub description: String,
///     #[model(references = Course::id, on_delete = cascade)]
///     pub course_id: i32,
///     #[model(belongs_to = course_id)]
///     pub course: BelongsTo<Course>,
/// }
/// ```
///
/// The struct gets a constant for each column and relationship (`Homework::number`, `Homework::course`), the constant `c`
/// with all of them (`Homework::c.number`), the constant `TABLE`, and `builder()`, whose `build()` compiles once every
/// required column is set. It must be `Clone`.
///
/// # Attributes of the struct
///
/// | attribute | meaning |
/// |---|---|
/// | `table = "name"` | the table's name; otherwise that of the struct in snake case |
/// | `schema = "name"` | the schema; otherwise the connection's default |
/// | `primary_key(a, b)` | the primary key's fields, in the key's order |
/// | `unique(a, b)`, `unique(a, b, name = "name")` | a `UNIQUE` constraint |
/// | `index(a, b)` | an index; also with `unique`, `using = "gin"`, `where = "sql"`, `name = "name"` |
/// | `check("sql")`, `check("sql", name = "name")` | a `CHECK` constraint |
/// | `soft_delete = deleted_at` | deleted rows stay, with the time in this field: see below |
/// | `view`, `view = "SELECT …"` | a view, which is read and not written: see below |
/// | `materialized_view`, `materialized_view = "SELECT …"` | the same, whose rows are stored |
/// | `comment = "text"` | the table's comment |
/// | `constants = off` | no short constants: only `Homework::c.number` |
/// | `crate = path` | where `orm_core` is, if it was renamed |
///
/// # Attributes of a column
///
/// | attribute | meaning |
/// |---|---|
/// | `primary_key` | part of the primary key; an `Auto` alone is an identity |
/// | `column = "name"` | the column's name; otherwise that of the field |
/// | `length = 40` | `varchar(40)`, for text |
/// | `sql_type = "numeric(10, 2)"` | the type in DDL, where it is not the field's own |
/// | `unique`, `unique(name = "name")` | a `UNIQUE` constraint |
/// | `index`, `index(…)` | an index, with the options of the struct's |
/// | `index = false` | no index on this foreign key |
/// | `default = "sql"` | the column's default; with `Auto`, the server's value is read back |
/// | `generated = "sql"` | a stored generated column; the field is an `Auto` or an `Option` |
/// | `trigger` | a trigger may set it: it is read back with every insert and update, see below |
/// | `check = "sql"`, `check("sql", name = "name")` | a `CHECK` constraint |
/// | `comment = "text"` | the column's comment |
/// | `references = Course::id` | a foreign key |
/// | `on_delete = …`, `on_update = …` | of a foreign key: `cascade`, `restrict`, `set_null`, `set_default` or `no_action` |
/// | `on_update = "sql"` | what every update sets the column to, if the change does not set it: see below |
/// | `deferrable`, `deferrable = deferred` | when the foreign key is checked |
/// | `version` | the row's version, which every update checks and raises |
/// | `sensitive` | kept out of logs |
/// | `embed`, `embed = "prefix_"` | several columns: those of a struct with `#[derive(Embed)]`; their names begin with that of the field and `_`, or with the prefix |
/// | `skip` | no column; the field has its `Default` when a row is read |
/// | `constants = off` | no short constant for this field |
///
/// ## What every update sets
///
/// ```text
/// #[model(default = "now()")]
/// pub created_at: Auto<DateTime<Utc>>,
/// #[model(default = "now()", on_update = "now()")]
/// pub updated_at: Auto<DateTime<Utc>>,
/// ```
///
/// Each update of a row by a flush, and each bulk update, sets the column to the SQL of `on_update` as it stands, unless
/// the change sets the column itself. What the server made is read back with the statement. A row of which nothing changed
/// is not updated, and so keeps its value. An `Auto` needs a `default` beside it, for the insert.
/// An upsert sets it in the rows that it updates; there, the SQL cannot name the row's own columns.
///
/// ## What a trigger sets
///
/// ```text
/// #[model(trigger)]
/// pub slug: Auto<String>,
/// #[model(trigger)]
/// pub email: String,
/// ```
///
/// What a trigger makes of a column, the object has after the flush: each insert and update of the row, also by an upsert, a
/// mark as deleted or a session's bulk operation, reads the column back in the same statement, whether it was given a
/// value or not. An `Auto` need not be given one, nor an `Option`; the trigger finds NULL then, or the `default`. The
/// trigger itself is yours to create, `BEFORE INSERT OR UPDATE … FOR EACH ROW`: what one does `AFTER` a statement is not in
/// what the statement returns. Part of a primary key, generated columns, a version and the column of `soft_delete` cannot be
/// such. What a database's own `ON DELETE` or `ON UPDATE` fires is not read back.
///
/// ## Rows that are marked as deleted
///
/// ```text
/// #[derive(Model, Debug, Clone)]
/// #[model(soft_delete = deleted_at, index(title, unique, where = "deleted_at IS NULL"))]
/// pub struct Note {
///     #[model(primary_key)]
///     pub id: Auto<i32>,
///     pub title: String,
///     pub deleted_at: Option<DateTime<Utc>>,
/// }
/// ```
///
/// - `session.delete(note)` and a bulk `delete()` set the column to `now()`; a version is checked and raised, and what every
///   update sets is set. `session.delete_permanently(note)` and `.delete().permanently()` delete the row.
/// - Queries, joins, relationship predicates, loaded relationships, `get`, bulk updates and deletes leave such rows out.
///   `.with_deleted()` on a query lets them in, in all of it; on a relationship (`Note::author.with_deleted()`) in what it
///   leads to. Where a relationship must lead to an object and the only one is marked, there is an error from an engine, and
///   nothing in the field from a session. A row is brought back by setting the field of such an object to `None`.
/// - The row is still there for the database: no `ON DELETE` of a foreign key is fired, and without `on_parent_delete` the
///   children keep their keys. With `delete`, children are marked where their model says `soft_delete`, and deleted where
///   it does not; with `nullify`, their keys become NULL; with `restrict`, the deletion is refused while there are any.
///   `orphans = delete` marks, too. A row that is really deleted takes its children with it really, also marked ones.
/// - A link of a many-to-many relationship by a model with `soft_delete` is marked when it is taken out. If its two ends are
///   the key of that model, or unique, it is the same row when they are linked again.
/// - The row keeps its unique values: what shall be free again is unique by an index with `where = "… IS NULL"`, as above,
///   and not by `unique`.
///
/// ## Views
///
/// ```text
/// #[derive(Model, Debug, Clone)]
/// #[model(materialized_view = "SELECT course_id, count(*) AS homeworks FROM homework GROUP BY course_id")]
/// #[model(index(course_id, unique))]
/// pub struct CourseStats {
///     #[model(primary_key, references = Course::id)]
///     pub course_id: i32,
///     pub homeworks: i64,
///     #[model(belongs_to = course_id)]
///     pub course: BelongsTo<Course>,
/// }
/// ```
///
/// - It is queried, joined and loaded as a table is, from an engine and from a session. Adding, changing or deleting its
///   objects does not compile, nor does a bulk update or delete; it has no builder.
/// - The primary key is what tells its rows apart; the database does not know it. A key that leads to a table relates the
///   two, and is no constraint.
/// - `create_all` creates the view after all tables if its query is given, unless it is there; `drop_all` drops it before
///   them. Views come after those to which their `references` lead, and otherwise by name. Without a query the view is
///   somebody else's.
/// - A materialized view may have indexes. `engine.refresh_materialized::<CourseStats>()` fills it anew,
///   `refresh_materialized_concurrently` without letting its readers wait.
///
/// # Attributes of a relationship
///
/// | attribute | meaning |
/// |---|---|
/// | `belongs_to = course_id`, `belongs_to = (a, b)` | on `BelongsTo<Course>`: the fields that hold the key |
/// | `has_many = Homework::course` | on `HasMany<Homework>`: the `belongs_to` at the other end |
/// | `has_one = Profile::user` | on `HasOne<Profile>`: the same for one row at most |
/// | `through = (Enrolment::student, Enrolment::course)` | on `HasMany<Course>`: many-to-many by a model with two `belongs_to` |
/// | `through("course_tag", course_id, tag_id)` | on `HasMany<Tag>`: many-to-many by a table without a model |
/// | `back_populates = homeworks` | checks that the other end's relationship is the other side of this one |
/// | `backref = homeworks` | declares `Course::homeworks` without a field there |
/// | `foreign` | declares the `backref` by a trait, `CourseHomeworks`, for a model of another crate |
/// | `order_by = Homework::number`, `order_by = (…, desc(…))` | the order of a loaded collection |
/// | `orphans = delete` or `nullify` | what becomes of a child that is taken out |
/// | `on_parent_delete = delete`, `nullify` or `restrict` | what becomes of the children of a deleted parent |
/// | `constants = off` | no short constant for this field |
#[proc_macro_derive(Model, attributes(model))]
pub fn model(input: TokenStream) -> TokenStream {
    derive_model(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum without values a native PostgreSQL enum, and so a column type.
///
/// ```text
/// #[derive(Enum, Debug, Clone, Copy, PartialEq)]
/// #[model(name = "mood", rename_all = "kebab-case")]
/// enum Mood {
///     VeryHappy,                    // 'very-happy'
///     #[model(rename = "blue")]
///     Sad,
/// }
/// ```
///
/// # Attributes
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `name = "mood"` | enum | the type's name; otherwise that of the enum in snake case |
/// | `schema = "name"` | enum | the schema; otherwise the connection's default |
/// | `rename_all = "…"` | enum | how labels are made: `snake_case` (as it is without), `lowercase`, `UPPERCASE`, `camelCase`, `PascalCase`, `kebab-case`, `SCREAMING_SNAKE_CASE` |
/// | `crate = path` | enum | where `orm_core` is, if it was renamed |
/// | `rename = "label"` | variant | the label |
#[proc_macro_derive(Enum, attributes(model))]
pub fn enumeration(input: TokenStream) -> TokenStream {
    derive_enumeration(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct with one field a column type: on the wire the type inside, in comparisons a type of its own.
///
/// ```text
/// #[derive(Newtype, Debug, Clone, Copy, PartialEq)]
/// struct CourseId(i32);
/// ```
///
/// A `CourseId` is compared with columns of `CourseId` only, and may be a foreign key to them. `From` of the type inside
/// is implemented too.
///
/// # Attributes
///
/// | attribute | meaning |
/// |---|---|
/// | `crate = path` | where `orm_core` is, if it was renamed |
#[proc_macro_derive(Newtype, attributes(model))]
pub fn newtype(input: TokenStream) -> TokenStream {
    derive_newtype(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct of options the changes of a model: what is `None` is left as it is.
///
/// ```text
/// #[derive(Changes, Default, Deserialize)]
/// #[changes(model = Course)]
/// struct CourseChanges {
///     name: Option<String>,
///     note: Option<Option<String>>,     // `Some(None)` writes NULL
/// }
/// ```
///
/// Each field has the name of a field of the model, and is an `Option` of its type, or of what the builder's setter takes
/// for it: `Option<&str>` for a `String`, `Option<i32>` for an `Option<i32>` that is never set to NULL. `session.apply` and
/// a bulk `update` take it.
///
/// # Attributes
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `model = Course` | struct | the model |
/// | `crate = path` | struct | where `orm_core` is, if it was renamed |
/// | `field = name` | field | the model's field, where its name is another |
/// | `skip` | field | no change of the model |
#[proc_macro_derive(Changes, attributes(changes))]
pub fn changes(input: TokenStream) -> TokenStream {
    changes::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Lets a struct be filled from the columns, expressions and relationships of a model: what
/// `query::<Course>().project::<CourseView>()` reads.
///
/// ```text
/// #[derive(Projection, Debug, Serialize)]
/// #[projection(model = Course)]
/// struct CourseView {
///     id: i32,                                              // Course::id
///     #[projection(column = Course::name)]
///     title: String,
///     #[projection(expr = Course::name.like("P%"))]
///     is_python: bool,
///     homeworks: Vec<HomeworkView>,                         // Course::homeworks, in a statement of its own
///     #[projection(relation = Course::homeworks.order_by(Homework::number.desc()).limit(1))]
///     last: Vec<HomeworkView>,
/// }
/// ```
///
/// Only what the fields need is fetched, and the keys by which relationships are found. A field without an attribute is
/// the column or relationship of the model that has its name. Its type is that of the column, an `Option` where it may be
/// NULL (and may be one where it is not). A relationship fills a `Vec` where it leads to many, an `Option` where it may
/// lead to none, and otherwise the struct itself; what is in them is a `Projection` of the model at its end and `Clone`.
///
/// # Tables of joins
///
/// A projection may read more tables than that of its model: those that it names in `join`, and in `left_join` those of
/// which there may be no row, so that their columns fill `Option`s. The query has to join them.
///
/// ```text
/// #[derive(Projection)]
/// #[projection(model = Homework, join(Course), left_join(Person))]
/// struct Line {
///     number: i32,
///     #[projection(column = Course::name)]
///     course: String,
///     #[projection(column = Person::name)]
///     reviewer: Option<String>,
/// }
/// ```
///
/// # Attributes
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `model = Course` | struct | the model |
/// | `join(Homework)` | struct | further tables that the query joins |
/// | `left_join(Person)` | struct | the same, of which there may be no row |
/// | `crate = path` | struct | where `orm_core` is, if it was renamed |
/// | `column = Course::name` | field | the column that it comes from |
/// | `expr = …` | field | an expression over the tables of the projection |
/// | `relation = Course::homeworks` | field | the relationship, or a part of it by `filter`, `order_by` and `limit` |
#[proc_macro_derive(Projection, attributes(projection))]
pub fn projection(input: TokenStream) -> TokenStream {
    derive_projection(&parse_macro_input!(input as DeriveInput)).into()
}

/// What `orm_core::sql!` expands to: it is given the crate and the literal.
#[doc(hidden)]
#[proc_macro]
pub fn sql_of(input: TokenStream) -> TokenStream {
    statement::statement(input.into()).into()
}

/// Makes a struct a composite type of PostgreSQL, and so a column type: several values in one column.
///
/// ```text
/// #[derive(Composite, Debug, Clone, PartialEq)]
/// struct Address {
///     city: String,
///     street: Option<String>,
/// }
/// ```
///
/// `create_all` creates the type (`CREATE TYPE "address" AS ("city" text, "street" text)`) before the tables whose columns
/// are of it, unless it is there. A member is an expression: `Customer::address.member(Address::city).eq("Riga")`. Members
/// are what columns can be, enums and other composite types too; a member that may be NULL is an `Option`, and the database
/// does not see to the others.
///
/// # Attributes
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `name = "address"` | struct | the type's name; otherwise that of the struct in snake case |
/// | `schema = "name"` | struct | the schema; otherwise the connection's default |
/// | `crate = path` | struct | where `orm_core` is, if it was renamed |
/// | `name = "city"` | field | the member's name; otherwise that of the field |
#[proc_macro_derive(Composite, attributes(model))]
pub fn composite(input: TokenStream) -> TokenStream {
    derive_composite(&parse_macro_input!(input as DeriveInput)).into()
}

/// Lets a struct be several columns of each model that has it as a field.
///
/// ```text
/// #[derive(Embed, Debug, Clone, PartialEq)]
/// struct Address {
///     city: String,
///     #[model(length = 10)]
///     zip: Option<String>,
/// }
///
/// #[derive(Model, Debug, Clone)]
/// #[model(index(address.city))]
/// struct Customer {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     #[model(embed)]
///     address: Address,                 // the columns "address_city" and "address_zip"
///     #[model(embed = "bill_")]
///     billing: Option<Address>,         // "bill_city" and "bill_zip", which may be NULL
/// }
/// ```
///
/// The columns are those of any field: `Customer::address.city.eq("Riga")`, and together they are the struct:
/// `Customer::address.eq(address)`, `Customer::address.set(address)`, `select((Customer::id, Customer::address))`. An
/// `Option` is `None` where all of them are NULL, and so a field of the struct must be required. A struct may hold another
/// one by `embed` itself.
///
/// # Attributes
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `crate = path` | struct | where `orm_core` is, if it was renamed |
/// | `column = "name"` | field | the column's name behind the prefix; otherwise that of the field |
/// | `length`, `sql_type`, `default`, `comment`, `sensitive` | field | as in a model |
/// | `embed`, `embed = "prefix_"` | field | it is an embedded struct itself |
#[proc_macro_derive(Embed, attributes(model))]
pub fn embed(input: TokenStream) -> TokenStream {
    derive_embed(&parse_macro_input!(input as DeriveInput)).into()
}

fn derive_composite(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = composite::Composite::from_syn(input, &mut problems);
    match valid::composite(&tree, problems) {
        Ok(()) => expand::composite(&tree),
        Err(refusal) => refused(&refusal, &fallback::scalar(input, tree.orm.as_ref())),
    }
}

fn derive_embed(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = embed::Embed::from_syn(input, &mut problems);
    match valid::embed(&tree, problems) {
        Ok(()) => expand::embed(&tree),
        Err(refusal) => refused(&refusal, &fallback::embed(input, tree.orm.as_ref())),
    }
}

fn derive_projection(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = projection::Projection::from_syn(input, &mut problems);
    match valid::projection(&tree, problems) {
        Ok(()) => expand::projection(&tree, false),
        Err(refusal) => refused(&refusal, &expand::projection(&tree, true)),
    }
}

fn derive_model(input: &DeriveInput) -> Code {
    let mut model = ast::Model::from_syn(input);
    let Err(refusal) = valid::validate(&mut model) else {
        return expand::model(&model);
    };
    let error = refusal.to_compile_error();
    let rest = if model.misfit.is_some() {
        fallback::model(input, &model.attrs.private())
    } else {
        fallback::repair(&mut model);
        expand::model(&model)
    };
    quote!(#error #rest)
}

fn derive_enumeration(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = scalar::Enumeration::from_syn(input, &mut problems);
    match valid::enumeration(&tree, problems) {
        Ok(()) => expand::enumeration(&tree),
        Err(refusal) => refused(&refusal, &fallback::scalar(input, tree.orm.as_ref())),
    }
}

fn derive_newtype(input: &DeriveInput) -> Code {
    let mut problems = attr::Problems::default();
    let tree = scalar::Newtype::from_syn(input, &mut problems);
    match valid::newtype(&tree, problems) {
        Ok(()) => expand::newtype(&tree),
        Err(refusal) => refused(&refusal, &fallback::scalar(input, tree.orm.as_ref())),
    }
}

fn refused(refusal: &syn::Error, fallback: &Code) -> Code {
    let error = refusal.to_compile_error();
    quote!(#error #fallback)
}
