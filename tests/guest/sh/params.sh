# Parameters and what can be done with them on the way.
unset u; e=; v=value
echo "${u-unset}" "${e-unset}" "${v-unset}"
echo "${u:-null}" "${e:-null}" "${v:-null}"
echo "${u+set}" "${e+set}" "${v+set}" "${e:+full}" "${v:+full}"
echo "${u=given}" "$u"; unset u
echo ${u:=a b} "$u"
for w in ${n-a b "c d"}; do echo "<$w>"; done
for w in "${n-a b}"; do echo "<$w>"; done
echo "${v:-"quoted  words"}" "${n:-"quoted  words"}" ${n:-'single $v'}
echo "${n:-${u:-deep}}" "${n:-$(echo cmd)}" "${n:-`echo old`}"
echo "${#v}" "${#e}" "${#n}"
p=/usr/local/lib/libx.so.1.2
echo "${p##*/}" "${p#*/}" "${p%/*}" "${p%%.*}" "${p%.*}" "${p#nothing}"
pat='*/'; echo "${p##$pat}" "${p##"$pat"}"
q='a*b'; echo "${q#a\*}" "${q%'*b'}" "${q#*}" "${q##*}"
(: ${n:?is missing}) 2>/dev/null; echo $?
set -- one "two words" '' four
echo $# "$1" "$2" "$3" "$4" "$5"
for w in "$@"; do echo "<$w>"; done
for w in $@; do echo "<$w>"; done
for w in $*; do echo "<$w>"; done
for w in "$*"; do echo "<$w>"; done
for w in "a$@b"; do echo "<$w>"; done
IFS=-; echo "$*"; IFS=; echo "$*"; unset IFS
for w; do echo "($w)"; done
set -- 1 2 3 4 5 6 7 8 9 ten eleven
echo $1 $10 ${10} ${11} $#
shift; echo $1 $#; shift 3; echo "$@"
set --; echo $# "$@" "${1-none}"
for w in "$@"; do echo never; done
for w in "$@" x; do echo "<$w>"; done
false; echo $?; true; echo $?
(exit 7); echo $?
[ $$ -gt 0 ] && echo pid
a=1 b=2 c=$a$b; echo $a $b $c
