//! The checks: the only place that refuses a model.

use crate::ast::Model;

/// All that is wrong with a model, as one error.
pub(crate) fn validate(model: &mut Model) -> syn::Result<()> {
    let mut problems = crate::attr::Problems::default();
    for problem in std::mem::take(&mut model.problems) {
        problems.push(problem);
    }
    if let Some(m) = model.misfit.take() { problems.push(m); }
    problems.into_result()
}
