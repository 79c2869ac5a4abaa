# shellcheck shell=bash
# Packages of Debian suites other than the one that is installed, from the mirror that apt uses.
#
# Who sources this has `die` and `progress`, and names a folder for files in $work.
# shellcheck disable=SC2154

readonly helper=/usr/lib/apt/apt-helper

# The suites to look in for a version, the most likely first.
suites_of() {
  case $1 in
    5.10) echo bullseye ;;
    6.1) echo bookworm ;;
    6.12) echo trixie ;;
    7.2) echo sid forky ;;
  esac
}

# download URI FILE [SHA256]: with apt's own proxies and transports.
download() {
  "$helper" -qq -o APT::Sandbox::User="$(id -un)" \
    download-file "$1" "$2" ${3:+"SHA256:$3"} >"$work/download.log" 2>&1
}

last_failure() {
  local line
  line=$(grep -m 1 '^E: ' "$work/download.log" 2>/dev/null) || return 0
  printf ' (%s)' "${line#E: }"
}

mirrors() {
  # shellcheck disable=SC2016 # the variable is apt's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    sed 's,/*$,,' | awk '/^(https?|file|mirror|ftp|tor)/ && !/-security/ && !seen[$0]++'
}

# verify SIGNED PLAIN: the signed text without its signature, once a key of Debian's vouches for it.
verify() {
  local keyring
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    [[ -r $keyring ]] || continue
    type -P gpgv >/dev/null || break
    # gpgv fails for a release signed by several keys of which it knows only some, so its
    # status lines decide.
    gpgv --status-fd 1 --keyring "$keyring" --output "$2" "$1" >"$work/status" 2>/dev/null || true
    grep -q '^\[GNUPG:\] VALIDSIG ' "$work/status" && ! grep -q '^\[GNUPG:\] BADSIG ' "$work/status"
    return
  done
  progress 'warning: without gpgv and debian-archive-keyring the index is not verified'
  sed -n '/^Hash:/,/^-----BEGIN PGP SIGNATURE-----/p' "$1" >"$2"
}

# fetch_index SUITE: leaves the suite's list of packages in $work/packages and its mirror in $mirror.
fetch_index() {
  local suite=$1 form=gz hash
  type -P xz >/dev/null && form=xz
  while read -r mirror; do
    download "$mirror/dists/$suite/InRelease" "$work/signed" || continue
    verify "$work/signed" "$work/release" ||
      die "the index of $suite at $mirror carries no valid signature of Debian's"
    hash=$(awk -v name="main/binary-amd64/Packages.$form" \
      '/^[A-Z]/ { sha = /^SHA256:/ } sha && $3 == name { print $1 }' "$work/release")
    [[ $hash ]] || continue
    progress "fetching the index of Debian $suite"
    download "$mirror/dists/$suite/main/binary-amd64/by-hash/SHA256/$hash" "$work/index" "$hash" ||
      download "$mirror/dists/$suite/main/binary-amd64/Packages.$form" "$work/index" "$hash" ||
      die "fetching the index of $suite from $mirror failed$(last_failure)"
    case $form in
      xz) xz -dc "$work/index" ;;
      gz) gzip -dc "$work/index" ;;
    esac >"$work/packages" || die "unpacking the index of $suite failed"
    return 0
  done < <(mirrors)
  return 1
}

# fetch_package NAME DIRECTORY [UPSTREAM-VERSION]: unpacks a package of the fetched index. Fails when
# that has none.
fetch_package() {
  local entry version file hash
  entry=$(awk -v RS= -v name="$1" -v version="${3:-}" '
    index($0, "Package: " name "\n") == 1 && (!version || index($0, "\nVersion: " version "um")) { print; exit }
  ' "$work/packages")
  version=$(sed -n 's/^Version: //p' <<<"$entry")
  file=$(sed -n 's/^Filename: //p' <<<"$entry")
  hash=$(sed -n 's/^SHA256: //p' <<<"$entry")
  [[ $file && $hash ]] || return 1
  progress "fetching $1 $version"
  download "$mirror/$file" "$work/package.deb" "$hash" ||
    die "fetching $1 from $mirror failed$(last_failure)"
  dpkg-deb -x "$work/package.deb" "$2" || die "unpacking $1 failed"
}
