#!/usr/bin/env bash
# Gets the oldest kubectl that is supported, as the distribution's package kubernetes-client, and prints its path.
#
#   eng/kubectl.sh
#
# The package is verified by apt and unpacked into the user's cache; nothing is installed, and a kubectl that is there
# already is left alone. Safe to run twice, and twice at once.
set -euo pipefail

target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/kubectl-1.20
kubectl=$target/usr/bin/kubectl
if [ -x "$kubectl" ]; then
  echo "$kubectl"
  exit 0
fi

mkdir -p "$(dirname "$target")"
exec 9> "$(dirname "$target")/.kubectl-1.20.lock"
flock 9
if [ -x "$kubectl" ]; then
  echo "$kubectl"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || {
    echo "kubectl.sh: needs $tool, which only Debian and its kin have; install kubectl 1.20 at $kubectl by hand" >&2
    exit 1
  }
done

work=$(mktemp -d "$(dirname "$target")/.kubectl-1.20.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/unpacked"

# A state of its own: neither root's rights nor root's lock are needed, and the machine's own lists stay as they are.
apt=(-qq
  -o "Dir::State::Lists=$work/lists"
  -o "Dir::Cache::Archives=$work/archives"
  -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
  -o "APT::Sandbox::User=$(id -un)"
  -o "Acquire::Retries=3")

# The machine's lists do when they know the package; else they are fetched, into the state of our own.
if apt-cache show kubernetes-client 2> /dev/null | grep -q '^Version: 1\.20\.'; then
  apt=(-qq -o "Dir::Cache::Archives=$work/archives" -o "APT::Sandbox::User=$(id -un)")
else
  apt-get "${apt[@]}" update >&2
fi

version=$(apt-cache "${apt[@]}" show kubernetes-client 2> /dev/null | sed -n 's/^Version: \(1\.20\..*\)$/\1/p' | head -n 1)
[ -n "$version" ] || {
  echo "kubectl.sh: this machine's package sources have no kubernetes-client 1.20" >&2
  exit 1
}

(cd "$work" && apt-get "${apt[@]}" download "kubernetes-client=$version" >&2)
dpkg-deb -x "$work"/kubernetes-client_*.deb "$work/unpacked"
"$work/unpacked/usr/bin/kubectl" version --client > /dev/null
rm -rf "$target"
mv "$work/unpacked" "$target"
echo "$kubectl"
