# The tools that handle text.
d=/tmp/text.$$; mkdir $d; cd $d
printf 'pear\napple\nfig\napple\nBanana\n10\n9\n' > f
sort f; sort -r f | head -n 2; sort -u f | wc -l | tr -d ' '; sort -n f | tail -n 2
printf 'b 2\na 10\nc 1\n' | sort -k 2; printf 'b 2\na 10\nc 1\n' | sort -n -k 2
sort f | uniq; sort f | uniq -d; sort f | uniq -u | head -n 1; sort f | uniq -c | tr -s ' ' | grep apple
grep a f; grep -v a f; grep -c a f; grep -n apple f; grep -i BANANA f; grep '^f.g$' f; grep nothing f; echo $?
grep -E 'p+l|ig$' f; grep -F '.' f; echo $?; grep -q fig f && echo there; grep -l fig f f; grep -h fig f f
mkdir r; echo needle > r/one; echo hay > r/two; mkdir r/s; echo needle > r/s/three
grep -r needle r | sort; grep -rl needle r | sort; grep needle r/one r/two
grep x nothing 2>/dev/null; echo $?
head -n 2 f; head -c 3 f; echo; tail -n 2 f; tail -n +6 f; head -n 1 f r/one
wc -l f | tr -s ' '; wc < f | tr -s ' '; printf 'a b\nc' | wc -w | tr -d ' '
echo hello | tr a-y b-z; echo hello | tr -d l; echo aabbcc | tr -s ab; echo abc | tr -c a. x; echo 'a b' | tr ' ' '\n'
echo HeLLo | tr A-Z a-z; echo hello | tr -cd 'lo'; echo
seq 3; seq 2 4; seq 10 -5 0; seq 1 3 10; seq 5 1
printf '%s-%d\n' a 1 b 2; printf '%05d|%-5s|%x|%c|%%\n' 42 ab 255 xyz; printf 'no newline'; echo
printf '%s\n' one two three; printf '\101\t\\\n'; printf '%b\n' 'a\tb'
echo abc > one; echo abd > two; cmp one two; cmp -s one two; echo $?; cmp one one; echo $?; cmp -l one two
echo abc | cmp - one && echo same
hexdump -C one; seq 1 20 | hexdump -C | head -n 2; printf '' | hexdump -C; dd if=/dev/zero bs=64 count=1 2>/dev/null | hexdump -C
printf 'no newline at end' > n; cat n n; echo; sort n; grep new n; wc -l < n | tr -d ' '
cat f - one < two
env -i A=1 B=2 env | sort; env -u A A=2 B=3 sh -c 'echo ${A-none} $B' 2>/dev/null
env nosuchprogram 2>/dev/null; echo $?; env false; echo $?
sleep 0.01 && echo slept; sleep x 2>/dev/null || echo bad
true && ! false && echo logic
date -u -d @0 '+%Y-%m-%d %H:%M:%S'; date -u -d @86399 +%T
cd /; rm -r $d
