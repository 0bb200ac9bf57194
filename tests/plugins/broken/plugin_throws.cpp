// The same as C++, for what only C++ can do wrong.
#include "plugin.c"
