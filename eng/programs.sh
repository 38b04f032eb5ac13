#!/usr/bin/env bash
# Publishes the programs that the machines of a cluster run, each as one file that needs no .NET: 'ebb' for the control plane and
# 'ebb-agent' for pools. Prints the directory that they are in; 'ebb up' looks for them there, or where EBB_PROGRAMS says, as this does.
#
#   eng/programs.sh [amd64|arm64 ...]     agents for these; default: amd64. 'ebb' is for amd64.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
home=$(dirname "$here")
target=$(realpath -m "${EBB_PROGRAMS:-$home/artifacts/programs}")
[ $# != 0 ] || set -- amd64

mkdir -p "$target"
exec 9> "$target/.lock"
flock 9
agents=$("$here/agent.sh" "$@")
for architecture in "$@"; do
  cp -u "$agents/ebb-agent-$architecture" "$target/"
done

if [ ! -x "$target/ebb" ] || [ -n "$(find "$home/src" "$home/examples/rbac.yaml" "$home/Directory.Build.props" "$home/Directory.Packages.props" \
  "${BASH_SOURCE[0]}" -newer "$target/ebb" -not -name '*.md' -print -quit)" ]; then
  echo "programs.sh: publishing ebb, once after every change (a minute) ..." >&2
  build=$target/.build
  rm -rf "$build/out"
  mkdir -p "$build"
  touch "$build/started"
  # All in a directory of its own: what is restored for a runtime must not get into what is built for this machine.
  # The code has been judged by the build that tests begin with.
  dotnet publish "$home/src/Ebb.Cli" -c Release -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -r linux-x64 --self-contained -p:PublishSingleFile=true -p:EnableCompressionInSingleFile=true \
    -v q --nologo -p:ArtifactsPath="$build" -p:LockFiles="$build/lock" -p:RestoreLockedMode=false -p:UseSharedCompilation=false \
    -nodeReuse:false -o "$build/out" >&2 9>&-
  # As old as its youngest source: one that changes meanwhile is not missed.
  touch -r "$build/started" "$build/out/Ebb.Cli"
  mv "$build/out/Ebb.Cli" "$target/ebb"
fi
echo "$target"
