import { sh } from './shell.ts';

/** What the script knows of the machine: lists that are read once, and looked through in the shell. */
export const listsPart: string = sh`
# ---- What is there -----------------------------------------------------------------------------
# Lists are read once and looked through here, since every program that is started takes its time.

# read_links: links, one a line: name, flags.
read_links() {
  listing=$(ip -o link show 2>&1) || die 1 "cannot list the links: $listing"
  links=
  while read -r _ name flags _; do
    name=\${name%:}
    flags=\${flags#<}
    links="$links\${name%%@*} \${flags%>}$newline"
  done <<END
$listing
END
}

# read_addresses: addresses, one a line: link, address/length, scope, label, broadcast, flags.
read_addresses() {
  listing=$(ip -o addr show 2>&1) || die 1 "cannot list the addresses: $listing"
  addresses=
  while read -r _ name family address rest; do
    rest=\${rest%%\\*}
    rest=\${rest% }
    scope=\${rest##*scope }
    value=present broadcast=-
    case $family in
      inet)
        label=\${rest##* }
        [ "$label" = "$name" ] || value=$label
        case $rest in 'brd '*) broadcast=\${rest#brd } broadcast=\${broadcast%% *} ;; esac
        ;;
      inet6) ;;
      *) continue ;;
    esac
    # The length is that of the other end where there is one.
    case $rest in 'peer '*) peer=\${rest#peer } peer=\${peer%% *} address=$address/\${peer#*/} ;; esac
    addresses="$addresses$name $address \${scope%% *} $value $broadcast $rest$newline"
  done <<END
$listing
END
}

# read_routes FAMILY TABLE: routes, one a line, as ip takes them again.
read_routes() {
  listing=$(ip -o "-$1" route show table "$2" 2>/dev/null) || listing=
  routes=
  while read -r line; do
    route='' previous=
    # A route of several next hops is written with backslashes for ends of lines.
    IFS=" $tab\\"
    for word in $line; do
      case $previous/$word in
        expires/* | */expires | */ | */linkdown | */dead | */offload | */trap | */notify | */rt_*) ;;
        *) route="$route $word" ;;
      esac
      previous=$word
    done
    IFS=$usual_ifs
    # What ip leaves out is boot, and has to be said when the route is made again.
    case $route in '' | *' proto '*) ;; *) route="$route proto boot" ;; esac
    routes="$routes\${route# }$newline"
  done <<END
$listing
END
}

# main_routes FAMILY: routes of the table main, which are kept.
main_routes() {
  if [ "$1" = 4 ]; then
    [ -n "$routes4" ] || { read_routes 4 main && routes4=$newline$routes; }
    routes=$routes4
  else
    [ -n "$routes6" ] || { read_routes 6 main && routes6=$newline$routes; }
    routes=$routes6
  fi
}

forget_lists() {
  links='' addresses='' routes4='' routes6=
}

# flags_of LINK: flags; fails when there is no such link.
flags_of() {
  [ -n "$links" ] || read_links
  while read -r name flags; do
    [ "$name" != "$1" ] || return 0
  done <<END
$links
END
  return 1
}
`;

