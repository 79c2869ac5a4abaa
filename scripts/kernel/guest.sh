# shellcheck shell=bash
# Runs a command in a User-Mode Linux guest: wires the streams and forwards signals.

# A guest has these directories for itself.
visible_in_guest() {
  [[ $1/ != /run/* && $1/ != /dev/* && $1/ != /proc/* && $1/ != /sys/* ]]
}

# The strongest isolation this machine lets us have: root | user | none.
find_isolation() {
  if ((EUID == 0)) && unshare --mount --pid --fork true 2>/dev/null; then
    echo root
  elif unshare --user --map-root-user --mount --pid --fork true 2>/dev/null; then
    echo user
  else
    echo none
  fi
}

# How the guest gets a standard input that is no terminal: stream | the name of a file.
find_input() {
  local name
  if [[ ! -e /proc/self/fd/0 || /proc/self/fd/0 -ef /dev/null ]]; then
    echo /dev/null
  elif [[ -f /proc/self/fd/0 ]] && name=$(readlink /proc/self/fd/0) &&
    [[ $name -ef /proc/self/fd/0 && $name != *$'\n'* ]] && visible_in_guest "$name" &&
    grep -qx $'pos:\t0' /proc/self/fdinfo/0; then
    # The guest has the same file tree, where a file needs no carrying.
    printf '%s\n' "$name"
  else
    echo stream
  fi
}

# open_pipe NAME: a pipe opened for both reading and writing stays usable while only one of its
# sides has started.
open_pipe() {
  exec {pipe}<> <(:)
  printf -v "$1" %s "$pipe"
}

# forward LINE: passes on a stream of the guest. A process apart, because UML makes the descriptors
# it is given non-blocking. When the reader goes away the command is told as it would be here, and
# what is under way is thrown away: UML never notices that a pipe which is full has lost its reader,
# and its line would be stuck for ever.
forward() {
  trap '' INT TERM HUP QUIT
  cat || {
    printf 'PIPE %s\n' "$1" >&"$control_fd"
    cat >/dev/null
  }
}

# The third signal ends a guest that does not answer.
on_signal() {
  interrupt_wait
  last_signal=$1
  signals=$((signals + 1))
  if ((signals < 3)); then
    printf '%s\n' "$1" >&"$control_fd"
  elif [[ $isolation == none ]]; then
    kill -TERM "$guest_pid" 2>/dev/null || true
  else
    kill -KILL "$guest_pid" 2>/dev/null || true
  fi
}

on_resize() {
  interrupt_wait
  printf 'WINCH %s\n' "$(stty size || true)" >&"$control_fd"
}

# run_in_guest LINUX MODULES MEMORY TIMEOUT COMMAND [ARGUMENT...]
run_in_guest() {
  local directory
  for directory in "$PWD" "${BASH_SOURCE[0]%/*}"; do
    visible_in_guest "$directory" ||
      die "a guest has its own /dev, /proc, /run and /sys, so it cannot see $directory"
  done

  local isolation input size='' errors=apart
  isolation=$(find_isolation)
  if [[ -t 0 && -t 1 ]]; then input=terminal; else input=$(find_input); fi
  [[ ! -t 2 ]] || errors=terminal

  local pipe input_fd ready_fd control_fd out_fd err_fd verdict_fd
  open_pipe input_fd
  open_pipe ready_fd
  open_pipe control_fd
  exec {out_fd}> >(forward 1)
  local out_pid=$!
  exec {err_fd}> >(exec {out_fd}>&- && forward 2 >&2)
  local err_pid=$!

  # Dies with us, or it would go on waiting for input.
  local input_pid='' feed=(setpriv --pdeathsig KILL --)
  case $input in
    terminal)
      size=$(stty size)
      terminal_state=$(stty -g)
      trap 'stty "$terminal_state"' EXIT
      stty raw -echo
      feed+=(cat)
      ;;
    stream) feed+=("${BASH_SOURCE[0]%/*}/stdin-frames" encode) ;;
    *) feed=() ;;
  esac
  if ((${#feed[@]} > 0)); then
    "${feed[@]}" <&0 >"/proc/self/fd/$input_fd" 3<&"$ready_fd" {out_fd}>&- {err_fd}>&- &
    input_pid=$!
  fi

  local chain=(setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --propagation private)
  case $isolation in
    user) chain+=(--user --map-root-user) ;;
    none) chain=(setpriv --pdeathsig TERM) ;;
  esac
  exec {verdict_fd}< <(
    export IN_KERNEL_INPUT_FD=$input_fd IN_KERNEL_READY_FD=$ready_fd \
      IN_KERNEL_CONTROL_FD=$control_fd IN_KERNEL_OUT_FD=$out_fd IN_KERNEL_ERR_FD=$err_fd \
      IN_KERNEL_INPUT=$input IN_KERNEL_SIZE=$size IN_KERNEL_ERRORS=$errors \
      IN_KERNEL_ISOLATION=$isolation
    exec "${chain[@]}" -- "${BASH_SOURCE[0]%/*}/boot" "$@" </dev/null
  )
  local guest_pid=$!
  exec {out_fd}>&- {err_fd}>&-

  local name last_signal='' signals=0
  for name in INT TERM HUP QUIT; do
    # shellcheck disable=SC2064 # the name is meant to be expanded now
    trap "on_signal $name" "$name"
  done
  [[ $input != terminal ]] || trap on_resize WINCH

  wait_for "$guest_pid" || true
  if [[ $input_pid ]]; then
    kill -KILL "$input_pid" 2>/dev/null || true
    wait_for "$input_pid" || true
  fi
  wait_for "$out_pid" || true
  wait_for "$err_pid" || true

  local status
  if ! read -r status <&"$verdict_fd"; then
    if ((signals >= 3)); then
      status=$((128 + $(kill -l "$last_signal")))
      printf 'in-kernel: the guest did not answer and was ended by the third signal\n' >&2
    else
      status=125
      printf 'in-kernel: the guest was killed\n' >&2
    fi
  fi
  exit "$status"
}
