#!/usr/bin/env python3
"""Makes this machine one of a cluster's control plane.

Nothing that it was born with is secret. It proves to the cloud who it is (its managed identity), gets the key of the account that
only the control plane may read, and takes the cluster's authorities and programs from the private share there. Then it installs
k3s and starts Ebb's controller. Every step may be done twice: a machine that was interrupted begins again.
"""
import base64
import email.utils
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.environ.get("EBB_ROOT", "/")
CONFIGURATION = "/etc/ebb/control-plane.json"
DONE = "/var/lib/ebb/control-plane-done"
CONFIG = "/etc/rancher/k3s/config.yaml.d"

MOST_ANSWER = 1 << 20
MOST_FILE = 4 << 30

# What an identity may do is known everywhere after ten minutes at the latest.
LONGEST_WAIT = 20 * 60

# Whatever user a pod runs as may write: that is what a common directory is for.
MOUNT_OPTIONS = "vers=3.1.1,serverino,mfsymlinks,dir_mode=0777,file_mode=0777,actimeo=30"

# How long the first machine looks for others before it begins a cluster, and how long the others wait for those before them.
LOOK_FOR_OTHERS = 60
WAIT_FOR_LOWER = 10 * 60


def main():
    with open(at(CONFIGURATION), encoding="utf-8") as file:
        configuration = json.load(file)
    machine = instance(configuration)
    token = patiently("token of the managed identity", lambda: identity_token(configuration))
    system = patiently("key of the private account", lambda: account_key(configuration, token, configuration["systemAccount"]))
    for file in configuration["files"]:
        patiently(file["from"], lambda file=file: fetch(configuration, system, file))
    packages = [at(file["to"]) for file in configuration["files"] if file["to"].startswith("/var/lib/ebb/packages/")]
    if packages:
        run("dpkg", "--install", *packages)
    if configuration["mounts"]:
        shares = patiently("key of the shares", lambda: account_key(configuration, token, configuration["storageAccount"]))
        mount(configuration, shares)
    if configuration.get("tailscale"):
        tailscale(machine)
    if "k3s" in configuration:
        k3s(configuration, machine)
    run("systemctl", "enable", "ebb.service")
    run("systemctl", "start", "--no-block", "ebb.service")
    write(DONE, "", 0o600)


def instance(configuration):
    url = configuration["metadata"] + "/metadata/instance?api-version=2021-02-01"
    document = patiently("description of this machine", lambda: json.loads(get(url, {"Metadata": "true"})))
    compute = document["compute"]
    address = document["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"]
    parts = compute["resourceId"].split("/")
    # As the cloud's own controllers write it: the resource group in lower case.
    parts[4] = parts[4].lower()
    return {
        "name": compute["osProfile"]["computerName"].lower(),
        "address": address,
        "provider": "azure://" + "/".join(parts),
        "region": compute["location"],
        "zone": compute.get("zone", ""),
        "size": compute["vmSize"],
    }


def identity_token(configuration):
    query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": configuration["manager"] + "/"})
    url = f"{configuration['metadata']}/metadata/identity/oauth2/token?{query}"
    return json.loads(get(url, {"Metadata": "true"}))["access_token"]


