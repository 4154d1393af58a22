use std::iter;

use serde_json::{Map, Value};

use super::{Names, files, stem, text};

const END: &str = ".asl.json";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// A state machine, as written.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) is_blueprint: bool,
    pub(crate) definition: Value,
}

/// States that follow one another: a machine's own, a branch's, a Map's.
pub(crate) struct Scope<'a> {
    pub(crate) start: &'a str,
    pub(crate) states: Vec<State<'a>>,
}

#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) name: &'a str,
    pub(crate) json: &'a Value,
}

/// A way out of a state.
pub(crate) struct Edge<'a> {
    pub(crate) next: &'a str,
    /// The part of the state that says so; what it assigns holds from there on.
    pub(crate) json: &'a Value,
    pub(crate) caught: bool,
}

pub(crate) fn machines() -> Vec<Machine> {
    let read = |path: String| Machine {
        name: stem(&path, END).to_owned(),
        is_blueprint: path.starts_with("statemachine/blueprints/"),
        definition: serde_json::from_str(&text(&path)).unwrap_or_else(|e| panic!("{path}: {e}")),
    };
    files("statemachine", END).into_iter().map(read).collect()
}

impl Machine {
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::of(self, &self.definition)
    }

    /// Every state, those in branches too.
    pub(crate) fn states(&self) -> Vec<State<'_>> {
        self.scope().deep()
    }

    pub(crate) fn state(&self, name: &str) -> State<'_> {
        let found = self.states().into_iter().find(|state| state.name == name);
        found.unwrap_or_else(|| panic!("{}: there is no state {name}", self.name))
    }

    /// The names its definition leaves to the template: `${TenantAdmitFunction}`.
    pub(crate) fn substitutions(&self) -> Names {
        let definition = self.definition.to_string();
        let parts = definition.split("${").skip(1);
        parts.map(|part| part.split('}').next().unwrap_or(part).to_owned()).collect()
    }
}

impl<'a> Scope<'a> {
    fn of(machine: &'a Machine, json: &'a Value) -> Self {
        let states = json["States"].as_object().into_iter().flatten();
        Self {
            start: json["StartAt"].as_str().unwrap_or_default(),
            states: states.map(|(name, json)| State { machine, name, json }).collect(),
        }
    }

    pub(crate) fn state(&self, name: &str) -> Option<State<'a>> {
        self.states.iter().copied().find(|state| state.name == name)
    }

    /// This and all it holds.
    pub(crate) fn scopes(self) -> Vec<Self> {
        let inner = self.states.clone().into_iter().flat_map(|state| state.inner()).flat_map(Scope::scopes);
        let inner: Vec<Self> = inner.collect();
        iter::once(self).chain(inner).collect()
    }

    fn deep(self) -> Vec<State<'a>> {
        self.scopes().into_iter().flat_map(|scope| scope.states).collect()
    }
}

impl<'a> State<'a> {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.json["Type"] == kind
    }

    pub(crate) fn place(&self) -> String {
        format!("{}: {}", self.machine.name, self.name)
    }

    /// What the state itself says, without the states inside it.
    pub(crate) fn own(&self) -> Map<String, Value> {
        let mut own = self.json.as_object().expect("an object").clone();
        own.retain(|key, _| key != "Branches" && key != "ItemProcessor");
        own
    }

    pub(crate) fn inner(&self) -> Vec<Scope<'a>> {
        let branches = self.json["Branches"].as_array().into_iter().flatten();
        let processor = self.json.get("ItemProcessor");
        branches.chain(processor).map(|json| Scope::of(self.machine, json)).collect()
    }

    /// The function of a Task that calls one: `${TenantAdmitFunction}`, or an expression.
    pub(crate) fn function(&self) -> Option<&'a str> {
        (self.json["Resource"] == INVOKE)
            .then(|| self.json["Arguments"]["FunctionName"].as_str().unwrap_or_default())
    }

    /// The logical id of that function, unless the machine works it out.
    pub(crate) fn logical_id(&self) -> Option<&'a str> {
        self.function()?.strip_prefix("${")?.strip_suffix('}')
    }

    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.json[key].as_array().into_iter().flatten()
    }

    pub(crate) fn edges(&self) -> Vec<Edge<'a>> {
        let json = self.json;
        let edge =
            |json: &'a Value, key: &str, caught| json[key].as_str().map(|next| Edge { next, json, caught });
        let own = [edge(json, "Next", false), edge(json, "Default", false)].into_iter().flatten();
        let choices = self.all("Choices").filter_map(move |rule| edge(rule, "Next", false));
        let catches = self.all("Catch").filter_map(move |rule| edge(rule, "Next", true));
        own.chain(choices).chain(catches).collect()
    }
}
