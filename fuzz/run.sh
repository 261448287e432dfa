#!/usr/bin/env bash
# Builds the fuzz targets and runs each for some seconds, with a line a target: fuzz/run.sh [SECONDS [TARGET…]].
# What a run learns (its corpus), its logs and its crashes stay outside the repository, in QUIVER_FUZZ_FOLDER.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-120}
shift || true

if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "fuzz: a nightly compiler is missing: run \`rustup toolchain install nightly --profile minimal\`, then this again" >&2
  exit 1
fi
if ! command -v cargo-fuzz >/dev/null; then
  echo "fuzz: cargo-fuzz is missing: installing it with \`cargo install cargo-fuzz --locked\`"
  cargo install cargo-fuzz --locked
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quiver
folder=${QUIVER_FUZZ_FOLDER:-$cache/fuzz}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
# What make sets for the main workspace: clippy's driver belongs to the other compiler.
unset RUSTC_WORKSPACE_WRAPPER
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
read -ra targets <<<"${*:-$(cargo +nightly fuzz list --fuzz-dir . | tr '\n' ' ')}"

for target in "${targets[@]}"; do
  cargo +nightly fuzz build --fuzz-dir . --target "$host" "$target"
done

status=0
printf '%-14s %12s %10s  %s\n' target executions coverage result
for target in "${targets[@]}"; do
  corpus=$folder/corpus/$target crashes=$folder/crashes/$target log=$folder/$target.log
  mkdir -p "$corpus" "$crashes"
  cp "seeds/$target/"* "$corpus/"
  # The longest input: what a format needs for a few records, since short ones are tried far more often.
  case $target in
    arrow) longest=16384 ;;
    journal) longest=1024 ;;
    *) longest=8192 ;;
  esac
  result=ok
  "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" -max_total_time="$seconds" -max_len="$longest" \
    -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -artifact_prefix="$crashes/" >"$log" 2>&1 || result=failed
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  if [ "$result" = failed ]; then
    status=1
    result="FAILED, see $log and $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
  fi
  printf '%-14s %12s %10s  %s\n' "$target" "${executions:--}" "${coverage:--}" "$result"
done
exit "$status"
