# shellcheck shell=bash
# Runs a command on this machine's own kernel, in namespaces of its own.

# Loading the module changes nothing for others: IPVS does nothing without a service.
host_has_ipvs() {
  ((EUID == 0)) || return 1
  [[ -e /proc/net/ip_vs ]] || modprobe --quiet ip_vs 2>/dev/null || return 1
  [[ -e /proc/net/ip_vs ]] && unshare --net --mount --pid --fork true 2>/dev/null
}

explain_missing_host() {
  ((EUID == 0)) ||
    die 'the host kernel can be used by root only: run as root, or choose a guest with --kernel 6.1'
  [[ -e /proc/net/ip_vs ]] ||
    die "the host kernel $(uname -r) has no IPVS (modprobe ip_vs gives no /proc/net/ip_vs): install its modules, or choose a guest with --kernel 6.1"
  die 'the host kernel lets us make no namespaces: give the container CAP_SYS_ADMIN, or choose a guest with --kernel 6.1'
}

# run_on_host TIMEOUT COMMAND [ARGUMENT...]
run_on_host() {
  local timeout=$1
  shift
  host_has_ipvs || explain_missing_host

  local control_fd init_pid timer_pid='' ended status name
  exec {control_fd}<> <(:)
  # A background process would inherit these two signals ignored.
  env --default-signal=INT,QUIT setpriv --pdeathsig KILL -- \
    unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private -- \
    "${BASH_SOURCE[0]%/*}/host-init" "$control_fd" "$@" <&0 &
  init_pid=$!
  for name in INT TERM HUP QUIT; do
    # shellcheck disable=SC2064 # the names are meant to be expanded now
    trap "printf '%s\n' $name >&$control_fd" "$name"
  done
  # What the keys of a terminal send, it sends to the command itself.
  [[ ! -t 0 ]] || trap : INT QUIT

  if ((timeout > 0)); then
    sleep "$timeout" &
    timer_pid=$!
  fi
  # A signal's trap ends the wait with nothing ended.
  ended=''
  while [[ -z $ended ]]; do
    status=0
    # shellcheck disable=SC2086 # without a timer there is no word
    wait -n -p ended "$init_pid" $timer_pid || status=$?
    ended=${ended:-}
  done
  if [[ $ended == "$timer_pid" ]]; then
    kill -KILL "$init_pid"
    printf 'in-kernel: the command was ended at the timeout of %s s\n' "$timeout" >&2
    status=124
  elif [[ $timer_pid ]]; then
    kill "$timer_pid"
  fi
  exit "$status"
}
