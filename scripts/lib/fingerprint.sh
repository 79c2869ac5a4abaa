# shellcheck shell=bash
# Whether something made is still made of what is there now.

# fingerprint PATH…: of the contents and names of files, and of all sources below folders.
fingerprint() {
  find "$@" \( -path native/build -o -path native/test -o -path native/fuzz \) -prune \
    -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

# is_made OUTPUT STAMP PATH…
is_made() {
  local output=$1 stamp=$2
  shift 2
  [[ -e $output && -e $stamp && $(<"$stamp") == "$(fingerprint "$@")" ]]
}
