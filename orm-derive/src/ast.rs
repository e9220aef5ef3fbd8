//! The tree of a model: what the attributes say, still unchecked, each part with the tokens that it came from.

use std::fmt;

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, LitInt, LitStr, Type, Visibility};

use crate::attr::{Member, Problems, Reader, words};
use crate::infer::{self, Ends};
use crate::name::snake_case;
use crate::symbol::{CHECK, INDEX, ON_COLUMN, ON_RELATIONSHIP, ON_STRUCT, Place, UNIQUE};

/// A struct with `#[derive(Model)]`.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) attrs: ModelAttrs,
    pub(crate) fields: Vec<Field>,
    /// Why it can be no model whatever its attributes say.
    pub(crate) misfit: Option<syn::Error>,
    /// What could not be read.
    pub(crate) problems: Problems,
    /// Whether something could not be read, so that nothing follows from what is missing.
    pub(crate) unread: bool,
    /// Whether it was refused: then only the shape of the API is emitted, so that its users see no further errors.
    pub(crate) refused: bool,
}

/// The attributes of the struct.
#[derive(Debug, Default)]
pub(crate) struct ModelAttrs {
    pub(crate) table: Option<LitStr>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) primary_key: Option<Listing>,
    pub(crate) uniques: Vec<Listing>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) checks: Vec<Check>,
    /// The field that tells when a row was deleted.
    pub(crate) soft_delete: Option<Ident>,
    pub(crate) view: Option<View>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) constants_off: Option<Ident>,
    pub(crate) orm: Option<syn::Path>,
}

/// What makes the model one of a view.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) materialized: bool,
    pub(crate) sql: Option<LitStr>,
}

/// Fields by name, with the word that lists them and perhaps a name of their own.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) word: Ident,
    pub(crate) fields: Vec<Listed>,
    pub(crate) name: Option<LitStr>,
}

/// `field`, or `field.inside` of an embedded struct.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) field: Ident,
    pub(crate) inside: Vec<Ident>,
}

/// An index.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) listing: Listing,
    pub(crate) unique: bool,
    pub(crate) using: Option<LitStr>,
    pub(crate) predicate: Option<LitStr>,
}

/// A check constraint.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) sql: LitStr,
    pub(crate) name: Option<LitStr>,
}

/// A field of the struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// The words that were given, for their spans.
    pub(crate) words: Vec<Ident>,
    pub(crate) column: ColumnAttrs,
    pub(crate) relation: RelationAttrs,
    pub(crate) constants_off: Option<Ident>,
    pub(crate) skip: Option<Ident>,
    /// That it is several columns, with their prefix.
    pub(crate) embed: Option<Embedding>,
    /// What the attributes make of a field that was refused for its type.
    pub(crate) meant: Option<(Ends, Type)>,
    /// Whether an attribute of it could not be read.
    pub(crate) unread: bool,
}

/// `embed` or `embed = "prefix_"`
#[derive(Debug)]
pub(crate) struct Embedding {
    pub(crate) prefix: Option<LitStr>,
}

/// The attributes of a column.
#[derive(Debug, Default)]
pub(crate) struct ColumnAttrs {
    pub(crate) primary_key: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) length: Option<LitInt>,
    pub(crate) sql_type: Option<LitStr>,
    pub(crate) unique: Option<Listing>,
    pub(crate) index: Option<Index>,
    pub(crate) index_off: Option<Ident>,
    pub(crate) default: Option<LitStr>,
    pub(crate) check: Option<Check>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) references: Option<Member>,
    pub(crate) on_delete: Option<Ident>,
    pub(crate) on_update: Option<Ident>,
    /// What every update sets the column to.
    pub(crate) touch: Option<LitStr>,
    pub(crate) deferrable: Option<Ident>,
    pub(crate) version: Option<Ident>,
    pub(crate) sensitive: Option<Ident>,
    pub(crate) generated: Option<LitStr>,
    pub(crate) trigger: Option<Ident>,
}

/// The attributes of a relationship.
#[derive(Debug, Default)]
pub(crate) struct RelationAttrs {
    pub(crate) has_many: Option<Member>,
    pub(crate) has_one: Option<Member>,
    pub(crate) belongs_to: Option<Vec<Ident>>,
    pub(crate) through: Option<Through>,
    pub(crate) back_populates: Option<Ident>,
    pub(crate) backref: Option<Ident>,
    pub(crate) foreign: Option<Ident>,
    pub(crate) order_by: Option<Vec<OrderTerm>>,
    pub(crate) orphans: Option<Ident>,
    pub(crate) on_parent_delete: Option<Ident>,
}

