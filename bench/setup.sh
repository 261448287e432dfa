#!/usr/bin/env bash
# Makes the benchmark's virtual environments, one for each requirements file, under bench/.venv.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bench/.venv
for name in main whylogs evidently; do
  requirements=bench/requirements-$name.txt
  [ "$name" = main ] && requirements=bench/requirements.txt
  python=$(scripts/python.sh "$requirements")
  ln -sfn "$(dirname "$(dirname "$python")")" "bench/.venv/$name"
done
