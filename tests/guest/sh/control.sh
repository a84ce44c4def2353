# if, while, until, for, case, and, or, not, groups.
if true; then echo 1; fi
if false; then echo no; else echo 2; fi
if false; then echo no; elif true; then echo 3; else echo no; fi
if false; then echo no; fi; echo status $?
if ! false; then echo 4; fi
true && echo 5 || echo no
false && echo no || echo 6
false || false || echo 7
true && true && ! true; echo $?
{ echo 8; echo 9; } && (echo 10; echo 11)
i=0
while [ $i -lt 3 ]; do echo w$i; i=$((i + 1)); done
until [ $i -eq 0 ]; do i=$((i - 1)); echo u$i; done
for i in a b c; do
	for j in 1 2 3; do
		[ $j = 2 ] && continue
		[ $i = b ] && continue 2
		[ $i = c ] && break 2
		echo $i$j
	done
done
while true; do echo once; break; done
while :; do while :; do break 2; done; echo never; done
for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done
echo $i
for i in; do echo never; done; echo $?
while false; do :; done; echo $?
case abc in a) echo no;; ab*) echo yes;; *) echo no;; esac
case "a b" in "a b") echo yes;; esac
case x in y|x) echo or;; esac
case '*' in '*') echo star;; esac
case a in '*') echo no;; [!b-z]) echo class;; esac
case abc in (a*) echo paren;; esac
case z in a) ;; esac; echo $?
case $(echo hi) in hi) echo hi
	echo there ;;
esac
v='*'; case anything in $v) echo pattern;; esac
case anything in "$v") echo no;; *) echo literal;; esac
if
	true
then
	echo lines
fi
if (exit 3); then :; else echo $?; fi
{ false; } || echo group
! { true; } || echo no
! (exit 1) && echo negated
x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x
for i in 1 2; do echo $i; done > /dev/null
for i in 1 2 3; do echo $i; done | while read n; do echo "n$n"; done
