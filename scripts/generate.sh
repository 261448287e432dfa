#!/usr/bin/env bash
# Writes every generated file, or with --check fails when one is out of date.
set -euo pipefail
quiver=${CARGO_TARGET_DIR:-target}/debug/quiver
target=.
if [ "${1:-}" = --check ]; then
  target=$(mktemp -d)
  trap 'rm -rf "$target"' EXIT
fi
mkdir -p "$target/docs"
"$quiver" generate spec-schema >"$target/docs/quiver-spec.schema.json"
"$quiver" generate spec-reference >"$target/docs/spec.md"
"$quiver" generate server-schema >"$target/docs/quiver-server.schema.json"
"$quiver" generate server-reference >"$target/docs/server.md"
"$quiver" generate openapi >"$target/docs/openapi.json"
"$quiver" generate cli-reference >"$target/docs/cli.md"
# The types of the pages follow from the document, so that they cannot drift from the server.
mkdir -p "$target/ui/src/api"
if [ -x ui/node_modules/.bin/openapi-typescript ]; then
  ui/node_modules/.bin/openapi-typescript "$target/docs/openapi.json" --array-length --output "$target/ui/src/api/schema.d.ts" >/dev/null
elif [ "$target" != . ]; then
  echo "generate: ui/node_modules is missing: run scripts/ui.sh first (Node.js 20)" >&2
  exit 1
fi
[ "$target" = . ] && exit 0
status=0
for file in docs/{quiver-spec.schema.json,spec.md,quiver-server.schema.json,server.md,openapi.json,cli.md} ui/src/api/schema.d.ts; do
  if ! diff -u "$file" "$target/$file"; then
    echo "generate: $file is out of date: run \`make generate\` and commit it" >&2
    status=1
  fi
done
exit "$status"
