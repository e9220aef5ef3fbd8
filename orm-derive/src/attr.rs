//! The grammar of `#[model(…)]`: words, each alone, with a value or with a list, and how values are read from them.
//!
//! Nothing is refused here: what cannot be read is left out and remembered in [`Problems`].

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Token, parenthesized, token};

use crate::name::suggestion;
use crate::symbol::{MODEL, Place};

/// What was found wrong, in the order of the source.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<syn::Error>);

impl Problems {
    /// A problem with these tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// A problem at this place.
    pub(crate) fn at_span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// All of them as one error.
    pub(crate) fn into_result(self) -> syn::Result<()> {
        let mut errors = self.0.into_iter();
        match errors.next() {
            None => Ok(()),
            Some(mut first) => {
                first.extend(errors);
                Err(first)
            }
        }
    }
}

/// `name`, `name = value` or `name(list)`.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows a word.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Nothing,
    Equals(Box<Expr>),
    List(Vec<Arg>),
}

/// A member of a list.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Word(Word),
    Value(Expr),
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Equals(Box::new(input.parse()?))
        } else if input.peek(token::Paren) {
            let list;
            parenthesized!(list in input);
            Value::List(Punctuated::<Arg, Token![,]>::parse_terminated(&list)?.into_iter().collect())
        } else {
            Value::Nothing
        };
        Ok(Self { name, value })
    }
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Ident::peek_any) && !input.peek2(Token![::]) && !input.peek2(Token![.]) {
            input.parse().map(Self::Word)
        } else {
            input.parse().map(Self::Value)
        }
    }
}

impl ToTokens for Word {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.name.to_tokens(tokens);
        if let Value::Equals(value) = &self.value {
            value.to_tokens(tokens);
        }
    }
}

impl Word {
    /// The word without the `r#` that a keyword may have.
    pub(crate) fn text(&self) -> String {
        self.name.unraw().to_string()
    }
}

/// The words of all `#[model(…)]` attributes of an item.
pub(crate) fn words(attrs: &[Attribute], problems: &mut Problems) -> Vec<Word> {
    words_of(MODEL, attrs, problems)
}

/// The words of all attributes of that name of an item.
pub(crate) fn words_of(attribute: &str, attrs: &[Attribute], problems: &mut Problems) -> Vec<Word> {
    let mut words = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute)) {
        let Meta::List(list) = &attr.meta else {
            let message = format!("write the attributes of a {attribute} in parentheses: `#[{attribute}(…)]`");
            problems.at(&attr.meta, message);
            continue;
        };
        let parsed = (|input: ParseStream<'_>| read_words(input, &mut words)).parse2(list.tokens.clone());
        if let Err(error) = parsed {
            problems.push(error);
        }
    }
    words
}

