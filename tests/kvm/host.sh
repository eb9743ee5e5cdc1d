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

# packets SEED N GO: what gdb's client does with a guest: the seed in its keep_area, then N times go on, stop, and read its registers.
# GO is "c" for a guest that meets a breakpoint by itself, at BREAKPOINT.
packets() {
    printf 'M%s,4:%08x\n' "$KEEP_AREA" "$1"
    [ "$3" != c ] || echo "Z0,$BREAKPOINT,4"
    for _ in $(seq "$2"); do
        echo "$3"
        [ "$3" = c ] || echo break
        echo g
    done
}

# attack NAME STEPS GO COMMAND…: a guest that misbehaves under the eyes of gdb's client, until SIGTERM ends the program.  One that ended
# the program before begins again with another seed.
attack() {
    echo "@@begin $1"
    left=$2
    go=$3
    seed=0
    shift 3
    while [ "$left" -gt 0 ]; do
        seed=$((seed + 1))
        "$@" -S -gdb unix:/tmp/gdb </dev/null >/tmp/messages 2>&1 &
        pid=$!
        dog $pid
        : >/tmp/counts
        packets $seed 2 "$go" | ./kvm-rsp /tmp/gdb >/tmp/said
        [ ! -d /proc/$pid/fd ] || counts 2>/tmp/counts
        packets $seed "$left" "$go" | ./kvm-rsp /tmp/gdb >>/tmp/said
        [ ! -d /proc/$pid/fd ] || counts 2>>/tmp/counts
        served=$(grep -cE '^g -> [0-9a-fx]{100}' /tmp/said)
        left=$((left - (served > 0 ? served : 1)))
        kill $pid 2>/dev/null
        wait $pid
        status=$?
        kill $dog
        wait $dog 2>/dev/null
        echo "seed $seed: $served stops, status $status, $(wc -c </tmp/messages) bytes of messages"
        cat /tmp/counts
        tail -n 3 /tmp/messages | cut -c1-300
    done
    echo "@@end 0"
}
