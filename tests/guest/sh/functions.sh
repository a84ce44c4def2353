# Functions, their parameters, local variables, return.
hello() { echo "hello $1, $# of you"; }
hello world
hello a b c
f() { return $1; }
f 0 && echo zero; f 5; echo $?
g() { local x=inner y; y=2; x=$x$y; echo $x; }
x=outer; g; echo $x "${y-unset}"
fact() {
	if [ $1 -le 1 ]; then echo 1; return; fi
	echo $(($1 * $(fact $(($1 - 1)))))
}
fact 10
count() { [ $1 -eq 0 ] && return; echo $1; count $(($1 - 1)); }
count 3
outer() { inner() { echo inner $1; }; inner x; }
outer; inner y
redirected() { echo to file; } > /tmp/f.$$
redirected; cat /tmp/f.$$; rm /tmp/f.$$
set -- a b; params() { echo "$@" $#; shift; echo "$1"; }; params 1 2 3; echo "$@"
loop() { for i in 1 2 3; do [ $i = 2 ] && return 9; echo $i; done; }
loop; echo $?
sub() (x=subshell; echo $x); sub; echo $x
echo() { command echo "my $*"; }; echo said; unset -f echo; echo said
twice() { "$@"; "$@"; }; twice echo again
v=1; setv() { v=2; }; setv; echo $v; (v=3; setv; v=4); echo $v
h() { hh() { echo new; }; echo old; }; h; hh
redefine() { redefine() { echo second; }; echo first; }; redefine; redefine
A=1 env | grep '^A='
showa() { echo "A=$A"; }; A=here showa; echo "${A-unset}"
