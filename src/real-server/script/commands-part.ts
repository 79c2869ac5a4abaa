import { sh } from './shell.ts';

/** What the commands of the script do. */
export const commandsPart: string = sh`
# ---- Commands ------------------------------------------------------------------------------------

# want KIND KEY VALUE [ALSO]: one thing that has to be so, for the reason that is in why; a value
# that does as well. What comes of it depends on the pass: survey looks, make_so makes it so, check
# judges it.
want() {
  case $seen in *"$newline$1$tab$2$newline"*) return 0 ;; esac
  seen="$seen$1$tab$2$newline"
  "now_$1" "$2"
  count=$((count + 1))
  is_so=no
  if does "$1" "$now" "$3" || { [ $# = 4 ] && [ "$now" = "$4" ]; }; then is_so=yes; fi
  "$pass" "$@"
}

survey() {
  [ $is_so = yes ] || plan_line "$1" "$2" "$now" "$3" "$why"
  find_entry "$1" "$2" || is_claimed=no
}

make_so() {
  current=$now aim=$3
  # A sysctl that does as well is left as it is.
  [ $is_so = no ] || [ "$1" != sysctl ] || aim=$now
  original_of "$1" "$2"
  entry="$1$tab$2$tab$original$tab$aim"
  claims="$claims$entry$newline"
  [ $is_so = no ] || return 0
  printf '%s\n' "$entry" >>"$record" || fail "cannot write $record"
  taken="$1$tab$2$tab$current$newline$taken"
  subject_of "$1" "$2"
  "write_$1" "$2" "$3" || fail "cannot make $subject $3: $reason"
}

# subject_of KIND KEY: subject: what it is about, in words.
subject_of() {
  case $1 in
    sysctl) subject=$2 ;;
    link) subject="link $2" ;;
    state) subject="state of $2" ;;
    address) subject="address \${2#* } on \${2%% *}" ;;
    route)
      table=\${2#* } table=\${table%% *}
      subject=\${2#* * } subject="route \${subject% *}"
      [ "$table" = main ] || subject="$subject in table $table"
      ;;
    rule) subject="rule \${2#* }" ;;
    fou) subject="UDP port \${2#* }" ;;
  esac
}

# plan_line KIND KEY FROM TO WHY
plan_line() {
  subject_of "$1" "$2"
  changes=$((changes + 1))
  plan="$plan  $subject: $3 -> $4$newline\${5:+      $5$newline}"
}

note() { notes="$notes  note: $*$newline"; }

# begin PASS: goes through the plan.
begin() {
  pass=$1 seen=$newline count=0 notes=
  plan
}

# Half way: takes back what this run did, and says so.
take_back() {
  left='' pass=restore
  forget_lists
  while IFS=$tab read -r kind key before; do
    [ -n "$kind" ] || continue
    "now_$kind" "$key"
    does "$kind" "$now" "$before" || "write_$kind" "$key" "$before" ||
      left="$left  $kind $key: $reason$newline"
  done <<END
$taken
END
  if [ -n "$left" ]; then
    outcome="not everything that this run had changed could be taken back:$newline$left"
  else
    # What could not be taken back stays written down, for undo to try again.
    if [ "$was_known" = no ]; then rm -f "$record" && rmdir "$records" 2>/dev/null
    elif [ "$was_complete" = yes ]; then save_record "$known" complete
    else save_record "$known"; fi
    outcome='nothing was changed'
    [ -z "$taken" ] || outcome='what this run had changed was taken back'
  fi
  taken=
}

fail() {
  trap '' HUP INT TERM
  take_back
  die 1 "cannot set up $what: $*; $outcome"
}

# Told to end: signal number.
interrupted() {
  trap '' HUP INT TERM
  take_back
  die $((128 + $1)) "told to end; $outcome"
}

be_root() {
  [ "$(id -u)" = 0 ] || die 77 'permission denied (run it as root)'
}

# lock: waits for others, rs-setup among them, that change this machine.
lock() {
  command -v flock >/dev/null || die 1 'there is no flock here, which comes with util-linux and busybox'
  [ -d "$state" ] || mkdir -p "$state"
  { : >>"$state/real-server.lock"; } 2>/dev/null || die 1 "cannot write below $state"
  exec 9>>"$state/real-server.lock"
  flock -n 9 || {
    complain 'waiting for another run to end'
    flock 9
  } || die 1 "cannot lock $state/real-server.lock"
}

prepare() {
  command -v ip >/dev/null || die 1 'there is no ip here, which comes with iproute2'
  if [ "$needs_iproute2" = yes ]; then
    case $(ip -V 2>&1) in
      *iproute2*) ;;
      *) die 1 "the ip here is not that of iproute2, which $what needs" ;;
    esac
  fi
  read -r epoch </proc/sys/kernel/random/boot_id
  epoch="$epoch $(readlink /proc/self/ns/net)"
  pass='' plan='' problems='' notes='' changes=0 taken='' claims='' left='' is_claimed=yes why=''
  others='' names_there=''
  forget_lists
}

run_apply() {
  [ "$what" != '' ] || die 2 'this script has no settings; it can only say what is there, and undo it'
  prepare
  if [ "$dry" = no ]; then
    be_root
    lock
  fi
  [ ! -f "$state/real-server.json" ] ||
    die 2 "this machine was set up by rs-setup ($state/real-server.json): undo that first, or go on with rs-setup"
  load_others
  load_record "$record"
  known=$entries was_known=$is_known was_complete=$complete
  read_links
  names_there=$(link_names)
  begin survey
  stale=
  while IFS=$tab read -r kind key was made; do
    case $seen in *"$newline$kind$tab$key$newline"*) continue ;; esac
    [ -z "$kind" ] || stale="$stale$kind$tab$key$tab$was$tab$made$newline"
  done <<END
$known
END
  claims=
  if [ -n "$problems" ]; then
    complain "cannot set up $what:"
    printf '%s' "$problems" | sed 's/^/  - /' >&2
    exit 2
  fi
  if [ $changes = 0 ] && [ -z "$stale" ] && [ $is_claimed = yes ] && [ "$complete" = yes ]; then
    say "$what: nothing to do"
    return 0
  fi
  if [ "$dry" = yes ]; then
    restore "$stale"
    report "$what, would change $changes:"
    return 0
  fi
  check_rights
  trap 'interrupted 1' HUP
  trap 'interrupted 2' INT
  trap 'interrupted 15' TERM
  save_record "$known" || die 1 "cannot write $record"
  shown=$plan
  begin make_so
  plan=$shown pass=restore
  restore "$stale"
  [ -z "$left" ] || fail "$left"
  save_record "$claims" complete || fail "cannot write $record"
  trap - HUP INT TERM
  report "$what, changed $changes:"
}

# In many containers /proc/sys is read-only, for root too.
check_rights() {
  case $plan in *'  net/'*) ;; *) return 0 ;; esac
  [ -w /proc/sys/net/ipv4/conf/all/arp_ignore ] ||
    die 77 "cannot set up $what: /proc/sys is read-only here, as in most containers; nothing was changed"
}

# report TITLE: what was, or would be, changed.
report() {
  if [ $changes = 0 ]; then say "\${1%, *}: nothing had to be changed"; else say "$1"; fi
  printf '%s%s' "$plan" "$notes"
}

run_undo() {
  prepare
  if [ "$dry" = no ]; then
    be_root
    lock
  fi
  is_any=no
  set +f
  if [ -n "$setup" ]; then set -- "$record"; else set -- "$records"/*; fi
  set -f
  for record in "$@"; do
    [ -f "$record" ] || continue
    is_any=yes
    undo_one
  done
  [ $is_any = yes ] || say 'nothing to undo: nothing is set up'
}

# undo_one: undoes what the file named in record says.
undo_one() {
  plan='' notes='' changes=0 left=''
  load_others
  load_record "$record"
  forget_lists
  restore "$entries"
  if [ -n "$left" ]; then
    complain "cannot undo everything; another undo tries again:$newline\${left%?}"
    exit 1
  fi
  if [ "$dry" = yes ]; then report "$loaded_what, would change back $changes:"
  else
    rm -f "$record" && rmdir "$records" 2>/dev/null
    report "$loaded_what, changed back $changes:"
  fi
}

run_status() {
  prepare
  is_any=no
  set +f
  if [ -n "$setup" ]; then set -- "$record"; else set -- "$records"/*; fi
  set -f
  for record in "$@"; do
    [ -f "$record" ] || continue
    is_any=yes
    load_record "$record"
    status_of_entries
    [ "$complete" = yes ] || outcome='cut short: apply it again, or undo it'
    say "$loaded_what: $outcome"
    printf '%s' "$plan"
  done
  [ $is_any = yes ] || say 'nothing is set up'
}

# status_of_entries: outcome, and in plan a line for each thing.
status_of_entries() {
  plan='' outcome='in place'
  while IFS=$tab read -r kind key was made; do
    [ -n "$kind" ] || continue
    "now_$kind" "$key"
    subject_of "$kind" "$key"
    if does "$kind" "$now" "$made"; then plan="$plan  $subject: $now (was $was)$newline"
    else
      plan="$plan  $subject: $now, should be $made (was $was)$newline"
      outcome='not in place any more'
    fi
  done <<END
$entries
END
}

run_verify() {
  [ "$what" != '' ] || die 2 'this script has no settings; it can only say what is there, and undo it'
  prepare
  load_others
  load_record "$record"
  findings='' is_right=yes right=0 ignoring=0 announcing=0
  read_links
  names_there=$(link_names)
  begin survey
  while read -r line; do
    [ -z "$line" ] || found error address-conflict "$line"
  done <<END
$problems
END
  begin check
  [ $is_known = no ] || [ $complete = yes ] || found error cut-short 'an apply was cut short'
  check_quiet
  case $findings in *' arp-ignore: '*) ;; *) right=$((right + ignoring)) ;; esac
  case $findings in *' arp-announce: '*) ;; *) right=$((right + announcing)) ;; esac
  say "$what: $right of $count settings are as they should be"
  printf '%s' "$findings"
  [ $is_right = yes ] || exit 3
}

# found error|warning ID WORDS
found() {
  [ "$1" = warning ] || is_right=no
  findings="$findings  $1 $2: $3$newline"
}

check() {
  subject_of "$1" "$2"
  words="$subject is $now, not $3"
  case $is_so/$1/$2/$3 in
    yes/*) right=$((right + 1)) ;;
    # What counts of these is the larger of two values, which check_quiet looks at.
    */sysctl/*/arp_ignore/*) ignoring=$((ignoring + 1)) ;;
    */sysctl/*/arp_announce/*) announcing=$((announcing + 1)) ;;
    # What the filter of other links was raised to is no matter of the tunnel.
    */sysctl/*/rp_filter/0) found error rp-filter "$words" ;;
    */sysctl/*/rp_filter/*) right=$((right + 1)) ;;
    */sysctl/*) found error redirects "$words" ;;
    */address/* | */state/lo/* | */*/$dummy/*) found error vip-missing "$words" ;;
    */link/* | */state/*) found error tunnel-link "$words" ;;
    */fou/*) found error tunnel-port "$words" ;;
    */route/*' dev lo '*) found warning host-route "$words" ;;
    *) found error gateway "$words" ;;
  esac
}

# check_quiet: whether ARP would answer for an IPv4 VIP on any link, or ask in its name.
check_quiet() {
  case $quiet_vips in '') return 0 ;; esac
  while read -r link _; do
    is_asked_on "$link" || continue
    case " $quiet_links " in '  ' | *" $link "*) ;; *) continue ;; esac
    larger_of "$link" arp_ignore
    case $larger in
      # 3 leaves out addresses of scope host alone, which VIPs are not.
      1 | 2 | 8) ;;
      *) found error arp-ignore "arp_ignore of $link is $larger (the larger of it and all), not 1" ;;
    esac
    larger_of "$link" arp_announce
    [ "$larger" -ge 2 ] ||
      found error arp-announce "arp_announce of $link is $larger (the larger of it and all), not 2"
  done <<END
$links
END
  proxies=$(ip neigh show proxy 2>/dev/null)
  for vip in $quiet_vips; do
    case "$newline$proxies" in
      *"$newline$vip "*) found error neighbour-proxy "$vip has a proxy entry" ;;
    esac
  done
}

# larger_of LINK NAME: larger: of the sysctls of all and the link, the one that the kernel goes by.
larger_of() {
  now_sysctl "net/ipv4/conf/all/$2"
  larger=$now
  now_sysctl "net/ipv4/conf/$1/$2"
  [ "$now" = absent ] || [ "$now" -le "$larger" ] || larger=$now
}

usage() {
  say "usage: sh rs.sh apply [--dry-run] | verify | status | undo [--dry-run]"
}

main() {
  state=\${LVSKIT_ROOT:-}/var/lib/lvskit
  records=$state/real-server-script
  record=$records/$setup
  command=\${1:-} dry=no
  [ $# = 0 ] || shift
  case $command/$# in
    apply/1 | undo/1)
      [ "$1" = --dry-run ] || command=
      dry=yes
      ;;
    apply/0 | undo/0 | verify/0 | status/0) ;;
    help/0 | --help/0 | -h/0)
      usage
      exit 0
      ;;
    *) command= ;;
  esac
  if [ -z "$command" ]; then
    usage >&2
    exit 2
  fi
  "run_$command"
}
`;
