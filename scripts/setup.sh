#!/usr/bin/env bash
# Makes sure that what a build needs is there, and installs what it can: a C compiler, Python's venv and, if possible, mold.
set -euo pipefail

if ! command -v cargo >/dev/null; then
  echo "setup: cargo is missing: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer with rustup (https://rustup.rs), then run make again" >&2
  exit 1
fi

missing=()
command -v cc >/dev/null || missing+=(build-essential)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v mold >/dev/null || missing+=(mold)
[ "${#missing[@]}" -eq 0 ] && exit 0

if command -v apt-get >/dev/null; then
  run=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then run=(sudo -n); else run=(false); fi
  fi
  if "${run[@]}" apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { "${run[@]}" apt-get update >/dev/null 2>&1 && "${run[@]}" apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }; then
    echo "setup: installed ${missing[*]}"
    exit 0
  fi
fi

for package in "${missing[@]}"; do
  case "$package" in
    mold) ;; # only a faster linker: builds work without
    *)
      echo "setup: please install: ${missing[*]}" >&2
      exit 1
      ;;
  esac
done
