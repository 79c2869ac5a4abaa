# shellcheck shell=bash
# The library and the programs, compiled: dist.

readonly typescript_stamp=dist/.lvskit-fingerprint
readonly typescript_sources=(src tsconfig.json rolldown.config.mjs package-lock.json)

typescript_is_compiled() {
  is_made dist/bundle/index.js "$typescript_stamp" "${typescript_sources[@]}"
}

compile_typescript() {
  local before
  before=$(fingerprint "${typescript_sources[@]}")
  npm run --silent build:ts && printf '%s\n' "$before" >"$typescript_stamp"
}
