#!/usr/bin/env python3
"""Makes this machine one of a cluster's control plane, and keeps it what the cluster's file says.

Nothing that it was born with is secret. It proves to the cloud who it is (its managed identity), gets the key of the account that
only the control plane may read, and takes the cluster's authorities and programs from the private share there. Then it installs
k3s and starts Ebb's controller. Every step may be done twice: a machine that was interrupted begins again.

With --follow it looks on that share for what the control plane is to be from now on ("orders"), and acts on it when it is its turn.
"""
import base64
import datetime
import email.utils
import glob
import hashlib
import hmac
import http.client
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.environ.get("EBB_ROOT", "/")
PROGRAM = "/usr/local/lib/ebb/control-plane"
CONFIGURATION = "/etc/ebb/control-plane.json"
DONE = "/var/lib/ebb/control-plane-done"
CREDENTIALS = "/etc/ebb/shares.credentials"

# How far this machine is, and the orders that it works on or last worked on.
RECORD = "/var/lib/ebb/orders.json"
KEPT = "/var/lib/ebb/wanted.json"

# On the share.
WANTED = "control-plane/wanted.json"
TURN = "control-plane/turn.json"
BEGUN = "control-plane/begun.json"
STATE = "control-plane/state/%s.json"

MOST_ANSWER = 1 << 20
MOST_ORDERS = 2 << 20
MOST_NOTE = 64 << 10
MOST_FILE = 4 << 30

# What may heal by itself: a cloud that does not answer, one that answers something else, a file that is just being written.
TROUBLE = (OSError, ValueError, LookupError, TypeError, http.client.HTTPException)

# What an identity may do is known everywhere after ten minutes at the latest.
LONGEST_WAIT = 20 * 60

# Whatever user a pod runs as may write: that is what a common directory is for.
MOUNT_OPTIONS = "vers=3.1.1,serverino,mfsymlinks,dir_mode=0777,file_mode=0777,actimeo=30"


def main():
    if sys.argv[1:] == ["--follow"]:
        Follower().run()
    else:
        be_born()


def be_born():
    configuration = read_json(CONFIGURATION)
    cloud = Cloud(configuration)
    machine = patiently("description of this machine", cloud.instance)
    patiently("token of the managed identity", cloud.sign_in)
    patiently("key of the private account", lambda: cloud.key(configuration["systemAccount"]))
    record = {**remembered(), "attempt": 0, "phase": "working", "why": None}
    try:
        orders = patiently("orders", lambda: newest(cloud))
    except TROUBLE as e:
        # What it was born with may be old by now, and something old is worse than nothing.
        say(cloud, machine, {**record, "phase": "failed", "why": reason(e)})
        raise
    if orders:
        print(f"orders of generation {orders['generation']} take the place of what this machine was born with", flush=True)
    else:
        orders = {"generation": "", "configuration": configuration, "texts": [], "absent": [], "sshKeys": [], "sshUser": ""}
    configuration = cloud.configuration = orders["configuration"]
    if configuration.get("k3s", {}).get("rotate") and not is_to_replace_authorities(configuration["k3s"], machine):
        # It is given what keys were exchanged for.
        record["rotated"] = all_rotated(configuration["k3s"])
    keep(orders, record)
    restarts = differing(orders)[1]
    put(cloud, orders)
    install_packages(configuration)
    mount(cloud, configuration)
    if configuration.get("tailscale"):
        tailscale(machine)
    restart_basics(restarts)
    # Before it holds anything: by this 'ebb up' tells a machine that may from one that was never made.
    patiently("report of this machine", lambda: tell(cloud, machine, record))
    if "k3s" in configuration:
        began = begin_k3s(cloud, configuration, machine, lambda why: say(cloud, machine, {**record, "why": why}))
        if began and configuration["k3s"].get("rotate"):
            # Its cluster begins with the authorities that it was given; one that it joins may have others still.
            remember({**record, "rotated": all_rotated(configuration["k3s"])})
    run("systemctl", "enable", "ebb.service")
    run("systemctl", "start", "--no-block", "ebb.service")
    write(DONE, "", 0o600)
    # It sees to the end of this, too: that what was started here works.
    run("systemctl", "enable", "ebb-control-plane-follow.service")
    run("systemctl", "start", "--no-block", "ebb-control-plane-follow.service")