/** How the script reads and writes each kind of setting. */
export const kernelPart: string = sh`
# ---- One thing of the kernel -------------------------------------------------------------------
# Each kind of thing has a function that sets now to its value, or to absent, and one that makes it
# so. Those that fail set reason.

now_sysctl() {
  now=absent
  [ ! -f "/proc/sys/$1" ] || read -r now <"/proc/sys/$1"
}

now_link() {
  now=absent
  flags_of "$1" && now=present
}

now_state() {
  now=absent
  flags_of "$1" || return 0
  case ,$flags, in
    *,UP,*) now=up ;;
    *) now=down ;;
  esac
}

now_address() {
  now=absent
  [ -n "$addresses" ] || read_addresses
  while read -r name address _ value_there _; do
    [ "$name $address" != "$1" ] || now=$value_there
  done <<END
$addresses
END
}

# now_route "FAMILY TABLE DESTINATION METRIC"
now_route() {
  set -- $1
  now=absent
  if [ "$2" = main ]; then main_routes "$1"; else read_routes "$1" "$2"; fi
  while read -r line; do
    ! is_route "$line" "$3" "$4" || now=$line
  done <<END
$routes
END
}

# is_route LINE DESTINATION METRIC|any: metric is what the line has.
is_route() {
  destination=\${1%% *} metric=0
  case $destination in
    blackhole | unreachable | prohibit | throw | local | broadcast | anycast | multicast)
      destination=\${1#* } destination=\${destination%% *}
      ;;
  esac
  case $1 in *' tos '*) return 1 ;; esac
  case $1 in *' metric '*) metric=\${1##* metric } metric=\${metric%% *} ;; esac
  [ "$metric" = "$3" ] || [ "$3" = any ] || return 1
  [ "$destination" = "$2" ] || is_same_prefix "$destination" "$2"
}

# now_rule "FAMILY SELECTOR…"
now_rule() {
  now=absent
  selector=$1
  listing=$(ip "-\${selector%% *}" rule show 2>/dev/null) || listing=
  while read -r line; do
    set -- $line
    line=" $* "
    # With /etc/protocols, ip writes names for numbers.
    case $line in
      *' ipproto tcp '*) line="\${line%% ipproto *} ipproto 6 \${line#* ipproto tcp }" ;;
      *' ipproto udp '*) line="\${line%% ipproto *} ipproto 17 \${line#* ipproto udp }" ;;
      *' ipproto sctp '*) line="\${line%% ipproto *} ipproto 132 \${line#* ipproto sctp }" ;;
    esac
    case $line in " $rule_priority: \${selector#* } lookup $reply_table "*) now=present ;; esac
  done <<END
$listing
END
}

# now_fou "FAMILY PORT"
now_fou() {
  now=absent
  # Asking would load the module, and looking is not to change anything.
  [ -d /sys/module/fou ] || return 0
  listing=$(ip fou show 2>/dev/null) || listing=
  while read -r line; do
    line=" $line "
    case $line in *" port \${1#* } "*) ;; *) continue ;; esac
    case $line in *' -6 '*) family=6 ;; *) family=4 ;; esac
    [ "$family" = "\${1%% *}" ] || continue
    case $line in *' gue '*) now=gue ;; *) now=fou ;; esac
  done <<END
$listing
END
}

# Lists stay good while the plan is carried out, which has each thing once.
stale_lists() {
  [ "$pass" = make_so ] || addresses='' routes4='' routes6=
}

# attempt COMMAND…: keeps what it complains of in reason.
attempt() {
  reason=$("$@" 2>&1)
}

write_sysctl() {
  reason="the kernel does not take $2"
  { printf '%s\n' "$2" >"/proc/sys/$1"; } 2>/dev/null || return 1
  now_sysctl "$1"
  reason="it is $now right after it was made $2: something else on this machine sets it"
  [ "$now" = "$2" ]
}

# write_link NAME SHAPE, such as: ip6tnl mode any local 2001:db8::1
write_link() {
  links=
  module_of "$1"
  if [ "$2" = absent ]; then
    attempt ip link del "$1"
    flags_of "$1" || return 0
    # Unloading the module would take the tunnels of others along, in every namespace.
    [ -z "$module" ] || note "link $1 stays, down: it belongs to the kernel module $module"
    [ -n "$module" ]
    return
  fi
  # The link comes with its module; where that makes none, an ordinary one does.
  [ -z "$module" ] || modprobe "$module" 2>/dev/null || :
  ! flags_of "$1" || return 0
  links=
  attempt ip link add "$1" type $2 || { [ -n "$module" ] && flags_of "$1"; }
}

write_state() {
  links=
  attempt ip link set "$1" "$2"
}

# write_address "LINK ADDRESS" LABEL|present|absent
write_address() {
  link=\${1%% *} address=\${1#* }
  stale_lists
  case $2 in
    absent) set -- del "$address" dev "$link" ;;
    present) set -- add "$address" dev "$link" ;;
    *) set -- add "$address" dev "$link" label "$2" ;;
  esac
  # The director has the address too, so this machine must not look for others who have it.
  case $1$address in add*:*) set -- "$@" nodad ;; esac
  attempt ip addr "$@"
}

write_route() {
  family=\${1%% *} table=\${1#* } table=\${table%% *}
  if [ "$2" != absent ]; then
    stale_lists
    case $2 in *' proto '*) proto= ;; *) proto='proto static' ;; esac
    attempt ip "-$family" route replace table "$table" $2 $proto
  else
    now_route "$1"
    stale_lists
    [ "$now" = absent ] || attempt ip "-$family" route del table "$table" $now
  fi
}

write_rule() {
  verb=add proto='protocol static'
  [ "$2" != absent ] || verb=del proto=
  attempt ip "-\${1%% *}" rule "$verb" priority "$rule_priority" \${1#* } table "$reply_table" $proto
}

# write_fou "FAMILY PORT" gue|absent
write_fou() {
  case $1 in 6*) over=-6 ;; *) over= ;; esac
  if [ "$2" = absent ]; then
    attempt ip fou del port "\${1#* }" $over
  else
    modprobe fou 2>/dev/null || :
    attempt ip fou add port "\${1#* }" "$2" $over
  fi
}

# does KIND NOW WANTED: whether what is there does; there may be more to it.
does() {
  [ "$2" != "$3" ] || return 0
  if [ "$2" = absent ] || [ "$3" = absent ]; then return 1; fi
  case $1 in
    address | link | rule) return 0 ;;
    route) has_words "$2" "$3" ;;
    *) return 1 ;;
  esac
}

# has_words ROUTE ROUTE: whether the first has every pair of words that the second has.
has_words() {
  there=" $1 "
  set -- $2
  shift
  while [ $# -ge 2 ]; do
    case $there in *" $1 $2 "*) ;; *) return 1 ;; esac
    shift 2
  done
}
`;
