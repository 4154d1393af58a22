use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::Catalogue;
use tenancy::{Blueprint, Hibernation, Plan, Theme};

use crate::workflow::{self, Machine};

/// A catalogue as it is written down: each plan, theme and blueprint in the file of its name.
#[derive(Debug)]
pub(super) struct Offer {
    plans: Vec<Plan>,
    themes: Vec<Theme>,
    blueprints: Vec<Blueprint>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}: {1}")]
    Toml(PathBuf, Box<toml::de::Error>),
    #[error("{0}: {1}")]
    Machine(PathBuf, serde_json::Error),
    #[error("{0}: {1}")]
    Workflow(PathBuf, workflow::Error),
    #[error("{file}: describes '{id}'; the file of '{id}' is {id}.toml")]
    Name { file: PathBuf, id: String },
    #[error("blueprint '{blueprint}' names the {kind} '{id}', but there is no {kind}s/{id}.toml")]
    Dangling { blueprint: String, kind: &'static str, id: String },
    #[error(
        "blueprint '{0}' is to put to sleep whom nobody uses; that takes hibernates = true, and ten years at most"
    )]
    Sleepless(String),
}

impl Offer {
    /// Reads everything before anything is written: a mistake in the last file changes no row.
    pub(super) fn read(dir: &Path, machines: &Path) -> Result<Self, Error> {
        let plans: Vec<Plan> = folder(&dir.join("plans"), |plan: &Plan| &plan.id)?;
        let themes: Vec<Theme> = folder(&dir.join("themes"), |theme: &Theme| &theme.id)?;
        let mut blueprints: Vec<Blueprint> =
            folder(&dir.join("blueprints"), |blueprint: &Blueprint| &blueprint.name)?;
        for blueprint in &mut blueprints {
            let plan = missing(&blueprint.plans, plans.iter().map(|plan| &plan.id)).map(|id| ("plan", id));
            let theme =
                missing(&blueprint.themes, themes.iter().map(|theme| &theme.id)).map(|id| ("theme", id));
            if let Some((kind, id)) = plan.or(theme) {
                return Err(Error::Dangling { blueprint: blueprint.name.clone(), kind, id });
            }
            let Hibernation { idle_days } = blueprint.hibernation;
            if idle_days > 0 && (!blueprint.hibernates || idle_days > Hibernation::LONGEST_DAYS) {
                return Err(Error::Sleepless(blueprint.name.clone()));
            }
            let file = machines.join(format!("{}.asl.json", blueprint.name));
            let machine: Machine =
                serde_json::from_str(&text(&file)?).map_err(|e| Error::Machine(file.clone(), e))?;
            blueprint.workflow = machine.workflow().map_err(|e| Error::Workflow(file, e))?;
        }
        Ok(Self { plans, themes, blueprints })
    }

    /// What has to be written, in this order: what is named before what names it.
    pub(super) async fn changes(&self, catalogue: &Catalogue) -> Result<Vec<Change>, store::Error> {
        let mut changes = compared("plan", &self.plans, |plan| &plan.id, &catalogue.plans().await?);
        let themes = catalogue.themes().await?;
        changes.extend(compared("theme", &self.themes, |theme| &theme.id, &themes));
        let mut blueprints = Vec::new();
        for blueprint in &self.blueprints {
            blueprints.push(catalogue.succeeding(blueprint).await?);
        }
        let known = catalogue.blueprints().await?;
        changes.extend(compared("blueprint", &blueprints, |blueprint| &blueprint.name, &known));
        Ok(changes)
    }

    /// Writes all of it, whether it differs or not.
    pub(super) async fn write(&self, catalogue: &Catalogue) -> Result<(), store::Error> {
        for plan in &self.plans {
            catalogue.put_plan(plan).await?;
        }
        for theme in &self.themes {
            catalogue.put_theme(theme).await?;
        }
        for blueprint in &self.blueprints {
            catalogue.put_blueprint(blueprint).await?;
        }
        Ok(())
    }
}

/// What becomes of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) becomes: Becomes,
    /// What differs, by the path of a field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fields: BTreeMap<String, Difference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Becomes {
    Added,
    Changed,
    Same,
}

/// What a field says, and is to say; nothing, where it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    pub(super) from: Value,
    pub(super) to: Value,
}

fn compared<T: Serialize>(
    kind: &'static str,
    wanted: &[T],
    id: impl Fn(&T) -> &String,
    known: &[T],
) -> Vec<Change> {
    let change = |wanted: &T| {
        let known = known.iter().find(|known| id(known) == id(wanted));
        let fields = known.map(|known| differences(known, wanted)).unwrap_or_default();
        let becomes = match known {
            None => Becomes::Added,
            Some(_) if fields.is_empty() => Becomes::Same,
            Some(_) => Becomes::Changed,
        };
        Change { kind, id: id(wanted).clone(), becomes, fields }
    };
    wanted.iter().map(change).collect()
}

