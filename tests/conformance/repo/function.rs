use syn::visit::{self, Visit};
use syn::{Expr, ExprLit, File, ImplItem, Item, ItemImpl, Lit, Type};

use super::{Names, folder, pascal, root, text};

/// A folder with a Lambda in it.
pub(crate) struct Function {
    pub(crate) folder: String,
    /// As the folder spells it.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The name it goes by at run time.
    pub(crate) called: Option<String>,
    pub(crate) lib: String,
    pub(crate) main: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A reversible act: `impl Step`.
    Step,
    /// A look: `impl Probe`.
    Probe,
    /// Another task of a machine: `saga::function`.
    Task,
    /// Called by HTTP or an event.
    Served,
}

pub(crate) fn functions() -> Vec<Function> {
    let is_package = |path: &String| root().join(path).join("Cargo.toml").exists();
    let groups = folder("functions").into_iter().filter(|path| root().join(path).is_dir());
    let inside = groups.flat_map(|group| if is_package(&group) { vec![group] } else { folder(&group) });
    inside.filter(is_package).map(Function::read).collect()
}

impl Function {
    fn read(folder: String) -> Self {
        let (lib, main) = (text(format!("{folder}/src/lib.rs")), text(format!("{folder}/src/main.rs")));
        let of_trait = |name: &str| implementation(&parse(&folder, &lib), name).map(|found| constant(&found));
        let of_call = || {
            let calls = calls(&parse(&folder, &main)).into_iter();
            calls.filter(|call| call.path == "saga::function").find_map(|call| call.literal)
        };
        let (role, called) = match (of_trait("Step"), of_trait("Probe"), of_call()) {
            (Some(name), ..) => (Role::Step, Some(name)),
            (_, Some(name), _) => (Role::Probe, Some(name)),
            (_, _, Some(name)) => (Role::Task, Some(name)),
            _ => (Role::Served, None),
        };
        let name = folder.trim_start_matches("functions/").replace('/', "-");
        Self { folder, name, role, called, lib, main }
    }

    /// `MerchantCreateGroup`.
    pub(crate) fn state(&self) -> String {
        pascal(&self.name)
    }

    /// `MerchantCreateGroupFunction`.
    pub(crate) fn logical_id(&self) -> String {
        format!("{}Function", self.state())
    }

    pub(crate) fn is_invoked_by_machines(&self) -> bool {
        self.role != Role::Served
    }

    /// The fields of a struct of its own; nothing when there is no such struct.
    pub(crate) fn fields(&self, name: &str) -> Names {
        let items = parse(&self.folder, &self.lib).items.into_iter();
        let found = items.filter_map(|item| if let Item::Struct(item) = item { Some(item) } else { None });
        let fields = found.filter(|item| item.ident == name).flat_map(|item| item.fields);
        fields.filter_map(|field| Some(field.ident?.to_string())).collect()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        [&self.lib, &self.main].into_iter().flat_map(|source| calls(&parse(&self.folder, source))).collect()
    }
}

pub(crate) fn parse(place: &str, source: &str) -> File {
    syn::parse_file(source).unwrap_or_else(|e| panic!("{place}: {e}"))
}

fn implementation(file: &File, of: &str) -> Option<ItemImpl> {
    let is = |item: &ItemImpl| item.trait_.as_ref().is_some_and(|found| found.path.is_ident(of));
    let impls = file.items.iter().filter_map(|item| if let Item::Impl(item) = item { Some(item) } else { None });
    impls.filter(|item| is(item)).cloned().next()
}

fn constant(of: &ItemImpl) -> String {
    let name = of.items.iter().find_map(|item| match item {
        ImplItem::Const(item) if item.ident == "NAME" => literal(&item.expr),
        _ => None,
    });
    name.unwrap_or_default()
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// A call of something by its path, `a::B::from_env("X")`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its last two parts: `B::from_env`.
    pub(crate) path: String,
    /// The first argument, if it is a text.
    pub(crate) literal: Option<String>,
    /// The call that works the first argument out, if one does.
    pub(crate) argument: Option<String>,
    /// Whether it may fail: `.ok()`.
    pub(crate) optional: bool,
}

/// The calls of a file, its tests left out.
pub(crate) fn calls(file: &File) -> Vec<Call> {
    let mut found = Calls::default();
    found.visit_file(file);
    found.calls
}

/// Collects calls and texts.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) calls: Vec<Call>,
    pub(crate) literals: Vec<String>,
}

impl Visit<'_> for Calls {
    fn visit_item_mod(&mut self, _: &syn::ItemMod) {}

    fn visit_lit_str(&mut self, text: &syn::LitStr) {
        self.literals.push(text.value());
    }

    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        if let Some(path) = path(&call.func) {
            let first = call.args.first();
            let argument = first.and_then(|first| if let Expr::Call(inner) = first { path_of(inner) } else { None });
            self.calls.push(Call { path, literal: first.and_then(literal), argument, optional: false });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        let before = self.calls.len();
        visit::visit_expr_method_call(self, call);
        if call.method == "ok" && matches!(*call.receiver, Expr::Call(_)) {
            self.calls[before].optional = true;
        }
    }
}

fn path_of(call: &syn::ExprCall) -> Option<String> {
    path(&call.func)
}

fn path(expr: &Expr) -> Option<String> {
    let Expr::Path(expr) = expr else { return None };
    let names: Vec<String> = expr.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    Some(names[names.len().saturating_sub(2)..].join("::"))
}

/// The functions of a file by name, with their bodies; those of a type as `Type::name`.
pub(crate) fn bodies(file: &File) -> Vec<(String, syn::Block)> {
    let of_type = |item: &ItemImpl| {
        let Type::Path(of) = &*item.self_ty else { return Vec::new() };
        let of = of.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let methods = item.items.iter().filter_map(|item| if let ImplItem::Fn(item) = item { Some(item) } else { None });
        methods.map(|method| (format!("{of}::{}", method.sig.ident), method.block.clone())).collect()
    };
    let all = file.items.iter().map(|item| match item {
        Item::Fn(item) => vec![(item.sig.ident.to_string(), *item.block.clone())],
        Item::Impl(item) => of_type(item),
        _ => Vec::new(),
    });
    all.flatten().collect()
}
