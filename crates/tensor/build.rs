//! With the feature `cuda`, compiles the kernels: one fatbin with machine code for the chips below and
//! PTX that the driver compiles for later ones.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compute capabilities with machine code of their own; code of 8.0 also runs on 8.6 and 8.9.
const CHIPS: [&str; 2] = ["80", "90"];
const KERNELS: &str = "src/passes/cuda/kernels";

fn main() {
    for variable in ["NVCC", "CUDA_HOME", "CUDA_PATH", "NVCC_CCBIN"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed={KERNELS}");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let source = Path::new(KERNELS).join("kernel.cu");
    compile(&source, &folder.join("frozen_networks.fatbin"));
}

/// The compiler of `NVCC`, of a toolkit's folder, or of the search path, in the order of candle's build.
fn nvcc() -> PathBuf {
    if let Some(compiler) = env::var_os("NVCC") {
        return compiler.into();
    }
    let homes = ["CUDA_HOME", "CUDA_PATH"]
        .into_iter()
        .filter_map(env::var_os);
    let mut compilers = homes.map(|home| Path::new(&home).join("bin/nvcc"));
    compilers
        .find(|compiler| compiler.exists())
        .unwrap_or_else(|| "nvcc".into())
}

fn compile(source: &Path, output: &Path) {
    let mut command = Command::new(nvcc());
    command.args(["-fatbin", "-std=c++17", "-O3"]);
    for chip in CHIPS {
        command.arg(format!("-gencode=arch=compute_{chip},code=sm_{chip}"));
    }
    let newest = CHIPS[CHIPS.len() - 1];
    command.arg(format!(
        "-gencode=arch=compute_{newest},code=compute_{newest}"
    ));
    if let Some(host_compiler) = env::var_os("NVCC_CCBIN") {
        command.arg("-ccbin").arg(host_compiler);
    }
    command.arg("-o").arg(output).arg(source);
    let run = command.output().unwrap_or_else(|error| {
        panic!("the feature `cuda` needs nvcc (set CUDA_HOME or NVCC): {command:?}: {error}")
    });
    assert!(
        run.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