/// The table between the ends of a many-to-many relationship.
#[derive(Debug)]
pub(crate) enum Through {
    /// Two relationships of a model.
    Model { local: Box<Member>, remote: Box<Member> },
    /// The columns of a table that has no model.
    Bare { table: LitStr, local: Vec<LitStr>, remote: Vec<LitStr> },
}

/// A column of an order.
#[derive(Debug)]
pub(crate) struct OrderTerm {
    pub(crate) column: Member,
    pub(crate) descending: bool,
}

impl Listed {
    /// A field of the model.
    pub(crate) fn of(field: &Ident) -> Self {
        Self { field: field.clone(), inside: Vec::new() }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field.unraw())?;
        self.inside.iter().try_for_each(|inside| write!(f, ".{}", inside.unraw()))
    }
}

impl Model {
    /// Reads the struct; what is wrong with it is kept for [`validate`](crate::valid::validate).
    pub(crate) fn from_syn(input: &DeriveInput) -> Self {
        let input = &without_self(input);
        let mut problems = Problems::default();
        let misfit = misfit(input);
        let attrs = ModelAttrs::read(input, &mut problems);
        let fields = match &input.data {
            Data::Struct(data) => named_fields(&data.fields, &mut problems),
            Data::Enum(_) | Data::Union(_) => Vec::new(),
        };
        Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            attrs,
            fields,
            misfit,
            unread: problems.len() > 0,
            problems,
            refused: false,
        }
    }

    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The table's name.
    pub(crate) fn table(&self) -> String {
        self.attrs.table.as_ref().map_or_else(|| snake_case(&self.name()), LitStr::value)
    }

    /// The table's name behind that of its schema, for messages.
    pub(crate) fn display_table(&self) -> String {
        match &self.attrs.schema {
            Some(schema) => format!("{}.{}", schema.value(), self.table()),
            None => self.table(),
        }
    }

    /// The fields that are columns, in their order.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| field.is_column())
    }

    /// The fields that are in the table, as one column or as several, in their order.
    pub(crate) fn stored(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.is_column() || field.is_embedded()).collect()
    }

    /// The fields that are relationships, in their order.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| field.ends().is_some())
    }

    /// The columns that a builder must be given.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| (field.is_column() || field.is_embedded()) && field.is_required())
    }

    /// The field of the column that tells when a row was deleted.
    pub(crate) fn soft_delete(&self) -> Option<&Field> {
        self.column(self.attrs.soft_delete.as_ref()?)
    }

    /// The field of that name, if it is a column.
    pub(crate) fn column(&self, name: &Ident) -> Option<&Field> {
        self.columns().find(|field| field.ident == *name)
    }

    /// The fields of the primary key, in its order.
    pub(crate) fn key(&self) -> Vec<&Field> {
        match &self.attrs.primary_key {
            Some(listing) => listing.fields.iter().filter_map(|listed| self.column(&listed.field)).collect(),
            None => self.columns().filter(|field| field.column.primary_key.is_some()).collect(),
        }
    }
}

impl Field {
    /// The name without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The column's name.
    pub(crate) fn column_name(&self) -> String {
        self.column.name.as_ref().map_or_else(|| self.name(), LitStr::value)
    }

    /// The relationship type and the model at its other end, unless the field is skipped.
    pub(crate) fn ends(&self) -> Option<(Ends, &Type)> {
        if self.skip.is_some() || self.embed.is_some() {
            return None;
        }
        self.meant.as_ref().map(|(ends, target)| (*ends, target)).or_else(|| infer::relationship(&self.ty))
    }

    /// Whether the field is a column.
    pub(crate) fn is_column(&self) -> bool {
        self.skip.is_none() && self.embed.is_none() && self.ends().is_none()
    }

    /// Whether the field is an embedded struct.
    pub(crate) fn is_embedded(&self) -> bool {
        self.skip.is_none() && self.embed.is_some()
    }

    /// What the columns' names begin with, if the field is an embedded struct.
    pub(crate) fn prefix(&self) -> Option<String> {
        let embedding = self.embed.as_ref().filter(|_| self.skip.is_none())?;
        Some(embedding.prefix.as_ref().map_or_else(|| format!("{}_", self.name()), LitStr::value))
    }

