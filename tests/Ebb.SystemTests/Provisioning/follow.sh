# The units of a control-plane machine, with stand-ins for their program, for ebb and for a k3s that never gets ready: they write to
# /out/log what they see. The machine boots once more, and switches itself off.
cp "$given"/ebb-control-plane.service "$given"/ebb-control-plane-follow.service "$given"/ebb.service "$units/"
mkdir -p "$m/var/lib/ebb" "$units/ebb-control-plane-follow.service.d"
printf "[Service]\nRestartSec=1\n" > "$units/ebb-control-plane-follow.service.d/soon.conf"

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
  > "$units/k3s.service"
ln -sf /etc/systemd/system/ebb-control-plane.service "$wants/"
ln -sf /lib/systemd/system/systemd-networkd.service "$wants/"
for boot in first second; do
  boot
done
