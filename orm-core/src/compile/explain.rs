//! `EXPLAIN` around a statement, and what takes back what it did.

use super::Compiled;

/// Around what is explained by running it inside of a transaction that is open already.
pub(crate) const KEEP_BEFORE_EXPLAINED: &str = "SAVEPOINT \"orm_explain\"";
pub(crate) const FORGET_EXPLAINED: &str = "ROLLBACK TO SAVEPOINT \"orm_explain\"; RELEASE SAVEPOINT \"orm_explain\"";

/// What a plan is to tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ExplainOptions {
    /// Whether the statement is run.
    pub(crate) analyze: bool,
    pub(crate) verbose: bool,
    pub(crate) buffers: bool,
    pub(crate) settings: bool,
    pub(crate) without_costs: bool,
    pub(crate) without_timing: bool,
    /// Whether it is told in JSON, and not in words.
    pub(crate) json: bool,
}

impl Compiled {
    /// The statement that asks for this one's plan. Its parameters are the same: the server plans for their values.
    pub(crate) fn explained(mut self, options: ExplainOptions) -> Self {
        let chosen = [
            (options.analyze, "ANALYZE"),
            (options.verbose, "VERBOSE"),
            (options.buffers, "BUFFERS"),
            (options.settings, "SETTINGS"),
            (options.without_costs, "COSTS false"),
            (options.analyze && options.without_timing, "TIMING false"),
            (options.json, "FORMAT JSON"),
        ];
        let mut sql = String::from("EXPLAIN ");
        for (i, (_, word)) in chosen.iter().filter(|(is_chosen, _)| *is_chosen).enumerate() {
            sql.push_str(if i == 0 { "(" } else { ", " });
            sql.push_str(word);
        }
        if chosen.iter().any(|(is_chosen, _)| *is_chosen) {
            sql.push_str(") ");
        }
        sql.push_str(&self.sql);
        self.sql = sql;
        self.columns.clear();
        self
    }
}
