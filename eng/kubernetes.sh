#!/usr/bin/env bash
# Builds the oldest Kubernetes that is supported from the distribution's own source package, and prints the directory of
# kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl, kube-proxy, etcd and etcdctl.
#
#   eng/kubernetes.sh                             about six minutes, 3 GB while it builds, 500 MB afterwards; then nothing
#   EBB_KUBERNETES_BIN=DIR eng/kubernetes.sh      only checks that DIR has the parts of a build of your own, and prints it
#
# apt verifies what is fetched; compiler, sources and etcd are unpacked in the user's cache, and nothing is installed: no
# root is needed, and the machine's package lists stay as they are. Interrupted, it carries on where it was when run
# again. Safe to run twice at once: the second waits.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

version=1.20.2
built=(kube-apiserver kube-scheduler kube-controller-manager kubelet kubectl kube-proxy)
root=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/kubernetes/$version
bin=$root/bin
work=$root/work

say() { echo "kubernetes.sh: $*" >&2; }

give_up() {
  say "$*"
  exit 1
}

# missing DIR PART...: those that are not there, on one line.
missing() {
  local dir=$1 part absent=''
  shift
  for part in "$@"; do
    if [ ! -x "$dir/$part" ]; then absent+="$part "; fi
  done
  echo "$absent"
}

if [ -n "${EBB_KUBERNETES_BIN:-}" ]; then
  absent=$(missing "$EBB_KUBERNETES_BIN" "${built[@]}")
  [ -z "$absent" ] || give_up "EBB_KUBERNETES_BIN=$EBB_KUBERNETES_BIN lacks: ${absent% }; put them there, or unset it to have $version built"
  for part in etcd etcdctl; do
    [ -x "$EBB_KUBERNETES_BIN/$part" ] || [ -x "$bin/$part" ] || command -v "$part" > /dev/null ||
      give_up "$part is neither in EBB_KUBERNETES_BIN=$EBB_KUBERNETES_BIN nor on the PATH; put it into either (Debian: etcd-server, etcd-client)"
  done
  (cd "$EBB_KUBERNETES_BIN" && pwd)
  exit 0
fi

finished() { [ -z "$(missing "$bin" "${built[@]}" etcd etcdctl)" ] && [ ! -e "$work" ]; }

if finished; then
  echo "$bin"
  exit 0
fi

mkdir -p "$root"
exec 9> "$root/.lock"
flock -n 9 || {
  say 'another run is building; waiting for it'
  flock 9
}
if finished; then
  echo "$bin"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb tar gzip xargs; do
  command -v "$tool" > /dev/null ||
    give_up "needs $tool, which only Debian and its kin have; elsewhere set EBB_KUBERNETES_BIN to a directory of Kubernetes' binaries"
done

mkdir -p "$bin" "$work"/{done,logs,tmp,out,gopath/src/k8s.io}
# What an interrupted run has used already counts as free.
need=3000000 have=$(df -Pk "$root" | awk 'END { print $4 }') used=$(du -sk "$work" | cut -f 1)
[ $((have + used)) -ge $need ] ||
  give_up "needs 3 GB to build in, and $root has $((have / 1024)) MB; free some, or set XDG_CACHE_HOME to a larger place"

