# Pipelines, substitution, background jobs, signals.
echo a | cat | cat | cat
printf '3\n1\n2\n' | sort | head -n 1
true | false; echo $?
false | true; echo $?
! true | false; echo $?
echo x | { read y; echo "got $y"; }
echo x | (read y; echo "got $y")
echo 1 | if true; then cat; fi
seq 1 10000 | tail -n 1
seq 1 100000 | head -n 1
(seq 1 100000; echo end >&2) 2>&1 >/dev/null | cat
echo $(echo $(echo $(echo deep)))
echo `echo a \`echo b\``
echo "$(echo "quoted $(echo "twice")")"
x=$(false); echo $?; x=$(exit 3) ; echo $?; x=1; echo $?
echo $(case a in a) echo in case;; esac)
echo "$(echo ')')" $(echo '(') # ) in a comment
echo $(
	echo several
	echo lines
)
y=$(cat <<E
here in substitution
E
); echo "$y"
sleep 0 & wait; echo waited
(exit 4) & wait $!; echo $?
false & true & wait; echo $?
(sleep 5; echo never) & kill $!; wait $!; echo $?
sleep 30 & kill -9 $!; wait $! 2>/dev/null; echo $?
{ echo in background; } & wait
for i in 1 2 3 4 5; do (exit $i) & pids="$pids $!"; done
for pid in $pids; do wait $pid; echo $?; done
sh -c 'kill -TERM $$'; echo $?
sh -c 'exit 300'; echo $?
sh -c 'echo $0 $1 $#' name one
sh -c nosuchcommand 2>/dev/null; echo $?
sh -c /tmp 2>/dev/null; echo $?
/nosuch/path 2>/dev/null; echo $?
cat /dev/null | cat; echo $?
yes() { while :; do echo y; done; }; yes | head -n 2
