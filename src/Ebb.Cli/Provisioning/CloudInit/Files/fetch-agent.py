#!/usr/bin/env python3
"""Fetches ebb-agent, and what else this machine needs, from a join server of its cluster.

The authority of the join servers is fetched first, and trusted only if it has the hash that this machine was born with. All else
comes over a connection that this authority vouches for, and is kept only if its own hash is the expected one. What is there already
and right is not fetched again, so that this may run at every start. It tries until it succeeds. Debian's packages are installed
once all are there; what was installed is written down after that, so that a start that was cut short is made up for by the next.
"""
import hashlib
import json
import os
import platform
import random
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.environ.get("EBB_ROOT", "/")
CONFIGURATION = "/etc/ebb/agent.json"
AGENT = "/usr/local/bin/ebb-agent"
PACKAGES = "/var/lib/ebb/packages/"
INSTALLED = "/var/lib/ebb/packages-installed"

# A certificate has a few kilobytes; images for a whole node have less than two gigabytes.
MOST_CERTIFICATE = 64 << 10
MOST_FILE = 4 << 30
LONGEST_WAIT = 30


def main():
    with open(at(CONFIGURATION), encoding="utf-8") as file:
        configuration = json.load(file)
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    files = [{"path": f"/agent/{architecture}", "to": AGENT, "mode": "0755", "sha256": configuration["agents"][architecture]}]
    for file in configuration.get("files", []):
        files.append({**file, "path": "/files/" + file["name"]})
    fetch_from_any(configuration, files)
    install([file for file in files if file["to"].startswith(PACKAGES)])


def fetch_from_any(configuration, files):
    wait = 1
    while True:
        servers = list(configuration["servers"])
        random.shuffle(servers)
        for server in servers:
            try:
                fetch_all(server, configuration, files)
                return
            except (OSError, ValueError) as e:
                print(f"{server}: {e}", file=sys.stderr, flush=True)
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(LONGEST_WAIT, wait * 2)


def fetch_all(server, configuration, files):
    wanted = [file for file in files if digest_of(at(file["to"])) != file["sha256"]]
    if not wanted:
        return
    trusted = authority(server, configuration["authority"])
    for file in wanted:
        fetch(trusted, server + file["path"], at(file["to"]), int(file["mode"], 8), file["sha256"])


def install(packages):
    """All of them at once, which may need each other. A failure ends this; systemd starts it again."""
    installed = "".join(f"{file['sha256']} {file['to']}\n" for file in packages)
    if not packages or read(INSTALLED) == installed:
        return
    subprocess.run(["dpkg", "--install", *(at(file["to"]) for file in packages)], check=True, stdin=subprocess.DEVNULL)
    with open(at(INSTALLED), "w", encoding="utf-8") as file:
        file.write(installed)


def authority(server, expected):
    """What vouches for the join servers, once its hash has shown that it is the one."""
    unproven = ssl.create_default_context()
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    with opener(unproven).open(server + "/ca.crt", timeout=15) as answer:
        pem = answer.read(MOST_CERTIFICATE + 1)
    if len(pem) > MOST_CERTIFICATE:
        raise ValueError("its authority is too long for a certificate")
    # While authorities change there are several: whichever signed last, the one that this machine knows vouches for the servers.
    parts = [part + ssl.PEM_FOOTER for part in pem.decode("ascii").split(ssl.PEM_FOOTER)[:-1]]
    known = [part.strip() for part in parts if "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(part.strip())).hexdigest() == expected]
    if not known:
        raise ValueError("its authority is not the one that this machine was told to trust")
    trusted = ssl.create_default_context(cadata=known[0])
    trusted.minimum_version = ssl.TLSVersion.TLSv1_2
    return trusted


def fetch(trusted, url, target, mode, expected):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with opener(trusted).open(url, timeout=60) as answer:
        descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(target))
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest = hashlib.sha256()
                length = 0
                while block := answer.read(1 << 20):
                    length += len(block)
                    if length > MOST_FILE:
                        raise ValueError(f"{url} is too long")
                    digest.update(block)
                    file.write(block)
            if digest.hexdigest() != expected:
                raise ValueError(f"{url} has the hash {digest.hexdigest()}, and {expected} was expected")
            os.chmod(beside, mode)
            os.replace(beside, target)
        except BaseException:
            os.unlink(beside)
            raise


def opener(context):
    # The servers are in this network: no proxy stands between.
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


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
    """Nothing where it is not there."""
    try:
        with open(at(path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def at(path):
    return os.path.join(ROOT, path.lstrip("/"))


main()
