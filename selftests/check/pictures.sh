#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# pictures.sh [draw] - see that each docs/*.svg was drawn from its .dot, or draw them
#
# No two versions of Graphviz draw alike, so the pictures are not compared. Each tells
# from what text it was drawn instead, by that text's digest in its last line.
set -euo pipefail
export LC_ALL=C

cd "$(dirname "$(readlink -f "$0")")/../../docs"

# The last line of a picture drawn from FILE.
origin() {
	echo "<!-- drawn from $1, sha256 $(sha256sum < "$1" | cut -d' ' -f1) -->"
}

draw() {
	{ dot -Tsvg "$1" && origin "$1"; } > "$2.new"
	mv "$2.new" "$2"
}

is_drawn_from() {
	[ -e "$2" ] && [ "$(tail -n 1 "$2")" = "$(origin "$1")" ]
}

status=0
for text in *.dot; do
	picture=${text%.dot}.svg
	if [ "${1-}" = draw ]; then
		draw "$text" "$picture"
	elif ! is_drawn_from "$text" "$picture"; then
		echo "docs/$picture was not drawn from docs/$text: make docs"
		status=1
	fi
done
exit $status
