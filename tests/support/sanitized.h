#ifndef PG_BASETAR_TESTS_SUPPORT_SANITIZED_H
#define PG_BASETAR_TESTS_SUPPORT_SANITIZED_H

/*
 * Is this built with the address or the thread sanitizer?  That takes 5 to 20 times as long, so that a sweep
 * which tries every byte or every call takes every SANITIZED_STRIDE'th then: a prime, so that it
 * meets all remainders of what repeats.  Without a sanitizer it is 1.  Threads meet in the same way
 * whatever byte is bad, so the thread sanitizer takes the fewest.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED_STRIDE 13
#elif __has_feature(thread_sanitizer)
#define SANITIZED_STRIDE 61
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED_STRIDE 13
#elif defined(__SANITIZE_THREAD__)
#define SANITIZED_STRIDE 61
#endif
#ifndef SANITIZED_STRIDE
#define SANITIZED_STRIDE 1
#endif

#endif
