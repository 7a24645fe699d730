#!/usr/bin/env bash
# Compiles the CUDA kernels with your nvcc and prints, as a table for each chip, what the compiler says
# of every kernel and how many of its instructions are products on tensor cores, copies to shared
# memory and fused multiply-adds. Needs a CUDA toolkit with cuobjdump, no GPU.
#
#   scripts/cuda-report.sh [CHIP...]        sm_80, sm_90 and sm_90a by default
#
# nvcc is NVCC, or that of CUDA_HOME, or the one on the search path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SOURCE=crates/tensor/src/passes/cuda/kernels/kernel.cu
nvcc=${NVCC:-${CUDA_HOME:+$CUDA_HOME/bin/}nvcc}
disassembler=${CUDA_HOME:+$CUDA_HOME/bin/}cuobjdump
chips=("$@")
((${#chips[@]} > 0)) || chips=(sm_80 sm_90 sm_90a)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# From the compiler's report: name, registers, bytes of shared memory, bytes spilled.
resources() {
  awk '
    /Function properties for/ { name = $NF }
    /bytes spill stores/ { split($0, part, ","); split(part[2], spill, " "); spilled[name] = spill[1] }
    /Used [0-9]+ registers/ {
      match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
      shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
      print name, registers, shared, spilled[name]
    }' | sort
}

# From the disassembly: name, instructions, tensor-core products, asynchronous copies, multiply-adds.
instructions() {
  awk '
    /Function :/ { name = $NF }
    /^[[:space:]]+\/\*[0-9a-f]+\*\// {
      all[name]++
      if (/ HMMA\./) products[name]++
      if (/ LDGSTS\./) copies[name]++
      if (/ FFMA/) adds[name]++
    }
    END { for (name in all) print name, all[name], products[name] + 0, copies[name] + 0, adds[name] + 0 }' | sort
}

"$nvcc" --version | tail -2
for chip in "${chips[@]}"; do
  "$nvcc" -cubin -std=c++17 -O3 -Xptxas -v "-arch=$chip" -o "$scratch/$chip.cubin" "$SOURCE" 2>"$scratch/report"
  "$disassembler" --dump-sass "$scratch/$chip.cubin" >"$scratch/sass"
  printf '\n%s\n\n' "$chip"
  echo '| kernel | registers | shared (bytes) | spilled (bytes) | instructions | HMMA | LDGSTS | FFMA |'
  echo '|---|---:|---:|---:|---:|---:|---:|---:|'
  join <(resources <"$scratch/report") <(instructions <"$scratch/sass") |
    awk '{ printf "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6, $7, $8 }'
done
