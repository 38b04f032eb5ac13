#!/usr/bin/env bash
# Packs the two container images that real pods need here, without any registry, and prints the directory of both.
#
#   eng/images.sh
#
#   busybox.tar    docker.io/library/busybox:stable    Debian's busybox-static, its applets as links
#   pause.tar      ebb.local/pause:1, registry.k8s.io/pause:3.2    the same, and waits to be ended
#
# Both are docker archives: `ctr -n k8s.io images import FILE`. Give pods that use them imagePullPolicy IfNotPresent or Never.
# The same package gives the same bytes. Nothing is installed. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

# A new number whenever what is packed changes, so that nobody is left with the images of before.
target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/images/1
if [ -d "$target" ]; then
  echo "$target"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.lock"
flock 9
if [ -d "$target" ]; then
  echo "$target"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb dpkg tar sha256sum; do
  command -v "$tool" > /dev/null || {
    echo "images.sh: needs $tool, which only Debian and its kin have" >&2
    exit 1
  }
done

work=$(mktemp -d "$parent/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"

echo 'images.sh: fetching busybox-static' >&2
log=$parent/fetch.log
{ apt_private "$work/apt" && apt-get "${apt[@]}" update && apt_unpack "$work/apt" busybox-static; } > "$log" 2>&1 || {
  echo "images.sh: busybox-static could not be fetched, see $log; it ends with: $(tail -n 1 "$log")" >&2
  exit 1
}
rm "$log"
busybox=$(find "$work/apt/root" -type f -path '*/bin/busybox' | head -n 1)
[ -n "$busybox" ] || {
  echo 'images.sh: the package busybox-static holds no busybox' >&2
  exit 1
}

architecture=$(dpkg --print-architecture)
case $architecture in armhf | armel) architecture=arm ;; i386) architecture=386 ;; esac

# What a program in a container expects to find, with nobody's account but root's and nobody's.
root=$work/rootfs
mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr,var/tmp,var/www}
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"
install -m 755 "$busybox" "$root/bin/busybox"
applets=$("$busybox" --list)
for applet in $applets; do
  if [ "$applet" != busybox ]; then ln -s busybox "$root/bin/$applet"; fi
done
ln -s ../bin "$root/usr/bin"
ln -s ../bin "$root/usr/sbin"
ln -s bin "$root/sbin"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
printf 'http 80/tcp\nhttps 443/tcp\n' > "$root/etc/services"
# A static C library cannot load modules: only those it carries are named.
printf 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n' > "$root/etc/nsswitch.conf"

# pack FILE DIRECTORY NAME...
pack() { tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu --file="$1" --directory="$2" "${@:3}"; }

sha() { sha256sum "$1" | cut -d ' ' -f 1; }

mkdir -p "$work/images"
pack "$work/layer.tar" "$root" .
layer=$(sha "$work/layer.tar")

# image FILE COMMAND TAGS: one archive of one layer; TAGS and COMMAND are JSON lists.
image() {
  local dir=$work/$1.d config
  mkdir "$dir"
  cp "$work/layer.tar" "$dir/$layer.tar"
  cat > "$dir/config" <<JSON
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"Env":["PATH=/bin"],"Cmd":$2,"WorkingDir":"/"},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},
"history":[{"created":"1970-01-01T00:00:00Z","created_by":"busybox-static of Debian"}]}
JSON
  config=$(sha "$dir/config")
  mv "$dir/config" "$dir/$config.json"
  printf '[{"Config":"%s.json","RepoTags":%s,"Layers":["%s.tar"]}]\n' "$config" "$3" "$layer" > "$dir/manifest.json"
  pack "$work/images/$1" "$dir" manifest.json "$config.json" "$layer.tar"
}

image busybox.tar '["sh"]' '["docker.io/library/busybox:stable"]'
# As process 1 of a pod it must heed SIGTERM itself, for which the shell's wait is interruptible, and reap what it inherits.
image pause.tar '["sh","-c","trap '\''exit 0'\'' TERM INT; while :; do sleep 86400 & wait $!; done"]' \
  '["ebb.local/pause:1","registry.k8s.io/pause:3.2"]'

mv "$work/images" "$target"
echo "$target"
