# shellcheck shell=bash
# Boots the counted guest: a machine whose clock counts instructions, one a nanosecond.

# Runs the image $2 on the kernel $1, ended after $3 seconds; results go to the file $4, the console
# to standard output.
boot_counted() {
  local kernel=$1 image=$2 limit=$3 results=$4
  timeout --kill-after=5 "$limit" qemu-system-x86_64 \
    -machine q35 -accel tcg -icount shift=0,sleep=off -cpu max -smp 1 -m 4096M \
    -nodefaults -display none -no-reboot \
    -chardev stdio,id=console,signal=off -serial chardev:console \
    -chardev "file,id=results,path=$results" -serial chardev:results \
    -kernel "$kernel/vmlinuz" -initrd "$image" \
    -append 'console=ttyS0 quiet rdinit=/init tsc=reliable' </dev/null
}
