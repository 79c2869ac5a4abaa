#!/bin/sh
# One turn of one contestant in the network namespace that it finds, which has an empty table: loads,
# lists, edits every setting, edits the weights alone (which only the library can: it reads the rest
# first), clears, and makes sure each time that the kernel's table is what it should be. Prints one
# line of JSON for each kind of work.
#
#   cycle.sh CONTESTANT SERVICES DESTINATIONS TURN
#
# Needs BENCH_BIN (floor, measure), BENCH_SCRATCH (a directory), BENCH_NODE, BENCH_WORKLOAD and
# BENCH_DROP_IN.
set -eu
contestant=$1 services=$2 destinations=$3 turn=$4
rules=$BENCH_SCRATCH/rules

# Without any address a namespace takes every destination for a broadcast address and refuses it.
busybox ip link set lo up
for work in load list edit weigh clear; do
  case $contestant:$work in
    lvskit:weigh) ;;
    *:weigh) continue ;;
  esac
  : >"$rules"
  case $contestant:$work in
    floor:load | floor:edit) set -- "$BENCH_BIN/floor" "$work" "$services" "$destinations" ;;
    floor:*) set -- "$BENCH_BIN/floor" "$work" ;;
    lvskit:*) set -- "$BENCH_NODE" "$BENCH_WORKLOAD" "$work" "$services" "$destinations" ;;
    *:load | *:edit)
      "$BENCH_BIN/floor" rules "$work" "$services" "$destinations" >"$rules"
      set -- -R
      ;;
    *:list) set -- -Ln --stats ;;
    *:clear) set -- -C ;;
  esac
  case $contestant in
    ipvsadm) set -- ipvsadm "$@" ;;
    drop-in) set -- "$BENCH_NODE" "$BENCH_DROP_IN" "$@" ;;
    floor | lvskit) ;;
    *)
      echo "cycle.sh: unknown contestant $contestant" >&2
      exit 2
      ;;
  esac
  "$BENCH_BIN/measure" -i "$rules" contestant="$contestant" work="$work" services="$services" \
    destinations="$destinations" turn="$turn" -- "$@"
  case $work in
    load | list) set -- "$services" "$destinations" 1 ;;
    edit) set -- "$services" "$destinations" 5 ;;
    weigh) set -- "$services" "$destinations" 7 ;;
    clear) set -- 0 0 0 ;;
  esac
  "$BENCH_BIN/floor" verify "$@"
done
