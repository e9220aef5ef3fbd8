//! Composite types.

use super::names::{fault, given};
use crate::attr::Problems;
use crate::composite::Composite;
use crate::infer::is_auto;

/// Whether the struct can be a composite type as it stands.
pub(crate) fn composite(input: &Composite, mut problems: Problems) -> syn::Result<()> {
    if !input.is_struct || input.members.is_empty() {
        let message = "a composite type is a struct with named fields; write `struct Address { city: String }`";
        problems.at(&input.ident, message);
        return problems.into_result();
    }
    if !input.generics.params.is_empty() {
        let message = "a composite type has no type parameters, constants or lifetimes; remove them";
        problems.at(&input.generics, message);
    }
    let members = input.members.iter().filter_map(|member| member.name.as_ref());
    for name in input.name.iter().chain(&input.schema).chain(members) {
        given(name, &mut problems);
    }
    if let (None, Some(fault)) = (&input.name, fault(&input.type_name())) {
        problems.at(&input.ident, format!("{fault} by `name = \"…\"`"));
    }
    for (index, member) in input.members.iter().enumerate() {
        let name = member.member_name();
        if input.members[..index].iter().any(|other| other.member_name() == name) {
            problems.at(&member.ident, format!("two fields are the member `{name}`; name one by `name = \"…\"`"));
        }
        if is_auto(&member.ty) {
            problems.at(&member.ty, "the server makes no member of a value; take the type out of the `Auto`");
        }
    }
    problems.into_result()
}
