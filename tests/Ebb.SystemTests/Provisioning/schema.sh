#!/usr/bin/env bash
# schema.sh ROOT DIRECTORY: lets ROOT's own cloud-init judge every cloud-config below DIRECTORY, and its systemd the units in it.
set -euo pipefail
exec unshare --mount --propagation private bash -euo pipefail -c '
  mount --bind "$2" "$1/mnt"
  mount -t tmpfs tmpfs "$1/run"
  mount -t tmpfs tmpfs "$1/tmp"
  mount -t tmpfs tmpfs "$1/usr/local"
  mount -t proc proc "$1/proc"
  mkdir -p "$1/usr/local/bin" "$1/usr/local/lib/ebb"
  for program in bin/ebb-agent bin/k3s-killall.sh lib/ebb/run; do
    printf "#!/bin/sh\n" > "$1/usr/local/$program"
    chmod 755 "$1/usr/local/$program"
  done
  chroot "$1" sh -euc "
    for file in \$(find /mnt -path \"*/cloud-config/*.yaml\" | sort); do cloud-init schema --config-file \$file; done
    systemd-analyze verify --man=no /mnt/units/*.service
    echo units are sound"
' schema "$@"
