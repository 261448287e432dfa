#!/usr/bin/env bash
# Builds the release binaries, makes the environments and runs the benchmarks: run.sh [ROWS [LARGE_ROWS]].
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-1000000}
large_rows=${2:-10000000}
built=${CARGO_TARGET_DIR:-target}/release
bench/setup.sh
cargo build --release --locked --workspace --bin quiver --example quiver-bench-decode --example quiver-bench-load
python3 bench/run.py --rows "$large_rows" --whylogs-rows "$rows" \
  --quiver "$built/quiver" --decode-binary "$built/examples/quiver-bench-decode"
python3 bench/compare.py --rows "$rows" --large-rows "$large_rows" --quiver "$built/quiver"
python3 bench/ingest.py --quiver "$built/quiver" --load "$built/examples/quiver-bench-load"
