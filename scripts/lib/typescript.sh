# shellcheck shell=bash
# The library and the programs, compiled: dist.

readonly typescript_stamp=dist/.lvskit-fingerprint
readonly typescript_sources=(src tsconfig.json package-lock.json)

typescript_is_compiled() {
  is_made dist/.tsbuildinfo "$typescript_stamp" "${typescript_sources[@]}"
}

compile_typescript() {
  local before
  before=$(fingerprint "${typescript_sources[@]}")
  node_modules/.bin/tsc -p tsconfig.json && printf '%s\n' "$before" >"$typescript_stamp"
}
