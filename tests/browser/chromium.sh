#!/usr/bin/env bash
# Make Debian's chromium ready for the browser tests, or say what to install.
set -euo pipefail
[ -x /usr/bin/chromium ] && exit 0
packages="chromium fonts-dejavu-core"
if [ "$(id -u)" -ne 0 ]; then
  echo "the browser tests need Debian's chromium; as root run: apt-get install -y --no-install-recommends $packages"
  exit 2
fi
echo "installing $packages …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
