#!/usr/bin/env bash
# Measures all methods with six masks on three data sets and writes the tables into docs/results.md.
# Stopped, it goes on where it was: what is done is kept in out/results.
#
#   [COUNT=1000] [PRESETS=paper,fast,best] scripts/results.sh DATA RUNS [OPTION OF evaluate...]
#
# DATA has the layout of datasets/: celeba/img_align_celeba.zip, pets/images.tar.gz and dtd/dtd-*.tar.gz as published, and
# celeba/celeba64-crop108.*, a set or archive of the images that the model was trained on. RUNS holds runs of
# `semantic-inpaint train`, each used where it is there, with SET one of celeba, pets and dtd:
#
#   SET                      a model, instead of the built-in one
#   latent-encoder-SET       an encoder of its latents, for the presets fast and best
#   context-encoder-SET-*    Context Encoders, for one hole each or for many
#
# COUNT images of CelebA are measured, and all held-out ones of the others.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 2 ]; then
    sed -n '2,/^set -/{/^#/p}' "$0" >&2
    exit 2
fi
data=$1 runs=$2
shift 2
program=${CARGO_TARGET_DIR:-target}/release/semantic-inpaint
cargo build --release --package semantic-inpaint-cli

# The first file of a pattern, or an error that names it.
archive() {
    compgen -G "$data/$1" | sort | head -n 1 | grep . || { echo "$data/$1: not there" >&2; exit 1; }
}

# Runs the program; code 3 is done, too: some images were unreadable or some completions failed, which it tells.
run() {
    local code=0
    "$program" "$@" || code=$?
    case $code in 0 | 3) ;; *) exit "$code" ;; esac
}

# prepare SET OPTION...: the images that fills from other images take from.
prepare() {
    mkdir -p out/results
    run prepare "$@" --out "out/results/$1-train.safetensors"
}

# evaluate SET OPTION...: the report out/results/SET and the section SET of the page.
evaluate() {
    local set=$1 model=$1
    shift
    local options=(--presets "${PRESETS:-paper,fast,best}" --seed 1 --favor throughput "$@")
    [ -e "$runs/$set" ] && model=$runs/$set
    [ -e "$runs/latent-encoder-$set" ] && options+=(--latent-encoder "$runs/latent-encoder-$set")
    local encoders
    encoders=$(compgen -G "$runs/context-encoder-$set-*" | sort | paste -sd, -) || encoders=
    # One for square:20 on faces is built in.
    [ "$set" = celeba ] && encoders=celeba${encoders:+,$encoders}
    [ -n "$encoders" ] && options+=(--context-encoder "$encoders")
    run evaluate --models "$model" "${options[@]}" --page docs/results.md --out "out/results/$set"
}

# The models saw images of the publisher's test part; those of the train part show other people.
celeba=$(archive celeba/img_align_celeba.zip)
faces=$(archive 'celeba/celeba64-crop108.*')
evaluate celeba --data "$celeba" --framing crop108 --split published-train --count "${COUNT:-1000}" \
    --training-set "$faces" "$@"

# A tenth of the photos by a hash of their names, which training leaves out.
pets=$(archive pets/images.tar.gz)
prepare pets --data "$pets" --split train
evaluate pets --data "$pets" --framing squash --split validation --training-set out/results/pets-train.safetensors "$@"

# Few photos of ten classes are left, so three squares are cut out of each.
dtd=$(archive 'dtd/dtd-*.tar.gz')
readonly ten=banded,blotchy,braided,bubbly,bumpy,chequered,cobwebbed,cracked,crosshatched,crystalline
prepare dtd --data "$dtd" --framing random-crops:3 --split train --classes "$ten"
evaluate dtd --data "$dtd" --framing random-crops:3 --split validation --classes "$ten" \
    --training-set out/results/dtd-train.safetensors "$@"
