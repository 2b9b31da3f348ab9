#!/bin/sh
# The one action of W6 where there is no C compiler: notes when it was started; fails where a file "fails" is.
test ! -e fails && date +%s.%N >stamp.out
