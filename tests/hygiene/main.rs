//! Generated code among names, lints and visibilities of all kinds.

#![deny(missing_docs)]
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(unreachable_pub, reason = "nobody reaches into a test; the crates outside see to public items")]

mod a_crate_outside_the_workspace_builds;
mod lints_are_silent;
mod names_of_the_user_do_not_disturb;
mod visibility_is_that_of_the_fields;
