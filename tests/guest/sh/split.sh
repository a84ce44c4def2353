# Splitting at IFS, and file names.
x='  a   b  '
for w in $x; do echo "<$w>"; done
for w in "$x"; do echo "<$w>"; done
for w in -$x-; do echo "<$w>"; done
IFS=:
p=a:b::c:; for w in $p; do echo "<$w>"; done
for w in x${p}y; do echo "<$w>"; done
p=:a; for w in $p; do echo "<$w>"; done
IFS=' :'
p='a : b  c::d'; for w in $p; do echo "<$w>"; done
IFS=
p='a b'; for w in $p; do echo "<$w>"; done
unset IFS
for w in $(printf 'l1\nl2 l3\n\n'); do echo "<$w>"; done
echo "$(printf 'a\n\nb\n\n\n')"
d=/tmp/split.$$; mkdir $d && cd $d
touch a.c b.c ab.h .hidden 'sp ace' 'st*ar'
echo *
echo *.c
echo ?.c a* [ab].c [!a]*.c [a-b]*
echo "*.c" '*' \*.c *.none
echo .h*
for f in s*; do echo "<$f>"; done
for f in st\*; do echo "<$f>"; done
pat='*.c'; echo $pat "$pat"
mkdir sub; touch sub/x.c; echo */*.c
set -f; echo *; set +f
cd /; rm -r $d
