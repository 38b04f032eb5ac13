# Reading the distribution's packages without touching the machine: sourced by the scripts beside it, which run under
# `set -euo pipefail`. Needs no root: what is fetched is unpacked in a directory of ours, never installed.
#
#   apt_private DIR [source]    sets the array `apt`: options for apt-get and apt-cache that keep every state in DIR
#   apt_unpack DIR PACKAGE...   fetches the packages into DIR/archives (verified by apt) and unpacks them in DIR/root

# The machine's own lines, and with `source` those of the source packages beside them: same hosts, same keys.
apt_private() {
  local dir=$1 kind=${2:-} list='' parts='' file
  local -a files=()
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  rm -rf "$dir/etc"
  mkdir -p "$dir/etc" "$dir/lists/partial" "$dir/archives/partial"
  for file in "$list" "${parts%/}"/*.list "${parts%/}"/*.sources; do
    if [ -f "$file" ]; then files+=("$file"); fi
  done
  [ ${#files[@]} -gt 0 ] || {
    echo "${0##*/}: apt knows no package source on this machine; see sources.list(5)" >&2
    return 1
  }

  for file in "${files[@]}"; do
    if [ "$kind" != source ]; then
      cat "$file"
    elif [[ $file == *.sources ]]; then
      sed -E 's/^[Tt]ypes:([ \t]*deb[ \t]*)$/Types: deb deb-src/' "$file"
    else
      sed -E '/cdrom:/d; s/^[ \t]*deb([ \t].*)$/&\ndeb-src\1/' "$file"
    fi > "$dir/etc/${file##*/}"
  done

  apt=(-qq
    -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$dir/etc"
    -o "Dir::State::Lists=$dir/lists"
    -o "Dir::Cache::Archives=$dir/archives" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
    -o "APT::Sandbox::User=$(id -un)"
    -o "Acquire::Languages=none" -o "Acquire::Retries=3")
}

apt_unpack() {
  local dir=$1 archive
  shift
  mkdir -p "$dir/archives/partial" "$dir/root"
  # What an interruption left behind is fetched anew: a glob below must find whole archives of this call only.
  rm -f "$dir"/archives/*.deb
  (cd "$dir/archives" && apt-get "${apt[@]}" download "$@") || return
  for archive in "$dir"/archives/*.deb; do
    dpkg-deb -x "$archive" "$dir/root" || return
  done
}
