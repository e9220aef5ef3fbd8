//! `sql!`: a literal becomes the pieces of a statement, and what stands in its braces parameters.

mod scan;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, LitStr, Token};

use crate::attr::{as_text, strip_group};
use scan::Piece;

/// What the macro is given: the crate that its code names, and the literal.
struct Input {
    orm: TokenTree,
    literal: LitStr,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let orm = input.parse()?;
        input.parse::<Token![,]>()?;
        if input.is_empty() {
            return Err(syn::Error::new(Span::call_site(), "`sql!` takes a statement; write it as a literal"));
        }
        Ok(Self { orm, literal: literal(input)? })
    }
}

fn literal(input: ParseStream<'_>) -> syn::Result<LitStr> {
    const NO_LITERAL: &str = "`sql!` takes a string literal and nothing else, so that no value becomes SQL; \
                              put values into its braces, `\"… where id = {id}\"`";
    let rest: TokenStream = input.fork().parse()?;
    let Ok(value) = input.parse::<Expr>() else {
        input.parse::<TokenStream>()?;
        return Err(syn::Error::new_spanned(rest, NO_LITERAL));
    };
    let comma: Option<Token![,]> = input.parse()?;
    let more: TokenStream = input.parse()?;
    match as_text(strip_group(&value)) {
        Some(literal) if more.is_empty() && literal.suffix().is_empty() => Ok(literal),
        Some(_) if !more.is_empty() && comma.is_some() => Err(syn::Error::new_spanned(
            more,
            "`sql!` takes the literal alone; put the values into its braces, `\"… where id = {id}\"`",
        )),
        _ => Err(syn::Error::new_spanned(rest, NO_LITERAL)),
    }
}

/// The code of a statement.
pub(crate) fn statement(input: TokenStream) -> TokenStream {
    match syn::parse2::<Input>(input).and_then(|input| expand(&input)) {
        Ok(code) => code,
        Err(error) => error.to_compile_error(),
    }
}

fn expand(input: &Input) -> syn::Result<TokenStream> {
    let Input { orm, literal } = input;
    let span = literal.span();
    let scanned = scan::scan(&literal.value()).map_err(|message| syn::Error::new(span, message))?;
    let (mut texts, mut places, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut names: Vec<String> = Vec::new();
    for piece in scanned {
        match piece {
            Piece::Text(text) => texts.push(text),
            Piece::Placeholder(expr) => {
                let name = plain_name(&expr);
                let known = name.as_ref().and_then(|name| names.iter().position(|other| other == name));
                places.push(known.unwrap_or(values.len()));
                if known.is_none() {
                    let expr = spanned(quote!(#expr), span);
                    values.push(quote_spanned!(span=> #orm::__private::param(&(#expr))));
                    // The number of a name is that of its value; an expression has none, and takes its place.
                    names.push(name.unwrap_or_default());
                }
            }
        }
    }
    Ok(quote!(#orm::__private::sql(
        &[#(#texts),*],
        &[#(#places),*],
        [#(#values),*],
    )))
}

/// The name, of an expression that is nothing else.
fn plain_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => {
            path.path.get_ident().map(|ident: &Ident| ident.unraw().to_string())
        }
        _ => None,
    }
}

/// The tokens as if they stood where the literal does: so they mean what the names around it mean.
fn spanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), spanned(group.stream(), span));
                inner.set_span(span);
                TokenTree::Group(inner)
            }
            mut other => {
                other.set_span(span);
                other
            }
        })
        .collect()
}
