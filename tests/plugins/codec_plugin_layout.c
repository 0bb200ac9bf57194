#include "codec_plugin_layout.h"
