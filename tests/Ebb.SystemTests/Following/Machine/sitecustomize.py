"""Python reads this before the machine's program, which stays as it is: its clock goes faster, and names of the cloud lead to the test."""
import json
import os
import socket
import subprocess  # noqa: F401  It takes the clock that is there when it is read, and keeps it.
import time

SPEED = float(os.environ["EBB_SPEED"])
sleep, monotonic, connect = time.sleep, time.monotonic, socket.create_connection

# What it starts may be told to end it.
os.environ["EBB_PROGRAM"] = str(os.getpid())


def lead(address, *rest, **more):
    host, port = address
    if host != "127.0.0.1":
        with open(os.path.join(os.environ["EBB_CLUSTER"], "ways.json"), encoding="utf-8") as file:
            ways = json.load(file)
        named = [f"{os.environ['EBB_MACHINE']}>{host}:{port}", f"{host}:{port}", f"*:{port}"]
        port = next((ways[name] for name in named if name in ways), None)
        if port is None:
            raise ConnectionRefusedError(f"nothing answers at {host}")
    return connect(("127.0.0.1", port), *rest, **more)


time.sleep = lambda seconds: sleep(seconds / SPEED)
time.monotonic = lambda: monotonic() * SPEED
socket.create_connection = lead
