

# k3s on this machine: its birth, another release, and whether it works.
INSTALLER = "/usr/local/lib/ebb/k3s-install.sh"
BINARY = "/usr/local/bin/k3s"
CONFIG = "/etc/rancher/k3s/config.yaml.d"
STORE = "/var/lib/rancher/k3s/server/db"

# How long the first machine looks for others before it begins a cluster, and how long the others wait for those before them.
LOOK_FOR_OTHERS = 60
WAIT_FOR_LOWER = 10 * 60

# What another machine says of itself is of now if it is no older. Machines that wait say it twice as often.
RECENT = 180

# A release has images to unpack, and several servers wait for each other.
READY_WITHIN = 15 * 60


def begin_k3s(cloud, configuration, machine, say):
    """Whether a cluster begins with it."""
    settings = configuration["k3s"]
    begins = not has_store()
    lines = [
        f"node-name: {machine['name']}",
        f"node-ip: {machine['address']}",
        f"advertise-address: {machine['address']}",
        "kubelet-arg+:",
        f"- provider-id={machine['provider']}",
        "node-label+:",
        f"- topology.kubernetes.io/region={machine['region']}",
        f"- node.kubernetes.io/instance-type={machine['size']}",
    ]
    if machine["zone"]:
        lines.append(f"- topology.kubernetes.io/zone={machine['region']}-{machine['zone']}")
    if len(configuration["addresses"]) > 1 and not os.path.isdir(at(STORE + "/etcd")):
        lines.append(place(cloud, configuration, machine["address"], say))
    write(CONFIG + "/10-machine.yaml", "\n".join(lines) + "\n", 0o600)
    release = None
    if lines[-1].startswith("server:") and not settings.get("release"):
        # Whatever the channel has by now: a machine that joins runs what those that are there run.
        release = next((state["release"] for state in others(cloud, configuration, machine["address"]) if state["release"]), None)
    install_k3s(settings, release)
    completion = output("kubectl", "completion", "bash")
    write("/etc/bash_completion.d/kubectl", completion + "\n", 0o644)
    # k3s says that it is up when it is, which among several servers may take until the others are.
    run("systemctl", "start", "--no-block", "k3s.service")
    return begins and not lines[-1].startswith("server:")


def install_k3s(settings, release=None):
    environment = dict(settings["environment"])
    if release and "INSTALL_K3S_CHANNEL" in environment:
        del environment["INSTALL_K3S_CHANNEL"]
        environment["INSTALL_K3S_VERSION"] = release
    if settings.get("installer"):
        write(INSTALLER, patiently("k3s' installer", lambda: get(settings["installer"], {}, proxied=True)), 0o755)
    run("sh", at(INSTALLER), "server", environment=environment)
    # The installer disables its unit before it writes it anew.
    run("systemctl", "enable", "k3s.service")


def place(cloud, configuration, own, say):
    """The line that makes this machine begin a cluster or join the others."""
    trust = ssl.create_default_context(cafile=at("/var/lib/rancher/k3s/server/tls/server-ca.crt"))
    addresses = configuration["addresses"]
    lower = addresses[: addresses.index(own)]
    rest = [address for address in addresses if address != own]
    until = time.monotonic() + (WAIT_FOR_LOWER if lower else LOOK_FOR_OTHERS)
    told = None
    while True:
        answering = [address for address in rest if answers(address, trust)]
        late = time.monotonic() > until
        # New members of the store are taken up one at a time: each waits for those before it, though not for ever.
        if answering and (late or not lower or set(lower) <= set(answering)):
            return f"server: https://{answering[0]}:6443"
        if not lower and late and may_begin(cloud, configuration, own):
            return "cluster-init: true"
        if told is None or time.monotonic() > told + RECENT / 2:
            say(f"waits for {', '.join(rest)} to answer, to join the cluster that has begun there" if lower or late else f"looks for {', '.join(rest)}")
            told = time.monotonic()
        time.sleep(5)


