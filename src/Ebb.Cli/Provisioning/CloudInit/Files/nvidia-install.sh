#!/bin/sh
# Installs the driver of this machine's NVIDIA processors and the runtime that shows them to containers.
set -eu
grep -qi 0x10de /sys/bus/pci/devices/*/vendor || { echo 'nvidia-install: this machine has no such processor' >&2; exit 0; }
at=https://nvidia.github.io/libnvidia-container
keyring=/etc/apt/keyrings/nvidia-container-toolkit.gpg
mkdir -p /etc/apt/keyrings
curl -fsSL --retry 10 --retry-all-errors "$at/gpgkey" | gpg --batch --yes --dearmor -o "$keyring"
echo "deb [signed-by=$keyring] $at/stable/deb/$(dpkg --print-architecture) /" > /etc/apt/sources.list.d/nvidia-container-toolkit.list
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 update -q
if command -v ubuntu-drivers > /dev/null || apt-get -o DPkg::Lock::Timeout=300 install -yq ubuntu-drivers-common; then
  ubuntu-drivers install --gpgpu
else
  apt-get -o DPkg::Lock::Timeout=300 install -yq nvidia-driver
fi
apt-get -o DPkg::Lock::Timeout=300 install -yq nvidia-container-toolkit
modprobe nvidia || echo 'nvidia-install: the driver is in use from the next boot on' >&2
