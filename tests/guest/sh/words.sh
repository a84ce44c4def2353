# Quotes, backslashes, and where words end.
echo one   two	three
echo 'single  quotes keep $x `and` \ all' "double \"quotes\" keep  blanks"
echo a'b'"c"\d
echo 'it'\''s' "it's"
echo \$x \\ \' \" "\$x" "\\" "\'"
echo ''"" "" '' end
for word in '' "" a''; do echo "<$word>"; done
echo one;echo two;   echo three # a comment
echo not#a#comment '# nor this'
echo a \
b
echo "a \
b"
echo 'a \
b'
x=value
echo $x "$x" '$x' ${x}s "${x}s" $xs.
echo a"$x"b'$x'c$x
echo $ "$" '$' a$ "a$"
HOME=/h; echo ~ | grep -c /
HOME=/home; echo ~ ~/x a~ '~' "~"
y=~/z; echo $y
echo {a,b} [ ] ! } {
if true; then echo }; fi
echo if then else fi do done