    /// The fields of a `belongs_to`.
    pub(crate) fn key_fields<'m>(&self, model: &'m Model) -> Vec<&'m Self> {
        self.relation.belongs_to.iter().flatten().filter_map(|name| model.column(name)).collect()
    }

    /// Whether a builder must be given the field's value.
    pub(crate) fn is_required(&self) -> bool {
        let made_elsewhere = self.column.version.is_some() || self.column.generated.is_some();
        !(made_elsewhere || infer::is_option(&self.ty) || infer::is_auto(&self.ty))
    }
}

/// The struct with its name for every `Self`, which would mean another type where the field's type is repeated.
fn without_self(input: &DeriveInput) -> DeriveInput {
    let named = named(input.to_token_stream(), &input.ident);
    syn::parse2(named).unwrap_or_else(|_| input.clone())
}

fn named(tokens: TokenStream, name: &Ident) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => {
            let mut name = name.clone();
            name.set_span(ident.span());
            TokenTree::Ident(name)
        }
        TokenTree::Group(group) => {
            let mut renamed = Group::new(group.delimiter(), named(group.stream(), name));
            renamed.set_span(group.span());
            TokenTree::Group(renamed)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}

/// Why a struct can be no model whatever its attributes say.
fn misfit(input: &DeriveInput) -> Option<syn::Error> {
    let message = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) => None,
            Fields::Unnamed(_) => Some("a model has named fields, one a column; name them: `struct Course { id: … }`"),
            Fields::Unit => Some("a model has fields, one a column; add them: `struct Course { id: … }`"),
        },
        Data::Enum(_) => Some("a model is a struct; for a column's type, use `#[derive(Enum)]`"),
        Data::Union(_) => Some("a model is a struct; make it one"),
    };
    if let Some(message) = message {
        return Some(syn::Error::new_spanned(&input.ident, message));
    }
    (!input.generics.params.is_empty()).then(|| {
        let message = "a model is one table and has no type parameters, constants or lifetimes; remove them";
        syn::Error::new_spanned(&input.generics, message)
    })
}

fn named_fields(fields: &Fields, problems: &mut Problems) -> Vec<Field> {
    fields.iter().filter_map(|field| Field::from_syn(field, problems)).collect()
}

impl Field {
    fn from_syn(field: &syn::Field, problems: &mut Problems) -> Option<Self> {
        Self::read(field, &[&ON_COLUMN, &ON_RELATIONSHIP], &[&ON_STRUCT], problems)
    }

    /// Reads a field that may have the words of `place`.
    pub(crate) fn read(
        field: &syn::Field,
        place: &'static [&'static Place],
        elsewhere: &[&Place],
        problems: &mut Problems,
    ) -> Option<Self> {
        let ident = field.ident.clone()?;
        let before = problems.len();
        let words = words(&field.attrs, problems);
        let mut reader = Reader { place, problems };
        let words = reader.known(words, &[], elsewhere);
        let mut read = Self {
            ident,
            vis: field.vis.clone(),
            ty: field.ty.clone(),
            words: words.iter().map(|word| word.name.clone()).collect(),
            column: ColumnAttrs::default(),
            relation: RelationAttrs::default(),
            constants_off: None,
            skip: None,
            embed: None,
            meant: None,
            unread: false,
        };
        for word in &words {
            read.word(word, &mut reader);
        }
        read.unread = reader.problems.len() > before;
        Some(read)
    }
}

impl ModelAttrs {
    fn read(input: &DeriveInput, problems: &mut Problems) -> Self {
        let words = words(&input.attrs, problems);
        let mut reader = Reader { place: &[&ON_STRUCT], problems };
        let words = reader.known(words, &[UNIQUE, INDEX, CHECK], &[&ON_COLUMN, &ON_RELATIONSHIP]);
        let mut attrs = Self::default();
        for word in &words {
            attrs.word(word, &mut reader);
        }
        attrs
    }

    /// The path of what generated code may name.
    pub(crate) fn private(&self) -> TokenStream {
        private(self.orm.as_ref())
    }
}

/// The path of what generated code may name, in the crate at `orm`.
pub(crate) fn private(orm: Option<&syn::Path>) -> TokenStream {
    orm.map_or_else(|| quote!(::orm_core::__private), |path| quote!(#path::__private))
}
