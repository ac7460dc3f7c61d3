#!/bin/sh
# Runs fuzz targets one after the other: run.sh SECONDS_PER_TARGET [TARGET...]
#
# Needs no nightly compiler: the flags below are what `cargo fuzz` passes for coverage, all of them stable. Memory
# sanitizers are left out, which are not; the engine's parsers are safe Rust. An input that breaks a target is left in
# fuzz/artifacts/<target>/; run the program with that file as its argument to see it again.
set -eu
cd "$(dirname "$0")"

seconds=${1:?usage: run.sh SECONDS_PER_TARGET [TARGET...]}
shift
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=${FUZZ_TARGET_DIR:-$PWD/target}

# Naming the host as the target keeps these flags away from build scripts.
CARGO_TARGET_DIR=$target_dir RUSTFLAGS="--cfg fuzzing -C passes=sancov-module \
  -C llvm-args=-sanitizer-coverage-level=4 \
  -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
  -C llvm-args=-sanitizer-coverage-pc-table \
  -C llvm-args=-sanitizer-coverage-trace-compares" \
  cargo build --quiet --release --bins --target "$host"

[ $# -gt 0 ] || set -- $(cd targets && for file in *.rs; do echo "${file%.rs}"; done)
for name; do
  mkdir -p "corpus/$name" "artifacts/$name"
  seeds=
  [ -d "seeds/$name" ] && seeds="seeds/$name"
  echo "fuzz $name for $seconds s"
  # Hangs count as failures: no input may take 5 s. 1 MB inputs are larger than anything the engine reads at once.
  # shellcheck disable=SC2086
  "$target_dir/$host/release/$name" "corpus/$name" $seeds -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
    -artifact_prefix="artifacts/$name/" -print_final_stats=1 -verbosity=0 2>"artifacts/$name/log" \
    || { tail -n 40 "artifacts/$name/log"; echo "fuzz $name: failed, see engine/fuzz/artifacts/$name" >&2; exit 1; }
  grep -E 'number_of_executed_units' "artifacts/$name/log" || true
done
