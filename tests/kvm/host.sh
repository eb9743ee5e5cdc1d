# SPDX-License-Identifier: MIT
#
# On the KVM host: functions for what tests/kvm/run sends there.  A case's lines stand between @@begin and @@end.
# shellcheck shell=dash disable=SC2034

cd /tests || exit
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

# talk NAME COMMAND…: answer() gets each line, and $pid; what it prints is typed.  after() follows, in the case
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
    after
    echo "@@end $status"
}

# What a rebuild must not leave behind in process $pid
counts() {
    # shellcheck disable=SC2012
    fds=$(ls "/proc/$pid/fd" | wc -l)
    # shellcheck disable=SC2012
    threads=$(ls "/proc/$pid/task" | wc -l)
    # shellcheck disable=SC2010
    vms=$(ls -l "/proc/$pid/fd" | grep -c anon_inode:kvm-vm)
    # shellcheck disable=SC2010
    vcpus=$(ls -l "/proc/$pid/fd" | grep -c anon_inode:kvm-vcpu)
    echo "counts: $fds descriptors, $threads threads, $(wc -l <"/proc/$pid/maps") mappings, $vms VM, $vcpus vCPU" >&2
}
