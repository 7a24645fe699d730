#!/usr/bin/env bash
# Everything that only a GPU can tell, in one call of less than nine minutes, from programs built elsewhere.
#
#   scripts/gpu-check.sh --build FOLDER     with a CUDA toolkit, on a machine that needs no GPU: compiles the
#                                           tests, benchmarks and the program, and gathers them with this script
#   FOLDER/gpu-check.sh --run FOLDER        on the machine with the GPU: writes FOLDER/note.md, dated, for
#                                           docs/experiments, and the whole output of each stage beside it
#
# --python PROGRAM   a Python with torch for the peer [default: python3]; without torch that stage says so
# --only STAGE,..    some stages alone (see the end of this script)
#
# Every stage has a time limit of its own and none stops the others. The exit status is 0 when all passed, 1
# when one did not, 2 for wrong arguments, 3 where there is no GPU, in which case nothing was run.
set -uo pipefail

readonly SOURCE_FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Crates whose tests run kernels where there is a device.
readonly TESTED=(tensor nn latent-search)
readonly BENCHES=(z_search train_step)

fail() {
  printf 'gpu-check: %s\n' "$2" >&2
  exit "$1"
}

# The programs that cargo has just made.
executables() {
  grep -o '"executable":"[^"]*"' | cut -d '"' -f 4
}

build() {
  cd "$SOURCE_FOLDER/.."
  export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90}
  mkdir -p "$folder"
  local crate bench made=() json=(--message-format=json-render-diagnostics)
  set -e
  for crate in "${TESTED[@]}"; do
    made=($(cargo test --release --no-run --lib -p "semantic-inpaint-$crate" --features cuda "${json[@]}" | executables))
    cp "${made[-1]}" "$folder/test-$crate"
  done
  for bench in "${BENCHES[@]}"; do
    made=($(cargo bench --no-run --bench "$bench" -p semantic-inpaint --features cuda "${json[@]}" | executables))
    cp "${made[-1]}" "$folder/bench-$bench"
  done
  made=($(cargo build --release -p semantic-inpaint-cli --features cuda "${json[@]}" | executables))
  cp "${made[-1]}" "$folder/semantic-inpaint"
  cp benches/compare.py benches/torch_worker.py assets/portrait.png "$folder/"
  cp "${BASH_SOURCE[0]}" "$folder/"
  git describe --always --dirty >"$folder/commit"
  printf 'built in %s: copy it to the machine with the GPU and run\n  %s/gpu-check.sh --run %s\n' \
    "$folder" "$folder" "$folder"
}

# The CUDA libraries of Python's wheels, where the loader does not find the toolkit's.
find_libraries() {
  ldd "$program" 2>/dev/null | grep -q 'not found' || return 0
  local packages
  packages=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])') || return 0
  export LD_LIBRARY_PATH=$packages/nvidia/cu13/lib:${LD_LIBRARY_PATH:-}
}

# stage NAME SECONDS COMMAND...: runs the command within its time, and notes how it went.
stage() {
  local name=$1 limit=$2 started=$SECONDS status result
  shift 2
  [[ -z $only || ,$only, == *,$name,* ]] || return 0
  printf '== %s (at most %d s)\n' "$name" "$limit"
  # In a shell of its own, so that functions of this script have a time limit too.
  timeout --kill-after=5 "$limit" bash -c "$(declare -p folder program python); $(declare -f); $*" \
    >"$folder/$name.log" 2>&1
  status=$?
  case $status in
    0) result=passed ;;
    77) result='could not be run: see below' ;;
    124 | 137) result="**out of time** after $limit s" && failed=1 ;;
    *) result="**failed** with status $status" && failed=1 ;;
  esac
  results+=("| $name | $((SECONDS - started)) s | $result |")
  logs+=("$name")
  printf -- '-- %s: %s, %d s\n' "$name" "$result" "$((SECONDS - started))"
}

# All tests of kernels, several times over: a race need not show at once.
correctness() {
  local round crate
  for round in 1 2 3 4 5; do
    for crate in tensor nn latent-search; do
      # Without --include-ignored nothing is left out: there are no ignored tests.
      "$folder/test-$crate" cuda || return
    done
    "$folder/test-latent-search" on_device || return
    echo "round $round passed"
  done
}

sanitizer() {
  command -v compute-sanitizer >/dev/null || { echo 'compute-sanitizer is not installed'; return 77; }
  local tool
  for tool in memcheck racecheck; do
    compute-sanitizer --tool "$tool" --error-exitcode 1 "$folder/test-tensor" \
      cuda::tests::epilogues cuda::tests::training::values || return
  done
}

# Seconds of a command.
seconds_of() {
  local begun ended
  begun=$(date +%s.%N)
  "$@" >/dev/null || return
  ended=$(date +%s.%N)
  awk -v a="$begun" -v b="$ended" 'BEGIN { printf "%.2f\n", b - a }'
}

# inpaint DEVICE ITERATIONS OPTIONS...: one image, with the search's answer as JSON.
inpaint() {
  local device=$1 iterations=$2
  shift 2
  "$program" inpaint "$folder/portrait.png" --mask square:20 --seed 1 --device "$device" \
    --iterations "$iterations" --out "$folder/completed" --json "$@"
}

