# shellcheck shell=bash
# What the programs beside this file share.

die() {
  printf 'in-kernel: %s\n' "$1" >&2
  exit 1
}

# A signal's trap ends bash's wait early, and says so here to have wait_for go on.
interrupted=''
interrupt_wait() { interrupted=yes; }

# wait_for PID: until that process has ended; its exit status is ours.
wait_for() {
  local status
  while :; do
    interrupted=''
    status=0
    wait "$1" 2>/dev/null || status=$?
    [[ $interrupted ]] || return "$status"
  done
}
