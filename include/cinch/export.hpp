/// Symbol visibility. The library is built with hidden visibility; what carries CINCH_API is its public surface.
#pragma once

#define CINCH_API __attribute__((visibility("default")))
