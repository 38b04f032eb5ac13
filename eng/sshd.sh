#!/usr/bin/env bash
# Gets OpenSSH's server as the distribution's package openssh-server, and prints the path of `sshd`.
#
#   eng/sshd.sh                  a second; then nothing
#
# The package is verified by apt and unpacked into the user's cache, with the one library that few machines have; nothing is
# installed and nothing is started. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/openssh-server
sshd=$target/sshd
if [ -x "$sshd" ]; then
  echo "$sshd"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.openssh-server.lock"
flock 9
if [ -x "$sshd" ]; then
  echo "$sshd"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || {
    echo "sshd.sh: needs $tool, which only Debian and its kin have" >&2
    exit 1
  }
done

work=$(mktemp -d "$parent/.openssh-server.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
apt_private "$work/apt"
apt-get "${apt[@]}" update >&2
apt_unpack "$work/apt" openssh-server libwrap0 >&2

# It starts itself anew for each connection, by its own path and with what is in its environment.
cat > "$work/apt/root/sshd" <<'SCRIPT'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(printf '%s:' "$root"/usr/lib/*-linux-gnu* "$root"/lib/*-linux-gnu*) exec "$root/usr/sbin/sshd" "$@"
SCRIPT
chmod 755 "$work/apt/root/sshd"
case $("$work/apt/root/sshd" -V 2>&1 || true) in *OpenSSH_*) ;; *)
  echo 'sshd.sh: this sshd does not start here' >&2
  exit 1 ;;
esac
rm -rf "$target"
mv -T "$work/apt/root" "$target"
echo "$sshd"
