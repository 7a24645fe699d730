use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Every package of the workspace with its layer. An arrow goes to a lower layer only.
/// A new crate gets a row here and in `docs/architecture.md`.
const LAYERS: &[(&str, u8)] = &[
    ("semantic-inpaint-cli", 5),
    ("semantic-inpaint", 4),
    ("semantic-inpaint-context-encoder", 3),
    ("semantic-inpaint-latent-encoder", 3),
    ("semantic-inpaint-pretrained", 3),
    ("semantic-inpaint-latent-search", 2),
    ("semantic-inpaint-train", 2),
    ("semantic-inpaint-classical", 2),
    ("semantic-inpaint-dcgan", 2),
    ("semantic-inpaint-metrics", 2),
    ("semantic-inpaint-mask", 1),
    ("semantic-inpaint-nn", 1),
    ("semantic-inpaint-data", 1),
    ("semantic-inpaint-tensor", 0),
    ("semantic-inpaint-pretrained-dtd", 0),
    ("semantic-inpaint-pretrained-pets", 0),
    ("semantic-inpaint-pretrained-celeba-context-encoder", 0),
    ("semantic-inpaint-pretrained-celeba-encoder", 0),
    ("testkit", 0),
];

/// Crates of others that only some packages may name, so that a change of theirs stays in few files.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "candle-core",
        &[
            "semantic-inpaint-tensor",
            "semantic-inpaint-nn",
            "semantic-inpaint-dcgan",
            "testkit",
        ],
    ),
    (
        "candle-nn",
        &["semantic-inpaint-tensor", "semantic-inpaint-nn"],
    ),
    ("image", &["semantic-inpaint-data"]),
    (
        "plotters",
        &["semantic-inpaint-train", "semantic-inpaint-metrics"],
    ),
    ("csv", &["semantic-inpaint-metrics"]),
    ("prost", &["semantic-inpaint-train"]),
    ("clap", &["semantic-inpaint-cli"]),
    ("ureq", &["semantic-inpaint-data"]),
];

/// What a crate must state to be published.
const STATED: &[&str] = &[
    "description",
    "license",
    "repository",
    "keywords",
    "categories",
    "documentation",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Normal,
    Dev,
    Build,
}

struct Dependency<'a> {
    name: &'a str,
    kind: Kind,
    value: &'a Value,
}

struct Manifest {
    name: String,
    table: Table,
}

impl Manifest {
    fn parse(text: &str) -> Self {
        let table: Table = text.parse().unwrap();
        let name = table["package"]["name"].as_str().unwrap().to_owned();
        Self { name, table }
    }

    fn read(path: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(path).unwrap())
    }

    fn layer(&self) -> Option<u8> {
        layer(&self.name)
    }

    fn is_published(&self) -> bool {
        self.table["package"].get("publish") != Some(&Value::Boolean(false))
    }

    /// All dependencies, those of `[target.*]` included.
    fn dependencies(&self) -> Vec<Dependency<'_>> {
        let targets = self.table.get("target").and_then(Value::as_table);
        let tables = targets
            .into_iter()
            .flat_map(Table::values)
            .filter_map(Value::as_table);
        tables
            .chain([&self.table])
            .flat_map(dependencies_of)
            .collect()
    }

    /// The features that `feature` switches on, in the spelling of the manifest.
    fn feature(&self, feature: &str) -> Option<Vec<&str>> {
        let list = self.table.get("features")?.get(feature)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }
}

fn dependencies_of(table: &Table) -> Vec<Dependency<'_>> {
    let kinds = [
        ("dependencies", Kind::Normal),
        ("dev-dependencies", Kind::Dev),
        ("build-dependencies", Kind::Build),
    ];
    let section = |(key, kind)| {
        let entries = table
            .get(key)
            .and_then(Value::as_table)
            .into_iter()
            .flatten();
        entries.map(move |(name, value)| Dependency { name, kind, value })
    };
    kinds.into_iter().flat_map(section).collect()
}

fn layer(package: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, layer)| *layer)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn workspace() -> Vec<Manifest> {
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let mut paths: Vec<_> = crates
        .map(|entry| entry.unwrap().path().join("Cargo.toml"))
        .collect();
    paths.retain(|path| path.is_file());
    paths.push(root().join("Cargo.toml"));
    paths.iter().map(|path| Manifest::read(path)).collect()
}

/// Arrows that do not go down. Tests and examples of a crate may also use crates of its own layer.
fn wrong_arrows(manifests: &[Manifest]) -> Vec<String> {
    let mut wrong = Vec::new();
    for manifest in manifests {
        let Some(from) = manifest.layer() else {
            wrong.push(format!("{} has no layer: add it to LAYERS", manifest.name));
            continue;
        };
        for dependency in manifest.dependencies() {
            let down = match (layer(dependency.name), dependency.kind) {
                (None, _) => true,
                (Some(to), Kind::Dev) => to <= from,
                (Some(to), Kind::Normal | Kind::Build) => to < from,
            };
            if !down {
                wrong.push(format!("{} depends on {}", manifest.name, dependency.name));
            }
        }
    }
    wrong
}

fn wrong_users_of_reserved(manifests: &[Manifest]) -> Vec<String> {
    let mut wrong = Vec::new();
    for manifest in manifests {
        for dependency in manifest.dependencies() {
            let reserved = RESERVED.iter().find(|(name, _)| *name == dependency.name);
            if reserved.is_some_and(|(_, users)| !users.contains(&manifest.name.as_str())) {
                wrong.push(format!("{} names {}", manifest.name, dependency.name));
            }
        }
    }
    wrong
}