/// Reads word by word, so that those before a mistake are kept.
fn read_words(input: ParseStream<'_>, words: &mut Vec<Word>) -> syn::Result<()> {
    while !input.is_empty() {
        words.push(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

/// Reads the words of one place, each once unless it is `repeatable`.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    pub(crate) place: &'static [&'static Place],
    pub(crate) problems: &'p mut Problems,
}

impl Reader<'_> {
    /// The words that are known here; duplicates and unknown words become problems.
    pub(crate) fn known(&mut self, words: Vec<Word>, repeatable: &[&str], elsewhere: &[&Place]) -> Vec<Word> {
        let mut known: Vec<Word> = Vec::new();
        for word in words {
            let text = word.text();
            if self.form(&text).is_none() {
                self.unknown(&word.name, elsewhere);
            } else if known.iter().any(|other| other.name == word.name) && !repeatable.contains(&text.as_str()) {
                self.problems.at(&word.name, format!("duplicate attribute `{text}`; keep one of them"));
            } else {
                known.push(word);
            }
        }
        known
    }

    fn form(&self, word: &str) -> Option<&'static str> {
        self.place.iter().find_map(|place| place.form(word))
    }

    fn unknown(&mut self, name: &Ident, elsewhere: &[&Place]) {
        let text = name.unraw().to_string();
        let message = match elsewhere.iter().find(|place| place.form(&text).is_some()) {
            Some(place) => format!("`{text}` is not expected here; it belongs on {}", place.name),
            None => {
                let known = self.place.iter().flat_map(|place| place.words.iter().map(|(name, _)| *name));
                let advice = suggestion(&text, known.clone())
                    .unwrap_or_else(|| format!("; known are {}", known.collect::<Vec<_>>().join(", ")));
                format!("unknown attribute `{text}`{advice}")
            }
        };
        self.problems.at(name, message);
    }

    /// The word is not written as it must be.
    pub(crate) fn shape(&mut self, word: &Word) {
        let text = word.text();
        let form = self.form(&text).unwrap_or_default();
        match &word.value {
            Value::Equals(value) => self.problems.at(value, format!("`{text}` is written `{form}`")),
            _ => self.problems.at(&word.name, format!("`{text}` is written `{form}`")),
        }
    }

    fn or_shape<T>(&mut self, word: &Word, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.shape(word);
        }
        value
    }

    /// `word`
    pub(crate) fn flag(&mut self, word: &Word) -> Option<Ident> {
        let value = matches!(word.value, Value::Nothing).then(|| word.name.clone());
        self.or_shape(word, value)
    }

    /// `word = "text"`
    pub(crate) fn text(&mut self, word: &Word) -> Option<LitStr> {
        let value = equals(word).and_then(as_text);
        self.or_shape(word, value)
    }

    /// `word = 40`
    pub(crate) fn number(&mut self, word: &Word) -> Option<LitInt> {
        let value = match equals(word) {
            Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => Some(number.clone()),
            _ => None,
        };
        self.or_shape(word, value)
    }

    /// `word = name`
    pub(crate) fn ident(&mut self, word: &Word) -> Option<Ident> {
        let value = equals(word).and_then(as_ident);
        self.or_shape(word, value)
    }

    /// `word = one of these`
    pub(crate) fn choice(&mut self, word: &Word, choices: &[&str]) -> Option<Ident> {
        let value = equals(word).and_then(as_ident).filter(|value| choices.contains(&value.to_string().as_str()));
        self.or_shape(word, value)
    }

    /// `word = path`
    pub(crate) fn path(&mut self, word: &Word) -> Option<syn::Path> {
        let value = match equals(word) {
            Some(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
            _ => None,
        };
        self.or_shape(word, value)
    }

    /// `word = expression`
    pub(crate) fn expression(&mut self, word: &Word) -> Option<Expr> {
        let value = equals(word).cloned();
        self.or_shape(word, value)
    }

    /// `word(Path, Path)`
    pub(crate) fn paths(&mut self, word: &Word) -> Option<Vec<syn::Path>> {
        let path = |arg: &Arg| match arg {
            Arg::Word(Word { name, value: Value::Nothing }) => Some(syn::Path::from(name.clone())),
            Arg::Value(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
            Arg::Word(_) | Arg::Value(_) => None,
        };
        let value = match &word.value {
            Value::List(args) if !args.is_empty() => args.iter().map(path).collect(),
            _ => None,
        };
        self.or_shape(word, value)
    }

    /// `word = Model::field`
    pub(crate) fn member(&mut self, word: &Word) -> Option<Member> {
        let value = equals(word).and_then(Member::of);
        self.or_shape(word, value)
    }

    /// `word = name`, `word = (name, name)` or `word = [name, name]`
    pub(crate) fn idents(&mut self, word: &Word) -> Option<Vec<Ident>> {
        let value = equals(word).and_then(as_idents);
        self.or_shape(word, value)
    }
}

/// The expression after `=`.
pub(crate) fn equals(word: &Word) -> Option<&Expr> {
    match &word.value {
        Value::Equals(value) => Some(strip_group(value)),
        Value::Nothing | Value::List(_) => None,
    }
}

/// An expression without the invisible group that `macro_rules!` puts around a fragment.
pub(crate) fn strip_group(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => strip_group(&group.expr),
        _ => value,
    }
}

pub(crate) fn as_text(value: &Expr) -> Option<LitStr> {
    match strip_group(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

pub(crate) fn as_ident(value: &Expr) -> Option<Ident> {
    match strip_group(value) {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
        _ => None,
    }
}

fn as_idents(value: &Expr) -> Option<Vec<Ident>> {
    let all = |elems: &Punctuated<Expr, Token![,]>| elems.iter().map(as_ident).collect::<Option<Vec<_>>>();
    match value {
        Expr::Tuple(tuple) => all(&tuple.elems).filter(|names| !names.is_empty()),
        Expr::Array(array) => all(&array.elems).filter(|names| !names.is_empty()),
        Expr::Paren(paren) => as_ident(&paren.expr).map(|name| vec![name]),
        _ => as_ident(value).map(|name| vec![name]),
    }
}

/// A member of another model: `Course::id`, `Course::c.id` or `<Course>::id`.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// As it was written.
    pub(crate) expr: Expr,
    /// The model's type.
    pub(crate) model: TokenStream,
    /// The member's name.
    pub(crate) name: Ident,
}

impl Member {
    pub(crate) fn of(value: &Expr) -> Option<Self> {
        let value = strip_group(value);
        let (model, name) = match value {
            Expr::Path(path) => split_last(path)?,
            Expr::Field(field) => {
                let (Expr::Path(base), syn::Member::Named(name)) = (strip_group(&field.base), &field.member) else {
                    return None;
                };
                (split_last(base)?.0, name.clone())
            }
            _ => return None,
        };
        Some(Self { expr: value.clone(), model, name })
    }

    /// The name without `r#`.
    pub(crate) fn text(&self) -> String {
        self.name.unraw().to_string()
    }
}

/// Splits `a::B::c` into the type `a::B` and the name `c`.
fn split_last(path: &syn::ExprPath) -> Option<(TokenStream, Ident)> {
    let mut front = path.path.clone();
    let last = front.segments.pop()?.into_value();
    let ty = match &path.qself {
        Some(qself) if front.segments.is_empty() => qself.ty.to_token_stream(),
        Some(_) => return None,
        None if front.segments.is_empty() => return None,
        None => {
            front.segments.pop_punct();
            front.to_token_stream()
        }
    };
    Some((ty, last.ident))
}
