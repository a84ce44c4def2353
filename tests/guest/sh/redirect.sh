# < > >> <> >& <& and here-documents.
d=/tmp/redirect.$$; mkdir $d; cd $d
echo one > f; echo two >> f; cat f; cat < f
echo three >f; cat <f
>empty; wc -c < empty | tr -d ' '
cat f nothing 2>/dev/null
cat nothing 2>&1 >/dev/null | grep -c nothing
{ echo out; echo err >&2; } > both 2>&1; cat both
{ echo out; echo err >&2; } 2> err > out; cat out err
echo a 3>&1 >&3
exec 4> four; echo to four >&4; exec 4>&-; cat four
exec 5< four; read line <&5; exec 5<&-; echo "$line"
(echo closed >&4) 2>/dev/null || echo closed
echo x > no/such/file || echo failed
if cat < missing; then :; else echo missing $?; fi 2>/dev/null
v=name; echo $v > "$v.txt"; cat name.txt
cat <<END
plain $v $(echo command) $((1 + 1)) \$v "quotes" 'too'
  indented \
joined
END
cat <<'END'
literal $v $(echo command) \$v
END
cat <<-END
	tabs go
		all of them
	END
cat <<A; cat <<B
in a
A
in b
B
cat <<X | tr a-z A-Z
through a pipe
X
while read a b; do echo "$b $a"; done <<E
1 2
3 4 5
E
f() { cat; }; f <<E
to a function
E
cat <<E
${unset-default} `echo old`
E
i=0; while [ $i -lt 300 ]; do echo "line $i of a long here-document"; i=$((i+1)); done > long
cat long | wc -l | tr -d ' '
eval "cat <<E
$(cat long)
E" | cmp - long && echo same
echo bidirectional > rw; { read x; echo more; } <> rw >&0; cat rw
echo "no clobber" >| f; cat f
cat < f > g; cat g
echo lost 2>/dev/null > /dev/full || echo device full
cat f 2>/dev/null > /dev/full || echo device full
cd /; rm -r $d
