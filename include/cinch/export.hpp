/// Symbol visibility. The library is built with hidden visibility; what carries CINCH_API is its public surface.
#pragma once

#define CINCH_API __attribute__((visibility("default")))
#define CINCH_HIDDEN __attribute__((visibility("hidden")))  // what is nested in that surface and is none of it
