#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# completion_test.sh - what TAB offers in bash, with the package bash-completion
#
# Expects BUILD, the folder that the Makefile builds into. The ports are made up.

# Conditions reach "check" as words.
# shellcheck disable=SC2317
# shellcheck source=tap.sh
. ./tap.sh

helpers=/usr/share/bash-completion/bash_completion
completion=$PWD/../completion/ipcport
ipcport=$BUILD/ipcport/ipcport

if [ ! -e "$helpers" ]; then
	echo "1..0 # SKIP the package bash-completion is not there"
	exit
fi

# A stranger's shell, in which completion is loaded when it is wanted for the first time.
mkdir -p "$work/share/bash-completion/completions" "$work/bin"
install -m 644 "$completion" "$work/share/bash-completion/completions/ipcport"
cat > "$work/bin/ipcport" << 'END'
#!/bin/sh
[ "$*" = "ls --json" ] || exit 1
echo '[{"id":1,"name":"/srv/echo"},{"id":23,"name":null,"owner_comm":"\"id\":77"},'\
'{"id":24,"name":"a b"},{"id":25,"name":"a\"b"},{"id":26},{"id":27,"name":"a:b"}]'
END
chmod +x "$work/bin/ipcport"
export XDG_DATA_DIRS=$work/share PATH=$work/bin:$PATH

# tab LINE: what the shell would offer at its end, in words
cat > "$work/tab" << 'END'
source /usr/share/bash-completion/bash_completion
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
# bash cuts at these as well
eval "COMP_WORDS=($(sed -E 's/([=:])/ \1 /g' <<< "$1"))"
[[ $1 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_completion_loader "${COMP_WORDS[0]}"
"$(complete -p "${COMP_WORDS[0]}" | sed -E 's/.*-F ([^ ]+).*/\1/')" "${COMP_WORDS[0]}" \
	"${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
END

tab() { run bash --norc "$work/tab" "$1"; }

# offers CLAIM LINE WORDS
offers() {
	tab "$2"
	check "$1" prints "$3"
	check "$1: silently" complains ""
}

# Lines of a command's help that explain an option, as the completion has them:
# letter|name, and "=" if a value follows as a word of its own.
explained() {
	"$ipcport" help "$1" | sed -nE -e 's/^  (-(.), |    )--([a-z-]+)( [A-Z].*)?$/\2|\3\4/' \
		-e 's/^  (-(.), |    )--([a-z-]+)( [A-Z]+)?(  .*|\[=.*)$/\2|\3\4/' -e T \
		-e 's/ .*/=/p; t' -e p | sort | xargs
}

known() {
	bash -c '. "$1"; xargs -n1 <<< "${_ipcport_options[$2]}" | sort | xargs' sh "$completion" "$1" \
		2> /dev/null
}

commands=$("$ipcport" help | sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p')

test_against_help() {
	offers "all commands are offered" "ipcport " \
		"$(printf '%s\n' "$commands" --help --version | sort | xargs)"
	for name in $commands; do
		[ "$name" != help ] || continue
		run known "$name"
		check "the options of $name are those of its help" prints "$(explained "$name")"
	done
}

test_words() {
	offers "a command is completed" "ipcport se" "send serve"
	offers "an unknown command has nothing" "ipcport bogus " ""
	offers "an option is completed" "ipcport create --not" "--notify-abort --notify-no-senders"
	offers "an option comes behind a port too" "ipcport send 1 --sp" "--split"
	offers "modes are offered" "ipcport create --mode 064" "0640 0644"
	offers "modes are offered behind =" "ipcport create --mode=064" "0640 0644"
	offers "modes are offered behind a letter" "ipcport create -jm 064" "0640 0644"
	offers "sort keys are offered" "ipcport top --sort m" "messages"
	offers "a number is not completed" "ipcport create --capacity " ""
	offers "help knows the commands" "ipcport help ver" "version"
}

test_ports() {
	offers "ports come by number and name" "ipcport send " "/srv/echo 1 23 24 25 26 27 a:b"
	offers "a number is completed" "ipcport stat 2" "23 24 25 26 27"
	offers "a name is completed" "ipcport recv --count 2 -j /s" "/srv/echo"
	offers "of a name with a colon the rest is offered" "ipcport show a:" "b"
	offers "a value is no port" "ipcport call --timeout 1 /" "/srv/echo"
	offers "there is one port only" "ipcport stat 1 " ""
	offers "a name to be given is not completed" "ipcport bind 1 " ""
	offers "exec has ports for its handles" "ipcport exec --send /" "/srv/echo"
	offers "exec has ports behind =" "ipcport exec --recv=/" "/srv/echo"
	offers "exec has ports behind a letter" "ipcport exec -s 1 -r /" "/srv/echo"
	offers "serve has a port" "ipcport serve -r /" "/srv/echo"
	: > "$work/bin/ipcport"
	offers "without module there are no ports" "ipcport send " ""
}

test_other_commands() {
	mkdir "$work/here"
	touch "$work/here/file"
	offers "create runs a command" "ipcport create -- ipcport sen" "send"
	offers "exec runs a command" "ipcport exec --send=1 ipcport sen" "send"
	offers "serve runs a command behind its port" "ipcport serve a:b ipcport sen" "send"
	offers "serve runs a command behind --" "ipcport serve 1 -- ipcport sen" "send"
	offers "serve that creates has no port" "ipcport serve -C --name x ipcport sen" "send"
	offers "options of another command are its own" "ipcport exec -s 1 ipcport create --th" \
		"--thread"
	offers "demo takes a file" "ipcport demo $work/here/f" "$work/here/file"
	offers "waits takes a process" "ipcport waits $$" "$$"
}

test_against_help
test_words
test_ports
test_other_commands
finish
