# SPDX-License-Identifier: MIT
"""Networks: a lease, traffic with checksums both ways, forwarded ports, files by TFTP, guests among themselves."""
import contextlib
import hashlib
import os
import re
import socket
import threading

from guest import Failed

CARDS = ["eTSEC", "e1000", "virtio-net-pci"]
MEGABYTES = 2  # each way over TCP; tests/linux/run --megabytes


def user(more=""):
    return ["-netdev", f"user,id=n0{more}"]


def card(model, mac=""):
    return ["-device", f"{model},netdev=n0" + (f",mac={mac}" if mac else "")]


def lease(guest):
    """The card has the address that -netdev user gives first."""
    # the script is where busybox looks for it by itself
    # it asks again for minutes: a link comes up in its own time, and a busy host answers late
    guest.shell("ifconfig eth0 up; udhcpc -i eth0 -t 100 -n -q >/tmp/udhcpc 2>&1")
    said = guest.shell("ip addr show eth0")
    if "inet 10.0.2.15/24" not in said:
        raise Failed(f"no lease: {said!r}; " + guest.shell("cat /tmp/udhcpc"))


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def digest(data):
    return hashlib.md5(data).hexdigest()


@contextlib.contextmanager
def server(serve):
    """A TCP server on this host, which serves one client after the other; its port, and what it returned for each."""
    results = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def run():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        results.append(serve(client))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1], results
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def hashes(said):
    """The MD5 sums in what a shell printed."""
    return set(re.findall(r"\b[0-9a-f]{32}\b", said))


def receive_all(client):
    received = hashlib.md5()
    while data := client.recv(1 << 16):
        received.update(data)
    return received.hexdigest()


def downloads(guest, megabytes):
    """Blocks of a megabyte, each with its number in front."""
    block, sent = pattern((1 << 20) - 8), hashlib.md5()

    def send(client):
        for number in range(megabytes):
            data = number.to_bytes(8, "big") + block
            sent.update(data)
            client.sendall(data)
    with server(send) as (port, _):
        said = guest.shell(f"nc 10.0.2.2 {port} </dev/null | md5sum")
    if sent.hexdigest() not in hashes(said):
        raise Failed(f"{megabytes} MiB to the guest, {sent.hexdigest()}, came as {said!r}")


def uploads(guest, megabytes):
    """Random blocks of a megabyte, the same ones again and again, each behind its number; the guest has no room for all at a time."""
    numbered = f"n=0; while [ $n -lt {megabytes} ]; do echo $n; cat /tmp/up; n=$((n + 1)); done"
    with server(receive_all) as (port, results):
        said = guest.shell(f"dd if=/dev/urandom bs=65536 count=16 of=/tmp/up 2>/dev/null; ({numbered}) | md5sum; "
                           f"({numbered}) | nc 10.0.2.2 {port}; rm /tmp/up")
        while not results:
            guest.shell("sleep 1")
    if not (hashes(said) & set(results)):
        raise Failed(f"{megabytes} MiB from the guest, {said!r}, came as {results}")


def carries(program, model, processors):
    """Both ways over TCP, and once more after a reset of each kind."""
    with program.guest(args=["-smp", str(processors), *card(model), *user()], machine="" if program.qemu else ",reset=rebuild") as guest:
        for boot in range(2):
            lease(guest)
            megabytes = min(MEGABYTES, 2) if boot else MEGABYTES  # whether a reset left anything behind, little shows as well as much
            downloads(guest, megabytes)
            uploads(guest, megabytes)
            if boot == 0:
                guest.reboot()
        errors = guest.shell("grep eth0 /proc/net/dev")
        numbers = [int(n) for n in errors.split(":")[1].split()]
        if numbers[2] or numbers[10]:
            raise Failed(f"errors of the card: {errors}")
        guest.leave("poweroff")


def forwards(program, model):
    """A client of this host finds a server of the guest."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with program.guest(args=[*card(model), *user(f",hostfwd=tcp:127.0.0.1:{port}-:7")]) as guest:
        lease(guest)
        guest.shell("{ nc -ll -p 7 -e cat & }")
        said = b""
        while not said:  # libslirp hangs up as long as the guest's server does not listen
            with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"echo? echo!\n")
                said = client.makefile("rb").readline()
        if said != b"echo? echo!\n":
            raise Failed(f"the guest echoed {said!r}")
        guest.leave("poweroff")


def fetches(program, model):
    """A file of several blocks, by TFTP."""
    directory = program.path(".tftp")
    os.makedirs(directory, exist_ok=True)
    data = pattern(300000)
    with open(os.path.join(directory, "file"), "wb") as file:
        file.write(data)
    with program.guest(args=[*card(model), *user(f",tftp={directory}")]) as guest:
        lease(guest)
        said = guest.shell("cd /tmp && tftp -g -r file 10.0.2.2; md5sum /tmp/file; cd /")
        if digest(data) not in said:
            raise Failed(f"the file came as {said!r}")
        guest.leave("poweroff")


def meets(program, model, other):
    """Two guests at the ends of a TCP connection: a file goes from one to the other, and back."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ends = [(model, "52:54:00:12:34:56", f"listen=127.0.0.1:{port}"), (other, "52:54:00:12:34:57", f"connect=127.0.0.1:{port}")]
    with contextlib.ExitStack() as stack:
        guests = []
        for number, (name, mac, end) in enumerate(ends, 1):
            guest = stack.enter_context(program.guest(f"-{number}", args=[*card(name, mac), "-netdev", f"socket,id=n0,{end}"]))
            guest.shell(f"ifconfig eth0 192.168.7.{number} netmask 255.255.255.0")
            guests.append(guest)
        for number, (taker, giver) in enumerate((guests, guests[::-1])):
            address = f"192.168.7.{2 if number else 1}"
            taker.shell("{ sleep 9999 | nc -l -p 9 >/tmp/got & }")  # its input ends late, or the other end would stop sending
            said = giver.shell(f"dd if=/dev/urandom bs=65536 count=16 of=/tmp/file 2>/dev/null; md5sum </tmp/file; "
                               f"until nc {address} 9 </tmp/file; do sleep 1; done")
            came = taker.shell("until [ $(wc -c </tmp/got) = 1048576 ]; do sleep 1; done; md5sum </tmp/got")
            if not (hashes(said) & hashes(came)):
                raise Failed(f"{said!r} came as {came!r}")
        for guest in guests:
            guest.leave("poweroff")


def cases():
    for model in CARDS:
        for processors in 1, 2:
            yield (f"{model}: DHCP, TCP both ways, after a reset, too, -smp {processors}", True, carries, [model, processors])
        yield f"{model}: a forwarded port", True, forwards, [model]
        yield f"{model}: a file by TFTP", True, fetches, [model]
    for pair in CARDS[:2], CARDS[1:]:
        yield f"{' and '.join(pair)}: two guests over a socket", True, meets, pair
