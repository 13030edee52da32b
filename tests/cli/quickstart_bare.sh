#!/bin/bash
# ./quickstart on a bare Debian 12: makes one with debootstrap in a new folder, copies the checkout
# into it and runs quickstart there, with nothing but git installed beforehand. Not a part of
# ./check, because it downloads some 400 MB. As root:
#   tests/cli/quickstart_bare.sh [FOLDER]    FOLDER: where the Debian is made; default: in /tmp
# Prints quickstart's output; exit status 0 where it recorded and reported. Cleans up after itself.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd -P)

# In a mount namespace of its own: whatever happens, no mount is left behind.
if [[ ${1-} != --alone ]]; then
  exec unshare --mount --propagation private "$0" --alone "$@"
fi
shift

root=$(mktemp -d "${1:-/tmp}/daybook-bare.XXXXXX")
mounts=(proc sys dev)
cleanup() {
  for mounted in "${mounts[@]}"; do
    ! mountpoint --quiet "$root/$mounted" || umount "$root/$mounted" || exit
  done
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT
chmod 755 "$root" # apt downloads as a user of its own

# The mirror that this machine uses itself.
# shellcheck disable=SC2016 # apt expands these
mirror=$(apt-get indextargets --format '$(SITE)|$(CODENAME)|$(CREATED_BY)' |
  awk -F'|' '$2 == "bookworm" && $3 == "Packages" && !seen++ { print $1 }')
: "${mirror:?apt knows no mirror of Debian 12}"

echo "== debootstrap"
debootstrap --variant=minbase --include=git bookworm "$root" "$mirror" >/dev/null || {
  tail -n 20 "$root/debootstrap/debootstrap.log" >&2
  exit 1
}
cp /etc/resolv.conf "$root/etc/"
for file in /etc/apt/apt.conf.d/*proxy*; do
  [[ ! -e $file ]] || cp "$file" "$root/etc/apt/apt.conf.d/"
done
for folder in "${mounts[@]}"; do
  mount --bind "/$folder" "$root/$folder"
done

echo "== quickstart"
mkdir "$root/root/daybook"
tar -C "$checkout" --exclude=./build --exclude=./demo-data -cf - . | tar -C "$root/root/daybook" -xf -
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  /root/daybook/quickstart | tee "$root/output"
grep -q '^recording to demo-data/1 by bpf' "$root/output"

echo "== again, without packages to install"
time chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  /root/daybook/quickstart >"$root/output"
grep -q '^recording to demo-data/2 by bpf' "$root/output"