def may_begin(cloud, configuration, own):
    """A cluster that has begun is begun a second time only where every machine says that it has nothing of the first one."""
    if patiently("whether the cluster has begun", lambda: cloud.read(BEGUN, MOST_NOTE)) is None:
        return True
    states = others(cloud, configuration, own)
    now = datetime.datetime.now(datetime.timezone.utc)
    return len(states) == len(configuration["addresses"]) - 1 and all(
        state["store"] is False and abs((now - moment(state["at"])).total_seconds()) < RECENT for state in states
    )


def others(cloud, configuration, own):
    """What the other machines of the control plane last said of themselves."""
    states = []
    for name, address in zip(configuration["machines"], configuration["addresses"]):
        content = None if address == own else patiently("state of " + name, lambda: cloud.read(STATE % name, MOST_NOTE))
        try:
            state = json.loads(content or b"null")
            if isinstance(state, dict) and "store" in state and moment(state["at"]) and isinstance(state["release"], str):
                states.append(state)
        except TROUBLE:
            # It is being written, and is looked at again.
            continue
    return states


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def answers(address, trust):
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
        with opener.open(f"https://{address}:6443/ping", timeout=5) as answer:
            return answer.status == 200
    except TROUBLE:
        return False


def installed_release():
    words = output("k3s", "--version").split()
    return words[2] if words[:2] == ["k3s", "version"] and len(words) > 2 else ""


def running_release():
    try:
        return json.loads(output("k3s", "kubectl", "get", "--raw=/version", "--request-timeout=10s") or "{}").get("gitVersion", "")
    except ValueError:
        return ""


def is_ready():
    return output("k3s", "kubectl", "get", "--raw=/readyz", "--request-timeout=10s") == "ok"


def has_store():
    return os.path.isdir(at(STORE + "/etcd")) or os.path.isfile(at(STORE + "/state.db"))


def is_to_share_store(configuration):
    """Whether this machine has kept the store alone, in SQLite, and others are to keep it with it from now on."""
    return len(configuration["addresses"]) > 1 and os.path.isfile(at(STORE + "/state.db")) and not os.path.isdir(at(STORE + "/etcd"))


def share_store():
    """k3s takes what is in SQLite over into etcd when it begins a cluster: since v1.22.2+k3s1."""
    path = CONFIG + "/10-machine.yaml"
    lines = read(path).splitlines()
    if "cluster-init: true" not in lines:
        write(path, "\n".join([*lines, "cluster-init: true"]) + "\n", 0o600)


def copy_store(name):
    """Before another release changes what is stored. It stays beside the store until a person deletes it."""
    copy = at(f"{STORE}/{name}")
    if os.path.isdir(at(STORE + "/etcd")) and is_ready():
        run("k3s", "etcd-snapshot", "save", "--name", name, timeout=READY_WITHIN)
    elif os.path.isdir(at(STORE + "/etcd")):
        # Nobody takes a snapshot of a server that does not run, and what lies there can be copied then.
        run("systemctl", "stop", "k3s.service")
        try:
            shutil.rmtree(copy + ".part", ignore_errors=True)
            shutil.copytree(at(STORE + "/etcd"), copy + ".part")
            shutil.rmtree(copy, ignore_errors=True)
            os.replace(copy + ".part", copy)
        finally:
            run("systemctl", "start", "--no-block", "k3s.service")
    elif has_store():
        source = sqlite3.connect(f"file:{urllib.parse.quote(at(STORE + '/state.db'))}?mode=ro", uri=True)
        target = sqlite3.connect(copy + ".part")
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        os.chmod(copy + ".part", 0o600)
        os.replace(copy + ".part", copy + ".db")


def wait_ready(release):
    """Until this machine's own API server answers, and is of the release that is wanted."""
    until = time.monotonic() + READY_WITHIN
    while True:
        ready, running, installed = is_ready(), running_release(), installed_release()
        if ready and (not release or release == running == installed):
            return
        if time.monotonic() > until:
            raise ValueError(
                f"its API server is {'ready' if ready else 'not ready'} after {READY_WITHIN // 60} min, of release {running or 'unknown'}, "
                f"with k3s {installed or 'unknown'} installed{f', and {release} is wanted' if release else ''}: journalctl -u k3s"
            )
        time.sleep(3)
