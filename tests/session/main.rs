//! The unit of work, seen from outside: what is sent, what is stored, and what the objects are afterwards.

mod models;

mod the_lesson_runs_step_by_step;