child=''
stop() {
  trap '' INT TERM
  if [ -n "$child" ]; then kill -TERM -- "-$child" 2> /dev/null || true; fi
  wait
  say 'stopped; run it again to carry on from here'
  exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM HUP

# What a log ends with, and what apt could not get, which it says only in passing.
cause() { { grep -m 1 'Failed to fetch' "$1"; grep -v '^$' "$1" | tail -n 1; } | paste -sd ' '; }

# step NAME FUNCTION: once only, its output in a log. In a process group of its own, so that a signal ends all of it;
# in the background, because bash heeds a signal and `set -e` at once only there.
step() {
  local name=$1 log=$work/logs/$1.log status=0
  if [ -e "$work/done/$name" ]; then return; fi
  say "$name ($(date +%T))"
  set -m
  ("$2" "$name") > "$log" 2>&1 < /dev/null &
  child=$!
  set +m
  wait "$child" || status=$?
  child=''
  [ "$status" = 0 ] || give_up "step '$name' failed, see $log: $(cause "$log")"
  touch "$work/done/$name"
}

unpacked=$work/packages/root
source=$work/src

fetch() {
  local found tools=()
  apt_private "$work/packages" source
  apt-get "${apt[@]}" update
  found=$({ apt-cache "${apt[@]}" showsrc kubernetes || true; } 2> /dev/null | sed -nE "s/^Version: ((.*[^0-9.])?$version-.*)$/\1/p" | head -n 1)
  [ -n "$found" ] || {
    echo "the package sources of this machine that answer have no source package kubernetes $version (Debian 12 has)"
    return 1
  }

  rm -rf "$work/download" && mkdir "$work/download"
  (cd "$work/download" && apt-get "${apt[@]}" source --download-only "kubernetes=$found")
  if ! command -v xz > /dev/null; then tools+=(xz-utils); fi
  if ! command -v patch > /dev/null; then tools+=(patch); fi
  rm -rf "$unpacked"
  apt_unpack "$work/packages" golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev etcd-server etcd-client "${tools[@]}"
}

unpack() {
  local patch reflect=$source/vendor/github.com/modern-go/reflect2
  rm -rf "$source" && mkdir "$source"
  tar -xzf "$work"/download/kubernetes_*.orig.tar.gz -C "$source" --strip-components=1
  tar -xJf "$work"/download/kubernetes_*.debian.tar.xz -C "$source"
  while read -r patch; do
    patch -d "$source" -p1 -i "$source/debian/patches/$patch"
  done < <(grep -v '^#' "$source/debian/patches/series")

  # The reflect2 that comes with it writes to garbage addresses when built with Go 1.18 or later: the API server boots,
  # answers, and dies as soon as it encodes maps in earnest. The distribution's package is the release that mends it.
  rm "$reflect"/*.go "$reflect"/*.s
  cp "$unpacked"/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$reflect"
  rm -f "$reflect"/*_test.go
}

# The one generated file that the source package lacks.
openapi() {
  local inputs
  go build -o "$work/out/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  # The slash makes grep follow the links into staging.
  inputs=$({
    grep -rl --include='*.go' '^// *+k8s:openapi-gen=' pkg cmd plugin
    grep -rl --include='*.go' '^// *+k8s:openapi-gen=' vendor/k8s.io/*/ | grep -v -e /code-generator/ -e /sample-apiserver/
  } | xargs -n 1 dirname | LC_ALL=C sort -u | sed 's#^#k8s.io/kubernetes/#' | paste -sd ,)
  "$work/out/openapi-gen" --logtostderr -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/out/violations"
}

build() {
  local flags='-s -w' package value said
  for package in component-base/version client-go/pkg/version; do
    for value in "gitVersion=v$version" gitMajor=1 gitMinor=20 gitTreeState=clean \
      gitCommit=faecb196815e248d3ecfb03c680a4507229c2a56 buildDate=2021-01-13T13:28:09Z; do
      # The whole path: by the short one the linker finds no such variable, and says nothing.
      flags+=" -X k8s.io/kubernetes/vendor/k8s.io/$package.$value"
    done
  done
  go build -trimpath -ldflags "$flags" -o "$work/out/$1" "./cmd/$1"
  said=$(case $1 in kubectl) "$work/out/$1" version --client --short ;; *) "$work/out/$1" --version ;; esac)
  echo "$said"
  [[ $said == *" v$version" ]] || {
    echo "it should call itself v$version"
    return 1
  }
  mv "$work/out/$1" "$bin/$1"
}

etcd() {
  local part
  for part in etcd etcdctl; do
    cp "$unpacked/usr/bin/$part" "$work/out/$part"
    ETCDCTL_API=3 "$work/out/$part" $([ $part = etcd ] && echo --version || echo version)
    mv "$work/out/$part" "$bin/$part"
  done
}

say "building Kubernetes $version in $root: about six minutes, once"
step fetch fetch
# The user's own settings of Go would only disturb.
unset "${!GO@}"
export GOROOT=$unpacked/usr/lib/go-1.19 GOPATH=$work/gopath GOCACHE=$work/gocache GOTMPDIR=$work/tmp
export GO111MODULE=off GOPROXY=off GOFLAGS='' GOENV=off CGO_ENABLED=0
export PATH=$GOROOT/bin:$PATH:$unpacked/usr/bin
step unpack unpack
ln -sfn "$source" "$GOPATH/src/k8s.io/kubernetes"
cd "$GOPATH/src/k8s.io/kubernetes"
step etcd etcd
step openapi openapi
for name in "${built[@]}"; do
  step "$name" build
done

cd "$root"
rm -rf "$work"
say "done: $bin"
echo "$bin"
