# shellcheck shell=bash
# Runs a command in a User-Mode Linux guest: finds the kernel, wires the streams, forwards signals.

run_in_guest() {
  local version=$1 memory=$2 timeout=$3
  shift 3
  [[ $version == 6.1 ]] || die "kernel $version is not available yet"
  local linux=/usr/bin/linux.uml modules=/usr/lib/uml/modules
  [[ -x $linux ]] || die 'linux.uml is missing: apt-get install user-mode-linux'

  local isolate=(unshare --mount --pid --fork --kill-child --propagation private)
  ((EUID == 0)) || isolate+=(--user --map-root-user)

  # A pipe opened for reading and writing stays usable while only one side has started.
  local control verdict out err
  exec {control}<> <(:)
  # UML makes the descriptors it is given non-blocking, which must not reach our caller's.
  exec {out}> >(trap '' INT TERM HUP QUIT && exec cat)
  local out_pid=$!
  exec {err}> >(trap '' INT TERM HUP QUIT && exec cat >&2)
  local err_pid=$!

  exec {verdict}< <(
    export IN_KERNEL_CONTROL=$control IN_KERNEL_OUT=$out IN_KERNEL_ERR=$err
    exec setpriv --pdeathsig KILL -- "${isolate[@]}" -- \
      "$parts/boot" "$linux" "$modules" "$memory" "$timeout" "$@" </dev/null
  )
  local guest_pid=$!
  exec {out}>&- {err}>&-

  local name
  for name in INT TERM HUP QUIT; do
    # shellcheck disable=SC2064 # the names are meant to be expanded now
    trap "printf '%s\n' $name >&$control" "$name"
  done

  while kill -0 "$guest_pid" 2>/dev/null; do wait "$guest_pid" || true; done
  while kill -0 "$out_pid" 2>/dev/null; do wait "$out_pid" || true; done
  while kill -0 "$err_pid" 2>/dev/null; do wait "$err_pid" || true; done
  local status=125
  read -r status <&"$verdict" || printf 'in-kernel: the guest was killed\n' >&2
  exit "$status"
}
