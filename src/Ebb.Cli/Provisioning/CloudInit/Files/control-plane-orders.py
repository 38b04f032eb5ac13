

# Orders: what the control plane is to be from now on, and how this machine follows them.
UNIT = "/etc/systemd/system/ebb-control-plane-follow.service"
MANIFESTS = "/var/lib/rancher/k3s/server/manifests"
REMOVED = "/var/lib/ebb/removed-manifests"
PACKAGES = "/var/lib/ebb/packages/"

LOOK_EVERY = 15
LOOK_AT_MOST_EVERY = 5 * 60

# Files on the share are not written in one stroke: so many looks in a row find them unfit before that is a failure.
LOOKS_BEFORE_FAILURE = 4

HEALS_WITHIN = 5 * 60

# A program that ends at once is started again and again by systemd, and looks alive in between.
STEADY_FOR = 10


class Follower:
    def __init__(self):
        self.cloud = Cloud(read_json(CONFIGURATION))
        self.machine = patiently("description of this machine", self.cloud.instance)
        self.record = remembered()
        self.untold = True
        self.seen = None
        self.unfit = 0
        self.unit = digest_of(at(UNIT))

    def run(self):
        wait = LOOK_EVERY
        if self.record["phase"] == "working":
            self.act()
        while True:
            try:
                self.report()
                self.look()
                self.report()
                wait = LOOK_EVERY
            except TROUBLE as e:
                print(f"looking for orders: {e}", file=sys.stderr, flush=True)
                wait = min(LOOK_AT_MOST_EVERY, wait * 2)
            time.sleep(wait)

    def report(self):
        if self.untold:
            tell(self.cloud, self.machine, self.record)
            self.untold = False

    def look(self):
        content = self.cloud.read(TURN, MOST_NOTE)
        if content is None or content == self.seen:
            return
        turn = json.loads(content)
        generation, attempt, machines = turn["generation"], turn["attempt"], turn["machines"]
        same = generation == self.record["generation"]
        if self.machine["name"] not in machines or (same and (self.record["phase"] == "done" or attempt <= self.record["attempt"])):
            self.seen = content
            return
        try:
            orders = newest(self.cloud)
            if orders is None or orders["generation"] != generation:
                raise ValueError(f"'{WANTED}' is not of generation {generation}, whose turn it is")
        except ValueError as e:
            self.unfit += 1
            if self.unfit < LOOKS_BEFORE_FAILURE:
                raise
            self.record = {**self.record, "generation": generation, "attempt": attempt, "phase": "failed", "why": f"{e}. 'ebb up' writes it anew."}
            remember(self.record)
        else:
            # What a failure left to be restarted is still to be.
            self.record = {**self.record, "generation": generation, "attempt": attempt, "phase": "working", "why": None}
            keep(orders, self.record)
            self.act()
        self.unfit = 0
        self.untold = True
        self.seen = content

    def act(self):
        say(self.cloud, self.machine, self.record)
        try:
            orders = kept(self.record["generation"])
            self.cloud.configuration = orders["configuration"]
            self.carry_out(orders)
            self.record = {**self.record, "phase": "done", "why": None, "restarts": [], "copied": None}
        except Exception as e:  # Whatever it is: it stays as it is, and whoever gave the orders is told why.
            print(f"orders of generation {self.record['generation']}: {e!r}", file=sys.stderr, flush=True)
            self.record = {**self.record, "phase": "failed", "why": reason(e)}
        remember(self.record)
        self.untold = True
        if self.record["phase"] == "done" and digest_of(at(UNIT)) != self.unit:
            # systemd starts it again, as the unit says by now.
            say(self.cloud, self.machine, self.record)
            sys.exit(0)

    def carry_out(self, orders):
        """From whatever was done of it before. What has to be restarted is remembered before anything is changed."""
        configuration, settings = orders["configuration"], orders["configuration"].get("k3s")
        changing, restarts = differing(orders)
        restarts |= set(self.record["restarts"])
        if settings and self.record["generation"]:
            release = settings.get("release")
            if release and installed_release() != release or BINARY in changing:
                restarts.add("release")
            if not is_rotated(settings, self.machine, self.record):
                restarts.add("k3s")
        sharing = bool(settings) and is_to_share_store(configuration)
        if sharing:
            restarts.add("k3s")
        self.record["restarts"] = sorted(restarts)
        remember(self.record)
        copy = "before-" + ((settings or {}).get("release") or orders["generation"][:12]).replace("+", "-")
        if "release" in restarts and self.record.get("copied") != copy and has_store():
            self.note("takes a copy of the API's store")
            copy_store(copy)
            self.record["copied"] = copy
            remember(self.record)
        refuse_early(orders, self.machine, self.record)
        put(self.cloud, orders, HEALS_WITHIN, held_back(settings, self.machine, self.record))
        if "packages" in restarts:
            install_packages(configuration)
        if self.record["generation"]:
            # Nobody would refuse an old one here.
            self.cloud.keys.pop(configuration["storageAccount"], None)
            mount(self.cloud, configuration, HEALS_WITHIN)
        if "tailscale" in restarts:
            tailscale(self.machine)
        restart_basics(restarts)
        if settings:
            if self.record["generation"] and not is_rotated(settings, self.machine, self.record):
                rotate(settings, self.machine, self.record)
            if "release" in restarts:
                self.note("installs another release of k3s")
                install_k3s(settings)
            if sharing:
                share_store()
            if restarts & {"release", "k3s"}:
                self.note("restarts k3s and waits until it is ready")
                run("systemctl", "restart", "k3s.service", timeout=READY_WITHIN)
            wait_ready(settings.get("release"))
            forget_manifests()
            if len(configuration["addresses"]) > 1 and self.cloud.read(BEGUN, MOST_NOTE) is None:
                self.cloud.write(BEGUN, json.dumps({"machine": self.machine["name"], "at": now()}).encode("utf-8"))
        if restarts & {"release", "ebb"}:
            # It tells machines that join which release to run: the one that it found when it started.
            run("systemctl", "restart", "ebb.service", timeout=READY_WITHIN)
        wait_active("ebb.service")

    def note(self, what):
        say(self.cloud, self.machine, {**self.record, "why": what})


