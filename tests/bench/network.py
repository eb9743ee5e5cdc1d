# SPDX-License-Identifier: MIT
"""The host's end of the items of guests/bench/linux/network.c."""
import contextlib
import socket
import threading

BLOCK, BLOCKS_OF_A_MIB = 65536, 16


def send(client, blocks):
    block = bytearray(BLOCK)
    for number in range(blocks):
        block[:4] = number.to_bytes(4, "big")
        client.sendall(block)


def receive(client, blocks):
    """Answers with the sum of the blocks' numbers."""
    block, total = memoryview(bytearray(BLOCK)), 0
    for _ in range(blocks):
        got = 0
        while got < BLOCK:
            n = client.recv_into(block[got:])
            if not n:
                return
            got += n
        total += int.from_bytes(block[:4], "big")
    client.sendall((total & 0xffffffff).to_bytes(4, "big"))


def serve(client):
    words = b""
    while not words.endswith(b"\n") and (byte := client.recv(1)):
        words += byte
    way, mib = words.split()
    (receive if way == b"up" else send)(client, int(mib) * BLOCKS_OF_A_MIB)


@contextlib.contextmanager
def server():
    """Serves one guest after the other; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def run():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, contextlib.suppress(OSError, ValueError):
                        serve(client)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()
