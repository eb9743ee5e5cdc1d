# SPDX-License-Identifier: MIT
#
# On the KVM host: functions for what tests/kvm/run sends there.  A case's lines stand between @@begin and @@end.
# shellcheck shell=dash disable=SC2034

cd /tests || exit
mount -t debugfs none /sys/kernel/debug 2>/dev/null
mknod /tmp/in p
mknod /tmp/out p

HANG=300 # seconds: a watchdog, no criterion

# dog PID: kills it if it hangs; $dog
dog() {
    (
        sleep $HANG
        echo "hung for $HANG s"
        kill -9 "$1"
    ) &
    dog=$!
}

# run NAME COMMAND…
run() {
    echo "@@begin $1"
    shift
    "$@" </dev/null 2>&1 &
    pid=$!
    dog $pid
    wait $pid
    status=$?
    kill $dog
    wait $dog 2>/dev/null
    echo
    echo "@@end $status"
}

# talk NAME COMMAND…: answer() gets each line, and $pid; what it prints is typed
talk() {
    echo "@@begin $1"
    shift
    asked=0
    "$@" </tmp/in >/tmp/out 2>&1 &
    pid=$!
    dog $pid
    exec 3>/tmp/in
    while read -r line; do
        echo "$line"
        answer "$line" >&3
    done </tmp/out
    wait $pid
    status=$?
    kill $dog
    wait $dog 2>/dev/null
    exec 3>&-
    echo
    echo "@@end $status"
}

# What a rebuild must not leave behind: descriptors, threads and VMs of process $pid.  VMs: one directory each
counts() {
    vms=$(find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l)
    # shellcheck disable=SC2012
    echo "counts: $(ls "/proc/$pid/fd" | wc -l) descriptors, $(ls "/proc/$pid/task" | wc -l) threads, $vms VMs" >&2
}