def shares_key(cloud, configuration):
    return cloud.key(configuration["storageAccount"], configuration.get("sharesKey", "key1"))


def mount(cloud, configuration, within=LONGEST_WAIT):
    """The shares, here and on machines that join: also when there are none any more."""
    host, shares = configuration["shareHost"], configuration["mounts"]
    key = patiently("key of the shares", lambda: shares_key(cloud, configuration), within) if shares else ""
    # What machines that join are given by the join server.
    handout = {
        "mounts": [
            {"kind": "cifs", "host": host, **share, "user": configuration["storageAccount"], "key": key, "options": MOUNT_OPTIONS}
            for share in shares
        ]
    }
    write("/etc/ebb/join/handout.json", json.dumps(handout, indent=2) + "\n", 0o600)
    if not shares and not os.path.exists(at(CREDENTIALS)):
        return
    before = read("/etc/fstab")
    lines = [line for line in before.splitlines() if CREDENTIALS not in line]
    credentials = f"username={configuration['storageAccount']}\npassword={key}\n" if shares else ""
    old = read(CREDENTIALS) if os.path.exists(at(CREDENTIALS)) else credentials
    mounted = [line.split()[1] for line in before.splitlines() if CREDENTIALS in line]
    for path in mounted:
        if (old != credentials or path not in [share["at"] for share in shares]) and run("mountpoint", "-q", path, check=False) == 0:
            # Whoever has a file of it open goes on with the key before, which is good until nobody needs it.
            run("umount", "--lazy", path)
    if shares:
        write(CREDENTIALS, credentials, 0o600)
    options = f"credentials={CREDENTIALS},{MOUNT_OPTIONS},_netdev,nofail"
    for share in shares:
        os.makedirs(at(share["at"]), exist_ok=True)
        lines.append(f"//{host}/{share['share']} {share['at']} cifs {options} 0 0")
    after = "\n".join(lines) + "\n"
    if after != before:
        write("/etc/fstab", after, 0o644)
        run("systemctl", "daemon-reload")
    for share in shares:
        if run("mountpoint", "-q", share["at"], check=False) != 0:
            # A cluster without its common directory still works; systemd mounts it at the next boot.
            run("mount", share["at"], check=False)
    if not shares:
        os.unlink(at(CREDENTIALS))


def tailscale(machine):
    run("sh", at("/usr/local/lib/ebb/tailscale-install.sh"))
    run("tailscale", "up", "--auth-key=file:/etc/ebb/tailscale.key", "--hostname=" + machine["name"])


def patiently(what, attempt, within=LONGEST_WAIT):
    """Repeats what may heal: a network that is not up yet, a role that is not known everywhere yet."""
    wait, until = 1, time.monotonic() + within
    while True:
        try:
            return attempt()
        except TROUBLE as e:
            if time.monotonic() + wait > until:
                raise
            print(f"{what}: {e}", file=sys.stderr, flush=True)
        time.sleep(wait)
        wait = min(30, wait * 2)


def run(*command, environment=None, check=True, timeout=None):
    environment = {**os.environ, **(environment or {})}
    return subprocess.run(command, check=check, stdin=subprocess.DEVNULL, env=environment, timeout=timeout).returncode


def output(*command, environment=None, timeout=30):
    """What a command prints; nothing where it is not there, fails or does not end."""
    environment = {**os.environ, **(environment or {})}
    try:
        done = subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, timeout=timeout)
        return done.stdout.decode("utf-8", "replace").strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def digest_of(path):
    try:
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    except FileNotFoundError:
        return None


def read(path):
    with open(at(path), encoding="utf-8") as file:
        return file.read()


def read_json(path):
    return json.loads(read(path))


def write(path, text, mode, owner=None):
    """Whole or not at all, also when the power goes."""
    path = at(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # mkstemp's file is its owner's alone from the first byte on.
    descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        if owner:
            os.chown(beside, *owner)
        os.replace(beside, path)
    except BaseException:
        # It is tried again for as long as the disk is full.
        os.unlink(beside)
        raise


def at(path):
    return os.path.join(ROOT, path.lstrip("/"))
