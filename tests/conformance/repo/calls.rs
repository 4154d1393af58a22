use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprMethodCall, File, ImplItem, Item, ItemImpl, ItemMod, LitStr, Type};

use super::function::{literal, parse};
use super::{files, text};

/// A call of something by its path, `a::B::from_env("X")`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its last two parts: `B::from_env`.
    pub(crate) path: String,
    /// The first argument, if it is a text.
    pub(crate) literal: Option<String>,
    /// The call that works the first argument out, if one does.
    argument: Option<String>,
    /// Whether it may fail: `.ok()`.
    optional: bool,
}

/// The calls of a file, its modules left out.
pub(crate) fn calls(file: &File) -> Vec<Call> {
    let mut found = Calls::default();
    found.visit_file(file);
    found.calls
}

/// The shared crates, as far as they read the environment: their functions by name, those of a type as `Type::name`.
pub(crate) struct Shared(BTreeMap<String, Calls>);

impl Shared {
    pub(crate) fn read() -> Self {
        let sources = files("shared", ".rs").into_iter().filter(|file| file.contains("/src/"));
        let sources = sources.map(|file| (text(&file), file));
        let reading = sources.filter(|(text, _)| text.contains("from_env") || text.contains("env::var"));
        Self(reading.flat_map(|(text, file)| bodies(&parse(&file, &text))).collect())
    }

    /// The variables that some calls read, and whether they do without. Lambda sets those that begin with `AWS_`.
    pub(crate) fn variables(&self, calls: Vec<Call>) -> BTreeMap<String, bool> {
        let mut found = BTreeMap::new();
        let (mut open, mut seen) = (calls, BTreeSet::new());
        while let Some(call) = open.pop() {
            if call.reads() {
                let worked_out = call.argument.as_ref().and_then(|by| self.0.get(by));
                let names = call.literal.iter().chain(worked_out.iter().flat_map(|body| &body.literals));
                let names = names.filter(|name| !name.starts_with("AWS_"));
                found.extend(names.map(|name| (name.clone(), call.optional)));
                continue;
            }
            let free = call.path.rsplit("::").next().unwrap_or_default();
            let Some(body) = self.0.get(&call.path).or_else(|| self.0.get(free)) else { continue };
            // `Bucket::from_env("SITES_BUCKET")` reads what it is told to.
            let told = body.calls.iter().any(|inner| inner.reads() && inner.literal.is_none());
            found.extend(call.literal.filter(|_| told).map(|name| (name, false)));
            if seen.insert(call.path) {
                open.extend(body.calls.iter().cloned());
            }
        }
        found
    }
}

impl Call {
    fn reads(&self) -> bool {
        ["aws::variable", "env::var"].contains(&self.path.as_str())
    }
}

#[derive(Default)]
struct Calls {
    calls: Vec<Call>,
    literals: Vec<String>,
}

impl Visit<'_> for Calls {
    fn visit_item_mod(&mut self, _: &ItemMod) {}

    fn visit_lit_str(&mut self, text: &LitStr) {
        self.literals.push(text.value());
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if let Some(path) = path(&call.func) {
            let first = call.args.first();
            let argument =
                first.and_then(|first| if let Expr::Call(inner) = first { Some(inner) } else { None });
            let argument = argument.and_then(|inner| self::path(&inner.func));
            self.calls.push(Call { path, literal: first.and_then(literal), argument, optional: false });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        let before = self.calls.len();
        visit::visit_expr_method_call(self, call);
        if call.method == "ok" && matches!(*call.receiver, Expr::Call(_)) {
            self.calls[before].optional = true;
        }
    }
}

fn path(expr: &Expr) -> Option<String> {
    let Expr::Path(expr) = expr else { return None };
    let names: Vec<String> = expr.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    Some(names[names.len().saturating_sub(2)..].join("::"))
}

fn bodies(file: &File) -> Vec<(String, Calls)> {
    let of_type = |item: &ItemImpl| {
        let Type::Path(of) = &*item.self_ty else { return Vec::new() };
        let of = of.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let methods =
            item.items.iter().filter_map(|it| if let ImplItem::Fn(it) = it { Some(it) } else { None });
        methods.map(|method| (format!("{of}::{}", method.sig.ident), body(&method.block))).collect()
    };
    let all = file.items.iter().map(|item| match item {
        Item::Fn(item) => vec![(item.sig.ident.to_string(), body(&item.block))],
        Item::Impl(item) => of_type(item),
        _ => Vec::new(),
    });
    all.flatten().collect()
}

fn body(block: &Block) -> Calls {
    let mut found = Calls::default();
    found.visit_block(block);
    found
}