fn differences<T: Serialize>(from: &T, to: &T) -> BTreeMap<String, Difference> {
    let fields = |entry: &T| {
        let mut fields = BTreeMap::new();
        flatten(String::new(), json!(entry), &mut fields);
        fields
    };
    let (from, to) = (fields(from), fields(to));
    let paths = from.keys().chain(to.keys()).cloned().collect::<BTreeSet<_>>().into_iter();
    let side = |fields: &BTreeMap<String, Value>, path: &str| fields.get(path).cloned().unwrap_or_default();
    paths
        .map(|path| (Difference { from: side(&from, &path), to: side(&to, &path) }, path))
        .filter(|(difference, _)| difference.from != difference.to)
        .map(|(difference, path)| (path, difference))
        .collect()
}

/// The fields of what is nested, as `limits.products`.
fn flatten(path: String, value: Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(nested) => {
            for (name, value) in nested {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                flatten(path, value, fields);
            }
        }
        value => drop(fields.insert(path, value)),
    }
}

/// The TOML files of a folder, by name. A file is called what it describes, so nothing is described twice.
fn folder<T: DeserializeOwned>(dir: &Path, id: impl Fn(&T) -> &String) -> Result<Vec<T>, Error> {
    let entries: Vec<fs::DirEntry> =
        fs::read_dir(dir).and_then(Iterator::collect).map_err(|e| Error::File(dir.into(), e))?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |file: PathBuf| {
        let row: T = toml::from_str(&text(&file)?).map_err(|e| Error::Toml(file.clone(), e.into()))?;
        if file.file_stem().is_some_and(|stem| stem == id(&row).as_str()) {
            Ok(row)
        } else {
            Err(Error::Name { id: id(&row).clone(), file })
        }
    };
    files.into_iter().map(read).collect()
}

fn text(file: &Path) -> Result<String, Error> {
    fs::read_to_string(file).map_err(|e| Error::File(file.into(), e))
}

