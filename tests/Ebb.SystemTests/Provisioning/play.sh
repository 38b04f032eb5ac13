#!/usr/bin/env bash
# play.sh PLAY ROOT UNITS OUT: makes a machine of ROOT that leaves ROOT as it is, and has PLAY, a script beside this one, furnish it
# with UNITS and boot it. PLAY finds the machine's files in $m; what the machine writes to /out is in OUT/out.
set -euo pipefail
if [ -z "${inside:-}" ]; then
  inside=1 exec unshare --mount --propagation slave bash "$0" "$@"
fi

play=$(dirname "$0")/$1 root=$2 given=$3 out=$4
work=$out/machine
mkdir -p "$work"
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" "$work/root"
m=$work/root
units=$m/etc/systemd/system
wants=$units/multi-user.target.wants
mkdir -p "$wants" "$m/usr/local/bin" "$m/usr/local/lib/ebb"
touch "$m/etc/cloud/cloud-init.disabled"

# Until the machine is off.
boot() {
  systemd-nspawn --quiet --keep-unit --register=no --directory="$m" --boot --private-network --console=read-only \
    --machine="$(basename "$out")" --bind="$out/out:/out"
}

. "$play"
