//! What the steps of a blueprint must be allowed in a cluster: what they asked for in simulated lives, no more and no less.
//! `UPDATE=1` writes it down anew. All other simulations have steps do what is written there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sagas::blueprints::{self, BROKEN, Blueprint};
use sagas::case::{Case, Run, Script, foreign};
use sagas::roles;
use sandbox::clouds::{ClusterRole, Right, Rule};
use tenancy::Status;

type Rights = BTreeSet<Right>;

/// K3s installs for whoever may write a HelmChart, and may do all itself: its part of the role is a role of its own.
const K3S: &str = "helm-cloudnativepg-k3s";

type Settings = &'static [(&'static str, &'static str)];

/// What a tenant is sold with, and what goes wrong until that is mended.
struct Sold {
    blueprint: &'static str,
    settings: Settings,
    troubles: &'static [&'static str],
    /// Whether it has domains of its own.
    has_domains: bool,
}

const OF_ARGOCD: Sold = Sold {
    blueprint: "kubernetes-argocd",
    settings: &[],
    troubles: &["argocd-create-application.apply/kubernetes:ApplyApplication#1=Refused*ever"],
    has_domains: false,
};

const OF_FLUX: Sold = Sold {
    blueprint: "helm-cloudnativepg",
    settings: &[],
    troubles: &[
        "helm-install-release.apply/kubernetes:ApplyHelmRelease#1=Refused*ever",
        // The backup that was begun meanwhile fails, and is ordered again.
        "after=Edit kubernetes-create-namespace.destroy/kubernetes:DeleteNamespace#1=Refused*ever",
    ],
    has_domains: true,
};

const OF_K3S: Sold = Sold {
    settings: &[("installer", "k3s")],
    troubles: &["helm-install-release.apply/kubernetes:ApplyHelmChart#1=Refused*ever"],
    ..OF_FLUX
};

impl Sold {
    /// What is asked for in lives in which everything happens that steps do about a cluster, and nobody keeps them from it.
    fn asked_for(&self) -> Rights {
        let clean = self.lives(&[], &self.case(Script::Life), &[]);
        let of_cluster = ["namespace", "application", "release"];
        let orphans = clean.made.iter().filter(|thing| of_cluster.contains(&thing.field));
        let orphans = orphans.map(|thing| Script::Orphan(foreign(thing.field, &thing.name)));
        let scripts = [Script::Changed, Script::Leaves, Script::Returns].into_iter().chain(orphans);
        let mut rights: Rights = clean.rights;
        let scripts = scripts.chain(self.has_domains.then_some(Script::Domain));
        for case in scripts.map(|script| self.case(script)) {
            let run = self.lives(&[], &case, &[]);
            assert_eq!(run.statuses.last(), Some(&Status::Deleted), "{case}");
            let failed = run.transcript.iter().find(|line| line.contains("-> Terminal"));
            assert_eq!(failed, None, "{case}");
            rights.extend(run.rights);
        }
        for trouble in self.troubles {
            let case = format!("{} {trouble}", self.blueprint);
            let run = self.lives(&[], &case.parse().expect("a case"), &[]);
            assert!(run.statuses.ends_with(&[Status::Active, Status::Deleted]), "{case}: {:?}", run.statuses);
            rights.extend(run.rights);
        }
        // What does not come up is looked at more closely.
        let run = self.lives(&[], &self.case(Script::Life), &[("version", BROKEN)]);
        assert_eq!(run.statuses, [Status::Failed, Status::Failed, Status::Deleted]);
        rights.extend(run.rights);
        rights
    }

    fn case(&self, script: Script) -> Case {
        Case { script, ..Case::life(self.blueprint(), Vec::new()) }
    }

    fn lives(&self, roles: &'static [&'static str], case: &Case, settings: Settings) -> Run {
        let settings = [self.settings, settings].concat().leak();
        case.run_of(Blueprint { roles, settings, ..self.blueprint() })
    }

    fn blueprint(&self) -> Blueprint {
        blueprints::named(self.blueprint).expect("one")
    }
}

