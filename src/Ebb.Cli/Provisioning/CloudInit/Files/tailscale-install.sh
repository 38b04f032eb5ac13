#!/bin/sh
# Installs Tailscale from its own repository.
set -eu
. /etc/os-release
at=https://pkgs.tailscale.com/stable/$ID
keyring=/usr/share/keyrings/tailscale-archive-keyring.gpg
curl -fsSL --retry 10 --retry-all-errors "$at/$VERSION_CODENAME.noarmor.gpg" -o "$keyring"
echo "deb [signed-by=$keyring] $at $VERSION_CODENAME main" > /etc/apt/sources.list.d/tailscale.list
apt-get -o DPkg::Lock::Timeout=300 update -q
DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -yq tailscale
systemctl enable --now tailscaled
