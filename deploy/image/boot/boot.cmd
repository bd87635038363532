# Chooses the slot to start, counts the attempt, starts it.  U-Boot runs this from boot.scr.
#
# What is known about the slots lies in one sector of its own, before the first partition: a
# sector is written whole or not at all, and no file system can be harmed by a power cut.
#
#   BOOT_ORDER    slots that may be started, the preferred one first: "A B", "B A", "A" or "B"
#   BOOT_A_LEFT   attempts left, 0 to 3; the running system sets it back to 3 when it is well
#   BOOT_B_LEFT
#
# A slot without an attempt left is passed over.  When none is left all in the order get three
# again: a telephone that cannot start goes on trying.  A sector that cannot be read, or does
# not bear its own checksum, means the defaults; so does a value that makes no sense.

setenv state_at 800
setenv state_size 200
setenv state_names "BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT"

# U-Boot's own addresses would let a kernel of more than 32 MiB run into its ramdisk.  The kernel
# lies at a multiple of 2 MiB, where it need not be moved; 96 MiB are its room.
setexpr kernel_at ${kernel_addr_r} + 1fffff
setexpr kernel_at ${kernel_at} / 200000
setexpr kernel_at ${kernel_at} * 200000
setexpr ramdisk_at ${kernel_at} + 6000000

# The firmware's device tree knows this very board: memory, serial number, MAC address.
setenv fdt_at ${fdtcontroladdr}
if test -n "${fdt_addr}"; then
  setenv fdt_at ${fdt_addr}
fi

# --- what is known about the slots ------------------------------------------------------------

setenv BOOT_ORDER
setenv BOOT_A_LEFT
setenv BOOT_B_LEFT
${devtype} dev ${devnum}
if ${devtype} read ${kernel_at} ${state_at} 1; then
  env import -c ${kernel_at} ${state_size} ${state_names}
fi

setenv sound no
if test "${BOOT_ORDER}" = "A B" -o "${BOOT_ORDER}" = "B A"; then
  setenv sound yes
fi
if test "${BOOT_ORDER}" = A -o "${BOOT_ORDER}" = B; then
  setenv sound yes
fi
if test "${sound}" = no; then
  setenv BOOT_ORDER "A B"
fi

setenv sound_a no
setenv sound_b no
for left in 0 1 2 3; do
  if test "${BOOT_A_LEFT}" = "${left}"; then
    setenv sound_a yes
  fi
  if test "${BOOT_B_LEFT}" = "${left}"; then
    setenv sound_b yes
  fi
done
if test "${sound_a}" = no; then
  setenv BOOT_A_LEFT 3
fi
if test "${sound_b}" = no; then
  setenv BOOT_B_LEFT 3
fi

# --- arguments for service and tests: boot.txt with a line extra=… ------------------------------

setenv extra
setenv boot_part ${distro_bootpart}
if test -z "${boot_part}"; then
  setenv boot_part 1
fi
if test -e ${devtype} ${devnum}:${boot_part} boot.txt; then
  if load ${devtype} ${devnum}:${boot_part} ${kernel_at} boot.txt; then
    env import -t -r ${kernel_at} ${filesize} extra
  fi
fi

# --- the attempts -------------------------------------------------------------------------------

# Three rounds of both slots, in case the card needs more than one word; then all over again.
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
  setenv slot
  for candidate in ${BOOT_ORDER}; do
    if test -z "${slot}"; then
      if test "${candidate}" = A -a ${BOOT_A_LEFT} -gt 0; then
        setenv slot A
        setenv part 2
        setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
      fi
      if test "${candidate}" = B -a ${BOOT_B_LEFT} -gt 0; then
        setenv slot B
        setenv part 3
        setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
      fi
    fi
  done

  if test -z "${slot}"; then
    echo "offhook: no attempt left, all over again"
    for candidate in ${BOOT_ORDER}; do
      setenv BOOT_${candidate}_LEFT 3
    done
  else
    echo "offhook: slot ${slot} of ${BOOT_ORDER}, left A=${BOOT_A_LEFT} B=${BOOT_B_LEFT}"
    # A card that cannot be written still starts; only the counting is lost.
    env export -c -s ${state_size} ${kernel_at} ${state_names}
    ${devtype} write ${kernel_at} ${state_at} 1

    setenv bootargs "root=PARTUUID=0ff400c1-0${part} ro rootwait init=/usr/lib/offhook/preinit rauc.slot=${slot} panic=5 quiet ${extra}"
    if load ${devtype} ${devnum}:${part} ${kernel_at} /boot/vmlinuz; then
      if load ${devtype} ${devnum}:${part} ${ramdisk_at} /boot/initrd.img; then
        booti ${kernel_at} ${ramdisk_at}:${filesize} ${fdt_at}
      fi
    fi
    echo "offhook: slot ${slot} does not start"
  fi
done
reset
