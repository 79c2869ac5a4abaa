# shellcheck shell=bash
# Runs a command in a User-Mode Linux guest: wires the streams and forwards signals.

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

# How the guest gets its standard input: terminal | stream | the name of a file.
find_input() {
  local name
  if [[ ! -e /proc/self/fd/0 || /proc/self/fd/0 -ef /dev/null ]]; then
    echo /dev/null
  elif [[ -t 0 && -t 1 ]]; then
    echo terminal
  elif name=$(readlink /proc/self/fd/0) && [[ -f /proc/self/fd/0 && $name -ef /proc/self/fd/0 ]] &&
    visible_in_guest "$name" && grep -qx $'pos:\t0' /proc/self/fdinfo/0; then
    # The guest has the same file tree, where a file needs no carrying.
    printf '%s\n' "$name"
  else
    echo stream
  fi
}

visible_in_guest() {
  [[ $1 != /run/* && $1 != /dev/* && $1 != /proc/* && $1 != /sys/* && $1 != *$'\n'* ]]
}

# A pipe opened for both reading and writing stays usable while only one side has started.
open_pipe() {
  local -n descriptor=$1
  exec {descriptor}<> <(:)
}

# Forwards a stream of the guest; a reader that goes away ends the command as it would here.
# A process apart, because UML makes the descriptors it is given non-blocking.
forward() {
  trap '' INT TERM HUP QUIT
  cat || printf 'PIPE\n' >&"$control_fd"
}

# Reads nothing of our standard input before the guest is there to take it.
send_input() {
  read -r -u "$ready_fd"
  exec "$parts/stdin-frames" encode
}

run_in_guest() {
  local linux=$1 modules=$2 memory=$3 timeout=$4
  shift 4
  visible_in_guest "$PWD/" || die "the working directory $PWD is not visible in a guest, which has its own /run, /dev, /proc and /sys"

  local isolation input size=''
  isolation=$(find_isolation)
  input=$(find_input)
  local chain=(setpriv --pdeathsig KILL --)
  case $isolation in
    root) chain+=(unshare --mount --pid --fork --kill-child --propagation private --) ;;
    user) chain+=(unshare --user --map-root-user --mount --pid --fork --kill-child --propagation private --) ;;
    none) chain=(setpriv --pdeathsig TERM --) ;;
  esac
  local errors=apart
  [[ ! -t 2 ]] || errors=terminal

  local input_fd ready_fd control_fd out_fd err_fd verdict_fd
  open_pipe input_fd
  open_pipe ready_fd
  open_pipe control_fd
  exec {out_fd}> >(forward)
  local out_pid=$!
  exec {err_fd}> >(exec {out_fd}>&- && forward >&2)
  local err_pid=$!

  local input_pid=''
  case $input in
    terminal)
      size=$(stty size)
      terminal_state=$(stty -g)
      trap 'stty "$terminal_state"' EXIT
      stty raw -echo
      cat <&0 >"/proc/self/fd/$input_fd" {out_fd}>&- {err_fd}>&- &
      input_pid=$!
      ;;
    stream)
      send_input <&0 >"/proc/self/fd/$input_fd" {out_fd}>&- {err_fd}>&- &
      input_pid=$!
      ;;
  esac

  exec {verdict_fd}< <(
    export IN_KERNEL_INPUT_FD=$input_fd IN_KERNEL_READY_FD=$ready_fd IN_KERNEL_CONTROL_FD=$control_fd \
      IN_KERNEL_OUT_FD=$out_fd IN_KERNEL_ERR_FD=$err_fd \
      IN_KERNEL_INPUT=$input IN_KERNEL_SIZE=$size IN_KERNEL_ERRORS=$errors \
      IN_KERNEL_ISOLATION=$isolation
    exec "${chain[@]}" "$parts/boot" "$linux" "$modules" "$memory" "$timeout" "$@" </dev/null
  )
  local guest_pid=$!
  exec {out_fd}>&- {err_fd}>&-

  local name interrupts=0
  for name in INT TERM HUP QUIT; do
    # shellcheck disable=SC2064 # the names are meant to be expanded now
    trap "on_signal $name" "$name"
  done
  [[ $input != terminal ]] || trap 'printf "WINCH %s\n" "$(stty size)" >&"$control_fd"' WINCH

  wait_for "$guest_pid"
  [[ -z $input_pid ]] || kill -KILL "$input_pid" 2>/dev/null || true
  wait_for "$out_pid"
  wait_for "$err_pid"
  local status
  if ! read -r status <&"$verdict_fd"; then
    status=125
    ((interrupts < 3)) || status=$((128 + $(kill -l "$name")))
    printf 'in-kernel: the guest was killed\n' >&2
  fi
  exit "$status"
}

# A guest that does not answer is ended by the third signal.
on_signal() {
  name=$1
  interrupts=$((interrupts + 1))
  if ((interrupts < 3)); then
    printf '%s\n' "$1" >&"$control_fd"
  else
    kill -KILL "$guest_pid" 2>/dev/null || true
  fi
}

# A trap ends bash's wait early.
wait_for() {
  while kill -0 "$1" 2>/dev/null; do wait "$1" 2>/dev/null || true; done
}
