use syn::{Expr, ExprLit, File, ImplItem, Item, ItemImpl, Lit};

use super::calls::{Call, calls};
use super::{Names, folder, pascal, root, text};

/// A folder with a Lambda in it.
pub(crate) struct Function {
    pub(crate) folder: String,
    /// As the folder spells it.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The name it goes by at run time.
    pub(crate) called: Option<String>,
    /// The text of `lib.rs`.
    pub(crate) source: String,
    lib: File,
    main: File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A reversible act: `impl Step`.
    Step,
    /// What changes a step's resource: `impl Setup`.
    Setup,
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
        let source = text(format!("{folder}/src/lib.rs"));
        let (lib, main) = (parse(&folder, &source), parse(&folder, &text(format!("{folder}/src/main.rs"))));
        let task = calls(&main).into_iter().find(|call| call.path == "saga::function");
        let (role, called) = if let Some(step) = implementation(&lib, "Step") {
            (Role::Step, name_of(step))
        } else if let Some(setup) = implementation(&lib, "Setup") {
            (Role::Setup, name_of(setup))
        } else if let Some(probe) = implementation(&lib, "Probe") {
            (Role::Probe, name_of(probe))
        } else if let Some(task) = task {
            (Role::Task, task.literal.or_else(|| name_in(&lib)))
        } else {
            (Role::Served, None)
        };
        let name = folder.trim_start_matches("functions/").replace('/', "-");
        Self { folder, name, role, called, source, lib, main }
    }

    /// `MerchantCreateGroup`.
    pub(crate) fn state(&self) -> String {
        pascal(&self.name)
    }

    /// `MerchantCreateGroupFunction`.
    pub(crate) fn logical_id(&self) -> String {
        format!("{}Function", self.state())
    }

    /// The fields of a struct of its own; nothing when there is no such struct.
    pub(crate) fn fields(&self, name: &str) -> Names {
        let structs = self
            .lib
            .items
            .iter()
            .filter_map(|item| if let Item::Struct(it) = item { Some(it) } else { None });
        let fields = structs.filter(|item| item.ident == name).flat_map(|item| &item.fields);
        fields.filter_map(|field| Some(field.ident.as_ref()?.to_string())).collect()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        [calls(&self.lib), calls(&self.main)].concat()
    }
}

pub(crate) fn parse(place: &str, source: &str) -> File {
    syn::parse_file(source).unwrap_or_else(|e| panic!("{place}: {e}"))
}

pub(crate) fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

fn implementation<'a>(file: &'a File, of: &str) -> Option<&'a ItemImpl> {
    let impls = file.items.iter().filter_map(|item| if let Item::Impl(it) = item { Some(it) } else { None });
    let name = |item: &ItemImpl| Some(item.trait_.as_ref()?.0.segments.last()?.ident.to_string());
    impls.into_iter().find(|item| name(item).as_deref() == Some(of))
}

/// The constant NAME of a step or a probe.
fn name_of(of: &ItemImpl) -> Option<String> {
    of.items.iter().find_map(|item| match item {
        ImplItem::Const(item) if item.ident == "NAME" => literal(&item.expr),
        _ => None,
    })
}

/// The constant NAME of a file.
fn name_in(file: &File) -> Option<String> {
    file.items.iter().find_map(|item| match item {
        Item::Const(item) if item.ident == "NAME" => literal(&item.expr),
        _ => None,
    })
}
