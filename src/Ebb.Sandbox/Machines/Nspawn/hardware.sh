#!/bin/sh
# What a virtual machine's firmware and hypervisor would do: the machine sees its own size instead of the host's, may write to
# its own control groups, and what it sets of the kernel stays its own.
here=/usr/lib/sandbox
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
  [ -e "$hierarchy/cgroup.procs" ] && mount -o remount,bind,rw,nosuid,nodev,noexec "$hierarchy"
done
mount --bind $here/meminfo /proc/meminfo
mount --bind $here/cpuinfo /proc/cpuinfo
mount --bind $here/cpu /sys/devices/system/cpu
mount --bind $here/node /sys/devices/system/node
mkdir -p /run/sandbox
cp -r $here/sys /run/sandbox/
for file in $(cd /run/sandbox/sys && find . -type f); do
  [ -e "/proc/sys/$file" ] && mount --bind "/run/sandbox/sys/$file" "/proc/sys/$file"
done
# The kernel's log is the host's.
[ -e /dev/kmsg ] || ln -s null /dev/kmsg
true
