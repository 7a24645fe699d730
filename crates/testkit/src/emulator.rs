use std::collections::hash_map::DefaultHasher;
use std::env;
use std::hash::{Hash, Hasher};
use std::io::Result;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program that runs the CUDA kernels on the host, or `None` with a message where there is no C++
/// compiler (`CXX`, `c++`, `g++` or `clang++`).
///
/// It is compiled from the kernels' own source when that has changed, and kept in `target/`.
///
/// # Panics
///
/// When the kernels do not compile, or files cannot be written.
#[must_use]
pub fn kernel_emulator() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = || build().unwrap_or_else(|error| panic!("the kernels' emulator: {error}"));
    PROGRAM.get_or_init(built).clone()
}

fn build() -> Result<Option<PathBuf>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let kernels = workspace.join("crates/tensor/src/passes/cuda/kernels");
    let Some(compiler) = compiler().filter(|_| cfg!(unix)) else {
        eprintln!("skipped: no C++ compiler to run the CUDA kernels on the host (set CXX)");
        return Ok(None);
    };
    let folder = workspace.join("target/kernel-emulator");
    std::fs::create_dir_all(&folder)?;
    let program = folder.join(format!("{:016x}", hash(&kernels)?));
    if !program.exists() {
        // Tests of other packages may compile it too: whoever is last replaces an equal program.
        let own = program.with_extension(std::process::id().to_string());
        let run = Command::new(&compiler)
            .args(["-std=c++17", "-O2", "-o"])
            .arg(&own)
            .arg(kernels.join("emulator.cpp"))
            .output()?;
        let messages = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{compiler}: {messages}");
        std::fs::rename(own, &program)?;
    }
    Ok(Some(program))
}

fn compiler() -> Option<String> {
    let named = env::var("CXX").ok();
    let usual = ["c++", "g++", "clang++"].map(str::to_owned);
    named.into_iter().chain(usual).find(|compiler| {
        let answer = Command::new(compiler).arg("--version").output();
        answer.is_ok_and(|answer| answer.status.success())
    })
}

fn hash(folder: &Path) -> Result<u64> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
