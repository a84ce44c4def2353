# Builtin commands.
cd /tmp && pwd; cd / && pwd; cd /tmp; cd - ; cd
cd /nosuch 2>/dev/null || echo no such folder
export E=exported; sh -c 'echo $E'; unset E; sh -c 'echo "${E-gone}"'
N=not; sh -c 'echo "${N-gone}"'; export N; sh -c 'echo "$N"'
readonly R=1; (R=2) 2>/dev/null || echo readonly
echo "a b c" | { read x y; echo "$x|$y"; }
echo "  a   b  " | { read x; echo "<$x>"; }
echo "a:b:c:d" | { IFS=: read x y z; echo "$x $y $z"; }
printf 'back\\slash\\n\n' | { read x; echo "$x"; }
printf 'back\\slash\n' | { read -r x; echo "$x"; }
printf 'two \\\nlines\n' | { read x; echo "$x"; }
printf 'no newline' | { read x; echo "$? $x"; }
read x < /dev/null; echo $? "<$x>"
printf 'l1\nl2\nl3\n' | { read a; read b; echo "$b $a"; cat; }
eval 'echo evaluated; x=$((1 + 1))'; echo $x
c='echo "a  b"'; eval $c; eval "$c"
echo 'echo dotted "$DOT"; return 6; echo never' > /tmp/dot.$$
DOT=var; . /tmp/dot.$$; echo $?; rm /tmp/dot.$$
set -- $(echo a b c); echo $# $3
umask 027; umask; umask 022
test 1 -lt 2 && [ 2 -gt 1 ] && [ a = a ] && [ a != b ] && echo numbers
[ -n x ] && [ ! -n "" ] && [ -z "" ] && [ x ] && ! [ ] && ! [ "" ] && echo strings
[ -d /tmp ] && [ -e /tmp ] && ! [ -f /tmp ] && [ ! -e /nosuch ] && echo files
[ 1 = 1 -a 2 = 2 ] && [ 1 = 2 -o 2 = 2 ] && [ \( 1 = 2 -o 2 = 2 \) -a 3 = 3 ] && echo both
[ ! = ! ] && [ -f = -f ] && ! [ ! x ] && [ "(" = "(" ] && echo operators as strings
[ 1 -eq x ] 2>/dev/null; echo $?
: anything at all; echo $?
true; false || echo false
(exit 5); echo $?
(exit) ; echo $?
trap 'echo trapped' EXIT; (trap 'echo sub' EXIT; exit 3); echo $?
trap - EXIT
sh -c 'trap "echo term; exit 9" TERM; kill -TERM $$; echo unreached'; echo $?
sh -c 'trap "echo usr" USR1; kill -USR1 $$; echo reached'; echo $?
[ $(sh -c 'echo $PPID') != $$ ] || [ $PPID -gt 0 ] && echo parent
trap '' INT; sh -c 'kill -INT $$; echo survived'; trap - INT
exec 3>&1; echo through three >&3; exec 3>&-
(exec echo replaced; echo never)
type cd | grep -c builtin; command -v cd; command -v nosuch || echo none
command echo command
set -u; (echo $undefined) 2>/dev/null || echo unset is an error; set +u
x=1 y=2; x=3 true; echo $x
hash=1; . /dev/null; echo $?
set a b c; for x do echo -n "$x "; done; echo
