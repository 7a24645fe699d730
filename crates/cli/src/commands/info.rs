//! `info`: what a model, a set, a run or an image is.

mod encoders;
mod model;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::nn::model_file;
use semantic_inpaint::train::RunDirectory;
use semantic_inpaint::{ImageSet, ImageSource, PretrainedModel, read_photo};
use serde_json::{Value, json};

use crate::model_choice::{ModelChoice, built_in_names};
use crate::output;
use crate::status::Status;

/// Show what a model, a prepared set, a training run, an archive or an image holds
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// celeba, dtd, pets, a model file, a prepared set, the folder of a run, a folder or archive of
    /// images, or an image
    #[arg(value_name = "NAME|PATH")]
    target: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let facts = describe(&arguments.target)?;
    if arguments.json {
        output::json(&facts)?;
    } else {
        output::line(facts["kind"].as_str().unwrap_or_default())?;
        print(&facts, "  ")?;
    }
    Ok(Status::Done)
}

fn describe(target: &Path) -> Result<Value> {
    let name = target.to_string_lossy();
    if let Ok(model) = name.parse::<PretrainedModel>() {
        let mut facts = model::describe(&ModelChoice::Pretrained(model))?;
        facts["card"]["text"] = json!(model.card_text()?);
        facts["latent_encoder"]["text"] = json!(model.latent_encoder_card_text().ok());
        facts["context_encoder"]["text"] = json!(model.context_encoder_card_text().ok());
        return Ok(facts);
    }
    if !target.exists() {
        bail!(
            "{}: neither a built-in model ({}) nor a file or folder: check the name",
            target.display(),
            built_in_names()
        );
    }
    if target.is_dir() {
        return match target.join("config.toml").is_file() {
            true => describe_run(target),
            false => describe_source(target),
        };
    }
    if target
        .extension()
        .is_some_and(|extension| extension == "safetensors")
    {
        return describe_safetensors(target);
    }
    match ImageSource::open(target) {
        Ok(_) => describe_source(target),
        Err(_) => describe_image(target),
    }
}

fn describe_safetensors(path: &Path) -> Result<Value> {
    match model_file::kind(path).ok().flatten().as_deref() {
        Some(ContextEncoderModel::KIND) => return encoders::describe_context_encoder(path),
        Some(LatentEncoderModel::KIND) => return encoders::describe_latent_encoder(path),
        _ => {}
    }
    let of_model = match model::describe(&ModelChoice::File(path.into())) {
        Ok(facts) => return Ok(facts),
        Err(error) => error,
    };
    // A prepared set carries no metadata of a model; of anything else the model's fault is told.
    let Ok(set) = ImageSet::load(path) else {
        return Err(of_model);
    };
    Ok(json!({
        "kind": "prepared set",
        "images": set.count(),
        "record": set.record(),
    }))
}

fn describe_run(path: &Path) -> Result<Value> {
    let run = RunDirectory::open(path)?;
    let text = run.config()?;
    let config: toml::Table = toml::from_str(&text)
        .ok()
        .with_context(|| format!("{}: config.toml is no TOML", path.display()))?;
    let scored = |(step, folder): (u64, PathBuf)| {
        let scores = run.scores(step).ok().flatten();
        let scores = scores.map(|scores| match scores.named.is_empty() {
            true => json!({"decisive": scores.decisive}),
            false => json!(scores.named),
        });
        json!({"step": step, "folder": folder, "scores": scores})
    };
    let events = std::fs::read_to_string(run.events()).unwrap_or_default();
    let last_step = events
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|event| event["event"] == "step");
    Ok(json!({
        "kind": "training run",
        "last_checkpoint": run.last_checkpoint().ok().map(scored),
        "best_checkpoint": run.best_checkpoint().ok().map(scored),
        "last_logged_step": last_step,
        "config": config,
    }))
}

fn describe_source(path: &Path) -> Result<Value> {
    let source = ImageSource::open(path)?;
    let names = source.image_names()?;
    Ok(json!({
        "kind": "images",
        "source": format!("{:?}", source.kind()).to_lowercase(),
        "images": names.len(),
        "first": names.first(),
        "last": names.last(),
    }))
}

fn describe_image(path: &Path) -> Result<Value> {
    let photo = read_photo(path)?;
    let transparent = |alpha: &[u8]| alpha.iter().filter(|&&alpha| alpha <= 127).count();
    Ok(json!({
        "kind": "image",
        "height": photo.height(),
        "width": photo.width(),
        "transparent_pixels": photo.alpha().map(transparent),
    }))
}

/// Writes nested facts as indented lines.
fn print(facts: &Value, indent: &str) -> Result<()> {
    let Value::Object(facts) = facts else {
        return Ok(());
    };
    for (name, value) in facts.iter().filter(|(name, _)| *name != "kind") {
        let title = name.replace('_', " ");
        match value {
            Value::Object(inner) if inner.is_empty() => {}
            Value::String(text) if text.is_empty() => {}
            Value::Object(_) => {
                output::line(format_args!("{indent}{title}:"))?;
                print(value, &format!("{indent}  "))?;
            }
            Value::Null => {}
            Value::String(text) if text.contains('\n') => {
                let text = text.trim_end().replace('\n', &format!("\n{indent}  "));
                output::line(format_args!("{indent}{title}:\n{indent}  {text}"))?;
            }
            Value::String(text) => output::line(format_args!("{indent}{title}: {text}"))?,
            other => output::line(format_args!("{indent}{title}: {other}"))?,
        }
    }
    Ok(())
}
