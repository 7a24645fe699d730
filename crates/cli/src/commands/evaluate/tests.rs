use std::path::Path;

use clap::Parser;
use semantic_inpaint::context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderModel,
};
use semantic_inpaint::dcgan::{
    DcganDiscriminator, DcganEncoder, DcganEncoderConfig, DcganGenerator,
};
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::nn::weight_file::StoredPrecision;
use semantic_inpaint::{
    DcganConfig, DcganModel, Device, Method, MethodName, ModelCard, Photo, Preset, Rng,
    SearchConfig,
};

use super::Arguments;
use super::plan::Plan;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    arguments: Arguments,
}

fn parse(text: &str) -> Arguments {
    let words = std::iter::once("evaluate").chain(text.split_whitespace());
    Program::try_parse_from(words).unwrap().arguments
}

fn save_model(folder: &Path, name: &str, image_size_px: usize) {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    let model = DcganModel {
        generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
        discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
        card: ModelCard {
            preprocessing: format!("squash, {image_size_px} px"),
            ..ModelCard::default()
        },
    };
    model
        .save(&folder.join(name), StoredPrecision::F32)
        .unwrap();
}

fn save_encoder(folder: &Path, name: &str, image_size_px: usize, masks: &[&str]) {
    let config = ContextEncoderConfig {
        image_size_px,
        base_channels: 4,
        connection: Connection::Bottleneck { len: 8 },
        ..ContextEncoderConfig::default()
    };
    let network = ContextEncoder::initialize(config, &mut Rng::from_seed(1), &Device::Cpu);
    let model = ContextEncoderModel {
        network: network.unwrap(),
        masks: masks.iter().map(|mask| mask.parse().unwrap()).collect(),
        card: ModelCard {
            preprocessing: format!("squash, {image_size_px} px"),
            ..ModelCard::default()
        },
    };
    model
        .save(&folder.join(name), StoredPrecision::F32)
        .unwrap();
}

/// An encoder for the models of 32 px.
fn save_latent_encoder(folder: &Path, name: &str) {
    let generator = DcganConfig {
        latent_len: 8,
        image_size_px: 32,
        ..DcganConfig::default()
    };
    let config = DcganEncoderConfig::of_generator(&generator, 4);
    let encoder = DcganEncoder::initialize(config, &mut Rng::from_seed(2), &Device::Cpu);
    let model = LatentEncoderModel {
        encoder: encoder.unwrap(),
        masks: vec!["square:10".parse().unwrap()],
        card: ModelCard::default(),
    };
    model
        .save(&folder.join(name), StoredPrecision::F32)
        .unwrap();
}

/// A folder with five photos and models of 32 and 64 px.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("images")).unwrap();
    for level in 0..5 {
        let file = folder.path().join(format!("images/{level}.png"));
        Photo::filled(40, 50, [level * 40; 3]).save(file).unwrap();
    }
    for (name, size_px) in [
        ("a.safetensors", 32),
        ("b.safetensors", 32),
        ("c.safetensors", 64),
    ] {
        save_model(folder.path(), name, size_px);
    }
    save_encoder(folder.path(), "e.safetensors", 32, &["square:10"]);
    save_encoder(folder.path(), "f.safetensors", 64, &["square:10"]);
    folder
}

fn plan(folder: &Path, options: &str) -> anyhow::Result<Plan> {
    let folder = folder.display();
    let options = options.replace("@", &format!("{folder}/"));
    let arguments = parse(&format!(
        "--data {folder}/images --out {folder}/out {options}"
    ));
    Plan::new(&arguments, &Device::Cpu)
}

fn message(folder: &Path, options: &str) -> String {
    plan(folder, options).unwrap_err().to_string()
}