fn missing<'a>(named: &[String], known: impl Iterator<Item = &'a String>) -> Option<String> {
    let known: Vec<&String> = known.collect();
    named.iter().find(|id| !known.contains(id)).cloned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use store::Database;
    use tenancy::Quantity;
    use ulid::Ulid;

    use super::*;

    const PLAN: &str = r##"
        id = "starter"
        name = "Starter"
        description = "To begin with"
        price_cents = 2900
        currency = "USD"
        billing_cycle = "monthly"
        trial_days = 14
        popular = false
        active = true
        features = []
        [limits]
        products = 100
    "##;
    const THEME: &str = r##"
        id = "modern"
        name = "Modern"
        description = "Clean"
        version = "1.0.0"
        active = true
        layout = "modern"
        fonts = { heading = "serif", body = "system" }
        [palette]
        background = "#ffffff"
        surface = "#fafafa"
        text = "#111111"
        muted = "#777777"
        accent = "#3344ff"
        on_accent = "#ffffff"
    "##;
    const BLUEPRINT: &str = r#"
        name = "shop"
        version = 1
        description = "A shop"
        active = true
        plans = ["starter"]
        themes = ["modern"]
        hibernates = true
        hibernation = { idle_days = 30 }
    "#;
    const MACHINE: &str = r#"{ "StartAt": "ShopOpen", "States": {
        "ShopOpen": { "Type": "Task", "Arguments": { "FunctionName": "f" }, "End": true } } }"#;

    /// A catalogue on disk, with its machines beside it, for as long as a test needs it.
    struct Written(PathBuf);

    impl Written {
        fn new() -> Self {
            let catalogue = Self(std::env::temp_dir().join(format!("tenantry-{}", Ulid::generate())));
            catalogue.write("plans/starter.toml", PLAN);
            catalogue.write("themes/modern.toml", THEME);
            catalogue.write("blueprints/shop.toml", BLUEPRINT);
            catalogue.write("shop.asl.json", MACHINE);
            catalogue
        }

        fn write(&self, file: &str, text: &str) {
            let file = self.0.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }

        fn read(&self) -> Result<Offer, Error> {
            Offer::read(&self.0, &self.0)
        }
    }

    impl Drop for Written {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("removed");
        }
    }

    #[tokio::test]
    async fn what_is_written_down_is_on_offer_afterwards() {
        let catalogue = Catalogue::new(Database::memory());
        let offer = Written::new().read().expect("a catalogue");
        offer.write(&catalogue).await.expect("written");
        offer.write(&catalogue).await.expect("written again");
        assert_eq!(catalogue.plans().await.expect("plans"), offer.plans);
        assert_eq!(catalogue.themes().await.expect("themes"), offer.themes);
        let blueprint = catalogue.blueprint("shop").await.expect("read").expect("on offer");
        assert_eq!(blueprint.workflow.steps(), ["shop-open"]);
    }

    #[tokio::test]
    async fn what_would_change_is_what_differs_once_it_is_written() {
        let catalogue = Catalogue::new(Database::memory());
        let files = Written::new();
        let becomes = |changes: Vec<Change>| changes.iter().map(|change| change.becomes).collect::<Vec<_>>();
        let offer = files.read().expect("a catalogue");
        let changes = offer.changes(&catalogue).await.expect("compared");
        assert_eq!(becomes(changes), [Becomes::Added; 3]);
        offer.write(&catalogue).await.expect("written");
        // What its steps take is learnt, and is nobody's change.
        catalogue.learn("shop", [("shop-open".to_owned(), 100)]).await.expect("learnt");
        assert_eq!(becomes(offer.changes(&catalogue).await.expect("compared")), [Becomes::Same; 3]);

        files.write(
            "plans/starter.toml",
            &PLAN.replace("2900", "3900").replace("products = 100", "storage_gb = 5"),
        );
        let dearer = files.read().expect("a catalogue").changes(&catalogue).await.expect("compared");
        let plan = dearer.first().expect("the plan");
        assert_eq!((plan.kind, plan.id.as_str(), plan.becomes), ("plan", "starter", Becomes::Changed));
        let difference = |from: Value, to: Value| Difference { from, to };
        let fields = BTreeMap::from([
            ("limits.storage_gb".to_owned(), difference(Value::Null, json!(5))),
            ("limits.products".to_owned(), difference(json!(100), Value::Null)),
            ("price_cents".to_owned(), difference(json!(2900), json!(3900))),
        ]);
        assert_eq!(plan.fields, fields);
        assert_eq!(becomes(dearer), [Becomes::Changed, Becomes::Same, Becomes::Same]);
    }

    #[test]
    fn the_catalogue_of_this_repository_holds_together() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let offer = Offer::read(&root.join("infra/catalogue"), &root.join("statemachine/blueprints"));
        let Offer { plans, blueprints, .. } = offer.unwrap_or_else(|mistake| panic!("{mistake}"));
        for Blueprint { name, workflow, custom_domain, costs, settings, plans: sold, .. } in blueprints {
            let steps = workflow.steps();
            assert!(!steps.is_empty(), "{name} has no steps");
            for step in costs.keys() {
                let known = steps.contains(&step.as_str()) || custom_domain.as_ref() == Some(step);
                assert!(known, "{name} says what {step} costs, and has no such step");
            }
            for plan in plans.iter().filter(|plan| sold.contains(&plan.id)) {
                for (setting, bounds) in &plan.bounds {
                    let Some(given) = plan.settings.get(setting).or(settings.get(setting)) else { continue };
                    let given: Quantity = given.parse().unwrap_or_else(|e| panic!("{setting}: {e}"));
                    let within = (&bounds.min..=&bounds.max).contains(&&given);
                    assert!(within, "{name}: {} gives {setting} {given}, which no admin could", plan.id);
                }
            }
        }
    }

    #[rstest]
    #[case("plans/starter.toml", PLAN, "trial_days = 14", "trial_days = \"two weeks\"", &["line 8", "trial_days", "u16"])]
    #[case("plans/starter.toml", PLAN, "popular", "poplar", &["line 9", "unknown field `poplar`"])]
    #[case("themes/modern.toml", THEME, "\"#3344ff\"", "\"blue\"", &["line 14", "accent", "'blue' is not a colour"])]
    #[case("plans/starter.toml", PLAN, "currency = \"USD\"", "", &["missing field `currency`"])]
    #[case("plans/starter.toml", PLAN, "id = \"starter\"", "id = \"pro\"", &["describes 'pro'", "pro.toml"])]
    #[case("blueprints/shop.toml", BLUEPRINT, "[\"starter\"]", "[\"starter\", \"pro\"]", &["'shop' names the plan 'pro'"])]
    #[case("blueprints/shop.toml", BLUEPRINT, "modern", "classic", &["'shop' names the theme 'classic'"])]
    #[case("blueprints/shop.toml", BLUEPRINT, "hibernates = true", "", &["'shop' is to put to sleep", "hibernates = true"])]
    #[case("blueprints/shop.toml", BLUEPRINT, "= 30", "= 3651", &["'shop' is to put to sleep", "ten years"])]
    #[case("shop.asl.json", MACHINE, "\"Task\"", "\"Tusk\"", &["shop.asl.json", "unknown variant `Tusk`", "line 2"])]
    #[case("shop.asl.json", MACHINE, "\"End\": true", "\"Next\": \"Gone\"", &["shop.asl.json", "no state 'Gone'"])]
    fn a_mistake_names_its_place(
        #[case] file: &str,
        #[case] text: &str,
        #[case] right: &str,
        #[case] wrong: &str,
        #[case] told: &[&str],
    ) {
        let catalogue = Written::new();
        assert!(text.contains(right));
        catalogue.write(file, &text.replacen(right, wrong, 1));
        let error = catalogue.read().expect_err("a mistake").to_string();
        for part in told {
            assert!(error.contains(part), "'{part}' is not in: {error}");
        }
    }

    #[test]
    fn a_blueprint_without_a_machine_is_a_mistake() {
        let catalogue = Written::new();
        fs::remove_file(catalogue.0.join("shop.asl.json")).expect("removed");
        let error = catalogue.read().expect_err("a mistake").to_string();
        assert!(error.contains("shop.asl.json: No such file"), "{error}");
    }
}
