//! Every type of field: what is written is what is read, to the ends of its range.

mod round_trip;

mod a_newtype_is_a_key;
mod a_sql_type_overrides_the_fields_own;
mod a_type_of_ones_own_is_a_field;
mod a_value_of_another_crate_is_a_field;
mod an_array_is_a_field;
mod an_enum_has_its_labels;
mod auto_is_serialized;
mod builtin_types_keep_their_values;
mod ranges_networks_and_documents_keep_their_values;
mod values_that_do_not_fit_are_refused;
