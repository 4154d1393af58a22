use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{error, fs};

use clap::Subcommand;
use serde::de::DeserializeOwned;
use store::{Catalogue, Database};
use tenancy::{Blueprint, Hibernation, Plan, Theme};

use crate::Outcome;
use crate::api::{Api, Seeded};
use crate::workflow::{self, Machine};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Writes the plans, themes and blueprints of a folder to the table CATALOGUE_TABLE names.
    Apply {
        /// A folder with plans/*.toml, themes/*.toml and blueprints/*.toml.
        dir: PathBuf,
        /// A folder with a state machine, <blueprint>.asl.json, for each blueprint.
        #[arg(long)]
        machines: PathBuf,
    },
    /// Has the API add the plans and themes that Tenantry comes with, where they are missing.
    Defaults {
        /// Why: it is written down.
        #[arg(long)]
        reason: String,
    },
}

impl Command {
    /// The API is reached only by what is done through it.
    pub(crate) async fn run(self, api: impl AsyncFnOnce() -> Result<Api, Box<dyn error::Error>>) -> Outcome {
        match self {
            Self::Apply { dir, machines } => {
                let offer = Offer::read(&dir, &machines)?;
                offer.write(&Catalogue::new(Database::from_env().await)).await?;
            }
            Self::Defaults { reason } => {
                let Seeded { plans, themes } = api().await?.seed_defaults(&reason).await?;
                plans.iter().for_each(|id| println!("plan       {id}"));
                themes.iter().for_each(|id| println!("theme      {id}"));
                if plans.is_empty() && themes.is_empty() {
                    println!("nothing was missing");
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A catalogue as it is written down: each plan, theme and blueprint in the file of its name.
#[derive(Debug)]
struct Offer {
    plans: Vec<Plan>,
    themes: Vec<Theme>,
    blueprints: Vec<Blueprint>,
}

#[derive(Debug, thiserror::Error)]
enum Error {
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
    fn read(dir: &Path, machines: &Path) -> Result<Self, Error> {
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

    /// Writes what is named before what names it.
    async fn write(&self, catalogue: &Catalogue) -> Result<(), store::Error> {
        for plan in &self.plans {
            catalogue.put_plan(plan).await?;
            println!("plan       {}", plan.id);
        }
        for theme in &self.themes {
            catalogue.put_theme(theme).await?;
            println!("theme      {}", theme.id);
        }
        for blueprint in &self.blueprints {
            catalogue.put_blueprint(blueprint).await?;
            println!("blueprint  {}, {} steps", blueprint.reference(), blueprint.workflow.steps().len());
        }
        Ok(())
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
