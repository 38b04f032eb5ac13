#!/usr/bin/env bash
# Gets a linker for arm64 as the distribution's cross packages, and prints the directory with aarch64-linux-gnu-gcc and
# aarch64-linux-gnu-objcopy; with the word `qemu` an emulator of such a machine instead, and prints its path.
#
#   eng/arm64-linker.sh          seconds, 26 MB fetched, 100 MB unpacked; then nothing
#   eng/arm64-linker.sh qemu     63 MB fetched, for tests
#
# The packages are verified by apt and unpacked into the user's cache; nothing is installed. Safe to run twice, and twice at once.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$here/apt.bash"

case ${1:-linker} in
  linker)
    name=arm64-linker made=bin
    packages=(gcc-12-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-arm64-cross libc6-dev-arm64-cross libgcc-12-dev-arm64-cross libgcc-s1-arm64-cross)
    ;;
  qemu) name=qemu-arm64 made=usr/bin/qemu-aarch64-static packages=(qemu-user-static) ;;
  *)
    echo "arm64-linker.sh: '$1' is neither nothing nor 'qemu'" >&2
    exit 2
    ;;
esac

target=${XDG_CACHE_HOME:-$HOME/.cache}/ebb/tools/$name
if [ -e "$target/$made" ]; then
  echo "$target/$made"
  exit 0
fi

parent=$(dirname "$target")
mkdir -p "$parent"
exec 9> "$parent/.$name.lock"
flock 9
if [ -e "$target/$made" ]; then
  echo "$target/$made"
  exit 0
fi

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" > /dev/null || {
    echo "arm64-linker.sh: needs $tool, which only Debian and its kin have" >&2
    exit 1
  }
done
[ "$(uname -m)" = x86_64 ] || {
  echo "arm64-linker.sh: is for machines with x86-64; this is $(uname -m)" >&2
  exit 1
}

work=$(mktemp -d "$parent/.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
apt_private "$work/apt"
apt-get "${apt[@]}" update >&2
apt_unpack "$work/apt" "${packages[@]}" >&2
root=$work/apt/root

if [ "$name" = arm64-linker ]; then
  mkdir "$root/bin"
  # They find their own parts by where they lie; what they link with is below the same root, and so are their libraries.
  cat > "$root/bin/aarch64-linux-gnu-gcc" <<'SCRIPT'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu exec "$root/usr/bin/aarch64-linux-gnu-gcc-12" --sysroot="$root" -B"$root/usr/aarch64-linux-gnu/lib" \
  -B"$root/usr/bin/aarch64-linux-gnu-" -L"$root/usr/aarch64-linux-gnu/lib" "$@"
SCRIPT
  cat > "$root/bin/aarch64-linux-gnu-objcopy" <<'SCRIPT'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu exec "$root/usr/bin/aarch64-linux-gnu-objcopy" "$@"
SCRIPT
  chmod 755 "$root"/bin/*
  printf '.globl main\nmain: mov w0, 0\n ret\n' | "$root/bin/aarch64-linux-gnu-gcc" -x assembler - -o "$work/program" || {
    echo 'arm64-linker.sh: this linker does not link here' >&2
    exit 1
  }
fi

rm -rf "$target"
mv -T "$root" "$target"
echo "$target/$made"
