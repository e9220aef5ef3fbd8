//! The unit of work, seen from outside: what is sent, what is stored, and what the objects are afterwards.

mod histories;
mod models;

mod a_dropped_future_leaves_nothing_half_done;
mod a_failed_flush_leaves_the_session_as_it_was;
mod a_key_or_a_value_changes_hands;
mod a_new_graph_is_added_from_either_side;
mod autoflush_lets_queries_see_what_is_pending;
mod both_sides_of_a_relationship_agree;
mod bulk_operations_bring_objects_in_line;
mod children_follow_their_deleted_parents;
mod circles_and_trees_are_put_in_order;
mod deleted_objects_leave_the_session;
mod each_object_gets_its_own_key;
mod handles_lead_to_objects;
mod objects_are_read_anew;
mod one_row_is_one_object;
mod only_what_changed_is_sent;
mod orphans_follow_their_rule;
mod programs_of_the_sketch_run;
mod relationships_are_loaded_for_many_at_once;
mod rolling_back_restores_the_objects;
mod savepoints_are_taken_back_alone;
mod the_lesson_runs_step_by_step;
mod transactions_are_run_again_when_they_lose;
