# This project's Linux guest, as its users boot it: $QUOIN and $IMAGES are given by make check-boot.
title "Linux on $BOARD with $CPUS vCPUs: a shell, a reset by hypercall, power-off"
each BOARD ppce500 p4080ds-hv
each CPUS 1 2
run $QUOIN -M $BOARD -cpu e500mc -m 256M -smp $CPUS -nographic -monitor none -kernel $IMAGES/vmlinux \
    -initrd $IMAGES/initramfs.cpio.gz -append "console=ttyS0 console=ttyEHV0"
never "Kernel panic"
expect "Linux version"
expect "quoin:/# "
send "grep -c ^processor /proc/cpuinfo"
expect /^[12]$/
send reboot
event RESET
expect "Linux version"
expect "quoin:/# "
send poweroff
event SHUTDOWN
exit 0