fn missing_statements(manifests: &[Manifest]) -> Vec<String> {
    let mut missing = Vec::new();
    for manifest in manifests.iter().filter(|manifest| manifest.is_published()) {
        let package = manifest.table["package"].as_table().unwrap();
        for key in STATED.iter().filter(|key| !package.contains_key(**key)) {
            missing.push(format!("{} has no {key}", manifest.name));
        }
    }
    missing
}

/// Dependencies and packages that do not take their version from the root manifest.
fn own_versions(manifests: &[Manifest]) -> Vec<String> {
    let mut own = Vec::new();
    for manifest in manifests {
        for dependency in manifest.dependencies() {
            let inherited = dependency.value.get("workspace") == Some(&Value::Boolean(true));
            if !inherited {
                own.push(format!("{}: dependency {}", manifest.name, dependency.name));
            }
        }
        let inherited = manifest.table["package"]["version"].is_table();
        if manifest.is_published() && !inherited {
            own.push(format!("{}: its own version", manifest.name));
        }
    }
    own
}

/// `cuda` features that stop on their way down to candle.
fn cuda_features_that_stop(manifests: &[Manifest]) -> Vec<String> {
    let has_cuda = |name: &str| {
        manifests
            .iter()
            .any(|other| other.name == name && other.feature("cuda").is_some())
    };
    let mut stopped = Vec::new();
    for manifest in manifests {
        let forwarded = manifest.feature("cuda").unwrap_or_default();
        for dependency in manifest.dependencies() {
            let expected = format!("{}/cuda", dependency.name);
            let needed = dependency.kind == Kind::Normal && has_cuda(dependency.name);
            if needed && !forwarded.contains(&expected.as_str()) {
                stopped.push(format!(
                    "{}: feature cuda lacks \"{expected}\"",
                    manifest.name
                ));
            }
        }
    }
    stopped
}

#[track_caller]
fn assert_none(rule: &str, found: &[String]) {
    let list = found.iter().fold(String::new(), |mut list, line| {
        let _ = write!(list, "\n  {line}");
        list
    });
    assert!(found.is_empty(), "{rule}:{list}");
}

#[test]
fn every_row_of_the_table_is_a_crate() {
    let manifests = workspace();
    for (name, _) in LAYERS {
        assert!(
            manifests.iter().any(|manifest| manifest.name == *name),
            "no package {name}"
        );
    }
}

#[test]
fn arrows_go_to_lower_layers_only() {
    assert_none(
        "an arrow goes to a lower layer only",
        &wrong_arrows(&workspace()),
    );
}

#[test]
fn reserved_crates_are_named_by_their_users_only() {
    assert_none(
        "keep this crate behind its users",
        &wrong_users_of_reserved(&workspace()),
    );
}

#[test]
fn published_crates_state_what_registries_show() {
    assert_none("add to [package]", &missing_statements(&workspace()));
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    assert_none(
        "write `workspace = true` instead",
        &own_versions(&workspace()),
    );
}

#[test]
fn internal_dependencies_ask_for_the_version_of_the_workspace() {
    let root = Manifest::read(&root().join("Cargo.toml"));
    let workspace = &root.table["workspace"];
    let version = &workspace["package"]["version"];
    for (name, value) in workspace["dependencies"].as_table().unwrap() {
        if name.starts_with("semantic-inpaint") {
            assert_eq!(value.get("version"), Some(version), "version of {name}");
        }
    }
}

#[test]
fn every_crate_inherits_the_lints() {
    for manifest in workspace() {
        let lints = manifest
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        assert_eq!(
            lints,
            Some(&Value::Boolean(true)),
            "[lints] of {}",
            manifest.name
        );
    }
}

#[test]
fn the_cuda_feature_reaches_every_dependency() {
    assert_none("forward it", &cuda_features_that_stop(&workspace()));
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let bad = Manifest::parse(
        r#"
        [package]
        name = "semantic-inpaint-mask"
        version = "0.2.0"
        license = "MIT"
        [features]
        cuda = []
        [dependencies]
        semantic-inpaint-nn.workspace = true
        semantic-inpaint-tensor = { path = "../tensor" }
        [dev-dependencies]
        semantic-inpaint-dcgan.workspace = true
        [target.'cfg(unix)'.dependencies]
        candle-core.workspace = true
        "#,
    );
    let tensor = "[package]\nname = \"semantic-inpaint-tensor\"\n[features]\ncuda = []";
    let stranger = "[package]\nname = \"stranger\"";
    let mut bad = vec![bad];

    assert_eq!(
        wrong_arrows(&bad),
        [
            "semantic-inpaint-mask depends on semantic-inpaint-nn",
            "semantic-inpaint-mask depends on semantic-inpaint-dcgan",
        ],
    );
    assert_eq!(
        wrong_users_of_reserved(&bad),
        ["semantic-inpaint-mask names candle-core"]
    );
    assert_eq!(missing_statements(&bad).len(), STATED.len() - 1);
    assert_eq!(
        own_versions(&bad),
        [
            "semantic-inpaint-mask: dependency semantic-inpaint-tensor",
            "semantic-inpaint-mask: its own version",
        ],
    );
    bad.push(Manifest::parse(tensor));
    assert_eq!(
        cuda_features_that_stop(&bad),
        ["semantic-inpaint-mask: feature cuda lacks \"semantic-inpaint-tensor/cuda\""],
    );
    assert_eq!(
        wrong_arrows(&[Manifest::parse(stranger)]),
        ["stranger has no layer: add it to LAYERS"]
    );
}
