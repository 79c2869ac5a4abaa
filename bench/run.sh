#!/bin/sh
# Runs the whole bench on the kernel that it finds, as root, with nothing but busybox, and prints
# lines of JSON; progress goes to standard error.
#
# Needs BENCH_BIN, BENCH_NODE, BENCH_WORKLOAD and BENCH_DROP_IN (see cycle.sh), BENCH_PLAN
# ("SERVICES:TURNS ..."), BENCH_DESTINATIONS (of each service) and BENCH_CONTESTANTS ("floor lvskit …").
set -eu
here=${0%/*}
BENCH_SCRATCH=$(busybox mktemp -d "${TMPDIR:-/tmp}/lvskit-bench.XXXXXX")
export BENCH_SCRATCH
trap 'busybox rm -rf "$BENCH_SCRATCH"' EXIT

# A namespace of its own for every turn: what was removed from a table slows later additions to it
# for minutes.
turn() {
  busybox unshare -n sh "$here/cycle.sh" "$@"
  # The kernel takes a namespace down in the background; that must not fall into the next turn.
  busybox sleep 5
}

# Node alone, Node with the loader of ES modules, which every program that imports us needs, and the
# drop-in with a small table.
start_up() {
  "$BENCH_BIN/measure" contestant=node work=start turn="$1" -- "$BENCH_NODE" -e 0
  "$BENCH_BIN/measure" contestant=node work=start-module turn="$1" -- \
    "$BENCH_NODE" "$here/empty.mjs"
  # shellcheck disable=SC2016 # Those are for the inner shell.
  busybox unshare -n sh -c '
    busybox ip link set lo up
    "$BENCH_BIN/floor" load 2 2
    "$BENCH_BIN/measure" contestant=drop-in work=start-drop-in turn="$1" -- \
      "$BENCH_NODE" "$BENCH_DROP_IN" -Ln' sh "$1"
}

# Loads the kernel's modules and, where files are slow, the programs.
echo 'warming up' >&2
for contestant in $BENCH_CONTESTANTS; do turn "$contestant" 2 2 0 >/dev/null; done
start_up 0 >/dev/null

echo "{\"work\":\"kernel\",\"release\":\"$(busybox uname -r)\"}"
for step in $BENCH_PLAN; do
  services=${step%:*}
  number=1
  while [ "$number" -le "${step#*:}" ]; do
    start_up "$number"
    for contestant in $BENCH_CONTESTANTS; do
      echo "$services services x $BENCH_DESTINATIONS destinations, turn $number: $contestant" >&2
      turn "$contestant" "$services" "$BENCH_DESTINATIONS" "$number"
    done
    number=$((number + 1))
  done
done
echo '{"work":"done"}'
