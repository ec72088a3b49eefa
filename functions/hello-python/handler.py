"""Greets whom the body names. A process of it answers one request, and waits for that where the watchdog has a pool."""

import os
import sys
import time


def greeting(body: bytes) -> str:
    return f"Hello, {body.decode(errors='replace').strip() or 'world'}!"


def main() -> None:
    ready = time.monotonic()  # what is imported or loaded above this is done before the request comes
    body = sys.stdin.buffer.read()
    waited = time.monotonic() - ready
    print(greeting(body))
    print(f"Process {os.getpid()} was ready {waited:.3f} s before it had the request.")


if __name__ == "__main__":
    main()
