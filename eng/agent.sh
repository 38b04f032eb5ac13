#!/usr/bin/env bash
# Publishes ebb-agent as one file that needs nothing but the C library and OpenSSL, and prints the directory that it is in.
#
#   eng/agent.sh [amd64|arm64 ...]     default: what this machine is
#
# That is artifacts/agent, unless EBB_AGENTS names another.
#
# The files are called ebb-agent-amd64 and ebb-agent-arm64. Compiled ahead of time where there is a linker for that kind of
# machine (gcc; gcc-aarch64-linux-gnu for arm64 on amd64, which arm64-linker.sh gets from Debian's packages where it is not
# installed): 8 MB, 17 MB resident. Without one, the .NET runtime is packed into the file: 26 MB, 37 MB resident. Made anew only
# when a source has changed since.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
home=$(dirname "$here")
target=${EBB_AGENTS:-$home/artifacts/agent}
own=amd64
[ "$(uname -m)" != aarch64 ] || own=arm64
[ $# != 0 ] || set -- "$own"

mkdir -p "$target"
exec 9> "$target/.lock"
flock 9
for architecture in "$@"; do
  case $architecture in
    amd64) rid=linux-x64 cross=x86_64-linux-gnu- ;;
    arm64) rid=linux-arm64 cross=aarch64-linux-gnu- ;;
    *)
      echo "agent.sh: machines are amd64 or arm64, not '$architecture'" >&2
      exit 2
      ;;
  esac
  [ "$architecture" != "$own" ] || cross=
  made=$target/ebb-agent-$architecture
  if [ -x "$made" ] && [ -z "$(find "$home/src/Ebb" "$home/src/Ebb.Agent" "$home/Directory.Build.props" "$home/Directory.Packages.props" "${BASH_SOURCE[0]}" \
    -newer "$made" -not -name '*.md' -print -quit)" ]; then
    continue
  fi

  build=$target/build-$architecture
  rm -rf "$build/out"
  mkdir -p "$build"
  if [ "$architecture" = arm64 ] && [ -n "$cross" ] && ! command -v "${cross}gcc" > /dev/null; then
    if tools=$("$here/arm64-linker.sh" 9>&-); then PATH=$tools:$PATH; fi
  fi

  if command -v "${cross}gcc" > /dev/null && command -v "${cross}objcopy" > /dev/null; then
    linker=${cross}gcc
    if [ -n "$cross" ]; then
      # The build says for which machine in clang's words; a gcc is for one, and knows no such word.
      linker=$build/link
      cat > "$linker" << SCRIPT
#!/usr/bin/env bash
for word; do
  shift
  case \$word in --target=*) ;; *) set -- "\$@" "\$word" ;; esac
done
exec ${cross}gcc "\$@"
SCRIPT
      chmod 755 "$linker"
    fi

    way=(-p:PublishAot=true -p:CppCompilerAndLinker="$linker" -p:ObjCopyName="${cross}objcopy")
  else
    echo "agent.sh: there is no ${cross}gcc, and so the runtime is packed into ebb-agent for $architecture" >&2
    way=(--self-contained -p:PublishTrimmed=true -p:PublishSingleFile=true -p:PublishReadyToRun=true)
  fi

  echo "agent.sh: publishing ebb-agent for $architecture, once after every change (a minute) ..." >&2
  touch "$build/started"
  # All in a directory of its own: what is restored for a runtime must not get into what is built for this machine.
  # The code has been judged by the build that tests begin with.
  dotnet publish "$home/src/Ebb.Agent" -c Release -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -r "$rid" "${way[@]}" -v q --nologo -p:ArtifactsPath="$build" \
    -p:LockFiles="$build/lock" -p:RestoreLockedMode=false -p:DebuggerSupport=false -p:UseSharedCompilation=false \
    -nodeReuse:false -o "$build/out" >&2 9>&-
  # As old as its youngest source: one that changes meanwhile is not missed.
  touch -r "$build/started" "$build/out/ebb-agent"
  mv "$build/out/ebb-agent" "$made"
done
echo "$target"