#[test]
fn all_methods_whose_needs_are_met_are_measured_unless_some_are_named() {
    let methods = |options: &str| {
        parse(&format!("--data d --out o {options}"))
            .methods()
            .unwrap()
    };
    let all = methods("--training-set t --context-encoder c");
    let others = MethodName::all().iter().copied();
    let others: Vec<MethodName> = others.filter(|&name| name != MethodName::Auto).collect();
    assert_eq!(all, others);
    let without = methods("");
    assert!(without.contains(&MethodName::Latent) && !without.contains(&MethodName::MeanImage));
    let named = [MethodName::Telea, MethodName::Latent];
    assert_eq!(methods("--methods telea,latent"), named);
    let masks = parse("--data d --out o").masks;
    let masks: Vec<String> = masks.iter().map(ToString::to_string).collect();
    let expected =
        "square:10 square:20 square:30 circle:20 blocks:2x2:100 blocks:2x2:10".split(' ');
    assert_eq!(masks, expected.collect::<Vec<_>>());
}

#[test]
fn images_are_framed_like_the_model_and_counted_from_the_first_that_is_not_passed_over() {
    let folder = folder();
    let plan = |options: &str| plan(folder.path(), options).unwrap();
    let found = plan("--methods latent --models @a.safetensors --skip 1 --count 3 --iterations 2");
    assert_eq!(found.images.names(), ["1.png", "2.png", "3.png"]);
    assert_eq!(found.images.size_px(), 32);
    assert_eq!(found.images.record().framing.to_string(), "squash");
    assert_eq!(found.methods[0].label(), "latent");
    assert_eq!(found.methods[0].search().unwrap().iterations, 2);
    let found = plan("--methods telea,mean-image --training-set @images --framing center-crop");
    assert_eq!((found.images.count(), found.images.size_px()), (5, 64));
    assert_eq!(found.methods.len(), 2);
    let crops =
        "--methods latent --models @a.safetensors --framing random-crops:3 --skip 1 --count 4";
    let found = plan(crops);
    let pictures: Vec<&str> = found.images.names().iter().map(|name| &name[..5]).collect();
    assert_eq!(pictures, ["0.png", "0.png", "1.png", "1.png"]);
    let message = message(folder.path(), "--methods telea --skip 5");
    assert!(message.contains("skip fewer"), "{message}");
}

#[test]
fn several_models_are_told_apart_and_must_have_one_size() {
    let folder = folder();
    let models = "--methods harmonic,latent --models @a.safetensors,@b.safetensors";
    let found = plan(folder.path(), models).unwrap();
    let labels: Vec<&str> = found.methods.iter().map(|method| method.label()).collect();
    assert_eq!(labels.len(), 3);
    assert!(labels[1].ends_with("a.safetensors") && labels[2].ends_with("b.safetensors"));
    assert_ne!(found.methods[1].settings(), found.methods[2].settings());
    let found = plan(
        folder.path(),
        "--methods auto,telea --models @a.safetensors --restarts 2",
    );
    let found = found.unwrap().methods;
    let labels = [found[0].label(), found[1].label()];
    assert_eq!(labels, ["auto", "telea"]);
    assert_eq!(found[0].search().unwrap().restarts, 2);
    let message = message(
        folder.path(),
        "--methods latent --models @a.safetensors,@c.safetensors",
    );
    assert!(message.contains("one size at a time"), "{message}");
}

#[test]
fn presets_are_searches_of_their_own_and_published_ones_have_no_encoder() {
    let folder = folder();
    save_latent_encoder(folder.path(), "guess.safetensors");
    let presets = "--methods latent --models @a.safetensors --presets paper,fast,best";
    let found = plan(folder.path(), &format!("{presets} --seed 5")).unwrap();
    let labels: Vec<&str> = found.methods.iter().map(Method::label).collect();
    assert_eq!(labels, ["latent paper", "latent fast", "latent best"]);
    for (method, preset) in found
        .methods
        .iter()
        .zip([Preset::Paper, Preset::Fast, Preset::Best])
    {
        let config = SearchConfig {
            seed: 5,
            ..preset.config()
        };
        assert_eq!(method.search().unwrap(), &config);
    }
    let with_encoder = format!("{presets} --latent-encoder @guess.safetensors");
    let found = plan(folder.path(), &with_encoder).unwrap();
    let encoders: Vec<bool> = found
        .methods
        .iter()
        .map(Method::has_latent_encoder)
        .collect();
    assert_eq!(encoders, [false, true, true]);
    assert_eq!(found.methods[0].search().unwrap(), &Preset::Paper.config());
    let guessing = Preset::Fast.config_with_encoder();
    assert_eq!(found.methods[1].search().unwrap(), &guessing);
    let models = "--methods latent --models @a.safetensors,@b.safetensors --presets fast,best";
    let found = plan(folder.path(), models).unwrap();
    assert_eq!(found.methods.len(), 4);
    assert!(found.methods[3].label().ends_with("b.safetensors best"));
    let message = message(folder.path(), "--methods latent --presets fast,best,fast");
    assert!(message.contains("fast twice"), "{message}");
}

