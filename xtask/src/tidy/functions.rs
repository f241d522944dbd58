//! How long functions are, by parsing: a count of braces would trip over strings and macros. Functions that a macro
//! makes out of its own tokens (`proptest!`) are not seen; the limit of their file holds them.

use anyhow::{Context as _, Result};
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::FUNCTION_LINES_MAX;
use super::exceptions::Measured;

/// Every function of the file, from its signature to its closing brace, named by where it stands.
pub fn measure(file: &str, text: &str) -> Result<Vec<Measured>> {
    let syntax = syn::parse_file(text).with_context(|| format!("cannot parse {file}"))?;
    let mut functions = Functions { file, scope: Vec::new(), found: Vec::new() };
    functions.visit_file(&syntax);
    Ok(functions.found)
}

/// What a `mod.rs` holds besides documentation, modules and re-exports.
pub fn logic_in_mod(file: &str, text: &str) -> Result<Option<String>> {
    let syntax = syn::parse_file(text).with_context(|| format!("cannot parse {file}"))?;
    let others =
        syntax.items.iter().filter(|item| !matches!(item, syn::Item::Mod(_) | syn::Item::Use(_))).count();
    Ok((others > 0).then(|| format!("{file}: holds {others} items besides modules and re-exports")))
}

struct Functions<'a> {
    file: &'a str,
    scope: Vec<String>,
    found: Vec<Measured>,
}

impl Functions<'_> {
    fn record(&mut self, name: &syn::Ident, start: Span, end: Span) {
        let path: Vec<_> = self.scope.iter().cloned().chain([name.to_string()]).collect();
        self.found.push(Measured {
            what: format!("function {} {}", self.file, path.join("::")),
            lines: end.end().line - start.start().line + 1,
            limit: FUNCTION_LINES_MAX,
        });
    }

    fn within(&mut self, name: String, walk: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        walk(self);
        self.scope.pop();
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.record(&item.sig.ident, item.sig.span(), item.block.span());
        self.within(item.sig.ident.to_string(), |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.record(&item.sig.ident, item.sig.span(), item.block.span());
        self.within(item.sig.ident.to_string(), |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.record(&item.sig.ident, item.sig.span(), block.span());
        }
        self.within(item.sig.ident.to_string(), |this| visit::visit_trait_item_fn(this, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.within(item.ident.to_string(), |this| visit::visit_item_mod(this, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within(item.ident.to_string(), |this| visit::visit_item_trait(this, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match item.self_ty.as_ref() {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.within(name.unwrap_or_else(|| "impl".to_owned()), |this| visit::visit_item_impl(this, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"//! A file.
/// Documentation does not count.
#[inline]
fn one(
    x: u8,
) -> &'static str {
    "a brace in a string: {"
}

impl<T> Thing<T> {
    fn two(&self) { /* } */ }
}

trait Does {
    fn three();
    fn four() {
        fn five() {}
    }
}

mod tests {
    async fn six() {
        r#"
            "}
        "#;
    }
}
"##;

    #[test]
    fn functions_are_measured_wherever_they_stand() {
        let found: Vec<_> =
            measure("a.rs", TEXT).unwrap().into_iter().map(|one| (one.what, one.lines)).collect();
        let expected = [
            ("function a.rs one", 5),
            ("function a.rs Thing::two", 1),
            ("function a.rs Does::four", 3),
            ("function a.rs Does::four::five", 1),
            ("function a.rs tests::six", 5),
        ];
        assert_eq!(found, expected.map(|(what, lines)| (what.to_owned(), lines)));
    }

    #[test]
    fn a_mod_file_may_hold_modules_and_re_exports() {
        assert_eq!(logic_in_mod("mod.rs", "//! All.\nmod a;\npub use a::A;\n").unwrap(), None);
        assert_eq!(
            logic_in_mod("mod.rs", "mod a;\nfn f() {}\nstruct S;\n").unwrap().unwrap(),
            "mod.rs: holds 2 items besides modules and re-exports"
        );
    }

    #[test]
    fn a_file_that_does_not_parse_is_named() {
        assert!(measure("a.rs", "fn (").unwrap_err().to_string().contains("a.rs"));
    }
}
