#!/bin/sh
# Installs CRI-O of the given minor release (v1.31) from its own repository.
set -eu
release=$1
at=https://download.opensuse.org/repositories/isv:/cri-o:/stable:/$release/deb/
keyring=/etc/apt/keyrings/cri-o.gpg
mkdir -p /etc/apt/keyrings
curl -fsSL --retry 10 --retry-all-errors "$at/Release.key" | gpg --batch --yes --dearmor -o "$keyring"
echo "deb [signed-by=$keyring] $at /" > /etc/apt/sources.list.d/cri-o.list
apt-get -o DPkg::Lock::Timeout=300 update -q
DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -yq cri-o
apt-mark hold cri-o
# Its own network would be found before the cluster's.
rm -f /etc/cni/net.d/100-crio-bridge.conf /etc/cni/net.d/10-crio-bridge.conflist
systemctl enable crio
# Also one that the image has, and that runs since before it was told where the network is.
systemctl restart crio