def newest(cloud):
    """The orders on the share; None where there are none."""
    content = cloud.read(WANTED, MOST_ORDERS)
    if content is None:
        return None
    try:
        return checked(json.loads(content))
    except (*TROUBLE, AttributeError) as e:
        raise ValueError(f"'{WANTED}' on the share is not what Ebb writes there: {e}") from e


def checked(orders):
    texts, configuration = orders["texts"], orders["configuration"]
    if not (isinstance(orders["generation"], str) and orders["generation"]):
        raise ValueError("it has no generation")
    for entry in [*texts, *configuration["files"]]:
        if not entry["to"].startswith("/") or not 0 <= int(entry["mode"], 8) <= 0o777:
            raise ValueError(f"'{entry['to']}' is no path, or '{entry['mode']}' no mode")
    for names in (orders["absent"], orders["sshKeys"], configuration["addresses"], configuration["machines"]):
        if not all(isinstance(name, str) for name in names):
            raise ValueError("names are not texts")
    return orders


def differing(orders):
    """Paths that are to change, and what has to be restarted for that."""
    changing, restarts = set(), set()
    for entry in [*orders["texts"], *orders["configuration"]["files"]]:
        if is_other(entry):
            changing.add(entry["to"])
            restarts |= set(entry.get("restarts", []))
    for path in orders["absent"]:
        if os.path.exists(at(path)):
            changing.add(path)
            restarts |= set(orders.get("absentRestarts", {}).get(path, []))
    return changing, restarts


def is_other(entry):
    path = at(entry["to"])
    there = digest_of(path)
    if there is None:
        return True
    if entry.get("once"):
        return False
    wanted = hashlib.sha256(entry["content"].encode("utf-8")).hexdigest() if "content" in entry else entry.get("sha256")
    return there != wanted or os.stat(path).st_mode & 0o777 != int(entry["mode"], 8)


