# Becomes a machine: in its own control groups, mount and network namespace, and then systemd-nspawn, which is the arguments.
# Namespaces and what is in them (the disk's mount, the network interface) go with the last process: nothing is left behind.
# Run by `sh -euc` with everything below in its environment; `script` is this text.
if [ -z "${inside:-}" ]; then
  for file in $groups; do echo $$ > "$file"; done
  export inside=1
  exec setsid unshare --mount --net --propagation private sh -euc "$script" machine "$@"
fi

mount -t overlay -o "lowerdir=$firmware:$base,upperdir=$disk/upper,workdir=$disk/work" machine "$root"
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=0755 machine /run/systemd/nspawn
ip link set lo up

# The kernel takes an interface away some time after the namespace that it was in, and the machine may have been on a moment ago.
nsenter --net="/run/netns/$room" ip link delete "$link" 2>/dev/null || true
ip link add eth0 address "$mac" type veth peer name "$link" netns "$room"
nsenter --net="/run/netns/$room" ip link set "$link" master "$bridge" up
ip address add "$address" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
exec "$@"
