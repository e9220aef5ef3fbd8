//! Whether a model can be sent to another thread is not asked of the models that it leads to: a crate's models are often
//! one net, and a long way through it would be more than the compiler follows.

use orm_core::prelude::*;

/// What no other thread may have.
struct Unsent(#[expect(dead_code, reason = "it is there for its type")] *const u8);

const fn is_sent<T: Send + Sync>() {}

#[test]
fn a_relationship_is_sent_whatever_its_model_is() {
    const {
        is_sent::<BelongsTo<Unsent>>();
        is_sent::<HasOne<Unsent>>();
        is_sent::<HasMany<Unsent>>();
    }
}