def put(cloud, orders, within=LONGEST_WAIT, held=()):
    """Files, texts and keys are put in their place, but for those held back, which wait beside it; nothing is restarted."""
    configuration = orders["configuration"]
    own = [text for text in orders["texts"] if text["to"] == PROGRAM and is_other(text)]
    if own:
        # The program that came with these orders knows best what they mean.
        write(PROGRAM, own[0]["content"], int(own[0]["mode"], 8))
        os.execv(sys.executable, [sys.executable, *sys.argv])
    for file in configuration["files"]:
        file = staged(file) if file["to"] in held else file
        if is_other(file):
            patiently(file["from"], lambda file=file: cloud.fetch(file), within)
    if not orders["generation"]:
        return
    for text in orders["texts"]:
        if is_other(text):
            write(text["to"], text["content"], int(text["mode"], 8))
    for path in orders["absent"]:
        if os.path.exists(at(path)):
            os.unlink(at(path))
    take_manifests({text["to"] for text in orders["texts"]})
    authorize(orders["sshUser"], orders["sshKeys"])
    write(CONFIGURATION, json.dumps(configuration, indent=2) + "\n", 0o644)


def install_packages(configuration):
    packages = [at(file["to"]) for file in configuration["files"] if file["to"].startswith(PACKAGES)]
    if packages:
        run("dpkg", "--install", *packages)


def take_manifests(wanted):
    """Manifests that are no longer wanted go where k3s does not see them, so that what they made is deleted once it answers."""
    for path in glob.glob(at(MANIFESTS + "/ebb-*.yaml")):
        name = os.path.basename(path)
        if f"{MANIFESTS}/{name}" not in wanted:
            os.makedirs(at(REMOVED), mode=0o700, exist_ok=True)
            os.replace(path, at(f"{REMOVED}/{name}"))
    for path in glob.glob(at(REMOVED + "/*.yaml")):
        if f"{MANIFESTS}/{os.path.basename(path)}" in wanted:
            os.unlink(path)


def forget_manifests():
    for path in sorted(glob.glob(at(REMOVED + "/*.yaml"))):
        name = os.path.basename(path)[: -len(".yaml")]
        run("k3s", "kubectl", "delete", "--ignore-not-found", "--wait=false", "-f", path, timeout=120)
        run("k3s", "kubectl", "delete", "--ignore-not-found", "--wait=false", "--namespace=kube-system", "addons.k3s.cattle.io", name, timeout=120)
        os.unlink(path)


def authorize(user, keys):
    """Who may log in. Only where the user is: the cloud makes it."""
    for line in read("/etc/passwd").splitlines():
        fields = line.split(":")
        if keys and fields[0] == user and len(fields) > 5:
            owner = (int(fields[2]), int(fields[3]))
            directory = fields[5] + "/.ssh"
            os.makedirs(at(directory), mode=0o700, exist_ok=True)
            os.chown(at(directory), *owner)
            write(directory + "/authorized_keys", "".join(key + "\n" for key in keys), 0o600, owner)


def restart_basics(restarts):
    if "units" in restarts:
        run("systemctl", "daemon-reload")
    if "kernel" in restarts:
        run("sysctl", "--system")
    if "crio" in restarts:
        run("systemctl", "try-restart", "crio.service", check=False)
    if "docker" in restarts:
        run("systemctl", "try-reload-or-restart", "docker.service", check=False)
    if "fail2ban" in restarts:
        run("systemctl", "try-restart", "fail2ban.service", check=False)
    if "ssh" in restarts:
        unit = "ssh.socket" if run("systemctl", "is-enabled", "--quiet", "ssh.socket", check=False) == 0 else "ssh.service"
        run("systemctl", "restart", unit)


def wait_active(unit):
    until, since, process = time.monotonic() + READY_WITHIN, 0, None
    while True:
        shown = output("systemctl", "show", "--property=ActiveState,MainPID", unit)
        if "ActiveState=active" not in shown:
            process = None
        elif shown != process:
            process, since = shown, time.monotonic()
        elif time.monotonic() > since + STEADY_FOR:
            return
        if time.monotonic() > until:
            raise ValueError(f"{unit} does not stay active: journalctl -u {unit}")
        time.sleep(2)
