# shellcheck shell=bash
# How the scripts speak: short lines of their own, and the output of what they run only when it
# fails.

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  complain "$@"
  exit 1
}

# quietly WHAT COMMAND…: runs the command in the foreground, so that Ctrl-C reaches it, while a
# terminal is shown how long it has been going on. A function given as the command must chain its
# steps with &&: errexit does not reach into it.
quietly() {
  local what=$1 began=$SECONDS ticker='' log status=0
  shift
  log=$(mktemp)
  say "$what …"
  if [[ -t 1 ]]; then
    while sleep 1; do printf '\r  %s s ' "$((SECONDS - began))"; done &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [[ -n $ticker ]]; then
    kill "$ticker"
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K'
  fi
  if ((status != 0)); then
    tail -n 200 "$log" >&2
    rm -f "$log"
    complain "failed: $what (the end of its output is above)"
    return "$status"
  fi
  rm -f "$log"
  say "$what: done in $((SECONDS - began)) s"
}
