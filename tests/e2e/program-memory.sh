#!/bin/sh
# How much memory a backup takes does not grow with what it sends: of ten times as many files it
# is hardly more.  pg_basetar-backup(1), "Memory and time".
# shellcheck source=tests/e2e/lib/base.sh
. "${0%/*}/lib/base.sh"
[ -x /usr/bin/time ] || skip_all '/usr/bin/time is missing'
