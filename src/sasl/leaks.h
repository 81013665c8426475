/* leaks.h: libgssglue, below libgsasl, loses 16 octets for each name it imports: a build that looks
 * for leaks must look away. Internal to sasl/. */
#pragma once

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define LOOKS_FOR_LEAKS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LOOKS_FOR_LEAKS
#endif
#ifdef LOOKS_FOR_LEAKS
#include <sanitizer/lsan_interface.h>
#define IGNORE_LEAKS(on) ((on) ? __lsan_disable() : __lsan_enable())
#else
#define IGNORE_LEAKS(on) ((void)(on))
#endif
