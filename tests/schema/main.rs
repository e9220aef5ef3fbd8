//! What the attributes of a model become in the database: the text of the DDL, and its effect in the catalog.

#![allow(clippy::duplicated_attributes, reason = "two lists that begin with the same column are no mistake")]

mod a_column_has_what_its_attributes_say;
mod a_foreign_key_column_is_indexed;
mod a_table_has_what_its_attributes_say;
mod a_table_that_is_referenced_must_be_there;
mod any_name_works;
mod creating_twice_changes_nothing;
mod cyclic_tables_are_created_and_dropped;
mod dropping_passes_over_what_is_not_there;
mod enums_are_created_once;
mod generated_names_are_those_of_postgresql;
mod generated_names_never_clash;
mod link_tables_are_created_with_their_ends;
mod models_can_be_sent;
mod schemas_are_created;
mod tables_are_created_in_foreign_key_order;
mod the_server_may_make_a_key;
