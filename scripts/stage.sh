#!/usr/bin/env bash
# Runs one stage of a make target and records how long it took: stage.sh NAME COMMAND…
set -uo pipefail
name=$1
shift
started=$(date +%s)
"$@"
status=$?
seconds=$(($(date +%s) - started))
echo "stage: $name took ${seconds} s (exit $status)"
if [ -n "${QUIVER_STAGE_LOG:-}" ]; then printf '%6d  %s\n' "$seconds" "$name" >>"$QUIVER_STAGE_LOG"; fi
exit "$status"
