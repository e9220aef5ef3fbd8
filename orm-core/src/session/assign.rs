//! Columns that are assigned SQL expressions.

use super::Session;
use super::arena::SlotState;
use crate::compile::check_value;
use crate::error::{Error, Result};
use crate::schema::{ColumnDef, Handle, Model, TableDef, Writable};
use crate::sql::{Assignments, Node};

impl Session {
    /// Assigns SQL expressions to columns of an object that has a row: the next flush writes them, and the values that the
    /// server makes of them are on the object afterwards. Until then its fields are what they were.
    ///
    /// An expression wins over a value that is given to the field; a later one wins over an earlier one.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Post { #[model(primary_key)] id: Auto<i32>, views: i64 }
    /// # async fn demo(session: &mut Session, post: Handle<Post>) -> orm_core::Result<()> {
    /// session.set(post, Post::views.set(Post::views + 1))?;
    /// session.commit().await?;
    /// println!("{} views", session[post].views);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// UPDATE "post" SET "views" = "post"."views" + $1 WHERE "id" = $2 RETURNING "views"
    /// ```
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an object without a row, and for a column that only the server or the
    /// session writes; [`Detached`](crate::ErrorKind::Detached) if the object is gone;
    /// [`Encode`](crate::ErrorKind::Encode) for a value that the column cannot hold. Nothing is assigned then.
    pub fn set<M, A, I>(&mut self, handle: Handle<M>, assignments: A) -> Result<()>
    where
        M: Model + Writable,
        A: Assignments<M, (M, ()), I>,
    {
        let row = self.inner.row(handle)?;
        let table = M::table();
        if self.inner.state(row) != SlotState::Persistent {
            let message = format!("an object of `{}` without a row cannot be set to an expression", table.model);
            return Err(Error::invalid(message).with_model(table.model));
        }
        let mut given = Vec::new();
        assignments.into_assignments(&mut given);
        let checked = given.into_iter().map(|(column, node)| check(table, column, node)).collect::<Result<Vec<_>>>()?;
        self.inner.arenas[row.arena].touch(row.slot);
        let assigned = self.inner.assigned.entry(row).or_default();
        for (column, node) in checked {
            assigned.retain(|(other, _)| *other != column);
            assigned.push((column, node));
        }
        Ok(())
    }
}

fn check(table: &'static TableDef, column: &'static ColumnDef, node: Node) -> Result<(usize, Node)> {
    let index = table.column_index(column.name).filter(|_| column.generated.is_none() && !column.version);
    let Some(index) = index else {
        let message = format!("column `{}.{}` is not one to be set", table.display_name(), column.name);
        let error = Error::invalid(message).with_model(table.model).with_table(table.display_name());
        return Err(error.with_column(column.name));
    };
    if let Node::Param(value) = &node {
        check_value(table, column, value)?;
    }
    Ok((index, node))
}