#[test]
fn a_context_encoder_of_several_holes_is_a_method_by_itself() {
    let folder = folder();
    save_encoder(folder.path(), "circle.safetensors", 32, &["circle:10"]);
    save_encoder(
        folder.path(),
        "many.safetensors",
        32,
        &["square:10", "circle:10"],
    );
    save_encoder(
        folder.path(),
        "more.safetensors",
        32,
        &["square:10", "strokes"],
    );
    let rows = |encoders: &str| {
        let options = format!("--methods telea,context-encoder --context-encoder {encoders}");
        let methods = plan(folder.path(), &options).unwrap().methods;
        let rows = methods[1..].iter();
        rows.map(|method| (method.label().to_owned(), method.settings()))
            .collect::<Vec<_>>()
    };
    let found = rows("@many.safetensors,@e.safetensors,@circle.safetensors");
    assert_eq!(found[0].0, "context-encoder");
    assert!(found[0].1.contains("square:10, weights") && found[0].1.contains("circle:10, weights"));
    assert_eq!(found[1].0, "context-encoder for many holes");
    assert!(found[1].1.contains("square:10,circle:10"), "{}", found[1].1);
    assert_eq!(found.len(), 2);
    assert_eq!(rows("@many.safetensors")[0].0, "context-encoder");
    let found = rows("@many.safetensors,@more.safetensors");
    assert!(found[0].0.ends_with("many.safetensors") && found[1].0.ends_with("more.safetensors"));
}

#[test]
fn context_encoders_decide_size_and_framing_like_models_do() {
    let folder = folder();
    let found = plan(
        folder.path(),
        "--methods telea,context-encoder --context-encoder @e.safetensors --device cpu",
    );
    let found = found.unwrap();
    assert_eq!(found.images.size_px(), 32);
    assert_eq!(found.images.record().framing.to_string(), "squash");
    for (options, texts) in [
        (
            "--methods context-encoder --context-encoder @e.safetensors,@f.safetensors",
            [
                "e.safetensors has images of 32 px",
                "f.safetensors of 64 px",
            ],
        ),
        (
            "--methods latent,context-encoder --models @c.safetensors --context-encoder @e.safetensors",
            [
                "c.safetensors has images of 64 px",
                "e.safetensors of 32 px",
            ],
        ),
    ] {
        let message = message(folder.path(), options);
        assert!(texts.iter().all(|text| message.contains(text)), "{message}");
        assert!(message.contains("one size at a time"), "{message}");
    }
}

#[test]
fn options_that_no_method_makes_use_of_are_refused() {
    let folder = folder();
    for (options, texts) in [
        (
            "--methods telea --iterations 3",
            ["no method", "--iterations"],
        ),
        ("--methods telea --models celeba", ["no method", "--models"]),
        ("--methods telea --device cpu", ["no method", "--device"]),
        (
            "--methods context-encoder --context-encoder c --models celeba",
            ["no method", "--models"],
        ),
        (
            "--methods telea --training-set t",
            ["no method", "--training-set"],
        ),
        ("--methods mean-image", ["mean-image", "--training-set"]),
        (
            "--methods context-encoder",
            ["context-encoder", "--context-encoder"],
        ),
        (
            "--methods telea --context-encoder c",
            ["no method", "--context-encoder"],
        ),
        ("--methods telea,telea", ["telea", "twice"]),
        ("--methods telea --presets fast", ["no method", "--presets"]),
    ] {
        let message = message(folder.path(), options);
        assert!(texts.iter().all(|text| message.contains(text)), "{message}");
    }
}
