#!/bin/bash
# Compiles native/src/main/cpu into the library that the jar carries, and writes the digest of its sources beside it, which a
# test compares: run this, and commit what it writes, whenever a source changes. Needs gcc 12 for x86-64; nobody else does.
#
#   native/build-cpu-library.sh
#
# What it takes from libtorch and libtorch's OpenMP is found when it is loaded, by the name of the one library that has both:
# an empty one stands in for that here.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
resources=$root/native/src/main/resources/dev/quern/cpu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$resources"

cd "$root/native/src/main/cpu" # relative names: nothing of this machine in the binary
compile() { gcc -std=c17 -O3 -fPIC -fopenmp -Wall -Wextra -Werror "$@"; }
for kernels in attention layers linear; do
  compile -mavx2 -mfma -mf16c -c -o "$work/$kernels.o" "$kernels.c"
done
# Runs before it is known what the processor has.
compile -c -o "$work/torch_operations.o" torch_operations.c
gcc -shared -o "$work/libtorch_cpu.so" -Wl,-soname,libtorch_cpu.so -x c /dev/null
# Not linked with -fopenmp: that would bring the compiler's own OpenMP beside libtorch's.
gcc -shared -nostdlib -s -Wl,--build-id=none -Wl,--no-as-needed -o "$resources/libquern_cpu.so" \
  "$work"/*.o -L"$work" -ltorch_cpu -lc -lm -lgcc
# The same over all files, in the order of their names, as in SourceDigest.
LC_ALL=C cat $(LC_ALL=C ls -- *.c *.h | LC_ALL=C sort) | sha256sum | cut -d' ' -f1 >"$resources/libquern_cpu.sha256"
ls -l "$resources"
