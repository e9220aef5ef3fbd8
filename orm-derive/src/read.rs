//! From words to the fields of the tree: which word has which value.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Lit, LitStr};

use crate::ast::{
    Check, ColumnAttrs, Embedding, Field, Index, Listed, Listing, ModelAttrs, OrderTerm, RelationAttrs, Through, View,
};
use crate::attr::{Arg, Member, Reader, Value, Word, as_ident, as_text, equals, strip_group};
use crate::symbol::{
    BACK_POPULATES, BACKREF, BELONGS_TO, CHECK, COLUMN, COMMENT, CONSTANTS, CRATE, DEFAULT, DEFERRABLE, EMBED, FOREIGN,
    GENERATED, HAS_MANY, HAS_ONE, INDEX, LENGTH, MATERIALIZED_VIEW, NAME, ON_DELETE, ON_PARENT_DELETE, ON_UPDATE,
    ORDER_BY, ORPHANS, PRIMARY_KEY, REFERENCES, SCHEMA, SENSITIVE, SKIP, SOFT_DELETE, SQL_TYPE, TABLE, THROUGH,
    TRIGGER, UNIQUE, USING, VERSION, VIEW, WHERE,
};

const ACTIONS: &[&str] = &["cascade", "restrict", "set_null", "set_default", "no_action"];

impl ModelAttrs {
    pub(crate) fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            TABLE => self.table = reader.text(word),
            SCHEMA => self.schema = reader.text(word),
            PRIMARY_KEY => self.primary_key = listing(word, reader).filter(|listing| unnamed(listing, word, reader)),
            UNIQUE => self.uniques.extend(listing(word, reader)),
            INDEX => self.indexes.extend(index(word, reader)),
            CHECK => self.checks.extend(check(word, reader)),
            SOFT_DELETE => self.soft_delete = reader.ident(word),
            VIEW | MATERIALIZED_VIEW => view(word, reader, &mut self.view),
            COMMENT => self.comment = reader.text(word),
            CONSTANTS => self.constants_off = reader.choice(word, &["off"]),
            CRATE => self.orm = reader.path(word),
            _ => {}
        }
    }
}

impl Field {
    pub(crate) fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            CONSTANTS => self.constants_off = reader.choice(word, &["off"]),
            SKIP => self.skip = reader.flag(word),
            EMBED => self.embed = embed(word, reader),
            _ => {
                self.column.word(word, reader);
                self.relation.word(word, reader);
            }
        }
    }
}

impl ColumnAttrs {
    fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            PRIMARY_KEY => self.primary_key = reader.flag(word),
            COLUMN => self.name = reader.text(word),
            LENGTH => self.length = reader.number(word),
            SQL_TYPE => self.sql_type = reader.text(word),
            UNIQUE => self.unique = field_unique(word, reader),
            INDEX if is_false(word) => self.index_off = Some(word.name.clone()),
            INDEX => self.index = field_index(word, reader),
            DEFAULT => self.default = reader.text(word),
            CHECK => self.check = check(word, reader),
            COMMENT => self.comment = reader.text(word),
            REFERENCES => self.references = reader.member(word),
            ON_DELETE => self.on_delete = reader.choice(word, ACTIONS),
            ON_UPDATE if is_text(word) => self.touch = reader.text(word),
            ON_UPDATE => self.on_update = reader.choice(word, ACTIONS),
            DEFERRABLE => self.deferrable = deferrable(word, reader),
            VERSION => self.version = reader.flag(word),
            SENSITIVE => self.sensitive = reader.flag(word),
            GENERATED => self.generated = reader.text(word),
            TRIGGER => self.trigger = reader.flag(word),
            _ => {}
        }
    }
}

impl RelationAttrs {
    fn word(&mut self, word: &Word, reader: &mut Reader<'_>) {
        match word.text().as_str() {
            HAS_MANY => self.has_many = reader.member(word),
            HAS_ONE => self.has_one = reader.member(word),
            BELONGS_TO => self.belongs_to = reader.idents(word),
            THROUGH => self.through = through(word, reader),
            BACK_POPULATES => self.back_populates = reader.ident(word),
            BACKREF => self.backref = reader.ident(word),
            FOREIGN => self.foreign = reader.flag(word),
            ORDER_BY => self.order_by = order_by(word, reader),
            ORPHANS => self.orphans = reader.choice(word, &["delete", "nullify"]),
            ON_PARENT_DELETE => self.on_parent_delete = reader.choice(word, &["delete", "nullify", "restrict"]),
            _ => {}
        }
    }
}

/// `embed` or `embed = "prefix_"`
fn embed(word: &Word, reader: &mut Reader<'_>) -> Option<Embedding> {
    match word.value {
        Value::Nothing => Some(Embedding { prefix: None }),
        _ => reader.text(word).map(|prefix| Embedding { prefix: Some(prefix) }),
    }
}

/// `word` or `word = "sql"`
fn view(word: &Word, reader: &mut Reader<'_>, view: &mut Option<View>) {
    let sql = match word.value {
        Value::Nothing => None,
        _ => match reader.text(word) {
            Some(sql) => Some(sql),
            None => return,
        },
    };
    if view.is_some() {
        reader.problems.at(&word.name, "a model is of one kind; keep one of `view` and `materialized_view`");
        return;
    }
    *view = Some(View { materialized: word.text() == MATERIALIZED_VIEW, sql });
}

fn is_false(word: &Word) -> bool {
    matches!(equals(word), Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) if !value.value)
}

/// `word = "text"`, which for some words means something else than `word = name`.
fn is_text(word: &Word) -> bool {
    equals(word).and_then(as_text).is_some()
}

fn unnamed(listing: &Listing, word: &Word, reader: &mut Reader<'_>) -> bool {
    if listing.name.is_some() {
        reader.shape(word);
    }
    listing.name.is_none()
}

/// `word(field, field, name = "…")`
fn listing(word: &Word, reader: &mut Reader<'_>) -> Option<Listing> {
    let index = options(word, reader)?;
    let plain = !index.unique && index.using.is_none() && index.predicate.is_none();
    if !plain || index.listing.fields.is_empty() {
        reader.shape(word);
        return None;
    }
    Some(index.listing)
}

/// `index(field, field, …)`
fn index(word: &Word, reader: &mut Reader<'_>) -> Option<Index> {
    let index = options(word, reader)?;
    if index.listing.fields.is_empty() {
        reader.shape(word);
        return None;
    }
    Some(index)
}

/// `unique` or `unique(name = "…")`
fn field_unique(word: &Word, reader: &mut Reader<'_>) -> Option<Listing> {
    let index = field_index(word, reader)?;
    if index.unique || index.using.is_some() || index.predicate.is_some() {
        reader.shape(word);
        return None;
    }
    Some(index.listing)
}

/// `index` or `index(unique, …)`
fn field_index(word: &Word, reader: &mut Reader<'_>) -> Option<Index> {
    let index = match word.value {
        Value::Nothing => Index::new(word),
        _ => options(word, reader)?,
    };
    if !index.listing.fields.is_empty() {
        reader.shape(word);
        return None;
    }
    Some(index)
}

impl Index {
    fn new(word: &Word) -> Self {
        let listing = Listing { word: word.name.clone(), fields: Vec::new(), name: None };
        Self { listing, unique: false, using: None, predicate: None }
    }

    /// Takes one member of the list; tells whether it is one.
    fn arg(&mut self, arg: &Arg) -> bool {
        let word = match arg {
            Arg::Word(word) => word,
            Arg::Value(path) => {
                let listed = listed(path);
                let is_listed = listed.is_some();
                self.listing.fields.extend(listed);
                return is_listed;
            }
        };
        match &word.value {
            Value::Nothing if word.text() == UNIQUE && self.listing.word == INDEX => self.unique = true,
            Value::Nothing => self.listing.fields.push(Listed::of(&word.name)),
            Value::List(_) => return false,
            Value::Equals(value) => {
                let slot = match word.text().as_str() {
                    NAME => &mut self.listing.name,
                    USING => &mut self.using,
                    WHERE => &mut self.predicate,
                    _ => return false,
                };
                let text = as_text(value);
                if slot.is_some() || text.is_none() {
                    return false;
                }
                *slot = text;
            }
        }
        true
    }
}

/// `field.inside`
fn listed(path: &Expr) -> Option<Listed> {
    let Expr::Field(access) = strip_group(path) else {
        return as_ident(path).map(|field| Listed::of(&field));
    };
    let syn::Member::Named(name) = &access.member else { return None };
    let mut listed = listed(&access.base)?;
    listed.inside.push(name.clone());
    Some(listed)
}

/// The members of a list: fields, `unique`, and words with texts.
fn options(word: &Word, reader: &mut Reader<'_>) -> Option<Index> {
    let mut index = Index::new(word);
    match &word.value {
        Value::List(args) if args.iter().all(|arg| index.arg(arg)) => Some(index),
        _ => {
            reader.shape(word);
            None
        }
    }
}

/// `check("sql")`, `check("sql", name = "…")`, and on a field `check = "sql"`
fn check(word: &Word, reader: &mut Reader<'_>) -> Option<Check> {
    let read = match &word.value {
        Value::Equals(sql) => as_text(sql).map(|sql| Check { sql, name: None }),
        Value::List(args) => match args.as_slice() {
            [Arg::Value(sql)] => as_text(sql).map(|sql| Check { sql, name: None }),
            [Arg::Value(sql), Arg::Word(name)] if name.text() == NAME => {
                as_text(sql).zip(equals(name).and_then(as_text)).map(|(sql, name)| Check { sql, name: Some(name) })
            }
            _ => None,
        },
        Value::Nothing => None,
    };
    if read.is_none() {
        reader.shape(word);
    }
    read
}

/// `deferrable`, `deferrable = immediate` or `deferrable = deferred`
fn deferrable(word: &Word, reader: &mut Reader<'_>) -> Option<Ident> {
    match word.value {
        Value::Nothing => Some(Ident::new("immediate", word.name.span())),
        _ => reader.choice(word, &["immediate", "deferred"]),
    }
}

/// `order_by = Model::field`, `order_by = (Model::field, desc(Model::field))`
fn order_by(word: &Word, reader: &mut Reader<'_>) -> Option<Vec<OrderTerm>> {
    let terms = match equals(word) {
        Some(Expr::Tuple(tuple)) if !tuple.elems.is_empty() => tuple.elems.iter().map(order_term).collect(),
        Some(Expr::Paren(paren)) => order_term(&paren.expr).map(|term| vec![term]),
        Some(value) => order_term(value).map(|term| vec![term]),
        None => None,
    };
    if terms.is_none() {
        reader.shape(word);
    }
    terms
}

fn order_term(value: &Expr) -> Option<OrderTerm> {
    let value = strip_group(value);
    let Expr::Call(call) = value else {
        return Member::of(value).map(|column| OrderTerm { column, descending: false });
    };
    let descending = match as_ident(&call.func)?.to_string().as_str() {
        "desc" => true,
        "asc" => false,
        _ => return None,
    };
    match (call.args.len(), call.args.first()) {
        (1, Some(column)) => Member::of(column).map(|column| OrderTerm { column, descending }),
        _ => None,
    }
}

/// `through = (Model::field, Model::field)` or `through("table", column, column)`
fn through(word: &Word, reader: &mut Reader<'_>) -> Option<Through> {
    let through = match &word.value {
        Value::Equals(value) => through_model(strip_group(value)),
        Value::List(args) => match args.as_slice() {
            [Arg::Value(table), local, remote] => through_table(table, local, remote),
            _ => None,
        },
        Value::Nothing => None,
    };
    if through.is_none() {
        reader.shape(word);
    }
    through
}

fn through_model(value: &Expr) -> Option<Through> {
    let Expr::Tuple(tuple) = value else {
        return None;
    };
    let ends = tuple.elems.iter().map(Member::of).collect::<Option<Vec<_>>>()?;
    let [local, remote] = <[Member; 2]>::try_from(ends).ok()?;
    Some(Through::Model { local: Box::new(local), remote: Box::new(remote) })
}

fn through_table(table: &Expr, local: &Arg, remote: &Arg) -> Option<Through> {
    Some(Through::Bare { table: as_text(table)?, local: column_names(local)?, remote: column_names(remote)? })
}

fn column_names(arg: &Arg) -> Option<Vec<LitStr>> {
    match arg {
        Arg::Word(Word { name, value: Value::Nothing }) => Some(vec![ident_text(name)]),
        Arg::Word(_) => None,
        Arg::Value(Expr::Array(names)) if !names.elems.is_empty() => names.elems.iter().map(column_name).collect(),
        Arg::Value(name) => column_name(name).map(|name| vec![name]),
    }
}

fn column_name(name: &Expr) -> Option<LitStr> {
    as_text(name).or_else(|| as_ident(name).map(|name| ident_text(&name)))
}

fn ident_text(name: &Ident) -> LitStr {
    LitStr::new(&name.unraw().to_string(), name.span())
}