#[test]
fn of_argo_cd_it_is_as_it_was_written_down() {
    is_written_down("kubernetes-argocd", &OF_ARGOCD.asked_for());
}

#[test]
fn of_helm_and_cloudnativepg_it_is_as_it_was_written_down() {
    let of_flux = OF_FLUX.asked_for();
    is_written_down("helm-cloudnativepg", &of_flux);
    is_written_down(K3S, &OF_K3S.asked_for().difference(&of_flux).cloned().collect());
}

#[test]
fn k3s_installs_under_its_role() {
    let life = |roles| OF_K3S.lives(roles, &OF_K3S.case(Script::Life), &[]).statuses;
    assert_eq!(life(&["helm-cloudnativepg", K3S]), [Status::Active, Status::Deleted]);
    assert_eq!(life(&["helm-cloudnativepg"])[0], Status::Failed);
}

/// The one that `helm-cloudnativepg` was begun from.
#[test]
fn the_guides_role_is_too_small_and_too_large() {
    let role = include_str!("../../infra/local/sandbox/tests/clouds/guides-role.yaml");
    let ClusterRole { rules } = yaml_serde::from_str(role).expect("a role");
    let ours = roles::rules("helm-cloudnativepg");
    let asked_for: Rights = ours.iter().flat_map(Rule::rights).collect();
    let granted = |right: &&Right| rules.iter().any(|rule| rule.grants(right));
    let mut unheard: BTreeSet<&str> = asked_for.iter().map(|right| right.resource.as_str()).collect();
    unheard.retain(|resource| !rules.iter().any(|rule| rule.resources.iter().any(|it| it == resource)));
    let expected = [
        "backups",
        "certificates",
        "externalsecrets",
        "helmcharts",
        "helmreleases",
        "limitranges",
        "networkpolicies",
        "objectstores",
        "resourcequotas",
        "scheduledbackups",
    ];
    assert_eq!(unheard, expected.into());
    assert!(asked_for.iter().any(|right| right.verb == "patch"));
    assert_eq!(asked_for.iter().filter(granted).filter(|right| right.verb == "patch").count(), 0);
    // CloudNativePG has no StatefulSets, and no secret goes through our hands.
    let needless =
        |right: &&Right| ["statefulsets", "secrets", "services"].contains(&right.resource.as_str());
    assert_eq!(asked_for.iter().find(needless), None);
}

#[allow(clippy::disallowed_methods)] // `UPDATE` is for whoever runs it.
fn is_written_down(role: &str, rights: &Rights) {
    let file = roles::file(role);
    let written = document(role, rights);
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&file, &written).expect("written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == written, "{} is stale: UPDATE=1 writes it anew", file.display());
}

/// The role, and whom it is bound to.
fn document(role: &str, rights: &Rights) -> String {
    let mut text = format!(
        "# What the steps of a simulated life asked for. Written by `UPDATE=1 cargo nextest run -p sagas --test cluster_roles`.\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: tenantry-{role}\nrules:\n"
    );
    for ((group, verbs), resources) in rules(rights) {
        let group = if group.is_empty() { "\"\"" } else { group };
        let list = |items: BTreeSet<&str>| items.into_iter().collect::<Vec<_>>().join(", ");
        let (resources, verbs) = (list(resources), list(verbs));
        write!(text, "  - apiGroups: [{group}]\n    resources: [{resources}]\n    verbs: [{verbs}]\n")
            .expect("a text takes all");
    }
    let [.., namespace, account] = roles::USER.split(':').collect::<Vec<_>>()[..] else { unreachable!() };
    text + &format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: tenantry-{role}\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: tenantry-{role}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {account}\n    namespace: {namespace}\n"
    )
}

/// What is allowed alike of several resources of a group is one rule.
fn rules(rights: &Rights) -> BTreeMap<(&str, BTreeSet<&str>), BTreeSet<&str>> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Right { group, resource, verb } in rights {
        verbs.entry((group, resource)).or_default().insert(verb);
    }
    let mut rules: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        rules.entry((group, verbs)).or_default().insert(resource);
    }
    rules
}
