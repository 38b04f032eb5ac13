#!/usr/bin/env bash
# Prints the path of `make`: the machine's own, or else that of the distribution's package make.
#
#   eng/make.sh                  a second; then nothing
#
# The package is verified by apt and unpacked into the user's cache; nothing is installed. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

if command -v make; then exit 0; fi

target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/make
make=$target/usr/bin/make
if [ -x "$make" ]; then
  echo "$make"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.make.lock"
flock 9
if [ -x "$make" ]; then
  echo "$make"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || {
    echo "make.sh: needs $tool, which only Debian and its kin have; install make by hand" >&2
    exit 1
  }
done

work=$(mktemp -d "$parent/.make.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
apt_private "$work/apt"
apt-get "${apt[@]}" update >&2
apt_unpack "$work/apt" make >&2
"$work/apt/root/usr/bin/make" --version > /dev/null
rm -rf "$target"
mv -T "$work/apt/root" "$target"
echo "$make"
