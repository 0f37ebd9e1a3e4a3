//! Where in a file the expressions stand that changes are about.

use std::collections::BTreeMap;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Bytes of the file.
pub(crate) type Bytes = Range<usize>;

/// What a file holds, by the byte where cargo-mutants says that a change starts.
#[derive(Default)]
pub(crate) struct Places {
    /// By the operator: the whole expression, with one operator or two sides.
    pub(crate) operators: BTreeMap<usize, Bytes>,
    /// By the start of an arm, where another arm of that match takes everything: a guard then never
    /// leaves a value over.
    pub(crate) arms: BTreeMap<usize, Arm>,
    /// By the start of a field that a struct expression gives although it has a base.
    pub(crate) fields: BTreeMap<usize, Field>,
    /// The word `const` before functions, by their names.
    pub(crate) constant: Vec<(String, Bytes)>,
}

pub(crate) struct Arm {
    pub(crate) guard: Option<Bytes>,
    pub(crate) arrow: usize,
}

pub(crate) struct Field {
    pub(crate) name: String,
    /// `name` alone stands for `name: name`.
    pub(crate) shorthand: bool,
    pub(crate) value: Bytes,
    /// What gives the fields that are not named.
    pub(crate) base: Bytes,
}

impl Places {
    pub(crate) fn of(text: &str) -> syn::Result<Self> {
        let mut places = Self::default();
        places.visit_file(&syn::parse_file(text)?);
        Ok(places)
    }
}

fn bytes(tokens: &impl Spanned) -> Bytes {
    tokens.span().byte_range()
}

impl<'a> Visit<'a> for Places {
    fn visit_expr_binary(&mut self, binary: &'a syn::ExprBinary) {
        let whole = bytes(&binary.left).start..bytes(&binary.right).end;
        self.operators.insert(bytes(&binary.op).start, whole);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'a syn::ExprUnary) {
        let operator = bytes(&unary.op).start;
        self.operators.insert(operator, operator..bytes(&unary.expr).end);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        let word = signature.constness.as_ref();
        self.constant.extend(word.map(|word| (signature.ident.to_string(), bytes(word))));
        visit::visit_signature(self, signature);
    }

    fn visit_expr_match(&mut self, expression: &'a syn::ExprMatch) {
        if expression.arms.iter().any(|arm| arm.guard.is_none() && takes_everything(&arm.pat)) {
            for arm in &expression.arms {
                let start = arm.attrs.first().map_or_else(|| bytes(&arm.pat).start, |attribute| bytes(attribute).start);
                let guard = arm.guard.as_ref().map(|(_, guard)| bytes(guard));
                self.arms.insert(start, Arm { guard, arrow: bytes(&arm.fat_arrow_token).start });
            }
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_expr_struct(&mut self, expression: &'a syn::ExprStruct) {
        if let Some(base) = &expression.rest {
            for field in &expression.fields {
                let syn::Member::Named(name) = &field.member else { continue };
                let place = Field {
                    name: name.to_string(),
                    shorthand: field.colon_token.is_none(),
                    value: bytes(&field.expr),
                    base: bytes(base),
                };
                self.fields.insert(bytes(name).start, place);
            }
        }
        visit::visit_expr_struct(self, expression);
    }
}

/// Whether a pattern is `_`, a new name, or made of these. A name that starts with a capital is a
/// constant or a variant.
fn takes_everything(pattern: &syn::Pat) -> bool {
    match pattern {
        syn::Pat::Wild(_) => true,
        syn::Pat::Ident(name) => {
            name.subpat.is_none()
                && name.ident.to_string().starts_with(|first: char| first.is_lowercase() || first == '_')
        }
        syn::Pat::Tuple(tuple) => tuple.elems.iter().all(takes_everything),
        syn::Pat::Paren(inner) => takes_everything(&inner.pat),
        syn::Pat::Reference(inner) => takes_everything(&inner.pat),
        _ => false,
    }
}
