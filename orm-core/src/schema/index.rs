//! Unique constraints, check constraints and indexes as data.

/// `UNIQUE (…)`.
#[derive(Debug, Clone, Copy)]
pub struct UniqueDef {
    /// The columns' names.
    pub columns: &'static [&'static str],
    /// The constraint's name, if it was given one.
    pub name: Option<&'static str>,
}

/// `CHECK (…)`.
#[derive(Debug, Clone, Copy)]
pub struct CheckDef {
    /// The condition, as SQL.
    pub sql: &'static str,
    /// The constraint's name, if it was given one.
    pub name: Option<&'static str>,
    /// The column whose attribute it is, for its default name.
    pub column: Option<&'static str>,
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, Copy)]
pub struct IndexDef {
    /// The columns' names.
    pub columns: &'static [&'static str],
    /// The index's name, if it was given one.
    pub name: Option<&'static str>,
    /// Whether it is `UNIQUE`.
    pub unique: bool,
    /// The access method, `btree` unless said otherwise.
    pub using: Option<&'static str>,
    /// The predicate of a partial index, as SQL.
    pub predicate: Option<&'static str>,
}
