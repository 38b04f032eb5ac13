#!/usr/bin/env python3
"""Lets Docker pull from the cluster's own registry, whose address is the only argument.

It speaks plain HTTP, which Docker wants to be told, and has a name that only this machine knows. What else Docker is told, or what
other names there are, stays. Some images write /etc/hosts anew at every boot, so this runs whenever Docker starts.
"""
import json
import os
import sys
import tempfile

ROOT = os.environ.get("EBB_ROOT", "/")
SETTINGS = "/etc/docker/daemon.json"
HOSTS = "/etc/hosts"
NAME = "registry"
MARK = "# ebb"


def main():
    settings = json.loads(read(SETTINGS) or "{}")
    registries = settings.setdefault("insecure-registries", [])
    if NAME + ":5000" not in registries:
        registries.append(NAME + ":5000")
        write(SETTINGS, json.dumps(settings, indent=2) + "\n")
    hosts = read(HOSTS).splitlines()
    wanted = [line for line in hosts if not line.endswith(f" {NAME} {MARK}")] + [f"{sys.argv[1]} {NAME} {MARK}"]
    if hosts != wanted:
        write(HOSTS, "\n".join(wanted) + "\n")


def read(path):
    try:
        with open(at(path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path, text):
    """Whole or not at all, also when the power goes."""
    os.makedirs(os.path.dirname(at(path)), exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(at(path)))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(beside, 0o644)
    os.replace(beside, at(path))


def at(path):
    return os.path.join(ROOT, path.lstrip("/"))


try:
    main()
except ValueError as e:
    sys.exit(f"{SETTINGS} is no JSON ({e}), and Docker does not start with it: correct it")
