use anyhow::Result;
use semantic_inpaint::Device;
use semantic_inpaint::tensor::describe_device;
use serde::Serialize;

#[derive(Serialize)]
struct Environment {
    program: &'static str,
    version: &'static str,
    command: Vec<String>,
    device: String,
    system: &'static str,
    architecture: &'static str,
    threads: usize,
}

/// What a run was started with and on, as the text of its `environment.json`.
pub(super) fn describe(device: &Device) -> Result<String> {
    let environment = Environment {
        program: env!("CARGO_BIN_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        device: describe_device(device),
        system: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        threads: std::thread::available_parallelism().map_or(1, Into::into),
    };
    let mut text = serde_json::to_string_pretty(&environment)?;
    text.push('\n');
    Ok(text)
}
