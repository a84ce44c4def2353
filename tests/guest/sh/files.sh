# The tools that handle files and folders.
d=/tmp/files.$$; mkdir $d; cd $d
mkdir a b; mkdir -p a/x/y/z; mkdir -p a/x; ls a; ls a/x/y
mkdir a 2>/dev/null || echo exists
rmdir b; ls; rmdir a 2>/dev/null || echo not empty
echo content > f; cp f g; cat g; cmp f g && echo equal
cp f a; ls a; cp f g a/x; ls a/x
mv g h; ls; mv h a; ls a; mv a/h a/f a/x; ls a/x
ln f hard; ln -s f soft; cat hard soft; echo more >> hard; cat f
[ -L soft ] && [ f -ef hard ] && echo linked
rm f; cat hard; cat soft 2>/dev/null || echo dangling
ln -s hard soft 2>/dev/null || echo exists; ln -sf hard soft; cat soft
cp -r a copy; ls -R copy; cat copy/x/h
touch new; [ -f new ] && [ ! -s new ] && echo empty; touch -c none; [ -e none ] || echo none
touch -d @1000000000 old; [ new -nt old ] && echo newer
chmod 600 new; ls -l new | head -c 10; echo
chmod u+x,g=r,o+w new; ls -l new | head -c 10; echo
chmod a-w new; ls -l new | head -c 10; echo; chmod 4755 new; ls -l new | head -c 10; echo
ls -a | head -n 3; ls -d a; ls nothing 2>/dev/null; echo $?
ls new old hard
find a -type f | sort; find . -name 'x*' | sort; find a -maxdepth 1 | sort
find a -type d -exec echo folder {} \; | sort
find copy -name h -delete; find copy -type f | sort
du -s nothing 2>/dev/null || echo nothing
rm nothing 2>/dev/null || echo nothing; rm -f nothing && echo fine
rm a 2>/dev/null || echo folder; rm -r a copy; ls
dd if=/dev/zero of=zeros bs=1K count=3 2>/dev/null; wc -c < zeros | tr -d ' '
printf abc | dd of=zeros bs=1 seek=2 conv=notrunc 2>/dev/null; hexdump -C zeros
dd if=zeros bs=1 skip=2 count=3 2>/dev/null; echo
dd if=/dev/zero of=sparse bs=1 count=1 seek=1000000 2>/dev/null; wc -c < sparse | tr -d ' '
echo data | tee t1 t2; cat t1 t2; echo more | tee -a t1 >/dev/null; cat t1
cd /; rm -r $d; ls $d 2>/dev/null || echo gone
d=/tmp/more.$$; mkdir $d; cd $d
truncate -s 1M hole; wc -c < hole | tr -d ' '; cmp -s hole /dev/zero; echo $?; truncate -s 3 hole; hexdump -C hole
truncate -s 5G big && ls -l big | tr -s ' ' | grep -c 5368709120; head -c 4 big | hexdump -C
ln -s f l; ln -s l ll; echo x > f; readlink ll; [ $(readlink -f ll) = $(readlink -f f) ] && echo same
ln -s loop loop; cat loop 2>/dev/null || echo loop
cp nothing x 2>/dev/null || echo no source; cp f no/where 2>/dev/null || echo no target; cp f f 2>/dev/null || echo itself
mkdir sub; mv sub sub/sub 2>/dev/null || echo into itself; mv f sub; cat sub/f; mv sub/f .; mv f sub/g; ls sub
cd /; rm -r $d
