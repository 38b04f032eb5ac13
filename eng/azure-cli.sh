#!/usr/bin/env bash
# Gets the Azure CLI as the distribution's package azure-cli, with all that it depends on, and prints the path of `az`.
#
#   eng/azure-cli.sh                  seconds, 43 MB fetched, 850 MB unpacked; then nothing
#
# The packages are verified by apt and unpacked into the user's cache, interpreter and C library included, so that it runs
# the same whatever Python this machine has; nothing is installed, no root is needed, and the machine's package lists stay
# as they are. Interrupted, it carries on when run again. Safe to run twice at once: the second waits.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

# The tests know what this release does wrong by itself.
version=2.45
target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/azure-cli-$version
az=$target/az
if [ -x "$az" ]; then
  echo "$az"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.azure-cli-$version.lock"
flock 9
if [ -x "$az" ]; then
  echo "$az"
  exit 0
fi

give_up() {
  echo "azure-cli.sh: $*" >&2
  exit 1
}

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || give_up "needs $tool, which only Debian and its kin have; elsewhere set AZ to the path of an az $version"
done

work=$parent/.azure-cli-$version
log=$parent/azure-cli-$version.log
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fetch() {
  local found packages
  apt_private "$work/apt"
  # An empty list of what is installed: everything is taken from the packages, nothing from this machine.
  : > "$work/status"
  apt+=(-o "Dir::State::status=$work/status" -o Debug::NoLocking=1)
  apt-get "${apt[@]}" update
  found=$(apt-cache "${apt[@]}" show azure-cli | sed -n 's/^Version: //p' | head -n 1)
  [[ $found == "$version".* ]] || {
    echo "this machine's package sources have no azure-cli $version (Debian 12 has)"
    return 1
  }

  packages=$(apt-get "${apt[@]}" --simulate --no-install-recommends install azure-cli | sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p')
  # shellcheck disable=SC2086
  apt_unpack "$work/apt" $packages
}

# Python finds its own library by its path; `-I` keeps the caller's Python settings out of it.
write_az() {
  local root=$work/apt/root loader python
  loader=$(cd "$root" && find lib64 lib -maxdepth 1 -name 'ld-linux*.so*' | head -n 1)
  python=$(cd "$root" && find usr/bin -name 'python3.[0-9]*' -type f | head -n 1)
  [ -n "$loader" ] && [ -n "$python" ] || {
    echo 'the packages hold no C library or no Python'
    return 1
  }

  cat > "$root/az" <<SCRIPT
#!/bin/sh
root=\$(dirname "\$(readlink -f "\$0")")
libraries=\$(printf '%s:' "\$root"/lib/*-linux-gnu* "\$root"/usr/lib/*-linux-gnu*)
AZ_INSTALLER=DEB exec "\$root/$loader" --library-path "\$libraries" "\$root/$python" -I -W ignore::DeprecationWarning -m azure.cli "\$@"
SCRIPT
  chmod 755 "$root/az"
  AZURE_CONFIG_DIR=$work/config AZURE_CORE_COLLECT_TELEMETRY=false "$root/az" version
}

echo "azure-cli.sh: fetching azure-cli $version" >&2
mkdir -p "$work"
{ fetch && write_az; } > "$log" 2>&1 || give_up "azure-cli $version could not be made, see $log; it ends with: $(tail -n 1 "$log")"
mv -T "$work/apt/root" "$target"
rm -rf "$work" "$log"
echo "$az"
