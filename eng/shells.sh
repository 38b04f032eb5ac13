#!/usr/bin/env bash
# Gets zsh and fish as the distribution's packages, and prints the directory from which `zsh` and `fish` start.
#
#   eng/shells.sh                seconds; then nothing
#
# The packages are verified by apt and unpacked into the user's cache, with the functions that completion is made of; nothing is
# installed. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/shells
if [ -x "$target/start/fish" ]; then
  echo "$target/start"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.shells.lock"
flock 9
if [ -x "$target/start/fish" ]; then
  echo "$target/start"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || {
    echo "shells.sh: needs $tool, which only Debian and its kin have" >&2
    exit 1
  }
done

work=$(mktemp -d "$parent/.shells.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
apt_private "$work/apt"
apt-get "${apt[@]}" update >&2
apt_unpack "$work/apt" zsh-static zsh-common fish fish-common libpcre2-32-0 >&2
root=$work/apt/root

# fish finds its own functions beside its program, where both of these are.
ln -s ../etc "$root/usr/etc"
mkdir "$root/start"
cat > "$root/start/fish" << 'SCRIPT'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$(printf '%s:' "$root"/usr/lib/*-linux-gnu*) exec "$root/usr/bin/fish" "$@"
SCRIPT
cat > "$root/start/zsh" << 'SCRIPT'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
FPATH=$(find "$root/usr/share/zsh/functions" -type d | tr '\n' ':') exec "$root/bin/zsh-static" "$@"
SCRIPT
chmod 755 "$root/start/fish" "$root/start/zsh"
"$root/start/zsh" -fc 'autoload -U compinit && compinit -D && zmodload zsh/complete'
HOME=$work "$root/start/fish" -c 'complete -C "cd " > /dev/null'
rm -rf "$target"
mv -T "$root" "$target"
echo "$target/start"
