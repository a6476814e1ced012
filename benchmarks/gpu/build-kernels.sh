#!/bin/bash
# Compiles native/src/main/cuda into the resources of native/: a compressed fatbin of device code for sm_75 to sm_120, which
# needs a driver of CUDA 13, and PTX text of a version that drivers of CUDA 12 read too (sm_80 and later). Writes beside them the digest of the sources, which a test compares: run this, and
# commit what it writes, whenever a kernel changes.
#
#   benchmarks/gpu/build-kernels.sh [NVCC]
#
# NVCC: CUDA 13's compiler, by default the one in the path. Without a CUDA installation, PyPI has it (outside this folder):
#   python3 -m venv VENV && VENV/bin/pip install nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 \
#       nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96
#   benchmarks/gpu/build-kernels.sh VENV/lib/python3*/site-packages/nvidia/cu13/bin/nvcc
# Code for sm_80 also serves sm_86 and sm_89.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
nvcc=${1:-nvcc}
sources=$root/native/src/main/cuda
resources=$root/native/src/main/resources/dev/quern/cuda/kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$resources"

cd "$sources" # relative names: nothing of this machine in the binaries
tools=$(dirname "$(command -v "$nvcc")")

# Two texts of PTX, since sm_75 has less than the others; of these, code for each architecture. In parallel: each takes a core
# for about a minute. (Functions, so that a failure of any ends the script.)
text() { "$nvcc" -std=c++17 -O3 -arch="compute_$1" -ptx -Wno-deprecated-gpu-targets -o "$work/compute_$1.ptx" quern_kernels.cu; }
code() { "$tools/ptxas" -O3 -arch="sm_$2" -o "$work/sm_$2.cubin" "$work/compute_$1.ptx"; }
all() {
  local step running=()
  for step; do
    echo "$step"
    $step &
    running+=($!)
  done
  for step in "${running[@]}"; do wait "$step"; done
}
all "text 75" "text 80"
# The kernels use nothing newer than PTX 8.0, which drivers of CUDA 12 read; ptxas says so, or refuses.
sed -i 's/^\.version .*/.version 8.0/' "$work/compute_80.ptx"
all "code 75 75" "code 80 80" "code 80 90" "code 80 100" "code 80 120"
gzip -9 -n -c "$work/compute_80.ptx" >"$resources/quern_kernels.ptx.gz"

images=("--image3=kind=ptx,sm=80,file=$work/compute_80.ptx")
for architecture in 75 80 90 100 120; do
  images+=("--image3=kind=elf,sm=$architecture,file=$work/sm_$architecture.cubin")
done
"$tools/fatbinary" --create="$work/kernels.fatbin" -64 --compress-all \
  --ident=quern_kernels.cu "${images[@]}"
cp "$work/kernels.fatbin" "$resources/quern_kernels.fatbin"
# The same over all files, in the order of their names, as KernelImage.sourceDigest().
LC_ALL=C cat $(LC_ALL=C ls -- *.cu *.h | LC_ALL=C sort) | sha256sum | cut -d' ' -f1 >"$resources/quern_kernels.sha256"
ls -l "$resources"
