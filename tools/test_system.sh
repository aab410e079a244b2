#!/usr/bin/env bash
# Sees to what the tests need besides Python: PostgreSQL's server programs, Chromium and its driver's library, Chinese letters.
# What is there is left alone; what is missing comes from Debian's packages, as root or with sudo.
set -euo pipefail
shopt -s nullglob

missing=()
initdb=(/usr/lib/postgresql/*/bin/initdb)
[ ${#initdb[@]} -gt 0 ] || command -v initdb >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || [ -n "${KEHU_TEST_CHROMIUM:-}" ] || missing+=(chromium)
if command -v fc-list >/dev/null; then
    # No pipe into grep -q: with pipefail its early exit would read as a failure.
    [ -n "$(fc-list :lang=zh-cn)" ] || missing+=(fonts-noto-cjk)
elif ! [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] && command -v apt-get >/dev/null; then
    missing+=(fonts-noto-cjk)
fi
# The Node that Playwright brings needs it, and a bare Debian has it not.
libatomic=(/usr/lib/*/libatomic.so.1 /usr/lib*/libatomic.so.1)
if command -v apt-get >/dev/null && [ ${#libatomic[@]} -eq 0 ]; then missing+=(libatomic1); fi
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" != 0 ]; then root=(sudo); fi
if ! command -v apt-get >/dev/null || { [ ${#root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
    echo "The tests need these Debian packages, or what corresponds to them here: ${missing[*]}" >&2
    exit 1
fi
echo "Installing for the tests (once): ${missing[*]} …"
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
