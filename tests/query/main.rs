//! Queries: the text that they become, and what they give from an engine and from a session.

#[path = "../session/models.rs"]
mod models;
