import { sh } from './shell.ts';

/** What the script keeps in mind of what was there before, and how it goes back to it. */
export const recordPart: string = sh`
# ---- The record ----------------------------------------------------------------------------------
# One file for each setup. A line for each thing that was changed, or only asked for: its kind, what
# it is known by, what it was before the first setup that wanted it, and what this one wants. It is
# written before the kernel is touched. What is known by the same words in several lines is wanted
# as the last says.

# load_record FILE: entries, complete, is_known, and loaded_what, what it was set up for.
load_record() {
  entries='' complete=no is_known=no loaded_epoch='' loaded_what=''
  [ -f "$1" ] || return 0
  is_known=yes
  while IFS=$tab read -r kind key original wanted; do
    case $kind in
      epoch) loaded_epoch=$key ;;
      what) loaded_what=$key ;;
      complete) complete=yes ;;
      sysctl | link | state | address | route | rule | fou)
        # The last line of a run that was killed may be cut; what it is about was not touched.
        [ -z "$wanted" ] || entries="$entries$kind$tab$key$tab$original$tab$wanted$newline"
        ;;
      *) die 1 "cannot understand $1: it says what undo goes back to; without it, move it away" ;;
    esac
  done <"$1"
  [ "$loaded_epoch" = "$epoch" ] || rebase
}

# After a start of the machine, what is not as it was made came with the start, and is what undo
# goes back to.
rebase() {
  kept=
  while IFS=$tab read -r kind key original wanted; do
    [ -n "$kind" ] || continue
    "now_$kind" "$key"
    does "$kind" "$now" "$wanted" || original=$now
    kept="$kept$kind$tab$key$tab$original$tab$wanted$newline"
  done <<END
$entries
END
  entries=$kept
}

# load_others: others: the entries of all setups but this one, of this start of the machine.
load_others() {
  others=
  set +f
  for file in "$records"/*; do
    { [ -f "$file" ] && [ "$file" != "$record" ]; } || continue
    load_record "$file"
    [ "$loaded_epoch" != "$epoch" ] || others=$others$entries
  done
  set -f
}

# find_entry KIND KEY [ENTRIES]: original and wanted; fails when there is none.
find_entry() {
  is_found=no
  while IFS=$tab read -r entry_kind entry_key entry_original entry_wanted; do
    [ "$entry_kind $entry_key" = "$1 $2" ] || continue
    [ $is_found = yes ] || original=$entry_original
    wanted=$entry_wanted is_found=yes
  done <<END
\${3-$entries}
END
  [ $is_found = yes ]
}

# original_of KIND KEY: original: the value before any setup; else what it is now.
original_of() {
  find_entry "$1" "$2" || find_entry "$1" "$2" "$others" || {
    "now_$1" "$2"
    original=$now
  }
}

# save_record ENTRIES [complete]
save_record() {
  { [ -d "$records" ] || mkdir -p "$records"; } &&
    {
      printf 'epoch\t%s\nwhat\t%s\n%s' "$epoch" "$what" "$1"
      [ $# -lt 2 ] || printf 'complete\tyes\n'
    } >"$records.new" && mv "$records.new" "$record"
}

# turn LINES: turned: the last first.
turn() {
  turned=
  while read -r line; do
    [ -z "$line" ] || turned="$line$newline$turned"
  done <<END
$1
END
}

# restore ENTRIES: makes everything as it was before, or as another setup still wants it. What
# somebody else has changed since is theirs.
restore() {
  turn "$1"
  while IFS=$tab read -r kind key was made; do
    [ -n "$kind" ] || continue
    wanted=$was
    find_entry "$kind" "$key" "$others" || wanted=$was
    "now_$kind" "$key"
    ! does "$kind" "$now" "$wanted" || continue
    if ! does "$kind" "$now" "$made"; then
      subject_of "$kind" "$key"
      note "$subject stays $now: others changed it after it was made $made (before, it was $was)"
      continue
    fi
    plan_line "$kind" "$key" "$now" "$wanted" ''
    [ "$dry" = no ] || continue
    taken="$kind$tab$key$tab$now$newline$taken"
    "write_$kind" "$key" "$wanted" || left="$left  $subject: $reason$newline"
  done <<END
$turned
END
}
`;
