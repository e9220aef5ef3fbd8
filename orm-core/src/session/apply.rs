//! Changes that are given to an object as a struct.

use super::Session;
use crate::compile::check_value;
use crate::error::{Error, Result};
use crate::schema::{Handle, Model, Writable, store_cells};
use crate::sql::{ChangeSet, Changes};

impl Session {
    /// Gives an object the changes of a struct: the fields that are set, as if each were assigned. The next flush writes
    /// what differs then; a change to the value that is there is none.
    ///
    /// ```no_run
    /// # use orm_core::prelude::*;
    /// # #[derive(Model, Debug, Clone)]
    /// # struct Course { #[model(primary_key)] id: Auto<i32>, name: String, note: Option<String> }
    /// #[derive(Changes)]
    /// #[changes(model = Course)]
    /// struct CourseChanges {
    ///     name: Option<String>,
    ///     note: Option<Option<String>>,
    /// }
    ///
    /// # async fn demo(session: &mut Session, course: Handle<Course>) -> orm_core::Result<()> {
    /// session.apply(course, CourseChanges { name: None, note: Some(None) })?;
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # SQL
    ///
    /// ```sql
    /// UPDATE "course" SET "note" = $1 WHERE "id" = $2
    /// ```
    ///
    /// # Errors
    ///
    /// [`Detached`](crate::ErrorKind::Detached) if the object is gone, [`Encode`](crate::ErrorKind::Encode) for a value that
    /// a column cannot hold, [`Invalid`](crate::ErrorKind::Invalid) for a column that only the server or the session
    /// writes. Nothing is changed then.
    pub fn apply<C: Changes>(&mut self, handle: Handle<C::Model>, changes: C) -> Result<()>
    where
        C::Model: Writable,
    {
        let table = C::Model::table();
        let object = self.try_get_mut(handle)?;
        let mut found = Vec::new();
        for (column, value) in ChangeSet::of(changes) {
            let index = table.column_index(column.name).filter(|_| column.generated.is_none() && !column.version);
            let Some(index) = index else {
                let message = format!("column `{}.{}` is not one to be changed", table.display_name(), column.name);
                let error = Error::invalid(message).with_model(table.model).with_table(table.display_name());
                return Err(error.with_column(column.name));
            };
            check_value(table, column, &value)?;
            found.push((index, value));
        }
        // All of them are decoded on a copy first, so that a refusal leaves the object as it is.
        let mut changed = object.clone();
        store_cells(&mut changed, found.iter().map(|(index, value)| (*index, value.as_bytes())))
            .map_err(|(column, reason)| table.decode_error(column, reason))?;
        *object = changed;
        Ok(())
    }
}
