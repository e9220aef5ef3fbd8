//! The engine, and bad input of every kind: the kind of error, and that its message names what it is about and no value.

mod said;

mod a_broken_connection_is_replaced;
mod a_connection_string_is_checked;
mod a_constraint_that_is_violated_is_named;
mod a_long_text_is_refused_before_it_is_sent;
mod a_null_that_the_field_cannot_hold_is_named;
mod a_prepare_that_was_given_up;
mod a_recording_has_what_was_sent;
mod a_server_that_cannot_be_reached_is_named;
mod a_table_that_is_not_as_the_model_is_named;
mod an_altered_table_is_met_with_a_prepared_statement;
mod settings_reach_the_server;
mod tables_change_while_others_ask;
mod the_pool_has_its_limits;
