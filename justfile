# An index of the commands of this project; every recipe is one command.

# List the recipes.
default:
    @just --list

# Everything a change must pass, as the continuous integration runs it.
check:
    .ci/run

# Unit, integration and documentation tests.
test:
    cargo test --workspace

# The same on a CUDA device; needs a CUDA toolkit and a GPU.
gpu:
    cargo test --workspace --features cuda

# Everything that only a GPU can tell: `just gpu-check --build FOLDER`, then there `--run FOLDER`.
gpu-check *ARGS:
    scripts/gpu-check.sh {{ARGS}}

# What nvcc makes of the CUDA kernels; needs a CUDA toolkit and no GPU.
cuda-report:
    scripts/cuda-report.sh

# Benchmarks (benches/README.md); add a filter or `--features cuda` after the name.
bench *ARGS:
    CANDLE_NUM_THREADS=1 cargo bench --package semantic-inpaint {{ARGS}}

# The search and training step beside PyTorch's, in alternation.
compare *ARGS:
    cargo build --release && python3 benches/compare.py {{ARGS}}

# The tables of docs/results.md; hours, and stopped it goes on where it was (scripts/results.sh).
results DATA RUNS *ARGS:
    scripts/results.sh {{DATA}} {{RUNS}} {{ARGS}}

# Rewrite the golden files with PyTorch (versions are pinned in the scripts).
golden:
    for script in scripts/golden/*.py; do python3 "$script" || exit 1; done

# The documentation of all crates, in a browser.
docs:
    cargo doc --workspace --no-deps --open

# Licences, advisories, duplicate versions and who may depend on what.
deny:
    cargo deny check
