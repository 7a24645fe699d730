//! The methods of an evaluation, each with a label of its own.

use anyhow::Result;
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::{
    MaskShape, Method, MethodContext, MethodName, Preset, Requirement, SearchConfig,
};

use super::Arguments;
use super::plan::{NamedEncoder, NamedModel, Networks};
use crate::mask_choice::listed;
use crate::model_choice::ModelChoice;

/// One of the searches that are measured beside each other.
struct Search {
    preset: Preset,
    config: SearchConfig,
    encoder: Option<LatentEncoderModel>,
}

impl Search {
    /// A search of a model for each preset. Of several, those of the publications are as published.
    fn all(arguments: &Arguments, model: &ModelChoice) -> Result<Vec<Self>> {
        let presets = arguments.presets()?;
        let search = |&preset: &Preset| {
            let is_as_published =
                presets.len() > 1 && matches!(preset, Preset::Paper | Preset::Authors);
            let encoder = match is_as_published {
                true => None,
                false => arguments.search.encoder(preset, model).load()?,
            };
            Ok(Self {
                preset,
                config: (arguments.search).config(preset, encoder.as_ref(), arguments.seed)?,
                encoder,
            })
        };
        presets.iter().map(search).collect()
    }
}

/// The methods in order; those with a search once for each model and preset, Context Encoders once for each
/// row of theirs.
pub(super) fn methods(
    names: &[MethodName],
    networks: &Networks,
    arguments: &Arguments,
    context: &MethodContext<'_>,
) -> Result<Vec<Method>> {
    let models = networks.models.iter();
    let searches = models.map(|model| Ok((model, Search::all(arguments, &model.0)?)));
    let searches: Vec<_> = searches.collect::<Result<_>>()?;
    let mut methods = Vec::new();
    for &name in names {
        match name.requirement() {
            Requirement::Model => {
                for (model, searches) in &searches {
                    for search in searches {
                        let method = searching(name, model, search, context)?;
                        let label = label(name, (networks, model), (searches, search));
                        methods.push(method.with_label(label));
                    }
                }
            }
            Requirement::ContextEncoder => {
                for (label, encoders) in encoder_rows(&networks.encoders) {
                    let context = MethodContext {
                        context_encoders: &encoders,
                        ..context.clone()
                    };
                    methods.push(Method::build(name, &context)?.with_label(label));
                }
            }
            _ => methods.push(Method::build(name, context)?),
        }
    }
    Ok(methods)
}

fn searching(
    name: MethodName,
    (model_name, model): &NamedModel,
    search: &Search,
    context: &MethodContext<'_>,
) -> Result<Method> {
    let context = MethodContext {
        model: Some(model),
        model_name: &model_name.to_string(),
        auto_rule: model_name.auto_rule(),
        search: search.config,
        latent_encoder: search.encoder.as_ref(),
        ..context.clone()
    };
    Ok(Method::build(name, &context)?)
}

/// The method's name, with that of the model and that of the preset where there are several.
fn label(
    name: MethodName,
    (networks, (model_name, _)): (&Networks, &NamedModel),
    (searches, search): (&[Search], &Search),
) -> String {
    let mut label = name.to_string();
    if networks.models.len() > 1 {
        label = format!("{label} {model_name}");
    }
    if searches.len() > 1 {
        label = format!("{label} {}", search.preset);
    }
    label
}

/// Labels with the Context Encoders that are one method: those of one hole each together, others each alone.
fn encoder_rows(encoders: &[NamedEncoder]) -> Vec<(String, Vec<ContextEncoderModel>)> {
    let name = MethodName::ContextEncoder;
    let (own, shared): (Vec<_>, Vec<_>) =
        (encoders.iter()).partition(|(_, model)| model.masks.len() == 1);
    let mut rows = Vec::new();
    if !own.is_empty() {
        let models = own.iter().map(|(_, model)| model.clone());
        rows.push((name.to_string(), models.collect()));
    }
    for (choice, model) in &shared {
        let label = match (shared.len(), own.len()) {
            (1, 0) => name.to_string(),
            (1, _) => format!("{name} for many holes"),
            _ => format!("{name} {choice}"),
        };
        rows.push((label, vec![model.clone()]));
    }
    rows
}

/// A note for each row of Context Encoders that is measured with holes that none of them learned.
pub(super) fn unlearned_holes(encoders: &[NamedEncoder], masks: &[MaskShape]) -> Vec<String> {
    let note = |(label, models): (String, Vec<ContextEncoderModel>)| {
        let has_learned = |mask: &MaskShape| models.iter().any(|model| model.learned(*mask));
        let unlearned = listed(masks.iter().filter(|mask| !has_learned(mask)));
        let learned = listed(models.iter().flat_map(|model| &model.masks));
        (!unlearned.is_empty()).then(|| {
            format!(
                "The row {label} learned {learned}; its fills of {unlearned} are those of a network for other \
                 holes, where one covers them."
            )
        })
    };
    encoder_rows(encoders)
        .into_iter()
        .filter_map(note)
        .collect()
}
