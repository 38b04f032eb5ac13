

# What this machine asks of the cloud: who it is, keys of accounts, files of the private share.
LONG_AGO = 24 * 60 * 60


class Cloud:
    """Token and keys are kept, and asked anew when they are refused: both end, and accounts' keys are rotated."""

    def __init__(self, configuration):
        self.configuration = configuration
        self.token = None
        self.keys = {}

    def instance(self):
        url = self.configuration["metadata"] + "/metadata/instance?api-version=2021-02-01"
        document = json.loads(get(url, {"Metadata": "true"}))
        compute = document["compute"]
        parts = compute["resourceId"].split("/")
        # As the cloud's own controllers write it: the resource group in lower case.
        parts[4] = parts[4].lower()
        return {
            "name": compute["osProfile"]["computerName"].lower(),
            "address": document["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"],
            "provider": "azure://" + "/".join(parts),
            "region": compute["location"],
            "zone": compute.get("zone", ""),
            "size": compute["vmSize"],
        }

    def sign_in(self):
        query = urllib.parse.urlencode({"api-version": "2018-02-01", "resource": self.configuration["manager"] + "/"})
        url = f"{self.configuration['metadata']}/metadata/identity/oauth2/token?{query}"
        self.token = json.loads(get(url, {"Metadata": "true"}))["access_token"]

    def key(self, account, name="key1"):
        """One of an account's two keys, of which the orders say which one is in use."""
        if account not in self.keys:
            self.keys[account] = self.list_keys(account)
        return self.keys[account][name]

    def list_keys(self, account, again=True):
        if self.token is None:
            self.sign_in()
        there = self.configuration
        url = (
            f"{there['manager']}/subscriptions/{there['subscription']}/resourceGroups/{there['storageGroup']}"
            f"/providers/Microsoft.Storage/storageAccounts/{account}/listKeys?api-version=2023-01-01"
        )
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        try:
            keys = json.loads(get(url, headers, data=b"", proxied=True))["keys"]
            return {key.get("keyName", "key1"): key["value"] for key in keys}
        except urllib.error.HTTPError as e:
            if e.code != 401:
                raise
            self.token = None
            if not again:
                raise
        return self.list_keys(account, again=False)

    def share(self, method, path, query="", headers=None, body=None, again=True):
        """One request to the private share, as the service's documents say that it is to be signed."""
        account = self.configuration["systemAccount"]
        url = f"{self.configuration['fileShares']}/{self.configuration['share']}/{urllib.parse.quote(path)}"
        named = {**(headers or {}), "x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2022-11-02"}
        kind = "" if body is None else "application/octet-stream"
        lines = [method, "", "", str(len(body)) if body else "", "", kind, *[""] * 6]
        lines += [f"{name}:{value}" for name, value in sorted(named.items())]
        lines += ["/" + account + urllib.parse.urlsplit(url).path, *sorted(part.replace("=", ":") for part in query.split("&") if part)]
        signature = hmac.new(base64.b64decode(self.key(account)), "\n".join(lines).encode("utf-8"), hashlib.sha256).digest()
        named["Authorization"] = f"SharedKey {account}:{base64.b64encode(signature).decode('ascii')}"
        if kind:
            named["Content-Type"] = kind
        request = urllib.request.Request(url + ("?" + query if query else ""), data=body, headers=named, method=method)
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as e:
            if e.code not in (401, 403):
                raise
            self.keys.pop(account, None)
            if not again:
                raise
        return self.share(method, path, query, headers, body, again=False)

    def read(self, path, most):
        """A file's content; None where it is not there."""
        try:
            with self.share("GET", path) as answer:
                content = answer.read(most + 1)
        except urllib.error.HTTPError as e:
            if e.code == 404:
                return None
            raise
        if len(content) > most:
            raise ValueError(f"'{path}' on the share has more than {most} bytes")
        return content

    def write(self, path, content):
        """Not in one stroke: for a moment the file is there and empty."""
        made = {"x-ms-file-creation-time": "now", "x-ms-file-last-write-time": "now", "x-ms-file-permission": "inherit"}
        length = {"x-ms-type": "file", "x-ms-content-length": str(len(content)), "x-ms-file-attributes": "None"}
        try:
            self.share("PUT", path, "", {**made, **length}, b"").close()
        except urllib.error.HTTPError as e:
            if e.code != 404:
                raise
            self.make_directory(path.rsplit("/", 1)[0], {**made, "x-ms-file-attributes": "Directory"})
            self.share("PUT", path, "", {**made, **length}, b"").close()
        self.share("PUT", path, "comp=range", {"x-ms-write": "update", "x-ms-range": f"bytes=0-{len(content) - 1}"}, content).close()

    def make_directory(self, path, headers):
        if "/" in path:
            self.make_directory(path.rsplit("/", 1)[0], headers)
        try:
            self.share("PUT", path, "restype=directory", headers, b"").close()
        except urllib.error.HTTPError as e:
            if e.code != 409:
                raise

    def fetch(self, file):
        target = at(file["to"])
        os.makedirs(os.path.dirname(target), mode=0o700 if file["mode"] == "0600" else 0o755, exist_ok=True)
        with self.share("GET", file["from"]) as answer:
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
                    out.flush()
                    os.fsync(out.fileno())
                if file.get("sha256") and digest.hexdigest() != file["sha256"]:
                    raise ValueError(f"it has the hash {digest.hexdigest()}, and {file['sha256']} was expected")
                os.chmod(beside, int(file["mode"], 8))
                if file.get("once"):
                    # k3s takes its cluster's authorities in place of older files, and does not start beside newer ones that differ.
                    os.utime(beside, (LONG_AGO, LONG_AGO))
                os.replace(beside, target)
            except BaseException:
                os.unlink(beside)
                raise


def get(url, headers, data=None, proxied=False):
    opener = urllib.request.build_opener(*([] if proxied else [urllib.request.ProxyHandler({})]))
    with opener.open(urllib.request.Request(url, data=data, headers=headers), timeout=30) as answer:
        body = answer.read(MOST_ANSWER + 1)
    if len(body) > MOST_ANSWER:
        raise ValueError("the answer is too long")
    return body.decode("utf-8")
