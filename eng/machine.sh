#!/usr/bin/env bash
# Makes the root file system that the sandbox's systemd-nspawn machines boot from, and prints its directory.
#
#   eng/machine.sh
#
# Debian as on this machine, from this machine's own mirrors, with systemd, cloud-init, sshd, containerd, what a kubelet needs and
# what Ebb has machines of a cluster install, since nothing leads to a mirror where they run; no kubelet, which the machines are given by whoever boots them. Kept in the user's cache, and there at once the next time;
# the first takes a minute or two. Needs root, and installs debootstrap and systemd-container where they are missing. What was
# interrupted carries on. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

. /etc/os-release
suite=${VERSION_CODENAME:-}
[ "${ID:-}" = debian ] && [ -n "$suite" ] || {
  echo "machine.sh: makes machines of the Debian release that it runs on, and this is ${PRETTY_NAME:-no Debian}" >&2
  exit 1
}

# A new number whenever what is in it changes, so that nobody is left with the machine of before.
target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/machine/$suite-2
if [ -d "$target" ]; then
  echo "$target"
  exit 0
fi

missing=()
for tool in debootstrap:debootstrap systemd-nspawn:systemd-container ip:iproute2; do
  command -v "${tool%%:*}" > /dev/null || missing+=("${tool#*:}")
done
[ "$(id -u)" = 0 ] || {
  echo "machine.sh: needs root: file systems of machines hold devices and other people's files." \
    "Run it as root, and the sandbox too${missing:+; they need the packages ${missing[*]}}" >&2
  exit 1
}

umask 022
parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.lock"
flock 9
if [ -d "$target" ]; then
  echo "$target"
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
if [ ${#missing[@]} != 0 ]; then
  echo "machine.sh: installing ${missing[*]}" >&2
  install=(apt-get install -yq -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}")
  "${install[@]}" >&2 || { apt-get update -q >&2 && "${install[@]}" >&2; }
fi

# This machine's own lines for the release, its updates and its security fixes; not what else it takes packages from.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
lines=$(apt-get indextargets --format '$(TARGET_OF) $(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' \
  | awk -v suite="$suite" -v keyring="$keyring" '
    $1 == "deb" && ($3 ~ "^" suite "(-updates|-security)?(/updates)?$" || $4 ~ "^" suite "(-updates|-security)?$") && $NF == "main" {
      line = "deb [signed-by=" keyring "] " $2 " " $3 " main"
      if (!seen[line]++) print line
    }')
mirror=$(awk -v suite="$suite" '$4 == suite { print $3; exit }' <<< "$lines")
[ -n "$mirror" ] || {
  echo "machine.sh: apt on this machine has no source for Debian $suite main; see sources.list(5)" >&2
  exit 1
}

# In a directory of its own until it is whole; one that was made by another recipe is of no use.
work=$parent/.$suite-2
recipe=$(sha256sum "$here/machine.sh" | cut -d ' ' -f 1)
if [ "$(cat "$work.recipe" 2> /dev/null)" != "$recipe" ]; then rm -rf "$work"; fi
echo "$recipe" > "$work.recipe"

eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export http_proxy=${http_proxy:-} https_proxy=${https_proxy:-}
if [ ! -e "$work/.unpacked" ]; then
  echo "machine.sh: unpacking Debian $suite" >&2
  rm -rf "$work"
  debootstrap --variant=minbase --keyring="$keyring" --include=ca-certificates,dbus,iproute2,systemd,systemd-sysv \
    "$suite" "$work" "$mirror" >&2
  touch "$work/.unpacked"
fi

echo 'machine.sh: adding cloud-init and containerd' >&2
printf '%s\n' "$lines" > "$work/etc/apt/sources.list"
mkdir -p "$work/etc/apt/apt.conf.d" "$work/etc/dpkg/dpkg.cfg.d"
# How this machine reaches its mirrors, for as long as it takes.
apt-config dump 'Acquire::http' 'Acquire::https' 'Acquire::Check-Valid-Until' 'Acquire::Check-Date' \
  | grep -v ' "";$' > "$work/etc/apt/apt.conf.d/99making" || true
cp /etc/resolv.conf "$work/etc/resolv.conf"
printf 'path-exclude=/usr/share/%s/*\n' doc info locale man > "$work/etc/dpkg/dpkg.cfg.d/small"
echo force-unsafe-io > "$work/etc/dpkg/dpkg.cfg.d/making"
# Nothing that is installed may start: it would run on this machine.
printf '#!/bin/sh\nexit 101\n' > "$work/usr/sbin/policy-rc.d"
chmod 755 "$work/usr/sbin/policy-rc.d"
# Mounted where only these commands see it: nothing is left to unmount, however they end.
unshare --mount --propagation private sh -euc '
  mount -t proc proc "$1/proc"
  chroot "$1" dpkg --configure -a
  chroot "$1" apt-get update -q
  chroot "$1" apt-get install -yq --no-install-recommends \
    cifs-utils cloud-init conntrack containerd containernetworking-plugins curl fail2ban iptables kmod netbase openssh-server procps \
    python3-systemd runc unattended-upgrades' sh "$work" >&2
rm -f "$work/usr/sbin/policy-rc.d" "$work/etc/apt/apt.conf.d/99making" "$work/etc/dpkg/dpkg.cfg.d/making"

# No console to log in at, no mirror to ask for news, no disk to check.
for unit in apt-daily.timer apt-daily-upgrade.timer console-getty.service cloud-init-hotplugd.socket \
  dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-udevd.service; do
  ln -sf /dev/null "$work/etc/systemd/system/$unit"
done
# What has these installed has them enabled, too.
for unit in fail2ban unattended-upgrades; do
  rm -f "$work"/etc/systemd/system/*.wants/$unit.service
done
# There are no other locales to make.
echo 'locale: C.UTF-8' > "$work/etc/cloud/cloud.cfg.d/10_locale.cfg"
rm -rf "$work"/usr/share/{doc,info,locale,man}/* "$work"/var/{cache,log}/apt/* "$work"/var/lib/apt/lists/* \
  "$work"/var/lib/cloud/* "$work"/var/log/*.log "$work"/etc/{hostname,resolv.conf} \
  "$work"/etc/ssh/ssh_host_*
# Each machine is given its own.
: > "$work/etc/machine-id"
rm -f "$work/var/lib/dbus/machine-id" "$work/.unpacked"
mv -T "$work" "$target"
rm -f "$work.recipe"
echo "$target"