def account_key(configuration, token, account):
    url = (
        f"{configuration['manager']}/subscriptions/{configuration['subscription']}/resourceGroups/{configuration['storageGroup']}"
        f"/providers/Microsoft.Storage/storageAccounts/{account}/listKeys?api-version=2023-01-01"
    )
    answer = get(url, {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, data=b"", proxied=True)
    return json.loads(answer)["keys"][0]["value"]


def fetch(configuration, key, file):
    target = at(file["to"])
    if file.get("sha256") and digest_of(target) == file["sha256"]:
        return
    account = configuration["systemAccount"]
    url = f"{configuration['fileShares']}/{configuration['share']}/{urllib.parse.quote(file['from'])}"
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "GET" + "\n" * 12 + "".join(f"{name}:{value}\n" for name, value in sorted(headers.items())) + f"/{account}{urllib.parse.urlsplit(url).path}"
    signature = hmac.new(base64.b64decode(key), signed.encode("utf-8"), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {account}:{base64.b64encode(signature).decode('ascii')}"
    os.makedirs(os.path.dirname(target), mode=0o700 if file["mode"] == "0600" else 0o755, exist_ok=True)
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        # mkstemp's file is its owner's alone from the first byte on.
        descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(target))
        try:
            with os.fdopen(descriptor, "wb") as out:
                digest = hashlib.sha256()
                length = 0
                while block := answer.read(1 << 20):
                    length += len(block)
                    if length > MOST_FILE:
                        raise ValueError("it is too long")
                    digest.update(block)
                    out.write(block)
            if file.get("sha256") and digest.hexdigest() != file["sha256"]:
                raise ValueError(f"it has the hash {digest.hexdigest()}, and {file['sha256']} was expected")
            os.chmod(beside, int(file["mode"], 8))
            os.replace(beside, target)
        except BaseException:
            os.unlink(beside)
            raise


def mount(configuration, key):
    host = configuration["shareHost"]
    # What machines that join are given by the join server.
    handout = {
        "mounts": [
            {"kind": "cifs", "host": host, **share, "user": configuration["storageAccount"], "key": key, "options": MOUNT_OPTIONS}
            for share in configuration["mounts"]
        ]
    }
    write("/etc/ebb/join/handout.json", json.dumps(handout, indent=2) + "\n", 0o600)
    write("/etc/ebb/shares.credentials", f"username={configuration['storageAccount']}\npassword={key}\n", 0o600)
    options = f"credentials=/etc/ebb/shares.credentials,{MOUNT_OPTIONS},_netdev,nofail"
    with open(at("/etc/fstab"), encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if "/etc/ebb/shares.credentials" not in line]
    for share in configuration["mounts"]:
        os.makedirs(at(share["at"]), exist_ok=True)
        lines.append(f"//{host}/{share['share']} {share['at']} cifs {options} 0 0")
    write("/etc/fstab", "\n".join(lines) + "\n", 0o644)
    run("systemctl", "daemon-reload")
    for share in configuration["mounts"]:
        if run("mountpoint", "-q", share["at"], check=False) != 0:
            # A cluster without its common directory still works; systemd mounts it at the next boot.
            run("mount", share["at"], check=False)


def tailscale(machine):
    run("sh", at("/usr/local/lib/ebb/tailscale-install.sh"))
    run("tailscale", "up", "--auth-key=file:/etc/ebb/tailscale.key", "--hostname=" + machine["name"])


def k3s(configuration, machine):
    settings = configuration["k3s"]
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
    if len(configuration["addresses"]) > 1 and not os.path.isdir(at("/var/lib/rancher/k3s/server/db/etcd")):
        lines.append(place(configuration["addresses"], machine["address"]))
    write(CONFIG + "/10-machine.yaml", "\n".join(lines) + "\n", 0o600)
    installer = at("/usr/local/lib/ebb/k3s-install.sh")
    if settings.get("installer"):
        write("/usr/local/lib/ebb/k3s-install.sh", patiently("k3s' installer", lambda: get(settings["installer"], {}, proxied=True)), 0o755)
    run("sh", installer, "server", environment=settings["environment"])
    completion = subprocess.run(["kubectl", "completion", "bash"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    write("/etc/bash_completion.d/kubectl", completion.decode("utf-8"), 0o644)
    run("systemctl", "enable", "k3s.service")
    # k3s says that it is up when it is, which among several servers may take until the others are.
    run("systemctl", "start", "--no-block", "k3s.service")


def place(addresses, own):
    """The line that makes this machine begin a cluster or join the others."""
    trust = ssl.create_default_context(cafile=at("/var/lib/rancher/k3s/server/tls/server-ca.crt"))
    lower = addresses[: addresses.index(own)]
    others = [address for address in addresses if address != own]
    until = time.monotonic() + (WAIT_FOR_LOWER if lower else LOOK_FOR_OTHERS)
    while True:
        answering = [address for address in others if answers(address, trust)]
        late = time.monotonic() > until
        # New members of the store are taken up one at a time: each waits for those before it, though not for ever.
        if answering and (late or not lower or set(lower) <= set(answering)):
            return f"server: https://{answering[0]}:6443"
        if not lower and late:
            return "cluster-init: true"
        time.sleep(5)


def answers(address, trust):
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
        with opener.open(f"https://{address}:6443/ping", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def get(url, headers, data=None, proxied=False):
    opener = urllib.request.build_opener(*([] if proxied else [urllib.request.ProxyHandler({})]))
    with opener.open(urllib.request.Request(url, data=data, headers=headers), timeout=30) as answer:
        body = answer.read(MOST_ANSWER + 1)
    if len(body) > MOST_ANSWER:
        raise ValueError("the answer is too long")
    return body.decode("utf-8")


def patiently(what, attempt):
    """Repeats what may heal: a network that is not up yet, a role that is not known everywhere yet."""
    wait, until = 1, time.monotonic() + LONGEST_WAIT
    while True:
        try:
            return attempt()
        except (OSError, ValueError, KeyError) as e:
            if time.monotonic() + wait > until:
                raise
            print(f"{what}: {e}", file=sys.stderr, flush=True)
        time.sleep(wait)
        wait = min(30, wait * 2)


def run(*command, environment=None, check=True):
    return subprocess.run(command, check=check, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})}).returncode


def digest_of(path):
    try:
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    except FileNotFoundError:
        return None


def write(path, text, mode):
    path = at(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, beside = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(beside, mode)
    os.replace(beside, path)


def at(path):
    return os.path.join(ROOT, path.lstrip("/"))


main()
