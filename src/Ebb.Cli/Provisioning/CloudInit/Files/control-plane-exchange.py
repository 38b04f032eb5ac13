

# Keys that k3s exchanges for others, by commands that orders name.

# All that orders may have k3s do, and whether it has to be stopped for that.
ROTATIONS = {
    ("certificate", "rotate"): True,
    ("certificate", "rotate-ca"): False,
    ("token", "rotate"): False,
    ("secrets-encrypt", "prepare"): False,
    ("secrets-encrypt", "rotate"): False,
    ("secrets-encrypt", "reencrypt"): False,
    ("secrets-encrypt", "rotate-keys"): False,
}

# A server with the right password is seldom ready later than this, and one with the wrong one never.
TRIED_FOR = 3 * 60


def is_rotated(settings, machine, record):
    done = record.get("rotated") or {}
    return not settings.get("rotate") or done.get("id") == settings["rotate"] and done["ran"] >= len(rotations(settings, machine))


def rotations(settings, machine):
    return settings["commands"] if settings.get("on") in (None, machine["name"]) else []


def all_rotated(settings):
    """Also where others ran them: should such a machine be named in their place one day, it has what they exchanged."""
    return {"id": settings["rotate"], "ran": len(settings["commands"])}


def is_to_replace_authorities(settings, machine):
    """Whether this machine puts the cluster's authorities into its store, which may be done again when nobody knows whether it was."""
    return any(tuple(command[1:3]) == ("certificate", "rotate-ca") for command in rotations(settings, machine))


def held_back(settings, machine, record):
    """Files that k3s starts with, and that stay as they are until it has exchanged what they hold for what waits beside them."""
    if not settings or not record["generation"] or is_rotated(settings, machine, record):
        return set()
    return {path for command in rotations(settings, machine) for path in waiting(command)}


def refuse_early(orders, machine, record):
    """Orders to exchange a password for the very one that is in force come before there is another: the exchange would seem to be done."""
    settings = orders["configuration"].get("k3s")
    held = held_back(settings, machine, record)
    if not held or record.get("exchanges") == settings["rotate"]:
        return
    for file in orders["configuration"]["files"]:
        # One that k3s refuses was put there too early by an earlier program, and is put back.
        if file["to"] in held and digest_of(at(file["to"])) == file["sha256"] and is_ready():
            raise ValueError(f"the password in {file['to']} is in force already, and there is no other to exchange it for: 'ebb keys rotate passwords' makes one")
    record["exchanges"] = settings["rotate"]
    remember(record)


def waiting(command):
    return [part[1 : -len(".next")] for part in command if part.startswith("@/etc/ebb/k3s/") and part.endswith(".next")]


def staged(file):
    """What is to replace a file waits as .next, and what that file held goes on as .before: also when all this is done again."""
    path = file["to"]
    if digest_of(at(path)) not in (None, file["sha256"]):
        write(path + ".before", read(path), 0o600)
    return {**file, "to": path + ".next"}


def rotate(settings, machine, record):
    """The commands with which keys are exchanged, each once."""
    done = record.get("rotated") or {}
    if done.get("id") != settings["rotate"]:
        done = {"id": settings["rotate"], "ran": 0}
    commands = rotations(settings, machine)
    for command in commands[done["ran"]:]:
        if command[0] != "k3s" or tuple(command[1:3]) not in ROTATIONS:
            raise ValueError(f"'{' '.join(command[:3])}' is no command that orders may have run")
        stopped, paths = ROTATIONS[tuple(command[1:3])], waiting(command)
        if stopped:
            run("systemctl", "stop", "k3s.service")
        else:
            for path in paths:
                settle(path)
            # It asks the server of this machine, which may just be starting.
            wait_ready(None)
        if not succeeds(command) and not (paths and all(is_exchanged(path) for path in paths)):
            if stopped:
                run("systemctl", "start", "--no-block", "k3s.service")
            # Not with its arguments, which may be secret.
            raise ValueError(f"'{' '.join(command[:3])}' failed: journalctl -u ebb-control-plane-follow")
        for path in paths:
            os.replace(at(path + ".next"), at(path))
        done["ran"] += 1
        remember({**record, "rotated": dict(done)})
    record["rotated"] = all_rotated(settings)
    remember(record)


def succeeds(command):
    arguments = [first_line(part[1:]) if part.startswith("@/etc/ebb/") and ".." not in part else part for part in command]
    environment = dict(os.environ)
    if "--token" in arguments:
        # Everyone on the machine may read arguments, and root alone an environment. k3s takes the new one as an argument only.
        index = arguments.index("--token")
        environment["K3S_TOKEN"] = arguments[index + 1]
        del arguments[index : index + 2]
    try:
        return subprocess.run(arguments, stdin=subprocess.DEVNULL, env=environment, timeout=READY_WITHIN).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def first_line(path):
    return read(path).splitlines()[0]


def settle(path):
    """Sees to it that k3s runs: with that one of two passwords which its store is sealed with, where an exchange was cut short. It refuses the other."""
    found = read(path)
    until = time.monotonic() + READY_WITHIN
    while not comes_up():
        if time.monotonic() > until:
            write(path, found, 0o600)
            raise ValueError(f"its API server is not ready after {READY_WITHIN // 60} min, neither with the password before nor with the new one: journalctl -u k3s")
        begin_with(path, ".before" if read(path) == read(path + ".next") else ".next")


def begin_with(path, which):
    write(path, read(path + which), 0o600)
    run("systemctl", "restart", "--no-block", "k3s.service")


def comes_up():
    until = time.monotonic() + TRIED_FOR
    while not is_ready():
        if time.monotonic() > until:
            return False
        time.sleep(3)
    return True


def is_exchanged(path):
    """Whether the store is sealed with the new password though the command failed, as it does once that is so. The server takes the new one
    a little before that: only that it starts with it tells."""
    if output("k3s", "secrets-encrypt", "status", environment={"K3S_TOKEN": first_line(path + ".next")}) == "":
        return False
    if read(path) != read(path + ".next"):
        begin_with(path, ".next")
        settle(path)
    return read(path) == read(path + ".next")