# One image with 16 restarts and 1,000 iterations, beside a search of one iteration: the program's start.
end_to_end() {
  local precision
  inpaint cuda 1 >/dev/null || return # the driver's caches
  echo "start alone: $(seconds_of inpaint cuda 1 --restarts 16) s"
  for precision in f32 tf32 bf16; do
    echo "16 restarts, 1000 iterations, $precision: \
$(seconds_of inpaint cuda 1000 --restarts 16 --precision "$precision") s"
  done
  local on_device on_host
  on_device=$(objective cuda) && on_host=$(objective cpu) || return
  echo "objective of the same search in f32, 1000 iterations: $on_device, on the CPU $on_host; 1 % is allowed"
  awk -v a="$on_device" -v b="$on_host" 'BEGIN { exit !(a - b <= 0.01 * b && b - a <= 0.01 * b) }'
}

# What a search of 1,000 iterations reaches on a device.
objective() {
  inpaint "$1" 1000 | sed -nE 's/.*[{,]"objective":\[?(-?[0-9.e-]+).*/\1/p' | grep .
}

used_memory() {
  nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | head -1
}

# Memory of the device while a long search and training run: after their start it may not grow.
memory_growth() {
  command -v nvidia-smi >/dev/null || { echo 'nvidia-smi is not installed'; return 77; }
  grows "$program" inpaint "$folder/portrait.png" --mask square:20 --device cuda --iterations 10000 \
    --out "$folder/completed" || return
  grows "$program" bench --device cuda --train --batches 64 --seconds 8 --json
}

# grows COMMAND...: fails when the device's memory grows in the second half of the command.
grows() {
  local pid samples=() half largest=0 later=0 sample index
  "$@" >/dev/null 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    samples+=("$(used_memory)")
    sleep 0.2
  done
  wait "$pid" || { echo "$*: failed"; return 1; }
  half=$((${#samples[@]} / 2))
  # The last samples may fall together with the program's end.
  for index in "${!samples[@]}"; do
    sample=${samples[index]}
    if ((index < half)); then
      ((sample > largest)) && largest=$sample
    else
      ((sample > later)) && later=$sample
    fi
  done
  echo "$1 $2: at most $largest MiB in the first half, $later MiB in the second, of ${#samples[@]} samples"
  ((${#samples[@]} >= 4)) || echo 'too short to tell'
  ((later <= largest))
}

table() {
  "$program" bench --device cuda --batches 1,8,64,256,1024 --seconds 1.5 --train
}

launches_and_graphs() {
  "$folder/bench-z_search" --bench 'z_search passes' --warm-up-time 0.2 --measurement-time 0.5
}

peer() {
  "$python" -c 'import torch; assert torch.cuda.is_available(); print("torch", torch.__version__)' ||
    { echo "$python has no torch with CUDA"; return 77; }
  "$python" "$folder/compare.py" --program "$program" --python "$python" --device cuda --batches 64,128 \
    --rounds 8 --window 0.1 --out "$folder/comparison.json"
}

# The note: what ran where, the stages, and the output of each.
write_note() {
  ((${#results[@]} > 0)) || return
  {
    echo '# What a GPU says of the CUDA kernels'
    printf '\n**Date.** %s.\n' "$(date -u +%Y-%m-%d)"
    printf '\n**Command.** `scripts/gpu-check.sh --run FOLDER`, in %d s.\n' "$SECONDS"
    printf '\n**Commit.** %s.\n' "$(cat "$folder/commit" 2>/dev/null || echo unknown)"
    printf '\n**Machine.** %s; %s processors.\n' "$device" "$(nproc)"
    printf '\n**Stages.**\n\n| stage | time | result |\n|---|---:|---|\n'
    printf '%s\n' "${results[@]}"
    local name
    for name in "${logs[@]}"; do
      printf '\n## %s\n\n```text\n' "$name"
      tail -n 120 "$folder/$name.log"
      printf '```\n'
    done
  } >"$folder/note.md"
  printf '\nwritten: %s\n' "$folder/note.md"
}

run() {
  program=$folder/semantic-inpaint
  [[ -x $program ]] || fail 2 "$folder has no programs: build them with --build"
  find_libraries
  local greeting
  if ! greeting=$("$program" bench --device cuda --batches 1 --serve </dev/null 2>&1); then
    printf '%s\n' "$greeting" >&2
    fail 3 'no CUDA device can be used here (see above): nothing was run'
  fi
  device=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -1)
  device=${device:-a CUDA device without nvidia-smi}
  results=() logs=() failed=0
  trap write_note EXIT
  # Together 530 s at most.
  stage correctness 110 correctness
  stage sanitizer 70 sanitizer
  stage end_to_end 60 end_to_end
  stage table 80 table
  stage peer 110 peer
  stage launches_and_graphs 50 launches_and_graphs
  stage memory_growth 50 memory_growth
  return "$failed"
}

mode='' folder='' python=python3 only='' program='' device=''
while (($# > 0)); do
  case $1 in
    --build | --run) mode=${1#--} folder=${2:-} && shift ;;
    --python) python=${2:-} && shift ;;
    --only) only=${2:-} && shift ;;
    --help) sed -n '2,/^set/ { /^set/d; s/^# \{0,1\}//p }' "${BASH_SOURCE[0]}" && exit ;;
    *) fail 2 "unknown argument $1: see --help" ;;
  esac
  shift
done
[[ -n $mode && -n $folder ]] || fail 2 'give --build FOLDER or --run FOLDER: see --help'
[[ $mode == build ]] && mkdir -p "$folder"
folder=$(cd "$folder" 2>/dev/null && pwd) || fail 2 'there is no such folder'
"$mode"
