/* leaks.h: libgssglue, below libgsasl, loses 16 octets for each name it imports: a build that looks
 * for leaks must look away. Internal to sasl/. */
#pragma once

#include "base/sanitizer.h"

#if UNDER_SANITIZER
#include <sanitizer/lsan_interface.h>
#define IGNORE_LEAKS(on) ((on) ? __lsan_disable() : __lsan_enable())
#else
#define IGNORE_LEAKS(on) ((void)(on))
#endif
