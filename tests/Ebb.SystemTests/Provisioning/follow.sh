#!/usr/bin/env bash
# follow.sh ROOT UNITS OUT: boots a machine of ROOT with the units of a control-plane machine, with stand-ins for their program, for
# ebb and for a k3s that never gets ready; they write to OUT/log what they see. It boots once more, and switches itself off.
set -euo pipefail
exec unshare --mount --propagation slave bash -euo pipefail -c '
  work=$3/machine
  mkdir -p "$work"
  mount -t tmpfs tmpfs "$work"
  mkdir "$work/upper" "$work/work" "$work/root"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/upper,workdir=$work/work" "$work/root"
  m=$work/root
  cp "$2"/ebb-control-plane.service "$2"/ebb-control-plane-follow.service "$2"/ebb.service "$m/etc/systemd/system/"
  mkdir -p "$m/usr/local/bin" "$m/usr/local/lib/ebb" "$m/var/lib/ebb" "$m/etc/systemd/system/ebb-control-plane-follow.service.d"
  touch "$m/etc/cloud/cloud-init.disabled"
  printf "[Service]\nRestartSec=1\n" > "$m/etc/systemd/system/ebb-control-plane-follow.service.d/soon.conf"

  cat > "$m/usr/local/lib/ebb/control-plane" <<"PROGRAM"
import os, pathlib, subprocess, sys, time

def systemctl(*command):
    return subprocess.run(["systemctl", *command], stdout=subprocess.PIPE, text=True).stdout.strip()

def log(text):
    with open("/out/log", "a") as file:
        file.write(text + "\n")

if sys.argv[1:] != ["--follow"]:
    log("is born")
    systemctl("enable", "--quiet", "k3s.service", "ebb.service")
    systemctl("start", "--no-block", "k3s.service", "ebb.service")
    pathlib.Path("/var/lib/ebb/control-plane-done").touch()
    systemctl("enable", "--quiet", "ebb-control-plane-follow.service")
    systemctl("start", "--no-block", "ebb-control-plane-follow.service")
    time.sleep(2)
    log("is there")
    sys.exit(0)
times = pathlib.Path("/var/lib/ebb/times")
ran = int(times.read_text()) + 1 if times.exists() else 1
times.write_text(str(ran))
log("follows: birth " + systemctl("is-active", "ebb-control-plane") + ", k3s " + systemctl("is-active", "k3s"))
if ran == 1:
    sys.exit(0)
elif ran == 2:
    os.kill(os.getpid(), 9)
systemctl("poweroff")
time.sleep(60)
PROGRAM
  printf "#!/bin/sh\nexec sleep 1000\n" > "$m/usr/local/lib/ebb/run"
  chmod 755 "$m/usr/local/lib/ebb/run"
  printf "[Unit]\nAfter=network-online.target\n[Service]\nType=notify\nTimeoutStartSec=0\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n" \
    > "$m/etc/systemd/system/k3s.service"
  wants=$m/etc/systemd/system/multi-user.target.wants
  mkdir -p "$wants"
  ln -sf /etc/systemd/system/ebb-control-plane.service "$wants/"
  ln -sf /lib/systemd/system/systemd-networkd.service "$wants/"
  for boot in first second; do
    systemd-nspawn --quiet --keep-unit --register=no --directory="$m" --boot --private-network --console=read-only \
      --machine="$(basename "$3")" --bind="$3/out:/out"
  done
' follow "$@"
