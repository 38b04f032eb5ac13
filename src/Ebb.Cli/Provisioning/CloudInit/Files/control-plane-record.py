

# What this machine remembers of its orders, and what it tells of itself.
def remembered():
    try:
        record = read_json(RECORD)
    except (FileNotFoundError, ValueError):
        record = {}
    return {"generation": "", "attempt": 0, "phase": "working", "why": None, "restarts": [], **record}


def remember(record):
    write(RECORD, json.dumps(record, indent=2) + "\n", 0o600)


def keep(orders, record):
    """From now on this machine works on these orders, whatever comes in between."""
    write(KEPT, json.dumps(orders), 0o600)
    record["generation"] = orders["generation"]
    remember(record)


def kept(generation):
    orders = read_json(KEPT)
    if orders["generation"] != generation:
        raise ValueError(f"the orders in {KEPT} are of another generation than {generation}")
    return orders


def say(cloud, machine, record):
    """Tells, where that is not worth stopping for: it is told again."""
    try:
        tell(cloud, machine, record)
    except TROUBLE as e:
        print(f"telling how far this machine is: {e}", file=sys.stderr, flush=True)


def tell(cloud, machine, record):
    """Says on the share how far this machine is, for whoever gave the orders and for the others."""
    state = {
        "machine": machine["name"],
        "generation": record["generation"],
        "attempt": record["attempt"],
        "phase": record["phase"],
        "why": record["why"],
        "release": running_release() or installed_release(),
        "ebb": digest_of(at("/usr/local/bin/ebb")) or "",
        "store": has_store(),
        "at": now(),
    }
    cloud.write(STATE % machine["name"], json.dumps(state, indent=2).encode("utf-8"))


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def reason(error):
    if isinstance(error, subprocess.CalledProcessError):
        text = f"'{' '.join(map(str, error.cmd))}' ended with {error.returncode}: journalctl -u ebb-control-plane-follow"
    elif isinstance(error, subprocess.TimeoutExpired):
        text = f"'{' '.join(map(str, error.cmd))}' did not end within {error.timeout} s: journalctl -u ebb-control-plane-follow"
    else:
        text = str(error) or repr(error)
    return text[:1000]
