/* sanitizer.h: is this a build with AddressSanitizer? It takes terabytes of addresses, wants to
 * look into the process, and must be told of stacks that are switched. */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif
