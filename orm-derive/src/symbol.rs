//! The words of the attributes, each named once, and how each is written in each place.

pub(crate) const MODEL: &str = "model";
pub(crate) const PROJECTION: &str = "projection";

pub(crate) const BACK_POPULATES: &str = "back_populates";
pub(crate) const BACKREF: &str = "backref";
pub(crate) const BELONGS_TO: &str = "belongs_to";
pub(crate) const CHECK: &str = "check";
pub(crate) const COLUMN: &str = "column";
pub(crate) const COMMENT: &str = "comment";
pub(crate) const CONSTANTS: &str = "constants";
pub(crate) const CRATE: &str = "crate";
pub(crate) const DEFAULT: &str = "default";
pub(crate) const DEFERRABLE: &str = "deferrable";
pub(crate) const EMBED: &str = "embed";
pub(crate) const EXPR: &str = "expr";
pub(crate) const FOREIGN: &str = "foreign";
pub(crate) const GENERATED: &str = "generated";
pub(crate) const HAS_MANY: &str = "has_many";
pub(crate) const HAS_ONE: &str = "has_one";
pub(crate) const INDEX: &str = "index";
pub(crate) const JOIN: &str = "join";
pub(crate) const LEFT_JOIN: &str = "left_join";
pub(crate) const LENGTH: &str = "length";
pub(crate) const MATERIALIZED_VIEW: &str = "materialized_view";
pub(crate) const NAME: &str = "name";
pub(crate) const ON_DELETE: &str = "on_delete";
pub(crate) const ON_PARENT_DELETE: &str = "on_parent_delete";
pub(crate) const ON_UPDATE: &str = "on_update";
pub(crate) const ORDER_BY: &str = "order_by";
pub(crate) const ORPHANS: &str = "orphans";
pub(crate) const PRIMARY_KEY: &str = "primary_key";
pub(crate) const REFERENCES: &str = "references";
pub(crate) const RELATION: &str = "relation";
pub(crate) const RENAME: &str = "rename";
pub(crate) const RENAME_ALL: &str = "rename_all";
pub(crate) const SCHEMA: &str = "schema";
pub(crate) const SENSITIVE: &str = "sensitive";
pub(crate) const SKIP: &str = "skip";
pub(crate) const SOFT_DELETE: &str = "soft_delete";
pub(crate) const SQL_TYPE: &str = "sql_type";
pub(crate) const TABLE: &str = "table";
pub(crate) const THROUGH: &str = "through";
pub(crate) const TRIGGER: &str = "trigger";
pub(crate) const UNIQUE: &str = "unique";
pub(crate) const USING: &str = "using";
pub(crate) const VERSION: &str = "version";
pub(crate) const VIEW: &str = "view";
pub(crate) const WHERE: &str = "where";

/// The names of the model's own constants and functions.
pub(crate) const RESERVED: &[&str] = &["c", "TABLE", "builder"];

/// A place where words may stand: what it is called in messages, and its words with the form of each.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) words: &'static [(&'static str, &'static str)],
}

impl Place {
    /// How a word is written here.
    pub(crate) fn form(&self, word: &str) -> Option<&'static str> {
        self.words.iter().find(|(name, _)| *name == word).map(|(_, form)| *form)
    }
}

pub(crate) const ON_STRUCT: Place = Place {
    name: "the struct",
    words: &[
        (TABLE, "table = \"name\""),
        (SCHEMA, "schema = \"name\""),
        (PRIMARY_KEY, "primary_key(field, field)"),
        (UNIQUE, "unique(field, field)` or `unique(field, field, name = \"name\")"),
        (INDEX, "index(field, field)`, also with `unique`, `using = \"gin\"`, `where = \"sql\"`, `name = \"name\""),
        (CHECK, "check(\"sql\")` or `check(\"sql\", name = \"name\")"),
        (SOFT_DELETE, "soft_delete = field"),
        (VIEW, "view` or `view = \"SELECT …\""),
        (MATERIALIZED_VIEW, "materialized_view` or `materialized_view = \"SELECT …\""),
        (COMMENT, "comment = \"text\""),
        (CONSTANTS, "constants = off"),
        (CRATE, "crate = path"),
    ],
};

pub(crate) const ON_COLUMN: Place = Place {
    name: "a column",
    words: &[
        (PRIMARY_KEY, "primary_key"),
        (COLUMN, "column = \"name\""),
        (LENGTH, "length = 40"),
        (SQL_TYPE, "sql_type = \"numeric(10, 2)\""),
        (UNIQUE, "unique` or `unique(name = \"name\")"),
        (INDEX, "index`, `index = false` or `index(unique, using = \"gin\", where = \"sql\", name = \"name\")"),
        (DEFAULT, "default = \"sql\""),
        (CHECK, "check = \"sql\"` or `check(\"sql\", name = \"name\")"),
        (COMMENT, "comment = \"text\""),
        (REFERENCES, "references = Model::field"),
        (ON_DELETE, "on_delete = cascade`, `restrict`, `set_null`, `set_default` or `no_action"),
        (
            ON_UPDATE,
            "on_update = \"sql\"`, or of a foreign key `on_update = cascade`, `restrict`, `set_null`, `set_default` or `no_action",
        ),
        (DEFERRABLE, "deferrable`, `deferrable = immediate` or `deferrable = deferred"),
        (VERSION, "version"),
        (SENSITIVE, "sensitive"),
        (GENERATED, "generated = \"sql\""),
        (TRIGGER, "trigger"),
        (EMBED, "embed` or `embed = \"prefix_\""),
        (SKIP, "skip"),
        (CONSTANTS, "constants = off"),
    ],
};

pub(crate) const ON_RELATIONSHIP: Place = Place {
    name: "a relationship",
    words: &[
        (HAS_MANY, "has_many = Model::field"),
        (HAS_ONE, "has_one = Model::field"),
        (BELONGS_TO, "belongs_to = field` or `belongs_to = (field, field)"),
        (THROUGH, "through = (Model::field, Model::field)` or `through(\"table\", column, column)"),
        (BACK_POPULATES, "back_populates = field"),
        (BACKREF, "backref = name"),
        (FOREIGN, "foreign"),
        (ORDER_BY, "order_by = Model::field` or `order_by = (Model::field, desc(Model::field))"),
        (ORPHANS, "orphans = delete` or `orphans = nullify"),
        (ON_PARENT_DELETE, "on_parent_delete = delete`, `nullify` or `restrict"),
        (CONSTANTS, "constants = off"),
    ],
};

pub(crate) const ON_ENUM: Place = Place {
    name: "the enum",
    words: &[
        (NAME, "name = \"name\""),
        (SCHEMA, "schema = \"name\""),
        (RENAME_ALL, "rename_all = \"snake_case\""),
        (CRATE, "crate = path"),
    ],
};

pub(crate) const ON_VARIANT: Place = Place { name: "a variant", words: &[(RENAME, "rename = \"label\"")] };

pub(crate) const ON_NEWTYPE: Place = Place { name: "the newtype", words: &[(CRATE, "crate = path")] };

pub(crate) const ON_PROJECTION: Place = Place {
    name: "the projection",
    words: &[
        (MODEL, "model = Model"),
        (JOIN, "join(Model, Model)"),
        (LEFT_JOIN, "left_join(Model, Model)"),
        (CRATE, "crate = path"),
    ],
};

pub(crate) const ON_PROJECTED: Place = Place {
    name: "a field of a projection",
    words: &[
        (COLUMN, "column = Model::field"),
        (EXPR, "expr = Model::field.method(…)"),
        (RELATION, "relation = Model::field"),
    ],
};

pub(crate) const ON_COMPOSITE: Place = Place {
    name: "the composite type",
    words: &[(NAME, "name = \"name\""), (SCHEMA, "schema = \"name\""), (CRATE, "crate = path")],
};

pub(crate) const ON_MEMBER: Place = Place { name: "a member of a composite type", words: &[(NAME, "name = \"name\"")] };

pub(crate) const ON_EMBED: Place = Place { name: "the embedded struct", words: &[(CRATE, "crate = path")] };

pub(crate) const ON_EMBEDDED: Place = Place {
    name: "a field of an embedded struct",
    words: &[
        (COLUMN, "column = \"name\""),
        (LENGTH, "length = 40"),
        (SQL_TYPE, "sql_type = \"numeric(10, 2)\""),
        (DEFAULT, "default = \"sql\""),
        (COMMENT, "comment = \"text\""),
        (SENSITIVE, "sensitive"),
        (EMBED, "embed` or `embed = \"prefix_\""),
    ],
};
