# Debian's U-Boot (package u-boot-qemu): its prompt, a reset, and the end from outside.
title "U-Boot on a $CPU"
each CPU e500mc e500v2
run $QUOIN -M ppce500 -cpu $CPU -m 256M -nographic -monitor none -no-reboot -bios $FIRMWARE
expect /U-Boot 20\d\d/
expect "Hit any key"
send ""
expect "=> "
send "echo sum $CPU"
expect "sum $CPU"
expect "=> "
send reset
event SHUTDOWN
exit 0
